"""Where the network looked, and what it finds alike."""
