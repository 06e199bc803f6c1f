"""What penstock registers for files of Dectris' SIMPLON file writer."""

from __future__ import annotations

from ...core.registry import Ingestor, hookimpl
from ..hdf5.layouts import DECTRIS_MASTERS

__all__ = ["penstock_ingestors"]


@hookimpl
def penstock_ingestors() -> list[Ingestor]:
    """Return the ingestor of masters and the data files that they link.

    Examples
    --------
    >>> [ingestor.name for ingestor in penstock_ingestors()]
    ['eiger']
    """
    return [
        Ingestor(
            name="eiger",
            title="Dectris EIGER and other SIMPLON detectors: masters and their data files",
            ingest="penstock.ingestors.eiger.ingest:ingest_eiger",
            takes="file",
            formats=("hdf5",),
            probe="penstock.ingestors.eiger.ingest:probe",
            isolate=True,
            tier="STRUCTURE",
            selects=("entry",),
            layouts=(DECTRIS_MASTERS,),
            only_laid_out=False,
            settings=("columns", "metadata"),
        )
    ]
