"""An ingestor for the .npy files of one laboratory."""
