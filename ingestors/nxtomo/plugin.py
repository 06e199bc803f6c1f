"""What penstock registers for NeXus files of tomography."""

from __future__ import annotations

from ...core.registry import Ingestor, hookimpl

__all__ = ["penstock_ingestors"]


@hookimpl
def penstock_ingestors() -> list[Ingestor]:
    """Return the ingestor of files whose detector has an ``image_key``.

    Examples
    --------
    >>> [ingestor.name for ingestor in penstock_ingestors()]
    ['nxtomo']
    """
    return [
        Ingestor(
            name="nxtomo",
            title="NXtomo: a tomography whose image_key tells projections, flats and darks",
            ingest="penstock.ingestors.nxtomo.ingest:ingest_nxtomo",
            takes="file",
            formats=("hdf5",),
            probe="penstock.ingestors.nxtomo.ingest:probe",
            isolate=True,
            tier="STRUCTURE",
            selects=("entry",),
            beats=("gda",),
            settings=("columns", "metadata"),
        )
    ]
