"""Whether an image is like those that the network was trained on."""
