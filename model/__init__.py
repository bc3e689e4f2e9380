"""What it predicts: training, export to ONNX, and everything that runs a network."""
