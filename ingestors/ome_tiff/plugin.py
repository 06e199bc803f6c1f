"""What penstock registers for OME-TIFF."""

from __future__ import annotations

from ...core.registry import Ingestor, hookimpl

__all__ = ["penstock_ingestors"]


@hookimpl
def penstock_ingestors() -> list[Ingestor]:
    """Return the ingestors of OME-TIFF sets, by their TIFF files and by their companion file.

    Examples
    --------
    >>> [ingestor.name for ingestor in penstock_ingestors()]
    ['ome-tiff', 'ome-companion']
    """
    return [
        Ingestor(
            name="ome-tiff",
            title="OME-TIFF: files, one or many a set, that OME-XML describes",
            ingest="penstock.ingestors.ome_tiff.ingest:ingest_ome_tiff",
            takes="files",
            formats=("tiff",),
            probe="penstock.ingestors.ome_tiff.probe:probe_ome_tiff",
            beats=("metamorph-series", "metamorph-stack"),  # Prairie View writes their tags, too
            tier="STRUCTURE",
            selects=("image",),
            settings=("key", "metadata"),
        ),
        Ingestor(
            name="ome-companion",
            title="OME-TIFF: the file beside them that holds the OME-XML",
            ingest="penstock.ingestors.ome_tiff.ingest:ingest_ome_tiff",
            takes="file",
            formats=("text",),
            patterns=("*.companion.ome", "*.ome.xml", "*.ome"),
            probe="penstock.ingestors.ome_tiff.probe:probe_ome_tiff",
            tier="STRUCTURE",
            selects=("image",),
            settings=("key", "metadata"),
        ),
    ]
