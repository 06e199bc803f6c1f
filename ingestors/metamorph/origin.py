"""What MetaMorph writes into TIFF files and stacks (STK).

After "MetaMorph Stack (STK) Image File Format" (Universal Imaging, later Molecular Devices), whose
private tags (UIC1 … UIC4) tifffile reads, and files of several of its versions.
"""

from __future__ import annotations

import datetime
import math
from collections.abc import Iterator, Mapping, Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

from ...core.documents import safe_key
from ..tiff.headers import FrameHeader
from ..tiff.metadata import TiffFacts
from ..tiff.origin import (
    MALFORMED,
    Described,
    FrameColumns,
    TiffOrigin,
    part_constants,
    vendor_metadata,
)
from ..times import configured_zone, zone_told
from .text import ImageText, parse_text, parse_time_of_metamorph

__all__ = ["ORIGIN"]

DESCRIPTION, DATE_TIME = 270, 306
_UIC_TAGS = (33630, 33631)
_SOFTWARE = ("MetaMorph", "MetaFluor", "MetaXpress")
_OPTICS = {"_MagNA_": "objective_na", "_MagSetting_": "objective"}
_UNITS = {"exposure_time": "s", "temperature": "°C", "wavelength": "nm"}
_SHOWN = ("Scale", "Thresh", "LUT", "gray", "_", "Gamma", "Zoom", "currentBuffer")
"""How MetaMorph shows an image, which says nothing of how it was taken."""


def _recognise(facts: TiffFacts) -> str | None:
    software = facts.texts.get("Software", "")
    if software.startswith(_SOFTWARE):
        return f"Software tag {software[:40]!r}"
    if facts.description.lstrip().startswith("<MetaData") and "MetaMorph" in facts.description:
        return "ImageDescription with MetaMorph's properties"
    if all(tag in facts.tags for tag in _UIC_TAGS):
        return "MetaMorph's private tags (UIC)"
    return None


def _uic(facts: TiffFacts) -> Mapping[str, Any]:
    """Return what the private tags say; nothing where they are not there or cannot be read."""
    try:
        found = vendor_metadata(facts, "stk_metadata")
    except MALFORMED:
        return {}
    return found if isinstance(found, Mapping) else {}


def _describe(facts: TiffFacts) -> Described:
    told = parse_text(facts.description.partition("\0")[0])
    uic = _uic(facts)
    configuration: dict[str, Any] = {}
    units: dict[str, str] = {}
    for name, value, unit in (*_settings(told), *_of_tags(uic)):
        configuration.setdefault(name, value)
        if unit:
            units[name] = unit
    sample: dict[str, Any] = {}
    for line, key in (("Experiment base name", "name"), ("Barcode", "barcode")):
        if told.lines.get(line):
            sample[key] = told.lines[line]
    time = _seconds(uic.get("CreateTime")) or _time_of_text(facts.texts.get("DateTime", ""), told)
    return Described(
        start={"sample": sample} if sample else {},
        detector=safe_key(told.camera) if told.camera else "",
        configuration=configuration,
        units={**_UNITS, **units},
        time=time,
        everything={
            "settings": told.lines,
            "remarks": list(told.remarks),
            "properties": told.properties,
            "tags": {name: value for name, value in uic.items() if _is_kept(name, value)},
        },
        covered=("ImageDescription",),
        notes=() if time is None else (f"its times have no zone: {zone_told()}",),
    )


def _settings(told: ImageText) -> Iterator[tuple[str, Any, str]]:
    if told.exposure is not None:
        yield "exposure_time", told.exposure, ""
    if told.binning is not None:
        yield "binning", told.binning, ""
    if told.temperature is not None:
        yield "temperature", told.temperature, ""
    for line, key in (("Gain", "gain"), ("Digitizer", "readout_rate")):
        if told.lines.get(line):
            yield key, told.lines[line], ""
    properties = told.properties
    unit = str(properties.get("spatial-calibration-units") or "")
    for axis in "xy":
        size = properties.get(f"spatial-calibration-{axis}")
        if properties.get("spatial-calibration-state") == "on" and _is_number(size):
            yield f"pixel_size_{axis}", size, _spell_unit(unit)


def _of_tags(uic: Mapping[str, Any]) -> Iterator[tuple[str, Any, str]]:
    if uic.get("SpatialCalibration"):
        unit = _spell_unit(str(uic.get("CalibrationUnits") or ""))
        for axis in "xy":
            size = uic.get(f"{axis.upper()}Calibration")
            if _is_number(size) and size:
                yield f"pixel_size_{axis}", float(size), unit
    if _is_number(uic.get("wavelength")) and uic["wavelength"] > 0:
        yield "wavelength", float(uic["wavelength"]), ""
    for name, value in _properties(uic).items():
        if name in _OPTICS:
            yield _OPTICS[name], value, ""
        elif name == "Camera Bit Depth" and _is_number(value) and 0 < value <= 32:
            yield "bit_depth", int(value), ""
            yield "saturation_value", 2 ** int(value) - 1, ""


def _properties(uic: Mapping[str, Any]) -> dict[str, Any]:
    """Return the properties of planes that are the same in all of them."""
    found: dict[str, list[Any]] = {}
    for item in uic.get("PlaneProperty") or ():
        if isinstance(item, Mapping) and "name" in item:
            found.setdefault(str(item["name"]), []).append(item.get("value"))
    return {
        name: values[0] for name, values in found.items() if all(v == values[0] for v in values)
    }


def _is_number(value: Any) -> bool:
    return isinstance(value, int | float | np.number) and math.isfinite(value)


def _spell_unit(unit: str) -> str:
    return "µm" if unit.lower() in ("um", "microns", "micron", "μm") else unit


def _is_kept(name: str, value: Any) -> bool:
    if name == "PlaneDescriptions" or any(part in name for part in _SHOWN):
        return False
    return isinstance(value, str | int | float | list | tuple) and value not in ("", [], ())


def _seconds(moment: Any) -> float | None:
    """Return a time that tifffile made of a tag, which has no zone, since 1970-01-01 UTC."""
    if isinstance(moment, np.datetime64):
        moment = None if np.isnat(moment) else moment.astype("datetime64[us]").item()
    if not isinstance(moment, datetime.datetime):
        return None
    try:
        return moment.replace(tzinfo=configured_zone()).timestamp()
    except (OverflowError, OSError, ValueError):
        return None


def _time_of_text(date_time: str, told: ImageText) -> float | None:
    text = str(told.properties.get("acquisition-time-local") or "") or date_time
    return parse_time_of_metamorph(text, configured_zone())


# Single frames ---------------------------------------------------------------------------------


def _tell_frames(facts: TiffFacts, headers: Sequence[FrameHeader]) -> FrameColumns:
    if len(headers) == len(facts.directory) and headers[-1].path == headers[0].path:
        return _of_stack(facts, len(headers))
    return _of_series(headers)


def _of_series(headers: Sequence[FrameHeader]) -> FrameColumns:
    """Return what descriptions of single images tell."""
    rows: list[dict[str, Any]] = []
    times = np.full(len(headers), np.nan)
    for number, header in enumerate(headers):
        text, date_time = (header.tags.get(tag) for tag in (DESCRIPTION, DATE_TIME))
        told = parse_text(text if isinstance(text, str) else "")
        time = _time_of_text(date_time if isinstance(date_time, str) else "", told)
        times[number] = math.nan if time is None else time
        rows.append(_row_of(told))
    return _frame_columns(rows, times)


def _row_of(told: ImageText) -> dict[str, Any]:
    row: dict[str, Any] = {"exposure_time": told.exposure, "temperature": told.temperature}
    for name, key in (
        ("stage-position-x", "position_x"),
        ("stage-position-y", "position_y"),
        ("z-position", "position_z"),
        ("wavelength", "wavelength"),
    ):
        if _is_number(told.properties.get(name)):
            row[key] = told.properties[name]
    for name, key in (("stage-label", "stage_label"), ("_IllumSetting_", "channel")):
        if told.properties.get(name):
            row[key] = str(told.properties[name])
    return {key: value for key, value in row.items() if value is not None}


def _of_stack(facts: TiffFacts, planes: int) -> FrameColumns:
    """Return what the private tags tell of each plane of a stack."""
    uic = _uic(facts)
    columns: dict[str, list[Any]] = {}
    for name, values in _plane_values(uic):
        if len(values) == planes:
            columns[name] = list(values)
    texts = [parse_text(text) for text in uic.get("PlaneDescriptions") or ()]
    if len(texts) == planes:
        columns["exposure_time"] = [told.exposure for told in texts]
    rows = [{name: values[row] for name, values in columns.items()} for row in range(planes)]
    created = uic.get("DatetimeCreated")
    times = np.full(planes, np.nan)
    if isinstance(created, np.ndarray) and len(created) == planes:
        seconds = [_seconds(moment) for moment in created]
        times = np.array([math.nan if s is None or s <= 0 else s for s in seconds])
    elif planes == 1:
        only = _seconds(uic.get("CreateTime"))
        times[0] = math.nan if only is None else only
    return _frame_columns(rows, times)


def _plane_values(uic: Mapping[str, Any]) -> Iterator[tuple[str, Sequence[Any] | NDArray[Any]]]:
    places = uic.get("StagePosition")
    if isinstance(places, np.ndarray) and places.ndim == 2 and places.shape[1] == 2:
        yield "position_x", places[:, 0].tolist()
        yield "position_y", places[:, 1].tolist()
    for tag, name in (
        ("AbsoluteZ", "position_z"),
        ("ZDistance", "z_distance"),
        ("Wavelengths", "wavelength"),
    ):
        values = uic.get(tag)
        if isinstance(values, np.ndarray) and values.ndim == 1 and np.isfinite(values).all():
            yield name, values.tolist()
    labels = uic.get("StageLabel")
    if isinstance(labels, list) and any(labels):
        yield "stage_label", [str(label) for label in labels]
    if isinstance(uic.get("Name"), str) and uic["Name"]:
        yield "channel", [uic["Name"]]  # of the first plane; others have it in their properties


def _frame_columns(rows: Sequence[Mapping[str, Any]], times: NDArray[np.float64]) -> FrameColumns:
    names = dict.fromkeys(name for row in rows for name in row)
    columns, constants = part_constants({name: [row.get(name) for row in rows] for name in names})
    return FrameColumns(
        columns=columns,
        constants={name: value for name, value in constants.items() if value is not None},
        units=_UNITS,
        times=times,
    )


ORIGIN = TiffOrigin(
    "metamorph",
    recognise=_recognise,
    describe=_describe,
    tags=(DESCRIPTION, DATE_TIME),
    frames=_tell_frames,
)
"""Images and stacks of MetaMorph."""
