"""What penstock registers for MetaMorph."""

from __future__ import annotations

from ...core.registry import Ingestor, hookimpl

__all__ = ["penstock_ingestors"]


@hookimpl
def penstock_ingestors() -> list[Ingestor]:
    """Return the ingestors of MetaMorph's images and stacks.

    Examples
    --------
    >>> [ingestor.name for ingestor in penstock_ingestors()]
    ['metamorph-series', 'metamorph-stack']
    """
    return [
        Ingestor(
            name="metamorph-series",
            title="Images of MetaMorph or MetaXpress, numbered in their names",
            ingest="penstock.ingestors.metamorph.ingest:ingest_metamorph_series",
            takes="files",
            formats=("tiff",),
            probe="penstock.ingestors.metamorph.ingest:probe_series",
            tier="STRUCTURE",
            settings=("key", "metadata"),
        ),
        Ingestor(
            name="metamorph-stack",
            title="Stack of MetaMorph (STK)",
            ingest="penstock.ingestors.metamorph.ingest:ingest_metamorph_stack",
            takes="file",
            formats=("tiff",),
            probe="penstock.ingestors.metamorph.ingest:probe_stack",
            tier="STRUCTURE",
            settings=("key", "metadata"),
        ),
    ]
