"""Zeiss SmartSEM: lines of text in tag 34118 (CZ_SEM), a name and what a screen shows of it.

After what tifffile and Zeiss' own files show: ``AP_WD`` on one line, ``WD = 3.9 mm`` on the next,
in Latin-1. Numbers before the first name are internal.
"""

from __future__ import annotations

import re
from typing import Any

from ..tiff.metadata import TiffFacts
from .readings import Reading, known_text, local_time, microscope

__all__ = ["ZEISS"]

_TAG = 34118
_NAME = re.compile(r"(?:AP|DP|SV)_[A-Z0-9_]+")
_SHOWN = re.compile(r"([-+]?[0-9.]+(?:[eE][-+]?[0-9]+)?)\s*(.*)")
_QUANTITIES = (
    ("accelerating_voltage", "AP_ACTUALKV"),
    ("working_distance", "AP_WD"),
    ("pixel_size", "AP_PIXEL_SIZE"),
    ("beam_current", "AP_BEAM_CURRENT"),
    ("emission_current", "AP_EMISSION_CURRENT"),
    ("probe_current", "AP_IPROBE"),
    ("dwell_time", "AP_PIXEL_TIME"),
    ("frame_time", "AP_FRAME_TIME"),
    ("stage_x", "AP_STAGE_AT_X"),
    ("stage_y", "AP_STAGE_AT_Y"),
    ("stage_z", "AP_STAGE_AT_Z"),
    ("stage_rotation", "AP_STAGE_AT_R"),
    ("stage_tilt", "AP_STAGE_AT_T"),
    ("chamber_pressure", "AP_SYSTEM_VAC"),
    ("brightness", "AP_BRIGHTNESS"),
    ("contrast", "AP_CONTRAST"),
)
_UNITS = {"°": "deg", "°C": "degC", "Secs": "s", "mSecs": "ms"}
_DATES = ("%d %b %Y %H:%M:%S", "%d %B %Y %H:%M:%S")
_TIMES_KX = 1000.0


def _recognise(facts: TiffFacts) -> str | None:
    return "tag 34118, SmartSEM metadata" if _TAG in facts.tags else None


def _read(value: Any) -> Reading:
    text = value if isinstance(value, str) else bytes(value).decode("latin-1")
    shown = _lines(text)
    if not shown:
        raise ValueError("the tag holds no names of SmartSEM")
    told = dict(shown.values())
    found = Reading(everything=told)

    def at(name: str) -> str:
        return shown.get(name, ("", ""))[1]

    for name, key in _QUANTITIES:
        number = _SHOWN.fullmatch(at(key))
        if number is not None:
            unit = number[2].strip()
            found.quantity(name, number[1], _UNITS.get(unit, unit))
    magnification = re.fullmatch(r"([0-9.]+)\s*(K?)\s*X", at("AP_MAG"), re.IGNORECASE)
    if magnification is not None:
        factor = _TIMES_KX if magnification[2] else 1.0
        found.quantity("magnification", magnification[1], factor=factor)
    found.detector = known_text(at("DP_DETECTOR_CHANNEL")) or known_text(at("DP_DETECTOR_TYPE"))
    found.word("detector_name", found.detector)
    found.word("serial_number", at("SV_SERIAL_NUMBER"))
    operator = known_text(at("SV_OPERATOR")) or at("SV_USER_NAME")
    found.person_and_sample(operator=operator, sample=at("SV_SAMPLE_ID"))
    found.time = local_time(f"{at('AP_DATE')} {at('AP_TIME')}", *_DATES)
    return found


def _lines(text: str) -> dict[str, tuple[str, str]]:
    """Return label and content by name."""
    found: dict[str, tuple[str, str]] = {}
    name = ""
    for line in text.splitlines():
        line = line.strip("\0 ")
        if _NAME.fullmatch(line):
            name = line
        elif name:
            # "Time :8:20:42" has a colon, all others an equals sign.
            label, _, content = line.partition("=" if "=" in line else ":")
            found[name] = (label.strip(), content.strip())
            name = ""
    return found


ZEISS = microscope("zeiss-sem", recognise=_recognise, tags=(_TAG,), read=_read)
