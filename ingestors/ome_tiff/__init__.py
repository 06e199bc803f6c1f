"""OME-TIFF: TIFF files, one or many a set, that OME-XML describes."""
