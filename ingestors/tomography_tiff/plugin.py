"""What penstock registers for tomographies in TIFF files."""

from __future__ import annotations

from ...core.registry import Ingestor, hookimpl
from .layouts import BY_LOG, BY_NAME

__all__ = ["penstock_ingestors"]

_INGEST = "penstock.ingestors.tomography_tiff.ingest:ingest_tomography_tiff"


@hookimpl
def penstock_ingestors() -> list[Ingestor]:
    """Return the ingestors of tomographies, whose frames names or a log tell apart.

    Examples
    --------
    >>> [ingestor.name for ingestor in penstock_ingestors()]
    ['tomography-tiff', 'tomography-log-tiff']
    """
    return [
        Ingestor(
            name="tomography-tiff",
            title="Tomography: TIFF files of projections, flats and darks, by name or folder",
            ingest=_INGEST,
            takes="files",
            formats=("tiff",),
            probe="penstock.ingestors.tomography_tiff.probe:probe_names",
            tier="STRUCTURE",
            layouts=BY_NAME,
            settings=("key", "metadata"),
        ),
        Ingestor(
            name="tomography-log-tiff",
            title="Tomography: TIFF files with one counter, and a log that tells their roles",
            ingest=_INGEST,
            takes="files",
            formats=("tiff",),
            probe="penstock.ingestors.tomography_tiff.probe:probe_log",
            tier="STRUCTURE",
            beats=("tomography-tiff",),
            layouts=BY_LOG,
            settings=("key", "metadata"),
        ),
    ]
