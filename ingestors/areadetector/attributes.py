"""NDAttributes of EPICS areaDetector: what their names mean, in whichever format they are kept.

Everybody names attributes as they like; these are the names that are common.
"""

from __future__ import annotations

import math
import re
from collections.abc import Collection, Mapping
from typing import Any

__all__ = [
    "EPICS_EPOCH",
    "STARTING",
    "bare_name",
    "in_terms",
    "is_meant",
    "start_of",
    "unit_in_name",
]

EPICS_EPOCH = 631152000
"""1990-01-01 UTC, in seconds since 1970-01-01."""
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

STARTING = {
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


def is_meant(term: str, name: str) -> bool:
    """Tell whether an attribute is what the field has its own name for."""
    return _TERMS[term][0].fullmatch(bare_name(name)) is not None


def bare_name(name: str) -> str:
    """Return an attribute's name without unit, blanks, hyphens and case."""
    return re.sub(r"[ _-]", "", _IN_PARENTHESES.sub("", name)).lower()


def unit_in_name(name: str) -> str:
    """Return the unit that a name ends with, in parentheses."""
    found = _IN_PARENTHESES.search(name)
    if found is None or found[1] not in _UNITS:
        return ""
    if found[1] == "A" and is_meant("wavelength", name):
        return "angstrom"
    return "W" if found[1] == "w" else found[1]


def in_terms(
    keys: Mapping[str, str], constants: Mapping[str, Any], columns: Collection[str]
) -> tuple[dict[str, Any], dict[str, str]]:
    """Return constants by the field's own names, where one attribute alone is meant."""
    terms: dict[str, Any] = {}
    units: dict[str, str] = {}
    for term, (_, unit) in _TERMS.items():
        meant = [key for key, name in keys.items() if is_meant(term, name)]
        if len(meant) != 1 or term in columns:
            continue
        value = constants.get(meant[0])
        if isinstance(value, int | float) and math.isfinite(value):
            terms[term] = value
            told = unit_in_name(keys[meant[0]]) or unit
            if told:
                units[term] = told
    return terms, units


def start_of(attributes: Mapping[str, Any]) -> dict[str, Any]:
    """Return what attributes tell for the start document, in the field's terms.

    Examples
    --------
    >>> start_of({"SampleTitle": "iron", "GUPNumber": "4711", "Scan ID": "12", "x": 1})
    {'sample': {'name': 'iron'}, 'proposal': '4711', 'scan_id': 12}
    """
    start: dict[str, Any] = {}
    for name, value in attributes.items():
        term = STARTING.get(bare_name(name))
        text = str(value).strip() if isinstance(value, str | int) else ""
        if term is None or not text or term in start:
            continue
        if term == "scan_id":
            if text.isdecimal():
                start[term] = int(text)
        else:
            start[term] = {"name": text} if term == "sample" else text
    return start
