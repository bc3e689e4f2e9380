"""The REST API: the same predictions and numbers as the pages, under ``/api/v1``. It works without Streamlit."""
