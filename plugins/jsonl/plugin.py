"""What penstock registers for documents in JSON Lines files."""

from __future__ import annotations

from ...core.registry import Exporter, hookimpl

__all__ = ["penstock_exporters"]


@hookimpl
def penstock_exporters() -> list[Exporter]:
    """Return the exporter.

    Examples
    --------
    >>> penstock_exporters()[0].name
    'jsonl'
    """
    return [
        Exporter(
            name="jsonl",
            title="Documents as JSON Lines; assets stay where they are",
            export="penstock.plugins.jsonl.writing:export_file",
            suffix=".jsonl",
            copy="penstock.plugins.jsonl.writing:export_run",
        )
    ]
