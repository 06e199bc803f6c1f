"""The images of runs as TIFF stacks."""
