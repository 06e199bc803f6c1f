"""What penstock registers for JSON."""

from __future__ import annotations

from ...core.registry import Exporter, hookimpl

__all__ = ["penstock_exporters"]


@hookimpl
def penstock_exporters() -> list[Exporter]:
    """Return the exporter.

    Examples
    --------
    >>> penstock_exporters()[0].name
    'json'
    """
    return [
        Exporter(
            name="json",
            title="One JSON document: metadata, and columns by stream",
            export="penstock.plugins.json_file.writing:export_run",
            suffix=".json",
        )
    ]
