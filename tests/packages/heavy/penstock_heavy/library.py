"""Stands for a library that takes seconds to import, or starts threads, or needs a display."""

raise RuntimeError("the heavy library was imported")
