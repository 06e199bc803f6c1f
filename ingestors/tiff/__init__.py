"""TIFF files of any origin: series of one image a file, and stacks of many."""
