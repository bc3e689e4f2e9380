"""What we have: cases, splits, images, data sets and the study folder."""
