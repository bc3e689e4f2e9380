"""What readers say of scans: the present state, how far they agree, readers and model against the reference."""
