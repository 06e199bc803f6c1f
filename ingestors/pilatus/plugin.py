"""What penstock registers for files of PILATUS detectors."""

from __future__ import annotations

from ...core.registry import Ingestor, hookimpl

__all__ = ["penstock_ingestors"]


@hookimpl
def penstock_ingestors() -> list[Ingestor]:
    """Return the ingestor of camserver's TIFF files.

    Examples
    --------
    >>> [ingestor.name for ingestor in penstock_ingestors()]
    ['pilatus-tiff']
    """
    return [
        Ingestor(
            name="pilatus-tiff",
            title="TIFF files of PILATUS detectors (camserver), also of SAXSLAB's instruments",
            ingest="penstock.ingestors.pilatus.ingest:ingest_pilatus_tiff",
            takes="files",
            formats=("tiff",),
            probe="penstock.ingestors.pilatus.ingest:probe_tiff",
            tier="STRUCTURE",
            settings=("key", "metadata"),
        )
    ]
