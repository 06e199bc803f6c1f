"""FEI and Thermo Fisher: xT microscopes keep an INI text in a private tag (34682 or 34680).

After what Quanta, Helios and their kin write, as tifffile documents it: lengths in m, voltages in
V, times in s, angles of the stage in rad.
"""

from __future__ import annotations

import configparser
from collections.abc import Mapping
from typing import Any

from ..tiff.metadata import TiffFacts
from .readings import Reading, known_text, local_time, microscope

__all__ = ["THERMO"]

_TAGS = (34682, 34680)
_DAY_FIRST = "%d.%m.%Y %H:%M:%S"
_QUANTITIES = (
    ("accelerating_voltage", "Beam", "HV", "V"),
    ("horizontal_field_width", "Scan", "HorFieldsize", "m"),
    ("vertical_field_width", "Scan", "VerFieldsize", "m"),
    ("pixel_size_x", "Scan", "PixelWidth", "m"),
    ("pixel_size_y", "Scan", "PixelHeight", "m"),
    ("dwell_time", "Scan", "Dwelltime", "s"),
    ("frame_time", "Scan", "FrameTime", "s"),
    ("stage_x", "Stage", "StageX", "m"),
    ("stage_y", "Stage", "StageY", "m"),
    ("stage_z", "Stage", "StageZ", "m"),
    ("stage_rotation", "Stage", "StageR", "rad"),
    ("stage_tilt", "Stage", "StageT", "rad"),
    ("working_distance", "Stage", "WorkingDistance", "m"),
    ("spot_size", "Beam", "Spot", ""),
    ("chamber_pressure", "Vacuum", "ChPressure", "Pa"),
    ("specimen_current", "Specimen", "SpecimenCurrent", "A"),
    ("specimen_temperature", "Specimen", "Temperature", "K"),
)
_OF_THE_BEAM = (
    ("beam_current", "BeamCurrent", "A"),
    ("aperture_diameter", "ApertureDiameter", "m"),
    ("emission_current", "EmissionCurrent", "A"),
)


def _recognise(facts: TiffFacts) -> str | None:
    tag = next((tag for tag in _TAGS if tag in facts.tags), None)
    return None if tag is None else f"tag {tag}, xT metadata"


def _read(value: Any) -> Reading:
    sections = _sections(value if isinstance(value, str) else bytes(value).decode("latin-1"))
    if not {"Beam", "System", "User", "Image", "Stage"} & set(sections):
        raise ValueError("the tag holds no sections of xT metadata")
    found = Reading(everything=sections)

    def at(section: str, key: str) -> str:
        return sections.get(section, {}).get(key, "")

    for name, section, key, unit in _QUANTITIES:
        found.quantity(name, at(section, key), unit)
    for name, key, unit in _OF_THE_BEAM:
        found.quantity(name, at(at("Beam", "Beam"), key), unit)
    found.word("detector_mode", at("Detectors", "Mode"))
    found.word("instrument", at("System", "SystemType"))
    found.detector = known_text(at("Detectors", "Name"))
    found.word("detector_name", found.detector)
    found.person_and_sample(operator=at("User", "User"))
    text = known_text(at("User", "UserText"))
    if text:
        found.start["title"] = text
    _tell_time(found, at("PrivateFei", "TimeOfCreation"), at("User", "Date"), at("User", "Time"))
    return found


def _tell_time(found: Reading, created: str, date: str, clock: str) -> None:
    found.time = local_time(created, _DAY_FIRST)
    if found.time is None and date:
        # The date is spelled as the machine's settings have it; with AM and PM, as in the US.
        american = "%m/%d/%Y %I:%M:%S %p"
        found.time = local_time(f"{date} {clock}", american, _DAY_FIRST)
        if found.time is None:
            found.notes.append(f"Date {date[:40]!r}, Time {clock[:40]!r} cannot be told for sure")


def _sections(text: str) -> dict[str, Mapping[str, str]]:
    """Return the sections of an INI text, without the keys that have no value."""
    parser = configparser.ConfigParser(
        strict=False,
        interpolation=None,
        delimiters=("=",),
        comment_prefixes=(),
        allow_no_value=True,
    )
    parser.optionxform = str  # type: ignore[assignment,method-assign]  # keys keep their case
    try:
        parser.read_string(text.strip("\0"))
    except configparser.Error as error:
        raise ValueError(f"no INI text: {error.message.splitlines()[0]}") from error
    return {
        name: {key: value for key, value in parser.items(name) if value}
        for name in parser.sections()
    }


THERMO = microscope("thermo-sem", recognise=_recognise, tags=_TAGS, read=_read)
