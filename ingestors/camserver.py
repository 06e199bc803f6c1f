"""The text that Dectris' camserver writes into the header of every PILATUS image.

A line for each setting, ``# Exposure_time 10.0 s``, with or without ``:`` or ``=``; the same in
TIFF (ImageDescription), in CBF (header_contents) and in what EPICS copies from these. After
"PILATUS CBF Header Specification" (Dectris), which names the settings, and many files.
"""

from __future__ import annotations

import math
import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from functools import lru_cache
from typing import Any

__all__ = ["CamserverHeader", "looks_like_camserver", "read_camserver_header"]

_LINE = re.compile(r"#\s*([A-Za-z][\w]*)\s*[:=]?\s*(.*)")
_QUANTITY = re.compile(r"\(?\s*([-+]?\d+(?:\.\d*)?(?:[eE][-+]?\d+)?)\s*([A-Za-z/µ%.]*)")
_NUMBER = re.compile(r"[-+]?\d+(?:\.\d*)?(?:[eE][-+]?\d+)?")
_LONGEST = 64 * 1024

_KEYS = {
    "Exposure_time": "exposure_time",
    "Exposure_period": "exposure_period",
    "Tau": "dead_time",
    "Count_cutoff": "count_cutoff",
    "Threshold_setting": "threshold_energy",
    "Wavelength": "wavelength",
    "Detector_distance": "detector_distance",
    "Detector_Voffset": "detector_voffset",
    "Flux": "flux",
    "Filter_transmission": "filter_transmission",
    "Polarization": "polarization",
    "N_excluded_pixels": "n_excluded_pixels",
    "N_oscillations": "n_oscillations",
    "Start_angle": "start_angle",
    "Angle_increment": "angle_increment",
    "Start_position": "start_position",
    "Position_increment": "position_increment",
    "Detector_2theta": "detector_2theta",
    "Alpha": "alpha",
    "Kappa": "kappa",
    "Phi": "phi",
    "Phi_increment": "phi_increment",
    "Chi": "chi",
    "Chi_increment": "chi_increment",
    "Omega": "omega",
    "Omega_increment": "omega_increment",
    "Shutter_time": "shutter_time",
}
"""Settings that are one number, and what the field calls them."""

_DEFAULTS = {
    "wavelength": 1.54,
    "detector_distance": 1.0,
    "detector_voffset": 0.0,
    "flux": 0.0,
    "filter_transmission": 1.0,
    "polarization": 0.99,
    "n_oscillations": 1,
    "start_angle": 0.0,
    "angle_increment": 0.1,
    "detector_2theta": 0.0,
    "alpha": 0.0,
    "kappa": 0.0,
    "phi": 0.0,
    "chi": 0.0,
}
"""What stands there where nobody has told camserver: no facts."""

_UNITS = {
    "deg.": ("deg", 1.0),
    "deg": ("deg", 1.0),
    "A": ("angstrom", 1.0),
    "nm": ("angstrom", 10.0),
    "pm": ("angstrom", 0.01),
    "keV": ("eV", 1000.0),
    "ms": ("s", 1e-3),
    "mm": ("m", 1e-3),
}
"""Spellings of units, what they become, and by which factor."""


@dataclass(frozen=True)
class CamserverHeader:
    """What one header says."""

    values: Mapping[str, Any] = field(default_factory=dict)
    """Settings in the field's terms: numbers, ``pixel_size`` and ``beam_center`` as pairs, text."""
    units: Mapping[str, str] = field(default_factory=dict)
    """Of `values`."""
    defaults: tuple[str, ...] = ()
    """Names in `values` of what stands at camserver's default, and so may mean nothing."""
    time: str = ""
    """As the header of CBF files writes it."""

    @property
    def note(self) -> str:
        """What is doubtful of the defaults, in a sentence; empty if nothing is."""
        told = [name for name in ("wavelength", "detector_distance") if name in self.defaults]
        if not told:
            return ""
        spelled = " and ".join(
            f"{name} {self.values[name]:g} {self.units.get(name, '')}".strip() for name in told
        )
        return f"{spelled}: camserver's default, which stands there where nobody has set it"


def looks_like_camserver(text: str) -> bool:
    """Tell whether a text may be such a header.

    Examples
    --------
    >>> looks_like_camserver("# Pixel_size 172e-6 m x 172e-6 m")
    True
    """
    return "# Pixel_size" in text or "# Exposure_time" in text


@lru_cache(maxsize=64)
def read_camserver_header(text: str) -> CamserverHeader:
    r"""Read the text of a header; lines that are no settings are passed over.

    Examples
    --------
    >>> header = read_camserver_header("# Exposure_time 0.5 s\r\n# Wavelength 0.0564 nm\r\n")
    >>> dict(header.values), dict(header.units)
    ({'exposure_time': 0.5, 'wavelength': 0.564}, {'exposure_time': 's', 'wavelength': 'angstrom'})
    >>> read_camserver_header("# Wavelength 1.5400 A").defaults
    ('wavelength',)
    """
    values: dict[str, Any] = {}
    units: dict[str, str] = {}
    time = ""
    for line in text[:_LONGEST].splitlines():
        found = _LINE.match(line.strip("\0 \t"))
        if found is None:
            time = time or _time_in(line)
            continue
        name, said = found[1], found[2].strip("\0 \t")
        if name in _KEYS:
            _keep_number(_KEYS[name], said, values, units)
        else:
            _keep_other(name, said, values, units)
    defaults = tuple(
        name
        for name, value in _DEFAULTS.items()
        if name in values and math.isclose(values[name], value, rel_tol=1e-9)
    )
    return CamserverHeader(values, units, defaults, time)


def _time_in(line: str) -> str:
    found = re.match(r"#\s*(\d{4}[-/]\S+T?[ \d:.]*)\s*$", line.strip())
    return found[1].strip() if found else ""


def _keep_number(key: str, said: str, values: dict[str, Any], units: dict[str, str]) -> None:
    found = _QUANTITY.match(said)
    if found is None:
        return
    number = float(found[1])
    unit, factor = _UNITS.get(found[2], (found[2], 1.0))
    if not math.isfinite(number):
        return
    counted = key.startswith("n_") or key == "count_cutoff"
    # As it is written: 0.0564 nm is 0.564 Å, not 0.5640000000000001.
    scaled = float(f"{number * factor:.12g}") if factor != 1.0 else number
    values[key] = int(number) if counted and number.is_integer() else scaled
    if unit:
        units[key] = unit


def _keep_other(name: str, said: str, values: dict[str, Any], units: dict[str, str]) -> None:
    """Keep a setting that is a pair, or text."""
    numbers = [float(number) for number in _NUMBER.findall(said)]
    if name == "Pixel_size" and len(numbers) >= 2:
        values["pixel_size"], units["pixel_size"] = numbers[:2], "m"
    elif name == "Beam_xy" and len(numbers) >= 2:
        values["beam_center"], units["beam_center"] = numbers[:2], "pixel"
    elif name == "Energy_range" and len(numbers) >= 2:
        if any(numbers):
            values["energy_range"], units["energy_range"] = numbers[:2], "eV"
    elif said.startswith("sensor"):
        values["sensor_material"] = name
        if numbers:
            values["sensor_thickness"], units["sensor_thickness"] = numbers[0], "m"
    elif said and said != "(nil)":
        values[name.lower()] = said
