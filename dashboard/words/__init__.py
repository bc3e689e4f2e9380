"""All prose, by topic: the only room with sentences, for a clinician to review."""
