"""Whether confidence can be believed, and what acting on it does."""
