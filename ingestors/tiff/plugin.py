"""What penstock registers for TIFF: series and stacks of any origin, and the reader of frames."""

from __future__ import annotations

from ...core.registry import AssetReader, Ingestor, hookimpl

__all__ = ["penstock_asset_readers", "penstock_ingestors"]


@hookimpl
def penstock_ingestors() -> list[Ingestor]:
    """Return the ingestors of TIFF files.

    Examples
    --------
    >>> [ingestor.name for ingestor in penstock_ingestors()]
    ['tiff-series', 'tiff-stack']
    """
    return [
        Ingestor(
            name="tiff-series",
            title="TIFF files of one image each, numbered in their names",
            ingest="penstock.ingestors.tiff.series:ingest_tiff_series",
            takes="files",
            formats=("tiff",),
            probe="penstock.ingestors.tiff.probe:probe_series",
            settings=("key", "metadata"),
        ),
        Ingestor(
            name="tiff-stack",
            title="TIFF file with any number of images",
            ingest="penstock.ingestors.tiff.stack:ingest_tiff_stack",
            takes="file",
            formats=("tiff",),
            probe="penstock.ingestors.tiff.probe:probe_stack",
            settings=("key", "metadata"),
        ),
    ]


@hookimpl
def penstock_asset_readers() -> list[AssetReader]:
    """Return the reader of TIFF files.

    Examples
    --------
    >>> penstock_asset_readers()[0].name
    'tiff'
    """
    return [
        AssetReader(
            name="tiff",
            mimetypes=("multipart/related;type=image/tiff", "image/tiff"),
            open="penstock.ingestors.assets.tiff.frames:open_tiff",
        )
    ]
