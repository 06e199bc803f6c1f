"""Runs as files that xarray reads as a tree: HDF5 (NetCDF-4) and Zarr."""
