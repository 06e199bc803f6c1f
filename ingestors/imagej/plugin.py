"""What penstock registers for ImageJ and Fiji."""

from __future__ import annotations

from ...core.registry import Ingestor, hookimpl

__all__ = ["penstock_ingestors"]


@hookimpl
def penstock_ingestors() -> list[Ingestor]:
    """Return the ingestors of what ImageJ saves, which is often what others have taken.

    Examples
    --------
    >>> [ingestor.name for ingestor in penstock_ingestors()]
    ['imagej-series', 'imagej-stack']
    """
    return [
        Ingestor(
            name="imagej-series",
            title="Images that ImageJ or Fiji saved, numbered in their names",
            ingest="penstock.ingestors.imagej.ingest:ingest_imagej_series",
            takes="files",
            formats=("tiff",),
            probe="penstock.ingestors.imagej.ingest:probe_series",
            tier="STRUCTURE",
            settings=("key", "metadata"),
            gives_way=True,  # to who took the images, if that can still be told
        ),
        Ingestor(
            name="imagej-stack",
            title="Stack or hyperstack of ImageJ or Fiji",
            ingest="penstock.ingestors.imagej.ingest:ingest_imagej_stack",
            takes="file",
            formats=("tiff",),
            probe="penstock.ingestors.imagej.ingest:probe_stack",
            tier="STRUCTURE",
            settings=("key", "metadata"),
            gives_way=True,
        ),
    ]
