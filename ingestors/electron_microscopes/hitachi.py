"""Hitachi scanning electron microscopes: a text file of the same name says all there is to say.

After what the S-4800 writes: ``name=value`` lines of a section ``[SemImageFile]``, with units in
the values or none (nm for pixels and the stage), dates as in the US.
"""

from __future__ import annotations

import os
import re
from collections.abc import Sequence

import numpy as np

from ...core.errors import MissingFileError, UnsupportedFileError
from ..text_log.reading import read_text
from ..tiff.headers import FrameHeader
from ..tiff.metadata import TiffFacts
from ..tiff.origin import Described, FrameColumns, TiffOrigin
from ..times import zone_told
from .readings import Reading, known_text, local_time

__all__ = ["find_settings", "hitachi", "read_settings"]

_SECTION = "[SemImageFile]"
_LONGEST = 64 * 1024
_NUMBER = re.compile(r"([-+]?[0-9.]+(?:[eE][-+]?[0-9]+)?)\s*([A-Za-zµ]*)")
_QUANTITIES = (
    ("accelerating_voltage", "AcceleratingVoltage", "V"),
    ("deceleration_voltage", "DecelerationVoltage", "V"),
    ("specimen_bias", "SpecimenBias", "V"),
    ("working_distance", "WorkingDistance", "um"),
    ("emission_current", "EmissionCurrent", "nA"),
    ("magnification", "Magnification", ""),
    ("pixel_size", "PixelSize", "nm"),
    ("stage_x", "StagePositionX", "nm"),
    ("stage_y", "StagePositionY", "nm"),
    ("stage_z", "StagePositionZ", "nm"),
)
"""With the unit where the value carries none."""
_UNITS = {"Volt": "V", "µm": "um"}


def hitachi(settings: str) -> TiffOrigin:
    """Return the origin of images that a settings file stands beside.

    Raises
    ------
    UnsupportedFileError, AssetError
        If it is no such file, or cannot be read.
    """
    found = read_settings(settings)
    notes = [] if found.time is None else [f"the time of the image has no zone: {zone_told()}"]
    described = Described(
        start=found.start,
        detector=found.detector,
        configuration=found.values,
        units=found.units,
        time=found.time,
        time_source="settings file",
        everything=found.everything,
        notes=notes,
    )

    def frames(facts: TiffFacts, headers: Sequence[FrameHeader]) -> FrameColumns:
        known = described.time is not None and len(headers) == 1
        times = np.array([described.time]) if known else None
        return FrameColumns(times=times, time_source="settings file")

    return TiffOrigin(
        "hitachi-sem", recognise=_recognise, describe=lambda facts: described, frames=frames
    )


def find_settings(image: str) -> str:
    """Return the path of the settings file that stands beside an image.

    Raises
    ------
    MissingFileError
        If there is none.
    """
    stem = os.path.splitext(image)[0]
    for suffix in (".txt", ".TXT"):
        if os.path.isfile(stem + suffix):
            return stem + suffix
    raise MissingFileError(
        f"no settings file {os.path.basename(stem)}.txt stands beside it",
        where=image,
        remedy="Say where it is with settings=….",
    )


def _recognise(facts: TiffFacts) -> str | None:
    return "its settings file"  # nothing in the image says anything


def read_settings(path: str) -> Reading:
    r"""Read the file that says how an image was taken.

    Raises
    ------
    UnsupportedFileError, AssetError
        If it is no such file, or cannot be read.

    Examples
    --------
    >>> with open("a.txt", "w") as file:
    ...     _ = file.write("[SemImageFile]\nSampleName=s2\nAcceleratingVoltage=3500 Volt\n")
    >>> found = read_settings("a.txt")
    >>> found.start, found.values, found.units
    ({'sample': {'name': 's2'}}, {'accelerating_voltage': 3500.0}, {'accelerating_voltage': 'V'})
    """
    text, _ = read_text(path, _LONGEST)
    lines = text.lstrip("\ufeff \r\n").splitlines()
    if not lines or lines[0].strip() != _SECTION:
        raise UnsupportedFileError(f"does not begin with {_SECTION}", where=path)
    pairs = (line.partition("=") for line in lines[1:])
    told = {name.strip(): value.strip() for name, sign, value in pairs if sign and value.strip()}
    found = Reading(everything=told)
    for name, key, usual in _QUANTITIES:
        number = _NUMBER.fullmatch(told.get(key, ""))
        if number is not None:
            found.quantity(name, number[1], _UNITS.get(number[2], number[2]) or usual)
    found.word("detector_name", told.get("SignalName"))
    found.word("scan_speed", told.get("ScanSpeed"))
    found.word("lens_mode", told.get("LensMode"))
    found.word("instrument", told.get("InstructName"))
    found.word("serial_number", told.get("SerialNumber"))
    found.detector = known_text(told.get("SignalName"))
    found.person_and_sample(sample=told.get("SampleName"))
    if known_text(told.get("Comment")):
        found.start["title"] = known_text(told.get("Comment"))
    when = f"{told.get('Date', '')} {told.get('Time', '')}"
    found.time = local_time(when, "%m/%d/%Y %H:%M:%S")
    return found
