"""A result becomes a Plotly figure or a picture; no Streamlit."""
