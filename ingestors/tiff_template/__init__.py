"""TIFF series whose names a template of the user explains."""
