"""What penstock registers for electron microscopes and streak cameras."""

from __future__ import annotations

from ...core.registry import Ingestor, Layout, Role, hookimpl

__all__ = ["penstock_ingestors"]

_INGEST = "penstock.ingestors.electron_microscopes.ingest"
_PROBES = "penstock.ingestors.electron_microscopes.probes"
_SERIES = {
    "thermo-sem": ("FEI and Thermo Fisher xT images", "ingest_thermo_sem", "probe_thermo"),
    "zeiss-sem": ("Zeiss SmartSEM images", "ingest_zeiss_sem", "probe_zeiss"),
    "jeol-tem": ("JEOL SightX images", "ingest_jeol_tem", "probe_jeol"),
    "tvips": ("TVIPS EM-MENU images", "ingest_tvips", "probe_tvips"),
    "hamamatsu-streak": (
        "Hamamatsu HPD-TA streak images",
        "ingest_hamamatsu_streak",
        "probe_hamamatsu",
    ),
    "gatan": ("Gatan DigitalMicrograph's TIFF images", "ingest_gatan_tiff", "probe_gatan"),
}
_STACKS = {
    "zeiss-sem-stack": (
        "Zeiss SmartSEM file of several images",
        "ingest_zeiss_stack",
        "probe_zeiss_stack",
    ),
    "gatan-stack": (
        "Gatan DigitalMicrograph's TIFF stack",
        "ingest_gatan_stack",
        "probe_gatan_stack",
    ),
}
_SETTINGS = Layout((Role("image", "{name}.tif"), Role("settings", "{name}.txt", "settings", False)))


@hookimpl
def penstock_ingestors() -> list[Ingestor]:
    """Return the ingestors of electron microscopes and streak cameras.

    Examples
    --------
    >>> [ingestor.name for ingestor in penstock_ingestors()][:3]
    ['hitachi-sem', 'thermo-sem', 'zeiss-sem']
    """
    hitachi = Ingestor(
        name="hitachi-sem",
        title="Hitachi SEM image with its settings file",
        ingest=f"{_INGEST}:ingest_hitachi_sem",
        takes="files",
        formats=("tiff",),
        probe=f"{_PROBES}:probe_hitachi",
        layouts=(_SETTINGS,),
        tier="STRUCTURE",
        settings=("key", "metadata"),
    )
    series = [
        Ingestor(
            name=name,
            title=title,
            ingest=f"{_INGEST}:{ingest}",
            takes="files",
            formats=("tiff",),
            probe=f"{_PROBES}:{probe}",
            tier="STRUCTURE",
            settings=("key", "metadata"),
        )
        for name, (title, ingest, probe) in _SERIES.items()
    ]
    stacks = [
        Ingestor(
            name=name,
            title=title,
            ingest=f"{_INGEST}:{ingest}",
            takes="file",
            formats=("tiff",),
            probe=f"{_PROBES}:{probe}",
            tier="STRUCTURE",
            settings=("key", "metadata"),
        )
        for name, (title, ingest, probe) in _STACKS.items()
    ]
    velox = Ingestor(
        name="velox",
        title="Thermo Fisher Velox images (EMD)",
        ingest="penstock.ingestors.electron_microscopes.velox_ingest:ingest_velox",
        takes="file",
        formats=("hdf5",),
        probe="penstock.ingestors.electron_microscopes.velox_ingest:probe_velox",
        isolate=True,
        tier="STRUCTURE",
        settings=("metadata",),
    )
    return [hitachi, *series, *stacks, velox]
