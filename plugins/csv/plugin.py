"""What penstock registers for CSV."""

from __future__ import annotations

from ...core.registry import Exporter, hookimpl

__all__ = ["penstock_exporters"]


@hookimpl
def penstock_exporters() -> list[Exporter]:
    """Return the exporter.

    Examples
    --------
    >>> penstock_exporters()[0].name
    'csv'
    """
    return [
        Exporter(
            name="csv",
            title="A CSV table for each stream, with datapackage.json",
            export="penstock.plugins.csv.writing:export_run",
        )
    ]
