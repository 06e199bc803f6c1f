"""Tomographies as NeXus has them (NXtomo): one stack of frames, and a key of what each is."""
