"""What penstock registers for files of Diamond's GDA."""

from __future__ import annotations

from ...core.registry import Ingestor, hookimpl
from ..hdf5.layouts import GDA_MASTERS

__all__ = ["penstock_ingestors"]


@hookimpl
def penstock_ingestors() -> list[Ingestor]:
    """Return the ingestor of scans.

    Examples
    --------
    >>> [ingestor.name for ingestor in penstock_ingestors()]
    ['gda']
    """
    return [
        Ingestor(
            name="gda",
            title="Diamond GDA: a scan with its command, motors and detectors",
            ingest="penstock.ingestors.gda.ingest:ingest_gda",
            takes="file",
            formats=("hdf5",),
            probe="penstock.ingestors.gda.ingest:probe",
            isolate=True,
            tier="STRUCTURE",
            selects=("entry",),
            beats=("nxmx",),
            layouts=(GDA_MASTERS,),
            only_laid_out=False,
            settings=("columns", "metadata"),
            # Software that writes more than one definition asks for, or less, is known better.
            gives_way=True,
        )
    ]
