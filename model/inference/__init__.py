"""A network reading images: the engine, its input, and what comes out."""
