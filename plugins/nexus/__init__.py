"""Runs as NeXus files, which show their default plot."""
