"""What penstock registers for Data Exchange files."""

from __future__ import annotations

from ...core.registry import Ingestor, hookimpl

__all__ = ["penstock_ingestors"]


@hookimpl
def penstock_ingestors() -> list[Ingestor]:
    """Return the ingestor of Data Exchange files.

    Examples
    --------
    >>> [ingestor.name for ingestor in penstock_ingestors()]
    ['data-exchange']
    """
    return [
        Ingestor(
            name="data-exchange",
            title="Data Exchange: projections, data_white and data_dark, with theta",
            ingest="penstock.ingestors.data_exchange.ingest:ingest_data_exchange",
            takes="file",
            formats=("hdf5",),
            probe="penstock.ingestors.data_exchange.ingest:probe",
            isolate=True,
            tier="STRUCTURE",
            beats=("areadetector-hdf5",),  # by which frames of such files come into them
            settings=("columns", "metadata"),
        )
    ]
