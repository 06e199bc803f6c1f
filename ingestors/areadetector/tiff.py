"""What NDFileTIFF, a plug-in of EPICS areaDetector, writes beside pixels.

After NDFileTIFF.cpp of ADCore: private tags 65000 (the driver's own time stamp), 65001 (unique id),
65002 and 65003 (EPICS time stamp: seconds since 1990-01-01 UTC, nanoseconds), and from 65010 on, as
text ``name:value``, an NDAttribute each. Other writers use tags of these numbers for other things.
"""

from __future__ import annotations

import math
import re
from collections.abc import Iterable, Mapping, Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

from ..camserver import looks_like_camserver, read_camserver_header
from ..labels import unique_keys
from ..tiff.headers import FrameHeader
from ..tiff.metadata import TiffFacts
from ..tiff.origin import Described, FrameColumns, TiffOrigin, part_constants

__all__ = ["ORIGIN"]

SOFTWARE = "EPICS areaDetector"
EPICS_EPOCH = 631152000
"""1990-01-01 UTC, in seconds since 1970-01-01."""
_CLOCK, _UNIQUE_ID, _SECONDS, _NANOSECONDS, _FIRST_ATTRIBUTE = 65000, 65001, 65002, 65003, 65010
_DESCRIPTION = "TIFFImageDescription"
_TIME_SOURCE = "EPICS time stamp (tags 65002, 65003)"
_APART = 60.0
"""Seconds that two clocks may differ without a word; exposures are longer at times."""

_IN_PARENTHESES = re.compile(r"\(([A-Za-z%µ/°]{1,6})\)\s*$")
_UNITS = frozenset(
    [
        *(
            "eV",
            "keV",
            "K",
            "C",
            "W",
            "w",
            "mW",
            "A",
            "mA",
            "V",
            "mV",
            "s",
            "ms",
            "us",
            "Hz",
            "kHz",
        ),
        *("m", "mm", "um", "nm", "deg", "mrad", "urad", "bar", "mbar", "Torr", "N", "%", "counts"),
    ]
)
_TERMS = {
    "exposure_time": (re.compile(r"[a-z]*(exposure|acquire)time(rbv)?"), "s"),
    "exposure_period": (re.compile(r"[a-z]*(exposure|acquire)period(rbv)?"), "s"),
    "energy": (re.compile(r"(photon|id|mono|dcm|beam|xray)?energy(rbv)?"), ""),
    "wavelength": (re.compile(r"[a-z]*wavelength(rbv)?"), "angstrom"),
}
"""What the field calls them, the attributes they are, and their unit where the name tells none."""

_STARTING = {
    "samplename": "sample",
    "sampletitle": "sample",
    "sample": "sample",
    "username": "operator",
    "operator": "operator",
    "proposal": "proposal",
    "proposalnumber": "proposal",
    "gupnumber": "proposal",
    "scanid": "scan_id",
    "scannumber": "scan_id",
}
"""Attributes by which people tell of the run, without blanks and case."""


def _recognise(facts: TiffFacts) -> str | None:
    software = facts.texts.get("Software", "")
    if software.strip() != SOFTWARE:
        return None
    if _SECONDS in facts.tags and _UNIQUE_ID in facts.tags:
        return f"Software tag {software.strip()!r}, EPICS time stamp"
    return None


def _describe(facts: TiffFacts) -> Described:
    attributes = _attributes(facts.tags)
    time = _epics_time(facts.tags)
    notes = []
    if time is None:
        notes.append("the EPICS time stamp is not set")
    clock = facts.tags.get(_CLOCK)
    if time is not None and isinstance(clock, float) and clock > 0:
        difference = abs(clock + EPICS_EPOCH - time)
        # A driver's clock that counts from when it started is no clock to compare.
        if _APART < difference < 366 * 86400:
            notes.append(f"the detector's clock differs from the EPICS time by {difference:.0f} s")
    start: dict[str, Any] = {}
    for name, value in attributes.items():
        term = _STARTING.get(_bare(name))
        if term is None or not value.strip() or term in start:
            continue
        if term == "scan_id":
            if value.strip().isdecimal():
                start[term] = int(value)
        else:
            start[term] = {"name": value.strip()} if term == "sample" else value.strip()
    text = _description(facts, attributes)
    if looks_like_camserver(text):
        note = read_camserver_header(text).note
        if note and not any(_is_meant("wavelength", name) for name in attributes):
            notes.append(note)
        notes += _disagreements(read_camserver_header(text).values, attributes)
    return Described(
        start=start,
        detector=_detector(facts, attributes),
        time=time,
        time_source=_TIME_SOURCE,
        notes=notes,
    )


def _description(facts: TiffFacts, attributes: Mapping[str, str]) -> str:
    return facts.description or attributes.get(_DESCRIPTION, "")


def _detector(facts: TiffFacts, attributes: Mapping[str, str]) -> str:
    names = (
        attributes.get("CameraModel", ""),
        attributes.get("Model", ""),
        facts.texts.get("Model", ""),
    )
    for name in names:
        if name.strip() and name.strip() != "Unknown":
            return next(iter(unique_keys([name.strip()[:64].lower()])))
    return ""


def _is_meant(term: str, name: str) -> bool:
    """Tell whether an attribute is what the field has its own name for."""
    return _TERMS[term][0].fullmatch(_bare(name)) is not None


def _bare(name: str) -> str:
    """Return an attribute's name without unit, blanks, hyphens and case."""
    return re.sub(r"[ _-]", "", _IN_PARENTHESES.sub("", name)).lower()


def _disagreements(said: Mapping[str, Any], attributes: Mapping[str, str]) -> Iterable[str]:
    """Tell where the detector's header and the attributes differ by more than a rounding."""
    for term in ("exposure_time", "wavelength"):
        values = [
            number
            for name, value in attributes.items()
            if _is_meant(term, name) and (number := _number(value)) is not None
        ]
        if (
            term in said
            and len(values) == 1
            and not math.isclose(said[term], values[0], rel_tol=0.001)
        ):
            own = f"{said[term]:g} in the detector's header"
            yield f"{term} is {own}, {values[0]:g} in an attribute"


def _epics_time(tags: Mapping[int, Any]) -> float | None:
    seconds, nanoseconds = tags.get(_SECONDS), tags.get(_NANOSECONDS, 0)
    if not isinstance(seconds, int) or not isinstance(nanoseconds, int) or seconds <= 0:
        return None
    return EPICS_EPOCH + seconds + nanoseconds / 1e9


def _attributes(tags: Mapping[int, Any]) -> dict[str, str]:
    """Return the NDAttributes as text, by name, in the order of their tags."""
    found: dict[str, str] = {}
    for code in sorted(tags):
        if code >= _FIRST_ATTRIBUTE and isinstance(tags[code], str):
            name, colon, value = tags[code].partition(":")
            if colon and name.strip():
                found.setdefault(name.strip(), value)
    return found


# Frames ----------------------------------------------------------------------------------------


def _frames(facts: TiffFacts, headers: Sequence[FrameHeader]) -> FrameColumns:
    rows = [_attributes(header.tags) for header in headers]
    # A frame whose header cannot be read says nothing of whether the others are alike.
    read = [row for row, header in zip(rows, headers, strict=True) if not header.problem]
    names = list(dict.fromkeys(name for row in read for name in row if name != _DESCRIPTION))
    keys = unique_keys(names)
    varying, known = part_constants({name: [row.get(name) for row in read] for name in names})
    columns: dict[str, Any] = {
        "unique_id": _whole([header.tags.get(_UNIQUE_ID) for header in headers]),
        "detector_clock": [_finite(header.tags.get(_CLOCK)) for header in headers],
    }
    columns = {key: values for key, values in columns.items() if set(values) != {None}}
    sources = {"unique_id": "tag 65001", "detector_clock": "tag 65000, the driver's clock"}
    attributes = {
        key: _typed([row.get(name) for row in rows])
        for key, name in keys.items()
        if name in varying
    }
    constants = {key: _typed([known[name]])[0] for key, name in keys.items() if name in known}
    said, said_units = _header_of(facts, read)
    terms, term_units = _in_terms(keys, constants, attributes)
    told_units = {key: unit for key, name in keys.items() if (unit := _unit(name))}
    return FrameColumns(
        columns={**columns, **attributes},
        units={"detector_clock": "s", **said_units, **told_units, **term_units},
        times=_times(headers),
        time_source=_TIME_SOURCE,
        constants={**said, **constants, **terms},
        sources={**dict.fromkeys(attributes, "NDAttribute"), **sources},
        hints=list(attributes),
    )


def _header_of(
    facts: TiffFacts, rows: list[dict[str, str]]
) -> tuple[dict[str, Any], dict[str, str]]:
    """Return what the detector's own header says, where all frames have the same."""
    texts = {row.get(_DESCRIPTION, "") for row in rows}
    text = _description(facts, rows[0] if rows else {})
    if len(texts) > 1 or not looks_like_camserver(text):
        return {}, {}
    header = read_camserver_header(text)
    said = dict(header.values)
    if header.defaults:
        said["at_default"] = list(header.defaults)
    return said, dict(header.units)


def _in_terms(
    keys: Mapping[str, str], constants: Mapping[str, Any], columns: Mapping[str, Any]
) -> tuple[dict[str, Any], dict[str, str]]:
    """Return constants by the field's own names, where one attribute alone is meant."""
    terms: dict[str, Any] = {}
    units: dict[str, str] = {}
    for term, (_, unit) in _TERMS.items():
        meant = [key for key, name in keys.items() if _is_meant(term, name)]
        if len(meant) != 1 or term in columns:
            continue
        value = constants.get(meant[0])
        if isinstance(value, int | float) and math.isfinite(value):
            terms[term] = value
            told = _unit(keys[meant[0]]) or unit
            if told:
                units[term] = told
    return terms, units


def _unit(name: str) -> str:
    """Return the unit that a name ends with, in parentheses."""
    found = _IN_PARENTHESES.search(name)
    if found is None or found[1] not in _UNITS:
        return ""
    if found[1] == "A" and _is_meant("wavelength", name):
        return "angstrom"
    return "W" if found[1] == "w" else found[1]


def _typed(texts: Sequence[str | None]) -> list[Any]:
    """Return numbers where all that is there are numbers, whole ones where all are whole."""
    there = [text for text in texts if text is not None]
    if there and all(re.fullmatch(r"\s*[-+]?\d{1,18}\s*", text) for text in there):
        return [None if text is None else int(text) for text in texts]
    numbers = [_number(text) for text in there]
    if there and all(number is not None for number in numbers):
        return [None if text is None else _number(text) for text in texts]
    return ["" if text is None else text for text in texts]


def _number(text: str) -> float | None:
    try:
        return float(text)
    except ValueError:
        return None


def _whole(values: list[Any]) -> list[int | None]:
    return [value if isinstance(value, int) else None for value in values]


def _finite(value: Any) -> float | None:
    return value if isinstance(value, float) and math.isfinite(value) else None


def _times(headers: Sequence[FrameHeader]) -> NDArray[np.float64] | None:
    times = [_epics_time(header.tags) for header in headers]
    if all(time is None for time in times):
        return None
    return np.array([math.nan if time is None else time for time in times])


ORIGIN = TiffOrigin(
    "areadetector-tiff",
    recognise=_recognise,
    describe=_describe,
    tags=frozenset([_CLOCK, _UNIQUE_ID, _SECONDS, _NANOSECONDS, *range(_FIRST_ATTRIBUTE, 65536)]),
    frames=_frames,
)
