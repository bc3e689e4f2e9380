"""What the model says of changed scans: whether it needs the tumour, and what breaks it."""
