"""What penstock registers for Micro-Manager."""

from __future__ import annotations

from ...core.registry import Ingestor, hookimpl
from ...core.registry.layouts import Layout, Role

__all__ = ["penstock_ingestors"]


@hookimpl
def penstock_ingestors() -> list[Ingestor]:
    """Return the ingestor of Micro-Manager's acquisitions.

    Examples
    --------
    >>> [ingestor.name for ingestor in penstock_ingestors()]
    ['micro-manager']
    """
    settings = Role("settings", "display_settings.txt", many=False, optional=True)
    return [
        Ingestor(
            name="micro-manager",
            title="Acquisition of Micro-Manager or pycro-manager: stacks, NDTiff, folders",
            ingest="penstock.ingestors.micro_manager.ingest:ingest_micro_manager",
            takes="files",
            formats=("tiff",),
            probe="penstock.ingestors.micro_manager.probe:probe_micro_manager",
            tier="STRUCTURE",
            settings=("key", "metadata"),
            beats=("ome-tiff",),  # its stacks hold OME-XML, too, which says less
            layouts=(
                Layout(
                    (
                        Role("stacks", "{name}_NDTiffStack{rest}"),
                        Role("index", "NDTiff.index", many=False),
                        settings,
                    ),
                    counts=("rest",),
                ),
                Layout((Role("images", "img_{index}"), Role("about", "metadata.txt", many=False))),
                Layout((Role("stacks", "{name}MMStack{rest}.ome.tif"),), counts=("rest",)),
            ),
            only_laid_out=False,
        )
    ]
