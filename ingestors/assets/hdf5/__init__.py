"""Datasets of HDF5 files as frames, read safely while others write them."""
