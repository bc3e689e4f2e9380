"""The store of what readers say of scans: events, appended and chained, never edited."""
