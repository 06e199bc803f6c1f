"""Images of TIFF files as frames: many pages or files, read at the speed of their bytes."""
