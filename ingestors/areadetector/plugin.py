"""What penstock registers for files of EPICS areaDetector."""

from __future__ import annotations

from ...core.registry import Ingestor, hookimpl

__all__ = ["penstock_ingestors"]


@hookimpl
def penstock_ingestors() -> list[Ingestor]:
    """Return the ingestors of files that areaDetector writes.

    Examples
    --------
    >>> [ingestor.name for ingestor in penstock_ingestors()]
    ['areadetector-tiff', 'areadetector-hdf5', 'areadetector-nexus']
    """
    return [
        Ingestor(
            name="areadetector-tiff",
            title="TIFF files of EPICS areaDetector (NDFileTIFF), with their NDAttributes",
            ingest="penstock.ingestors.areadetector.ingest:ingest_areadetector_tiff",
            takes="files",
            formats=("tiff",),
            probe="penstock.ingestors.areadetector.ingest:probe_tiff",
            tier="STRUCTURE",
            settings=("key", "metadata"),
        ),
        Ingestor(
            name="areadetector-hdf5",
            title="HDF5 files of EPICS areaDetector (NDFileHDF5), with their NDAttributes",
            ingest="penstock.ingestors.areadetector.ingest:ingest_areadetector_hdf5",
            takes="file",
            formats=("hdf5",),
            probe="penstock.ingestors.areadetector.ingest:probe_hdf5",
            isolate=True,
            tier="STRUCTURE",
            selects=("dataset", "entry"),
            settings=("columns", "metadata"),
        ),
        Ingestor(
            name="areadetector-nexus",
            title="NeXus files of EPICS areaDetector (NDFileNexus)",
            ingest="penstock.ingestors.areadetector.ingest:ingest_areadetector_nexus",
            takes="file",
            formats=("hdf5",),
            probe="penstock.ingestors.areadetector.ingest:probe_nexus",
            isolate=True,
            tier="STRUCTURE",
            selects=("entry",),
            settings=("metadata",),
        ),
    ]
