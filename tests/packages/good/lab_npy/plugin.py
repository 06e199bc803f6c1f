"""What the package offers; it imports nothing heavy."""

from penstock import AssetReader, Ingestor, hookimpl


@hookimpl
def penstock_ingestors() -> list[Ingestor]:
    """Offer two ingestors: one yields arrays in events, one points at bytes."""
    return [
        Ingestor(
            "lab-npy-log",
            title="Laboratory log (.lab), arrays in events",
            ingest="lab_npy.ingest:ingest_log",
            takes="file",
            patterns=("*.lab",),
            tier="EXTENSION",
        ),
        Ingestor(
            "lab-npy-stack",
            title="NumPy stack (.npy)",
            ingest="lab_npy.ingest:ingest_stack",
            takes="file",
            formats=("npy",),
            probe="lab_npy.ingest:probe_stack",
        ),
    ]


@hookimpl
def penstock_asset_readers() -> list[AssetReader]:
    """Offer a reader for the mimetype that `ingest_stack` writes."""
    return [AssetReader("lab-npy", ("application/x-lab-npy",), "lab_npy.frames:open_frames")]
