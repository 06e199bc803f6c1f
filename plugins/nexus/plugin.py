"""What penstock registers for NeXus."""

from __future__ import annotations

from ...core.registry import Exporter, hookimpl

__all__ = ["penstock_exporters"]


@hookimpl
def penstock_exporters() -> list[Exporter]:
    """Return the exporter.

    Examples
    --------
    >>> penstock_exporters()[0].name
    'nexus'
    """
    return [
        Exporter(
            name="nexus",
            title="NeXus: a default plot, all streams, detectors under instrument",
            export="penstock.plugins.nexus.writing:export_run",
            suffix=".nxs",
        )
    ]
