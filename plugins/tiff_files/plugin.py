"""What penstock registers for writing TIFF files."""

from __future__ import annotations

from ...core.registry import Exporter, hookimpl

__all__ = ["penstock_exporters"]


@hookimpl
def penstock_exporters() -> list[Exporter]:
    """Return the exporter.

    Examples
    --------
    >>> penstock_exporters()[0].name
    'tiff'
    """
    return [
        Exporter(
            name="tiff",
            title="TIFF: the images of each data key, as a stack or a series",
            export="penstock.plugins.tiff_files.writing:export_run",
        )
    ]
