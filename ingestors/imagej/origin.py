"""What ImageJ and Fiji write into TIFF files.

After ImageJ's own `TiffEncoder` and "Image5D and hyperstacks" (imagej.net): lines of
``ImageDescription``, and the private tags 50838 and 50839.
"""

from __future__ import annotations

import math
from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from ..tiff.headers import FrameHeader
from ..tiff.metadata import TiffFacts, bounded
from ..tiff.origin import Described, FrameColumns, TiffOrigin

__all__ = ["ORIGIN", "spell_unit"]

METADATA = 50839
_MARK = "ImageJ="
_LONGEST_INFO = 16 * 1024
_LONGEST_LABEL = 200
_NO_UNITS = ("", "pixel", "pixels")
_LENGTHS = {
    "micron": "µm",
    "microns": "µm",
    "micrometer": "µm",
    "um": "µm",
    "μm": "µm",
    "inches": "inch",
}
_SECONDS = {"s": 1.0, "sec": 1.0, "second": 1.0, "seconds": 1.0, "ms": 1e-3, "msec": 1e-3}
_SECONDS |= {"min": 60.0, "minute": 60.0, "minutes": 60.0, "hr": 3600.0, "hour": 3600.0}
_SECONDS |= {"h": 3600.0, "us": 1e-6, "usec": 1e-6, "µs": 1e-6, "ns": 1e-9, "d": 86400.0}
_TOLD_ELSEWHERE = {"ImageJ", "images", "channels", "slices", "frames", "hyperstack", "unit"}
_TOLD_ELSEWHERE |= {"yunit", "zunit", "tunit", "spacing", "finterval"}


def _lines_of(facts: TiffFacts) -> dict[str, str]:
    lines = facts.description.splitlines()
    return {
        name.strip(): value.strip()
        for name, separator, value in (line.partition("=") for line in lines)
        if separator
    }


def _recognise(facts: TiffFacts) -> str | None:
    if not facts.description.startswith(_MARK):
        return None
    version = facts.description[len(_MARK) :].splitlines()[0].strip() if facts.description else ""
    return f"ImageDescription 'ImageJ={version[:20]}'"


def _describe(facts: TiffFacts) -> Described:
    said = _lines_of(facts)
    configuration: dict[str, Any] = {}
    units: dict[str, str] = {}
    for name, value, unit in (*_sizes(facts, said), *_interval(said)):
        configuration[name] = value
        if unit:
            units[name] = unit
    everything: dict[str, Any] = {"version": said.get("ImageJ", "")}
    everything |= {name: value for name, value in said.items() if name not in _TOLD_ELSEWHERE}
    private = _private(facts)
    info = private.get("Info")
    if isinstance(info, str) and info.strip():
        everything["info"] = bounded(info.strip(), _LONGEST_INFO)
    properties = private.get("Properties")
    if isinstance(properties, dict | list | str):
        everything["properties"] = properties
    return Described(
        configuration=configuration,
        units=units,
        everything={name: value for name, value in everything.items() if value != ""},
        covered=("ImageDescription",),
    )


def _sizes(facts: TiffFacts, said: Mapping[str, str]) -> Iterator[tuple[str, float, str]]:
    unit = spell_unit(said.get("unit", ""))
    for axis in "xy":
        along = spell_unit(said.get(f"{axis}unit", "")) or unit
        # ImageJ's resolution is in pixels for each of this unit, whatever ResolutionUnit says.
        if along and axis in facts.resolution:
            yield f"pixel_size_{axis}", 1 / facts.resolution[axis], along
    spacing = _number(said.get("spacing"))
    if spacing is not None:
        yield "spacing", spacing, spell_unit(said.get("zunit", "")) or unit


def _interval(said: Mapping[str, str]) -> Iterator[tuple[str, float, str]]:
    interval = _number(said.get("finterval"))
    unit = said.get("tunit") or "s"
    if interval is None or interval <= 0:
        return
    if unit in _SECONDS:
        yield "frame_interval", interval * _SECONDS[unit], "s"
    else:
        yield "frame_interval", interval, unit


def spell_unit(text: str) -> str:
    r"""Return a unit of length as others write it; empty if it is none.

    Examples
    --------
    >>> spell_unit("micron"), spell_unit("\\u00B5m"), spell_unit("mm"), spell_unit("pixel")
    ('µm', 'µm', 'mm', '')
    """
    unit = text.replace("\\u00B5", "µ").replace("\\u03BC", "µ").strip()
    return "" if unit.lower() in _NO_UNITS else _LENGTHS.get(unit, unit)


def _number(text: str | None) -> float | None:
    try:
        value = float(text or "")
    except ValueError:
        return None
    return value if math.isfinite(value) else None


def _private(facts: TiffFacts) -> Mapping[str, Any]:
    found = facts.tags.get(METADATA)
    return found if isinstance(found, Mapping) else {}


def _tell_frames(facts: TiffFacts, headers: Sequence[FrameHeader]) -> FrameColumns:
    """Return the labels of slices, the first line of each: some writers put pages there."""
    labels = _private(facts).get("Labels")
    in_stack = len(headers) == len(facts.directory) and headers[-1].path == headers[0].path
    if not in_stack or not isinstance(labels, list) or len(labels) != len(headers):
        return FrameColumns()
    lines = [str(label).strip().partition("\n")[0].strip()[:_LONGEST_LABEL] for label in labels]
    return FrameColumns({"label": lines}) if any(lines) else FrameColumns()


ORIGIN = TiffOrigin("imagej", recognise=_recognise, describe=_describe, frames=_tell_frames)
"""Images, stacks and hyperstacks that ImageJ saved, or who writes as it does."""
