"""Asset readers: from documents that point at the bytes of a format to frames.

One package for each format, `tiff` and `hdf5`. Ingestors of whatever origin share them.
"""
