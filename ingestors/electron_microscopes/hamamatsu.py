"""Hamamatsu HPD-TA: streak cameras. The description holds sections of ``name=value`` lists.

After what HPD-TA 9 writes: dates are day first; the DateTime tag tells when the file was saved, the
description when the image was taken.
"""

from __future__ import annotations

import re
from typing import Any

from ..tiff.metadata import TiffFacts
from .readings import IMAGE_DESCRIPTION, Reading, local_time, microscope

__all__ = ["HAMAMATSU"]

_SECTION = re.compile(r"\[([^\[\]\r\n]{1,40})\],?([^\r\n]*)")
_ITEM = re.compile(r'([^=,"]{1,60})=("[^"]*"|[^,]*),?')
_LONGEST = 256 * 1024


def _recognise(facts: TiffFacts) -> str | None:
    software = facts.texts.get("Software", "")
    return f"Software tag {software!r}" if software.startswith("HPD-TA") else None


def _read(value: Any) -> Reading:
    sections = _sections(str(value)[:_LONGEST])
    found = Reading(everything=sections)

    def at(section: str, key: str) -> str:
        return sections.get(section, {}).get(key, "")

    exposure = re.fullmatch(r"([0-9.]+)\s*([nuµm]?s)", at("Acquisition", "ExposureTime"))
    if exposure is not None:
        found.quantity("exposure_time", exposure[1], exposure[2])
    found.quantity("exposures", at("Acquisition", "NrExposure"))
    found.quantity("mcp_gain", at("Streak camera", "MCP Gain"))
    found.quantity("central_wavelength", at("Spectrograph", "Wavelength"), "nm")
    found.quantity("ruling", at("Spectrograph", "Ruling"), "1/mm")
    found.quantity("time_range", at("Streak camera", "Time Range"))
    for name, key in (("streak_mode", "Mode"), ("gate_mode", "Gate Mode"), ("shutter", "Shutter")):
        found.word(name, at("Streak camera", key))
    for axis in "XY":
        unit = at("Scaling", f"Scaling{axis}Unit")
        found.word(f"{axis.lower()}_axis_unit", unit)
        if unit and at("Scaling", f"Scaling{axis}Type") == "1":
            found.quantity(f"pixel_size_{axis.lower()}", at("Scaling", f"Scaling{axis}Scale"), unit)
    found.word("binning", at("Camera", "BinningKeyVal"))
    found.word("detector_name", at("Camera", "CameraName"))
    found.detector = at("Streak camera", "DeviceName") or at("Camera", "CameraName")
    comment = at("Comment", "UserComment")
    if comment:
        found.start["title"] = comment
    when = f"{at('Application', 'Date')} {at('Application', 'Time')}"
    found.time = local_time(when, "%d/%m/%Y %H:%M:%S.%f", "%d/%m/%Y %H:%M:%S")
    return found


def _sections(text: str) -> dict[str, dict[str, str]]:
    # Two sections stand on one line where the writer forgot to break it.
    broken = re.sub(r"(?<=[^\r\n])(?=\[[A-Z][A-Za-z0-9 ]+\],)", "\n", text)
    return {
        name.strip(): {key.strip(): value.strip('" ') for key, value in _ITEM.findall(items)}
        for name, items in _SECTION.findall(broken)
    }


HAMAMATSU = microscope(
    "hamamatsu-streak", recognise=_recognise, tags=(IMAGE_DESCRIPTION,), read=_read
)
