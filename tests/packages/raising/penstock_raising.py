"""A plug-in whose ingestors hook raises, and whose asset readers are good."""

from penstock import AssetReader, Ingestor, hookimpl


@hookimpl
def penstock_ingestors() -> list[Ingestor]:
    """Raise."""
    raise RuntimeError("the detector database is not reachable")


@hookimpl
def penstock_asset_readers() -> list[AssetReader]:
    """Offer a reader."""
    return [AssetReader("raising", ("application/x-raising",), "penstock_raising:open_frames")]
