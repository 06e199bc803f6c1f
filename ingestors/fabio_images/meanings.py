"""What the headers of images mean, in the field's terms.

CBF of PILATUS and EIGER detectors holds camserver's settings; EDF what SPEC and Lima write (after
the ESRF's "EDF" header conventions); other formats their own names, of which the common ones are
known.
"""

from __future__ import annotations

import math
import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from ...core.documents import safe_key
from ..camserver import read_camserver_header
from ..labels import unique_keys
from ..times import configured_zone, parse_time, zone_told

__all__ = ["FrameTold", "interpret"]

_LAYOUT = re.compile(
    r"EDF_|X-|Content-|HeaderID$|Image$|ByteOrder$|DataType$|Dim_\d$|Size$|SIZE\d?$|DIM$|HEADER_BYTES$"
    r"|BYTE_ORDER$|Data_type$|VersionNumber$|FORMAT$|HDRBLKS$|NROWS$|NCOLS$|header_contents$"
)
"""Names of what tells how pixels lie, and nothing of the image."""
_LONGEST = 1000

_TERMS: dict[str, dict[str, tuple[str, str, float]]] = {
    "edf": {
        "exposuretime": ("exposure_time", "s", 1.0),
        "count_time": ("exposure_time", "s", 1.0),
        "acq_expo_time": ("exposure_time", "s", 1.0),
        "wavelength": ("wavelength", "angstrom", 1e10),
        "sampledistance": ("detector_distance", "m", 1.0),
        "psize_1": ("pixel_size_x", "m", 1.0),
        "psize_2": ("pixel_size_y", "m", 1.0),
        "center_1": ("beam_center_x", "pixel", 1.0),
        "center_2": ("beam_center_y", "pixel", 1.0),
        "intensity1": ("transmitted_intensity", "", 1.0),
    },
    "marccd": {
        "integration_time": ("exposure_time", "s", 1e-3),
        "source_wavelength": ("wavelength", "angstrom", 1e-5),
        "xtal_to_detector": ("detector_distance", "m", 1e-6),
        "saturated_value": ("saturation_value", "counts", 1.0),
    },
    "mar345": {
        "time": ("exposure_time", "s", 1.0),
        "wavelength": ("wavelength", "angstrom", 1.0),
        "distance": ("detector_distance", "m", 1e-3),
        "startphi": ("phi_start", "deg", 1.0),
        "endphi": ("phi_end", "deg", 1.0),
    },
    "dtrek": {
        "time": ("exposure_time", "s", 1.0),
        "wavelength": ("wavelength", "angstrom", 1.0),
        "distance": ("detector_distance", "m", 1e-3),
        "ccd_image_saturation": ("saturation_value", "counts", 1.0),
        "saturated_value": ("saturation_value", "counts", 1.0),
    },
    "oxd": {"exposure time in sec": ("exposure_time", "s", 1.0)},
    "esperanto": {"dexposuretimeinsec": ("exposure_time", "s", 1.0)},
}
"""By format and name (in lower case): what the field calls it, its unit, and a factor."""

_TIMES = ("time_of_day", "date", "acquire_timestamp", "created", "time")
_PAIRS = (("motor_mne", "motor_pos"), ("counter_mne", "counter_pos"))


@dataclass(frozen=True)
class FrameTold:
    """What the header of one frame says."""

    values: Mapping[str, Any] = field(default_factory=dict)
    """By safe key: the field's terms, motors and counters by their mnemonics, all else."""
    units: Mapping[str, str] = field(default_factory=dict)
    time: float | None = None
    """Seconds since 1970-01-01 UTC."""
    time_source: str = ""
    start: Mapping[str, Any] = field(default_factory=dict)
    """For the start document."""
    defaults: tuple[str, ...] = ()
    notes: tuple[str, ...] = ()


def interpret(format_id: str, header: Mapping[str, str]) -> FrameTold:
    """Return what a header says.

    Examples
    --------
    >>> told = interpret("edf", {"motor_mne": "th chi", "motor_pos": "1.5 2", "Dim_1": "6"})
    >>> told.values, told.start
    ({'th': 1.5, 'chi': 2.0}, {'motors': ['th', 'chi']})
    """
    if format_id == "cbf":
        return _of_cbf(header)
    values: dict[str, Any] = {}
    units: dict[str, str] = {}
    start: dict[str, Any] = {}
    lower = {name.lower(): text for name, text in header.items()}
    paired: set[str] = set()
    for names, positions in _PAIRS:
        found = _paired(lower.get(names, ""), lower.get(positions, ""))
        if found:
            values |= found
            paired |= {names, positions}
            if names == "motor_mne":
                start["motors"] = list(found)
    for name, (term, unit, factor) in _TERMS.get(format_id, {}).items():
        number = _number(lower.get(name, ""))
        if number is not None and term not in values:
            values[term] = float(f"{number * factor:.12g}")
            if unit:
                units[term] = unit
            paired.add(name)
    rest = [
        name
        for name, text in header.items()
        if name.lower() not in paired and text.strip() and not _LAYOUT.match(name)
    ]
    for key, name in unique_keys(rest).items():
        if key not in values and len(header[name]) <= _LONGEST:
            values[key] = _typed(header[name].strip())
    time, source, notes = _time_of(lower)
    scan = lower.get("scan_no", "").strip()
    if scan.isdecimal():
        start["scan_id"] = int(scan)
    title = lower.get("title", "").strip()
    if title:
        start["title"] = title[:_LONGEST]
    return FrameTold(values, units, time, source, start, (), tuple(notes))


def _of_cbf(header: Mapping[str, str]) -> FrameTold:
    said = read_camserver_header(header.get("header_contents", ""))
    notes = [said.note] if said.note else []
    parsed = parse_time(said.time, configured_zone()) if said.time else None
    if parsed is not None and not parsed[1]:
        notes.append(f"the time in the header has no zone: {zone_told()}")
    time = None if parsed is None else parsed[0]
    source = "time in the header"
    return FrameTold(said.values, said.units, time, source, {}, said.defaults, tuple(notes))


def _paired(names: str, positions: str) -> dict[str, float]:
    """Return numbers by mnemonic, if there are as many of the one as of the other."""
    labels, numbers = names.split(), [_number(text) for text in positions.split()]
    if not labels or len(labels) != len(numbers) or None in numbers:
        return {}
    keys = unique_keys(labels)
    return {key: number for key, number in zip(keys, numbers, strict=True) if number is not None}


def _number(text: str) -> float | None:
    try:
        value = float(text)
    except ValueError:
        return None
    return value if math.isfinite(value) else None


def _typed(text: str) -> Any:
    if re.fullmatch(r"[-+]?\d{1,18}", text):
        return int(text)
    number = _number(text)
    return text if number is None else number


def _time_of(header: Mapping[str, str]) -> tuple[float | None, str, list[str]]:
    """Return the time that a header tells, by what name, and what is doubtful of it."""
    for name in _TIMES:
        text = header.get(name, "").strip()
        number = _number(text)
        if number is not None:
            if name == "time_of_day" and number > 1e8:
                return number, f"{name} in the header", []
            continue
        parsed = parse_time(text, configured_zone())
        if parsed is not None:
            doubt = [] if parsed[1] else [f"{safe_key(name)} has no zone: {zone_told()}"]
            return parsed[0], f"{name} in the header", doubt
    return None, "", []
