"""NeXus files of macromolecular crystallography (NXmx), whoever wrote them."""
