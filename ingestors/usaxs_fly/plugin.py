"""What penstock registers for fly scans of APS USAXS."""

from __future__ import annotations

from ...core.registry import Ingestor, hookimpl

__all__ = ["penstock_ingestors"]


@hookimpl
def penstock_ingestors() -> list[Ingestor]:
    """Return the ingestor of fly scans.

    Examples
    --------
    >>> [ingestor.name for ingestor in penstock_ingestors()]
    ['usaxs-fly']
    """
    return [
        Ingestor(
            name="usaxs-fly",
            title="APS USAXS fly scans (saveFlyData)",
            ingest="penstock.ingestors.usaxs_fly.ingest:ingest_usaxs_fly",
            takes="file",
            formats=("hdf5",),
            probe="penstock.ingestors.usaxs_fly.ingest:probe",
            isolate=True,
            tier="STRUCTURE",
            selects=("entry",),
            settings=("metadata",),
        )
    ]
