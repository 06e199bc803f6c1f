"""Whether files are images of an electron microscope."""

from __future__ import annotations

from dataclasses import replace

from ...core.errors import AssetError, UnsupportedFileError
from ...core.registry import RunsFound
from ..tiff.probe import probe_series, probe_series_of, probe_stack_of
from .gatan import GATAN
from .hamamatsu import HAMAMATSU
from .hitachi import find_settings, read_settings
from .jeol import JEOL
from .thermo import THERMO
from .tvips import TVIPS
from .zeiss import ZEISS

__all__ = [
    "probe_gatan",
    "probe_gatan_stack",
    "probe_hamamatsu",
    "probe_hitachi",
    "probe_jeol",
    "probe_thermo",
    "probe_tvips",
    "probe_zeiss",
    "probe_zeiss_stack",
]

probe_gatan = probe_series_of(GATAN)
probe_gatan_stack = probe_stack_of(GATAN)
probe_hamamatsu = probe_series_of(HAMAMATSU)
probe_jeol = probe_series_of(JEOL)
probe_thermo = probe_series_of(THERMO)
probe_tvips = probe_series_of(TVIPS)
probe_zeiss = probe_series_of(ZEISS)
probe_zeiss_stack = probe_stack_of(ZEISS)


def probe_hitachi(paths: list[str]) -> RunsFound | None:
    """Accept an image if the text file of the same name is its settings file."""
    try:
        found = read_settings(find_settings(paths[0]))
    except (UnsupportedFileError, AssetError):
        return None
    series = probe_series(paths)
    if series is None:
        return None
    instrument = found.values.get("instrument", "a Hitachi microscope")
    return replace(series, detail=f"[SemImageFile] of {instrument}; {series.detail}")
