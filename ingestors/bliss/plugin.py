"""What penstock registers for files of ESRF's BLISS."""

from __future__ import annotations

from ...core.registry import Ingestor, hookimpl

__all__ = ["penstock_ingestors"]


@hookimpl
def penstock_ingestors() -> list[Ingestor]:
    """Return the ingestor of scans.

    Examples
    --------
    >>> [ingestor.name for ingestor in penstock_ingestors()]
    ['bliss']
    """
    return [
        Ingestor(
            name="bliss",
            title="ESRF BLISS: a run for each scan of a file",
            ingest="penstock.ingestors.bliss.ingest:ingest_bliss",
            takes="file",
            formats=("hdf5",),
            probe="penstock.ingestors.bliss.ingest:probe",
            isolate=True,
            tier="STRUCTURE",
            selects=("entry",),
            settings=("metadata",),
        )
    ]
