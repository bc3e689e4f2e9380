"""A folder of images as a data set: its files, its metadata, its splits."""
