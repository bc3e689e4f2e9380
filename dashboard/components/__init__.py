"""Blocks of pages, drawn with Streamlit."""
