"""What penstock registers for files of EPICS areaDetector."""

from __future__ import annotations

from ...core.registry import Ingestor, hookimpl

__all__ = ["penstock_ingestors"]


@hookimpl
def penstock_ingestors() -> list[Ingestor]:
    """Return the ingestors of files that areaDetector writes.

    Examples
    --------
    >>> [ingestor.name for ingestor in penstock_ingestors()]
    ['areadetector-tiff']
    """
    return [
        Ingestor(
            name="areadetector-tiff",
            title="TIFF files of EPICS areaDetector (NDFileTIFF), with their NDAttributes",
            ingest="penstock.ingestors.areadetector.ingest:ingest_areadetector_tiff",
            takes="files",
            formats=("tiff",),
            probe="penstock.ingestors.areadetector.ingest:probe_tiff",
            tier="STRUCTURE",
            settings=("key", "metadata"),
        )
    ]
