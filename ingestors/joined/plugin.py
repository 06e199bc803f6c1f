"""What penstock registers for joined runs."""

from __future__ import annotations

from ...core.registry import Ingestor, hookimpl

__all__ = ["penstock_ingestors"]


@hookimpl
def penstock_ingestors() -> list[Ingestor]:
    """Return the ingestor of joined runs, which takes calls instead of files.

    Examples
    --------
    >>> penstock_ingestors()[0].takes
    'calls'
    """
    return [
        Ingestor(
            name="joined",
            title="Several groups of files as one run",
            ingest="penstock.ingestors.joined.ingest:ingest_joined",
            takes="calls",
        )
    ]
