"""Other people's networks: a Keras file or a foreign ONNX graph becomes a model folder, and is checked."""
