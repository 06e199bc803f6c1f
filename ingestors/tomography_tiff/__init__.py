"""Tomography as TIFF files: projections, flat and dark fields, told apart by names or by a log."""
