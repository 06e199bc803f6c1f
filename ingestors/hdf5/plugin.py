"""What penstock registers for HDF5: the ingestors, and the reader of datasets."""

from __future__ import annotations

from ...core.registry import AssetReader, Ingestor, Layout, Role, hookimpl

__all__ = ["penstock_asset_readers", "penstock_ingestors"]


_MASTERS = (
    # Dectris' file writer (https://media.dectris.com/, SIMPLON API reference), and Diamond's GDA.
    Layout(
        (
            Role("master", "{name}_master.h5"),
            Role("data files", "{name}_data_{index:d}.h5", parameter=None),
        )
    ),
    Layout(
        (
            Role("master", "{scan:d}.nxs"),
            Role("data files", "{scan:d}-{detector}-files/{scan:d}.hdf", parameter=None),
        )
    ),
)
"""Files that name, by links, the files in which their data are."""
_CHUNKS = (Layout((Role("data files", "{name}_data_{index:d}.h5"),)),)
"""Those of Dectris' file writer whose master was not kept."""


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
            layouts=_MASTERS,
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
            layouts=_CHUNKS,
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
