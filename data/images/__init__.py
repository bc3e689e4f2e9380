"""Image files: decoded, uploaded, linked, and compared with each other."""
