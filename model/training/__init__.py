"""Building, training and exporting networks: the only room that imports Keras and TensorFlow."""
