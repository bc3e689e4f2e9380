"""How it is shown: the Streamlit app, figures, case images and the command line."""
