"""What penstock registers for the formats that fabio reads."""

from __future__ import annotations

from ...core.registry import AssetReader, Ingestor, hookimpl

__all__ = ["penstock_asset_readers", "penstock_ingestors"]

_INGEST = "penstock.ingestors.fabio_images.ingest:ingest_fabio_images"


@hookimpl
def penstock_ingestors() -> list[Ingestor]:
    """Return the ingestors of images that fabio reads.

    Examples
    --------
    >>> [ingestor.name for ingestor in penstock_ingestors()]
    ['fabio-images', 'marccd']
    """
    return [
        Ingestor(
            name="fabio-images",
            title="CBF, EDF, MAR345 and other images of X-ray detectors (with fabio)",
            ingest=_INGEST,
            takes="files",
            formats=(
                *("cbf", "edf", "mar345", "dtrek", "bruker86", "bruker100", "oxd", "raxis"),
                *("ge", "esperanto"),
            ),
            probe="penstock.ingestors.fabio_images.probe:probe_images",
            isolate=True,
            settings=("key", "metadata"),
        ),
        Ingestor(
            name="marccd",
            title="MarCCD's TIFF files, with their header (with fabio)",
            ingest=_INGEST,
            takes="files",
            formats=("tiff",),
            probe="penstock.ingestors.fabio_images.probe:probe_marccd",
            tier="STRUCTURE",
            settings=("key", "metadata"),
        ),
    ]


@hookimpl
def penstock_asset_readers() -> list[AssetReader]:
    """Return the reader of their frames.

    Examples
    --------
    >>> penstock_asset_readers()[0].mimetypes
    ('application/x-fabio',)
    """
    return [
        AssetReader(
            name="fabio",
            mimetypes=("application/x-fabio",),
            open="penstock.ingestors.assets.fabio.frames:open_fabio",
        )
    ]
