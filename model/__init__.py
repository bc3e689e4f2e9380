"""What it predicts: build, train, export, run, explain and evaluate a network."""
