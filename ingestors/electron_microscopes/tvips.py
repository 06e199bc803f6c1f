"""TVIPS EM-MENU: cameras of transmission electron microscopes (tags 37706 and 37708).

After tifffile's reading of the header. Exposures are in ms, pixels in nm; version 1 counts voltage
and magnification in tenths (files of version 2 hold both); the date is packed into an integer
(year << 16, month << 8, day), the time counts seconds of the day.
"""

from __future__ import annotations

import datetime
from collections.abc import Sequence
from typing import Any

import numpy as np

from ..tiff.headers import FrameHeader
from ..tiff.metadata import TiffFacts
from ..tiff.origin import Described, FrameColumns, TiffOrigin
from ..times import configured_zone, zone_told
from .readings import Reading, known_text

__all__ = ["TVIPS"]

_TAG = 37706
_QUANTITIES = (
    ("accelerating_voltage", "TemHighTension", "V", 1.0),
    ("accelerating_voltage", "HighTension", "V", 0.1),
    ("exposure_time", "ExposureTime", "ms", 1.0),
    ("magnification", "TemMagnification", "", 1.0),
    ("magnification", "Magnification", "", 0.1),
    ("pixel_size_x", "PixelSizeX", "nm", 1.0),
    ("pixel_size_y", "PixelSizeY", "nm", 1.0),
    ("physical_pixel_size_x", "PhysicalPixelSizeX", "nm", 1.0),
    ("physical_pixel_size_y", "PhysicalPixelSizeY", "nm", 1.0),
    ("gain", "Gain", "", 1.0),
    ("binning_x", "BinningX", "", 1.0),
    ("binning_y", "BinningY", "", 1.0),
)


def _recognise(facts: TiffFacts) -> str | None:
    found = facts.tags.get(_TAG)
    return (
        f"tag {_TAG}, EM-MENU version {found.get('Version')}" if isinstance(found, dict) else None
    )


def _describe(facts: TiffFacts) -> Described:
    header = {name: value for name, value in facts.tags[_TAG].items() if _is_telling(value)}
    found = Reading(everything=header)
    for name, key, unit, factor in _QUANTITIES:
        # 0 stands for what nobody told the software; version 2 says better what 1 says as well.
        if header.get(key) and name not in found.values:
            found.quantity(name, header[key], unit, factor=factor)
    found.word("detector_name", header.get("CameraType"))
    title = known_text(header.get("ImageName"))
    if title:
        found.start["title"] = title
    time = _time(header.get("Date"), header.get("Time"))
    return Described(
        start=found.start,
        detector=known_text(header.get("CameraType")),
        configuration=found.values,
        units=found.units,
        time=time,
        everything=found.everything,
        notes=() if time is None else [f"the time of the images has no zone: {zone_told()}"],
    )


def _is_telling(value: Any) -> bool:
    """Whether a value says something: much of the header is reserved, or of bytes."""
    if isinstance(value, list | tuple):
        return any(value) and not any(isinstance(item, complex) for item in value)
    return isinstance(value, int | float | str) and value not in ("", 0)


def _time(date: Any, seconds: Any) -> float | None:
    if not isinstance(date, int) or not isinstance(seconds, int | float):
        return None
    try:
        day = datetime.datetime(date >> 16, (date >> 8) & 0xFF, date & 0xFF, tzinfo=None)
        moment = day + datetime.timedelta(seconds=float(seconds))
        return moment.replace(tzinfo=configured_zone()).timestamp()
    except (ValueError, OverflowError, OSError):
        return None


def _frames(facts: TiffFacts, headers: Sequence[FrameHeader]) -> FrameColumns:
    time = _describe(facts).time
    # What the headers of further images say is not asked for: they would have to be parsed.
    return FrameColumns(times=None if time is None or len(headers) > 1 else np.array([time]))


TVIPS = TiffOrigin("tvips", recognise=_recognise, describe=_describe, frames=_frames)
