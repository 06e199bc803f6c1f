"""What penstock registers for tables in text files."""

from __future__ import annotations

from ...core.registry import Ingestor, hookimpl

__all__ = ["penstock_ingestors"]


@hookimpl
def penstock_ingestors() -> list[Ingestor]:
    """Return the ingestor of tables in text files; any other that fits is better.

    Examples
    --------
    >>> penstock_ingestors()[0].tier
    'FALLBACK'
    """
    return [
        Ingestor(
            name="text-log",
            title="Table in a text file, such as a log of motors",
            ingest="penstock.ingestors.text_log.ingest:ingest_text_log",
            takes="file",
            formats=("text",),
            patterns=("*.csv", "*.tsv", "*.dat", "*.txt", "*.log"),
            probe="penstock.ingestors.text_log.probe:probe",
            tier="FALLBACK",
            is_log=True,
        )
    ]
