"""What penstock registers for tomographies of FXI at NSLS-II."""

from __future__ import annotations

from ...core.registry import Ingestor, hookimpl

__all__ = ["penstock_ingestors"]


@hookimpl
def penstock_ingestors() -> list[Ingestor]:
    """Return the ingestor of FXI's files.

    Examples
    --------
    >>> [ingestor.name for ingestor in penstock_ingestors()]
    ['fxi']
    """
    return [
        Ingestor(
            name="fxi",
            title="Tomography of FXI at NSLS-II: img_tomo, img_bkg, img_dark and angle",
            ingest="penstock.ingestors.fxi.ingest:ingest_fxi",
            takes="file",
            formats=("hdf5",),
            probe="penstock.ingestors.fxi.ingest:probe",
            isolate=True,
            tier="STRUCTURE",
            settings=("columns", "metadata"),
        )
    ]
