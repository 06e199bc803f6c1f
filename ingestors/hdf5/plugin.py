"""What penstock registers for HDF5: the ingestors, and the reader of datasets."""

from __future__ import annotations

from ...core.registry import AssetReader, Ingestor, hookimpl
from .layouts import DECTRIS_CHUNKS, DECTRIS_MASTERS, GDA_MASTERS

__all__ = ["penstock_asset_readers", "penstock_ingestors"]


@hookimpl
def penstock_ingestors() -> list[Ingestor]:
    """Return the ingestors of any HDF5 or NeXus file, and of data files without their master.

    Examples
    --------
    >>> [ingestor.name for ingestor in penstock_ingestors()]
    ['hdf5', 'hdf5-chunks']
    """
    return [
        Ingestor(
            name="hdf5",
            title="HDF5 and NeXus: default data, a named dataset, or the one image",
            ingest="penstock.ingestors.hdf5.ingest:ingest_hdf5",
            takes="file",
            formats=("hdf5",),
            probe="penstock.ingestors.hdf5.probe:probe",
            isolate=True,
            selects=("dataset", "entry"),
            layouts=(DECTRIS_MASTERS, GDA_MASTERS),
            only_laid_out=False,
            settings=("columns", "metadata"),  # not allow_external
        ),
        Ingestor(
            name="hdf5-chunks",
            title="HDF5 data files of one acquisition, without their master",
            ingest="penstock.ingestors.hdf5.chunks:ingest_hdf5_chunks",
            takes="files",
            formats=("hdf5",),
            probe="penstock.ingestors.hdf5.chunks:probe_chunks",
            isolate=True,
            beats=("hdf5",),
            layouts=(DECTRIS_CHUNKS,),
            settings=("metadata",),
        ),
    ]


@hookimpl
def penstock_asset_readers() -> list[AssetReader]:
    """Return the reader of HDF5 datasets.

    Examples
    --------
    >>> penstock_asset_readers()[0].mimetypes
    ('application/x-hdf5',)
    """
    return [
        AssetReader(
            name="hdf5",
            mimetypes=("application/x-hdf5",),
            open="penstock.ingestors.assets.hdf5.frames:open_hdf5",
        )
    ]
