"""Whether a published record can be true, and whether a study reproduces it."""
