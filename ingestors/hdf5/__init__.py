"""HDF5 and NeXus files of any origin: their default data, named datasets, or the one image."""
