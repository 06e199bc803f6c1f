"""What penstock registers for NeXus files of macromolecular crystallography."""

from __future__ import annotations

from ...core.registry import Ingestor, hookimpl

__all__ = ["penstock_ingestors"]


@hookimpl
def penstock_ingestors() -> list[Ingestor]:
    """Return the ingestor of files that follow NXmx.

    Examples
    --------
    >>> [ingestor.name for ingestor in penstock_ingestors()]
    ['nxmx']
    """
    return [
        Ingestor(
            name="nxmx",
            title="NeXus files of macromolecular crystallography (NXmx)",
            ingest="penstock.ingestors.nxmx.ingest:ingest_nxmx",
            takes="file",
            formats=("hdf5",),
            probe="penstock.ingestors.nxmx.ingest:probe",
            isolate=True,
            tier="STRUCTURE",
            selects=("entry",),
            settings=("columns", "metadata"),
            # Software that writes more than one definition asks for, or less, is known better.
            gives_way=True,
        )
    ]
