"""The XML that SAXSLAB's (Xenocs') instruments put into the Artist tag of their images.

A flat list, ``<SAXSLABparameters><param name="…">value</param>…``; after files of Ganesha
instruments, and the names that readers of these look for.
"""

from __future__ import annotations

import math
import re
from collections.abc import Mapping, Sequence
from typing import Any
from xml.etree import ElementTree

from ..times import configured_zone, parse_time

__all__ = ["described_by", "is_saxslab", "read_parameters", "start_of", "told_time"]

_LONGEST = 2**20
_ROOT = "SAXSLABparameters"
_NUMBER = re.compile(r"[-+]?\d+(?:\.\d*)?(?:[eE][-+]?\d+)?")

_CONSTANTS: dict[str, tuple[tuple[str, ...], str, float]] = {
    "exposure_time": (("det_exposure_time", "livetime"), "s", 1.0),
    "wavelength": (("saxsconf_wavelength", "wavelength"), "angstrom", 1.0),
    "detector_distance": (("detector_dist", "det_dist"), "m", 1e-3),
    "sample_transmission": (("sample_transfact",), "", 1.0),
    "sample_thickness": (("sample_thickness",), "", 1.0),
}
"""What the field calls them, the parameters in the order of preference, unit and factor."""

_TEXTS = {
    "sample": ("sample_name", "Meas.Description", "sample"),
    "operator": ("Meas.User", "username", "user", "operator"),
    "proposal": ("proposal", "project"),
}


def is_saxslab(text: str) -> bool:
    """Tell whether the text of a tag is this XML.

    Examples
    --------
    >>> is_saxslab('<?xml version="1.0"?><SAXSLABparameters/>')
    True
    """
    return f"<{_ROOT}" in text[:4096]


def read_parameters(text: str) -> dict[str, str]:
    """Return the parameters by name; those that are empty are left out.

    Raises
    ------
    ValueError, xml.etree.ElementTree.ParseError
        If it is not this XML, or declares entities.

    Examples
    --------
    >>> read_parameters('<SAXSLABparameters><param name="detx">350.1</param></SAXSLABparameters>')
    {'detx': '350.1'}
    """
    text = text.strip("\0 \r\n\t")
    if len(text) > _LONGEST or "<!DOCTYPE" in text or "<!ENTITY" in text:
        raise ValueError("XML that is too long, or declares entities")
    # What the declaration says of the encoding is not true of a text that has been decoded.
    root = ElementTree.fromstring(re.sub(r"^<\?xml[^>]*\?>", "", text))
    found: dict[str, str] = {}
    for param in root.iter("param"):
        name, value = (param.get("name") or "").strip(), (param.text or "").strip()
        if name and value:
            found.setdefault(name, value)
    return found


def described_by(parameters: Mapping[str, str]) -> tuple[dict[str, Any], dict[str, str], list[str]]:
    """Return constants in the field's terms, their units, and where parameters disagree.

    Examples
    --------
    >>> described_by({"det_exposure_time": "1000", "livetime": "999", "detector_dist": "1050"})
    ({'exposure_time': 1000.0, 'detector_distance': 1.05},
     {'exposure_time': 's', 'detector_distance': 'm'},
     ['det_exposure_time is 1000, livetime 999'])
    """
    values: dict[str, Any] = {}
    units: dict[str, str] = {}
    notes: list[str] = []
    for term, (names, unit, factor) in _CONSTANTS.items():
        told = {
            name: number for name in names if (number := _number(parameters.get(name))) is not None
        }
        if not told:
            continue
        first, value = next(iter(told.items()))
        values[term] = float(f"{value * factor:.12g}")
        if unit:
            units[term] = unit
        notes += [
            f"{first} is {value:g}, {name} {other:g}"
            for name, other in told.items()
            if not math.isclose(value, other, rel_tol=1e-4)
        ]
    for name in ("beamcenter_actual", "beamcenter", "beamcenter_nominal"):
        pair = [float(number) for number in _NUMBER.findall(parameters.get(name, ""))]
        if len(pair) == 2 and any(pair):
            values["beam_center"], units["beam_center"] = pair, "pixel"
            break
    return values, units, notes


def start_of(parameters: Mapping[str, str]) -> dict[str, Any]:
    """Return what the parameters tell of sample and user, for the start document.

    Examples
    --------
    >>> start_of({"Meas.Description": "silver behenate", "Meas.User": "Ada"})
    {'sample': {'name': 'silver behenate'}, 'operator': 'Ada'}
    """
    start: dict[str, Any] = {}
    for term, names in _TEXTS.items():
        told = _first(parameters, names)
        if told:
            start[term] = {"name": told} if term == "sample" else told
    return start


def told_time(parameters: Mapping[str, str], name: str) -> float | None:
    """Return a time stamp, which has no zone, as seconds since 1970-01-01 UTC; None if it is none.

    Examples
    --------
    >>> from penstock.core.config import Config, use_config
    >>> with use_config(Config(timezone="UTC")):
    ...     told_time({"start_timestamp": "Thu Jan  2 03:04:05 2020"}, "start_timestamp")
    1577934245.0
    """
    parsed = parse_time(parameters.get(name), configured_zone())
    return None if parsed is None else parsed[0]


def _first(parameters: Mapping[str, str], names: Sequence[str]) -> str:
    return next((parameters[name] for name in names if parameters.get(name)), "")


def _number(text: str | None) -> float | None:
    try:
        value = float(text or "")
    except ValueError:
        return None
    return value if math.isfinite(value) else None
