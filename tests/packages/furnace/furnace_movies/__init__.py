"""Movies of the furnace camera: a line of JSON, then the frames, one behind the other."""
