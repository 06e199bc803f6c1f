"""What penstock registers for SPEC files."""

from __future__ import annotations

from ...core.registry import Ingestor, hookimpl

__all__ = ["penstock_ingestors"]


@hookimpl
def penstock_ingestors() -> list[Ingestor]:
    """Return the ingestor of SPEC files.

    Examples
    --------
    >>> penstock_ingestors()[0].name
    'spec'
    """
    return [
        Ingestor(
            name="spec",
            title="SPEC data file: a run for each scan",
            ingest="penstock.ingestors.spec.ingest:ingest_spec",
            takes="file",
            formats=("spec",),
            probe="penstock.ingestors.spec.probe:probe",
            selects=("scan",),
            is_log=True,
        )
    ]
