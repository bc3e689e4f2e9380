"""Numbers as documents: JSON, tables and text, for scripts and for the report."""
