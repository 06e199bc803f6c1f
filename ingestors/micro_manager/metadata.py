"""What Micro-Manager says of an acquisition and of each image, in the field's terms.

After "Micro-Manager File Formats" (micro-manager.org) and files of versions 1.4 to 2.0 and
pycro-manager: keys and their spelling have changed.
"""

from __future__ import annotations

import json
import math
import re
from collections.abc import Iterator, Mapping, Sequence
from typing import Any

import numpy as np

from ...core.documents import safe_key
from ..tiff.origin import Described, FrameColumns, part_constants
from ..times import configured_zone, parse_time, zone_told

__all__ = ["describe_acquisition", "parse_moment", "read_json", "tell_images", "unwrap"]

_MOST_COLUMNS = 64
"""Of device properties that change from image to image."""
_MILLISECONDS = ("Exposure-ms", "Exposure", "Camera-Exposure")
_PLACES = {
    "XPositionUm": "position_x",
    "YPositionUm": "position_y",
    "ZPositionUm": "position_z",
}
_PIXEL_SIZES = ("PixelSizeUm", "PixelSize_um")
_TIMES = ("receivedTime", "ReceivedTime", "Time")
_OF_ONE_IMAGE = frozenset((*_MILLISECONDS, *_PLACES, *_TIMES))
_OF_ONE_IMAGE |= {"ElapsedTime-ms", "UUID", "Axes", "FileName", "Summary", "ImageNumber", "Frame"}
_OF_ONE_IMAGE |= {"FrameIndex", "Slice", "SliceIndex", "Channel", "ChannelIndex", "PositionIndex"}
_OF_ONE_IMAGE |= {"PositionName", "Position", "scopeDataKeys", "CameraChannelIndex", "Width"}
_OF_ONE_IMAGE |= {"TimeReceivedByCore", "startTimeMs", "Height", "NextFrame"}
"""What tells one image from the next, and stands in columns."""


def read_json(text: Any) -> dict[str, Any]:
    """Return what a block of JSON says; nothing where it cannot be read.

    Examples
    --------
    >>> read_json('{"Exposure": 10}'), read_json("{..."), read_json(None)
    ({'Exposure': 10}, {}, {})
    """
    if isinstance(text, Mapping):
        return dict(text)
    try:
        found = json.loads(text) if isinstance(text, str) else None
    except (ValueError, RecursionError):
        return {}
    return found if isinstance(found, dict) else {}


def unwrap(found: Mapping[str, Any]) -> dict[str, Any]:
    """Return properties without the wrapping that version 2.0 beta gives them.

    Examples
    --------
    >>> unwrap({"Camera-Gain": {"PropVal": "3", "PropType": "String"}, "Binning": 4})
    {'Camera-Gain': '3', 'Binning': 4}
    """
    return {
        name: value["PropVal"] if isinstance(value, Mapping) and "PropVal" in value else value
        for name, value in found.items()
    }


def describe_acquisition(summary: Mapping[str, Any], image: Mapping[str, Any]) -> Described:
    """Return what is told of an acquisition as a whole.

    Parameters
    ----------
    summary
        Of the acquisition.
    image
        What is told of one of its images.
    """
    image = unwrap(image)
    notes: list[str] = []
    moment = _begin(summary, image)
    if moment is not None and not moment[1]:
        notes.append(f"its times have no zone: {zone_told()}")
    start: dict[str, Any] = {}
    if _text(summary.get("Prefix")):
        start["sample"] = {"name": _text(summary["Prefix"])}
    if _text(summary.get("UserName")):
        start["operator"] = _text(summary["UserName"])
    configuration: dict[str, Any] = {}
    units: dict[str, str] = {}
    for name, value, unit in _constants(summary, image):
        configuration.setdefault(name, value)
        if unit:
            units[name] = unit
    camera = next((_text(image.get(name)) for name in ("Camera", "Core-Camera")), "")
    camera = camera or _text(image.get("Core-Camera")) or _text(summary.get("Core-Camera"))
    return Described(
        start=start,
        detector=safe_key(camera) if camera else "",
        configuration=configuration,
        units=units,
        time=None if moment is None else moment[0],
        everything={
            "summary": {name: _spread(value) for name, value in summary.items()},
            "image": {name: value for name, value in image.items() if name not in _OF_ONE_IMAGE},
        },
        covered=("ImageDescription",),
        notes=notes,
    )


def _constants(
    summary: Mapping[str, Any], image: Mapping[str, Any]
) -> Iterator[tuple[str, Any, str]]:
    """Yield name, value and unit of what is the camera's or the microscope's."""
    for source in (image, summary):
        for name in _PIXEL_SIZES:
            size = _number(source.get(name))
            if size is not None and size > 0:
                yield "pixel_size_x", size, "µm"
                yield "pixel_size_y", size, "µm"
    step = _number(summary.get("z-step_um"))
    if step:
        yield "spacing", step, "µm"
    interval = _number(summary.get("WaitInterval", summary.get("Interval_ms")))
    if interval is not None and interval > 0:
        yield "frame_interval", interval / 1000, "s"
    binning = _number(image.get("Binning"))
    if binning is not None:
        yield "binning", int(binning), ""
    bits = _number(image.get("BitDepth", summary.get("BitDepth")))
    if bits is not None and 0 < bits <= 32:
        yield "bit_depth", int(bits), ""
        yield "saturation_value", 2 ** int(bits) - 1, ""
    if _text(image.get("ROI")):
        yield "roi", _text(image["ROI"]), ""
    if _text(image.get("Objective-Label")):
        yield "objective", _text(image["Objective-Label"]), ""


def _text(value: Any) -> str:
    return value.strip() if isinstance(value, str) else ""


def _number(value: Any) -> float | None:
    try:
        number = float(value)
    except (TypeError, ValueError, OverflowError):
        return None
    return number if math.isfinite(number) and not isinstance(value, bool) else None


def _spread(value: Any) -> Any:
    """Return lists of mappings as mappings, so that each fits by itself."""
    if isinstance(value, list) and any(isinstance(item, Mapping) for item in value):
        return {str(number): _spread(item) for number, item in enumerate(value)}
    if isinstance(value, Mapping):
        return {name: _spread(item) for name, item in value.items()}
    return value


# Times -----------------------------------------------------------------------------------------


def parse_moment(text: Any) -> tuple[float, bool] | None:
    """Return seconds since 1970-01-01 UTC, and whether the text told its zone.

    Examples
    --------
    >>> parse_moment("2018-10-03 13:54:41 -0700")
    (1538600081.0, True)
    >>> parse_moment("The age of Aquarius")
    """
    if not isinstance(text, str):
        return None
    cleaned = re.sub(r"^(\d{4})/(\d\d)/(\d\d)", r"\1-\2-\3", text.strip())
    cleaned = re.sub(r"\s+-$", "", cleaned)  # a zone was to stand there
    cleaned = re.sub(r"\s+([+-]\d{2}):?(\d{2})$", r"\1:\2", cleaned)
    # As Java spells dates; names of zones mean several.
    cleaned = re.sub(r"^(\w{3} \w{3} \d+ [\d:]{8}) [A-Z]{2,5} (\d{4})$", r"\1 \2", cleaned)
    found = parse_time(cleaned, configured_zone())
    return found if found is not None and found[0] > 0 else None


def _begin(summary: Mapping[str, Any], image: Mapping[str, Any]) -> tuple[float, bool] | None:
    for name in ("StartTime", "DateAndTime", "Time"):
        moment = parse_moment(summary.get(name))
        if moment is not None:
            return moment
    for name in _TIMES:
        moment = parse_moment(image.get(name))
        if moment is not None:
            return moment
    return None


# Single images ---------------------------------------------------------------------------------


def tell_images(images: Sequence[Mapping[str, Any]], began: float | None) -> FrameColumns:
    """Return what is told of each image, and what changes from one to the next.

    Parameters
    ----------
    images
        For each image, its metadata; empty where nothing is known.
    began
        When the acquisition began: images tell how long after that they came.

    Examples
    --------
    >>> images = [{"Exposure-ms": 3, "Laser": "1"}, {"Exposure-ms": 3, "Laser": "2"}]
    >>> found = tell_images(images, None)
    >>> found.columns, found.constants
    ({'laser': [1.0, 2.0]}, {'exposure_time': 0.003})
    """
    plain = [unwrap(image) for image in images]
    rows = [_row_of(image) for image in plain]
    names = dict.fromkeys(name for row in rows for name in row)
    told = {name: [row.get(name) for row in rows] for name in names}
    columns, constants = part_constants(told)
    if "elapsed_time" in constants:
        columns["elapsed_time"] = told["elapsed_time"]
        del constants["elapsed_time"]
    notes: list[str] = []
    varying = _varying(plain)
    if len(varying) > _MOST_COLUMNS:
        notes.append(f"{len(varying) - _MOST_COLUMNS} more properties change from image to image")
    for name, values in list(varying.items())[:_MOST_COLUMNS]:
        columns.setdefault(re.sub(r"\W+", "_", name.lower()).strip("_"), values)
    units = {"exposure_time": "s", "elapsed_time": "s", **dict.fromkeys(_PLACES.values(), "µm")}
    times = np.array([_time_of(image, row, began) for image, row in zip(plain, rows, strict=True)])
    return FrameColumns(
        columns=columns,
        constants={name: value for name, value in constants.items() if value is not None},
        units=units,
        times=times,
        notes=notes,
    )


def _row_of(image: Mapping[str, Any]) -> dict[str, Any]:
    row: dict[str, Any] = {}
    for name in _MILLISECONDS:
        exposure = _number(image.get(name))
        if exposure is not None:
            row["exposure_time"] = exposure / 1000
            break
    elapsed = _number(image.get("ElapsedTime-ms"))
    if elapsed is not None:
        row["elapsed_time"] = elapsed / 1000
    for name, key in _PLACES.items():
        place = _number(image.get(name))
        if place is not None:
            row[key] = place
    return row


def _time_of(image: Mapping[str, Any], row: Mapping[str, Any], began: float | None) -> float:
    if began is not None and row.get("elapsed_time") is not None:
        return began + float(row["elapsed_time"])
    for name in _TIMES:
        moment = parse_moment(image.get(name))
        if moment is not None:
            return moment[0]
    return math.nan


def _varying(images: Sequence[Mapping[str, Any]]) -> dict[str, list[Any]]:
    """Return properties that change from image to image, as numbers where all are."""
    if not images:
        return {}
    known = [image for image in images if image]
    names = dict.fromkeys(name for image in known[:1] for name in image)
    varying: dict[str, list[Any]] = {}
    for name in names:
        if name in _OF_ONE_IMAGE:
            continue
        first = known[0][name]
        if isinstance(first, Mapping | list) or all(image.get(name) == first for image in known):
            continue
        values = [image.get(name) for image in images]
        numbers = [None if value is None else _number(value) for value in values]
        whole = all(
            (number is None) == (value is None)
            for number, value in zip(numbers, values, strict=True)
        )
        varying[name] = numbers if whole else [None if v is None else str(v) for v in values]
    return varying
