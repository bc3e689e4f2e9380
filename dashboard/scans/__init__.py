"""One uploaded scan, read and judged."""
