"""Gatan DigitalMicrograph's exports: what the axes are, in tags 65003 to 65014.

After the files that DigitalMicrograph saves as TIFF: units of the axes x, y and z in 65003 to
65005, their origins in 65006 to 65008, their scales in 65009 to 65011. EPICS areaDetector uses tags
of these numbers for other ends, and names itself in the Software tag.
"""

from __future__ import annotations

import math
from typing import Any

from ..tiff.metadata import TiffFacts
from ..tiff.origin import Described, TiffOrigin

__all__ = ["GATAN"]

_UNITS = {"x": 65003, "y": 65004, "z": 65005}
_ORIGINS = {"x": 65006, "y": 65007, "z": 65008}
_SCALES = {"x": 65009, "y": 65010, "z": 65011}


def _recognise(facts: TiffFacts) -> str | None:
    if "EPICS" in facts.texts.get("Software", ""):
        return None
    units = [facts.tags.get(_UNITS[axis]) for axis in "xy"]
    scales = [facts.tags.get(_SCALES[axis]) for axis in "xy"]
    if all(isinstance(unit, str) for unit in units) and all(map(_is_scale, scales)):
        return "tags 65003 to 65010, DigitalMicrograph's scales"
    return None


def _describe(facts: TiffFacts) -> Described:
    values: dict[str, Any] = {}
    units: dict[str, str] = {}
    for axis in "xyz":
        scale = facts.tags.get(_SCALES[axis])
        if not _is_scale(scale):
            continue
        unit = str(facts.tags.get(_UNITS[axis]) or "").strip().replace("µ", "u")
        name = "frame_spacing" if axis == "z" else f"pixel_size_{axis}"
        values[name] = scale
        start = facts.tags.get(_ORIGINS[axis])
        if isinstance(start, float) and math.isfinite(start):
            values[f"{axis}_origin"] = start + 0.0  # no negative zero
        if unit:
            units[name] = unit
    return Described(configuration=values, units=units)


def _is_scale(value: Any) -> bool:
    return isinstance(value, float) and math.isfinite(value) and value > 0


GATAN = TiffOrigin("gatan", recognise=_recognise, describe=_describe)
