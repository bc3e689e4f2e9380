"""What it predicts: training, export to ONNX, and everything that runs a network."""

import os

# Otherwise ONNX Runtime writes what it does into a database at home and sends it to its makers; it looks when loaded.
os.environ["ORT_DISABLE_TELEMETRY"] = "1"
