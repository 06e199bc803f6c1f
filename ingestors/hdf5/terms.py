"""The field's own names for what NeXus groups say of the exposure and of the beam.

Whatever else a detector's group says is kept under its own names; these are the ones that every
ingestor uses, with units that can be compared: ``exposure_time`` and ``exposure_period`` in s,
``wavelength`` in Å, and ``energy`` in the file's own unit.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

from .metadata import value_at
from .reader import Reader
from .times import SCALES
from .values import text_attribute

__all__ = ["Terms", "beam_terms", "exposure_terms", "in_seconds"]

Terms = tuple[dict[str, Any], dict[str, str]]
"""Values by name, and their units."""

_EXPOSURES = {
    "exposure_time": ("count_time", "exposure_time", "acquisition_time", "integration_time"),
    "exposure_period": ("frame_time", "exposure_period", "acquisition_period"),
}
_BEAM = {
    "energy": ("incident_energy", "beam_energy", "energy"),
    "wavelength": ("wavelength", "incident_wavelength"),
}
_BEAM_CLASSES = ("NXmonochromator", "NXbeam")
_BEAM_UNITS = {"A": "angstrom", "Å": "angstrom", "Angstrom": "angstrom", "ev": "eV", "kev": "keV"}
_IN_ANGSTROM = {"nm": 10.0, "pm": 0.01, "m": 1e10}
_DEFAULT_UNITS = {"wavelength": "angstrom"}
"""NeXus files without units: nobody writes a wavelength in another one."""


def in_seconds(value: Any, unit: str) -> float | None:
    """Return a time in seconds; None where it is none, or its unit is not known.

    Examples
    --------
    >>> in_seconds(250, "millisecond"), in_seconds(2, ""), in_seconds("soon", "s")
    (0.25, 2.0, None)
    """
    if isinstance(value, bool) or not isinstance(value, int | float):
        return None
    scale = SCALES.get(unit.strip().lower()) if unit.strip() else 1.0
    return None if scale is None else float(f"{value * scale:.12g}")


def exposure_terms(values: Mapping[str, Any], units: Mapping[str, str]) -> Terms:
    """Return exposure time and period from the constants of a detector.

    Examples
    --------
    >>> exposure_terms({"count_time": 250}, {"count_time": "ms"})
    ({'exposure_time': 0.25}, {'exposure_time': 's'})
    """
    found = {}
    for term, names in _EXPOSURES.items():
        for name in names:
            seconds = in_seconds(values.get(name), units.get(name, ""))
            if seconds is not None:
                found[term] = seconds
                break
    return found, dict.fromkeys(found, "s")


def beam_terms(reader: Reader, entry: str | None) -> Terms:
    """Return energy and wavelength as an entry tells them, if it tells one of each."""
    values: dict[str, Any] = {}
    units: dict[str, str] = {}
    groups = [g for kind in _BEAM_CLASSES for g in reader.tree.of_class(kind, entry or "/")]
    # Where a detector keeps it, as LAMBDA does.
    groups += [f"{group}/collection" for group in reader.tree.of_class("NXdetector", entry or "/")]
    for term, names in _BEAM.items():
        for path in _existing(reader, groups, names):
            value = value_at(reader, path)
            if isinstance(value, int | float) and not isinstance(value, bool) and value > 0:
                unit = text_attribute(reader.file[path], "units")
                unit = _BEAM_UNITS.get(unit, unit) or _DEFAULT_UNITS.get(term, "")
                if term == "wavelength" and unit in _IN_ANGSTROM:
                    value, unit = float(f"{value * _IN_ANGSTROM[unit]:.12g}"), "angstrom"
                values[term] = value
                if unit:
                    units[term] = unit
                break
    return values, units


def _existing(reader: Reader, groups: list[str], names: tuple[str, ...]) -> Iterator[str]:
    for group in groups:
        for name in names:
            if f"{group}/{name}" in reader.tree.datasets:
                yield f"{group}/{name}"
