"""A plug-in that shares its name with another."""

from penstock import Ingestor, hookimpl


@hookimpl
def penstock_ingestors() -> list[Ingestor]:
    """Offer an ingestor."""
    return [Ingestor("clash-b", title="Clash", ingest="penstock_clashing_b:ingest", takes="file")]
