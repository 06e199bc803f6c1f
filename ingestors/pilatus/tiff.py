"""What camserver writes into the TIFF files of a PILATUS, and SAXSLAB's instruments add to it.

Software ``TVX TIFF …``, Model ``PILATUS …``, the settings as lines of ImageDescription (see
`penstock.ingestors.camserver`); DateTime is the end of the exposure, in local time without zone.
SAXSLAB's XML stands in Artist.
"""

from __future__ import annotations

import math
import re
from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

from ...core.documents import safe_key
from ..camserver import CamserverHeader, read_camserver_header
from ..labels import unique_keys
from ..tiff.headers import FrameHeader
from ..tiff.metadata import TiffFacts
from ..tiff.origin import MALFORMED, Described, FrameColumns, TiffOrigin, part_constants
from ..tiff.starting import parse_datetime, zone_note
from .saxslab import described_by, is_saxslab, read_parameters, start_of, told_time

__all__ = ["ORIGIN"]

_DESCRIPTION, _MODEL, _DATE_TIME, _ARTIST = 270, 272, 306, 315
_END_MINUS_EXPOSURE = "DateTime (end of exposure) minus exposure time"
_APART = 60.0
"""Seconds that two clocks may differ without a word."""
_TERMS = ("exposure_time", "wavelength", "detector_distance")


def _recognise(facts: TiffFacts) -> str | None:
    software = facts.texts.get("Software", "").strip()
    model = facts.texts.get("Model", "").strip()
    evidence = []
    if software.startswith("TVX TIFF") and model.upper().startswith("PILATUS"):
        evidence.append(f"Software tag {software!r}, Model tag {model!r}")
    if is_saxslab(_text(facts.tags, _ARTIST)):
        evidence.append("SAXSLAB's XML in the Artist tag")
    return "; ".join(evidence) or None


def _describe(facts: TiffFacts) -> Described:
    header = read_camserver_header(_text(facts.tags, _DESCRIPTION))
    parameters, notes = _parameters(facts.tags)
    told, _, disagreements = described_by(parameters)
    notes += disagreements
    notes += [
        f"{term} is {header.values[term]:g} in camserver's header, {told[term]:g} in SAXSLAB's XML"
        for term in _TERMS
        if term in told
        and term in header.values
        and term not in header.defaults
        and not math.isclose(header.values[term], told[term], rel_tol=1e-4)
    ]
    if header.note and "wavelength" not in told:
        notes.append(header.note)
    time = _time_of(facts.tags, header, told)
    if time is not None:
        notes.append(zone_note())
        notes += _other_clock(time, parameters)
    elif facts.texts.get("DateTime"):
        notes.append(f"DateTime {facts.texts['DateTime'][:40]!r} is no date")
    if time is not None and _exposure(header, told) is None:
        notes.append("no exposure time is told: the times are those of the exposures' ends")
    model = facts.texts.get("Model", "").strip()
    return Described(
        start=start_of(parameters),
        detector=_detector(model),
        time=time,
        time_source=_END_MINUS_EXPOSURE,
        everything={"saxslab": parameters} if parameters else {},
        covered=("Artist",) if parameters else (),
        notes=notes,
    )


def _text(tags: Mapping[int, Any], code: int) -> str:
    value = tags.get(code, "")
    return value if isinstance(value, str) else ""


def _detector(model: str) -> str:
    """Return a key for the detector: ``PILATUS 100K, S/N 1-0232, NIST`` is ``pilatus_100k``."""
    name = model.partition(",")[0].strip().lower()
    return safe_key(name[:64]) if name else "pilatus"


def _parameters(tags: Mapping[int, Any]) -> tuple[dict[str, str], list[str]]:
    """Return the parameters of SAXSLAB's XML, and a note where it is damaged."""
    text = _text(tags, _ARTIST)
    if not is_saxslab(text):
        return {}, []
    try:
        return read_parameters(text), []
    except MALFORMED as error:
        return {}, [f"SAXSLAB's XML cannot be read ({str(error)[:100]})"]


def _exposure(header: CamserverHeader, told: Mapping[str, Any]) -> float | None:
    value = header.values.get("exposure_time", told.get("exposure_time"))
    return value if isinstance(value, float) and 0 <= value < 1e7 else None


def _time_of(
    tags: Mapping[int, Any], header: CamserverHeader, told: Mapping[str, Any]
) -> float | None:
    """Return when an exposure began; when it ended, where no exposure time is told."""
    text = _text(tags, _DATE_TIME).strip()
    end = parse_datetime(text)
    if end is None:
        return None
    fraction = re.search(r"\.\d{1,9}$", text)
    if fraction is not None:
        end += float(fraction[0])
    return end - (_exposure(header, told) or 0.0)


def _other_clock(time: float, parameters: Mapping[str, str]) -> list[str]:
    other = told_time(parameters, "start_timestamp")
    if other is None or abs(other - time) <= _APART:
        return []
    hours = abs(other - time) / 3600
    return [f"start_timestamp of SAXSLAB's XML and DateTime are {hours:.1f} h apart"]


# Frames ----------------------------------------------------------------------------------------


def _frames(facts: TiffFacts, headers: Sequence[FrameHeader]) -> FrameColumns:
    said = [read_camserver_header(_text(header.tags, _DESCRIPTION)) for header in headers]
    parameters = [_parameters(header.tags)[0] for header in headers]
    told = [described_by(found) for found in parameters]
    # What an instrument's own control says of beam and geometry comes before camserver's settings.
    rows = [{**header.values, **values} for header, (values, _, _) in zip(said, told, strict=True)]
    units: dict[str, str] = {}
    for header, (_, found, _) in zip(said, told, strict=True):
        units.update({**header.units, **found})
    read = [row for row, header in zip(rows, headers, strict=True) if not header.problem]
    names = list(dict.fromkeys(name for row in read for name in row))
    varying, constants = part_constants({name: [row.get(name) for row in read] for name in names})
    columns = {name: [row.get(name) for row in rows] for name in varying}
    sources = dict.fromkeys(columns, "ImageDescription")
    others = _other_parameters(parameters, {*names})
    defaults = [name for name in said[0].defaults if name in constants] if said else []
    defaults = [name for name in defaults if not any(name in values for values, _, _ in told)]
    if defaults:
        constants["at_default"] = defaults
    return FrameColumns(
        columns={**columns, **others},
        units=units,
        times=_times(headers, said, told),
        time_source=_END_MINUS_EXPOSURE,
        constants=constants,
        sources={**sources, **dict.fromkeys(others, "SAXSLAB's XML")},
    )


def _other_parameters(parameters: Sequence[Mapping[str, str]], taken: set[str]) -> dict[str, Any]:
    """Return columns of the parameters of SAXSLAB's XML that change from frame to frame."""
    there = [found for found in parameters if found]
    names = list(dict.fromkeys(name for found in there for name in found))
    varying, _ = part_constants({name: [found.get(name) for found in there] for name in names})
    columns: dict[str, Any] = {}
    for key, name in unique_keys(varying).items():
        if key not in taken:
            columns[key] = _typed([found.get(name) for found in parameters])
    return columns


def _typed(texts: list[str | None]) -> list[Any]:
    """Return numbers where all that is there are numbers."""
    try:
        return [None if text is None else float(text) for text in texts]
    except ValueError:
        return ["" if text is None else text for text in texts]


def _times(
    headers: Sequence[FrameHeader],
    said: Sequence[CamserverHeader],
    told: Sequence[tuple[dict[str, Any], dict[str, str], list[str]]],
) -> NDArray[np.float64] | None:
    times = [
        _time_of(header.tags, one, values)
        for header, one, (values, _, _) in zip(headers, said, told, strict=True)
    ]
    if all(time is None for time in times):
        return None
    return np.array([math.nan if time is None else time for time in times])


ORIGIN = TiffOrigin(
    "pilatus-tiff",
    recognise=_recognise,
    describe=_describe,
    tags=(_DESCRIPTION, _DATE_TIME, _ARTIST),
    frames=_frames,
)
