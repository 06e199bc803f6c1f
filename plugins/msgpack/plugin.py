"""What penstock registers for copies in msgpack files."""

from __future__ import annotations

from ...core.registry import Exporter, hookimpl

__all__ = ["penstock_exporters"]


@hookimpl
def penstock_exporters() -> list[Exporter]:
    """Return the exporter.

    Examples
    --------
    >>> penstock_exporters()[0].name
    'msgpack'
    """
    return [
        Exporter(
            name="msgpack",
            title="Copies that hold documents and arrays, as suitcase-msgpack writes them",
            export="penstock.plugins.msgpack.writing:export_file",
            suffix=".msgpack",
            copy="penstock.plugins.msgpack.writing:export_run",
        )
    ]
