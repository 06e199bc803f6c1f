"""What penstock registers for TIFF series by a template of their names."""

from __future__ import annotations

from ...core.registry import Ingestor, hookimpl

__all__ = ["penstock_ingestors"]


@hookimpl
def penstock_ingestors() -> list[Ingestor]:
    """Return the ingestor of series by a template, which has to be given.

    Examples
    --------
    >>> penstock_ingestors()[0].needs
    ('template',)
    """
    return [
        Ingestor(
            name="tiff-template",
            title="TIFF files whose names a template explains: fields become columns",
            ingest="penstock.ingestors.tiff_template.ingest:ingest_tiff_template",
            takes="files",
            formats=("tiff",),
            settings=("template", "units", "key", "metadata"),
            needs=("template",),
            groups="penstock.ingestors.tiff_template.ingest:group_by_template",
        )
    ]
