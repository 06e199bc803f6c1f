"""What penstock registers for writing SPEC files."""

from __future__ import annotations

from ...core.registry import Exporter, hookimpl

__all__ = ["penstock_exporters"]


@hookimpl
def penstock_exporters() -> list[Exporter]:
    """Return the exporter.

    Examples
    --------
    >>> penstock_exporters()[0].name
    'spec'
    """
    return [
        Exporter(
            name="spec",
            title="SPEC: a scan for the main stream, spectra as MCA lines",
            export="penstock.plugins.spec_file.writing:export_run",
            suffix=".spec",
        )
    ]
