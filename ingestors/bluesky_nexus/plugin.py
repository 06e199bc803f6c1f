"""What penstock registers for NeXus files that were written from Bluesky runs."""

from __future__ import annotations

from ...core.registry import Ingestor, hookimpl

__all__ = ["penstock_ingestors"]


@hookimpl
def penstock_ingestors() -> list[Ingestor]:
    """Return the ingestor of runs that were written to NeXus files.

    Examples
    --------
    >>> [ingestor.name for ingestor in penstock_ingestors()]
    ['bluesky-nexus']
    """
    return [
        Ingestor(
            name="bluesky-nexus",
            title="NeXus files written from Bluesky runs (apstools NXWriter, suitcase)",
            ingest="penstock.ingestors.bluesky_nexus.ingest:ingest_bluesky_nexus",
            takes="file",
            formats=("hdf5",),
            probe="penstock.ingestors.bluesky_nexus.ingest:probe",
            isolate=True,
            tier="STRUCTURE",
            selects=("entry",),
            settings=("keep_uid", "metadata"),
        )
    ]
