"""JEOL SightX: an XML report of the transmission electron microscope in the description.

After the files of JEM-ARM200F. The DateTime tag is not in TIFF's form; the report's has a zone.
"""

from __future__ import annotations

import re
from typing import Any, cast
from xml.etree import ElementTree

from ..tiff.metadata import TiffFacts
from ..times import parse_time
from .readings import IMAGE_DESCRIPTION, Reading, microscope

__all__ = ["JEOL"]

_LONGEST = 2**20
_QUANTITIES = (
    ("accelerating_voltage", "ElectronGun/AccelerationVoltage", "V", 1.0),
    ("emission_current", "ElectronGun/EmissionCurrent", "uA", 1.0),
    ("spot_size", "IlluminationSystem/SpotSize", "", 1.0),
    ("magnification", "ImageFormingSystem/SelectorValue", "", 1.0),
)
_LEFT_OUT = frozenset({"OptionalPartsInfo", "HolderInformation"})
"""What is installed, and the limits of stages: long, and the same in every image."""


def _recognise(facts: TiffFacts) -> str | None:
    if "<TemReporter" not in facts.description[:2000]:
        return None
    return f"TemReporter XML of {facts.texts.get('Model', 'a JEOL microscope')}"


def _read(value: Any) -> Reading:
    text = str(value)
    if len(text) > _LONGEST or "<!DOCTYPE" in text or "<!ENTITY" in text:
        raise ValueError("the report is too long, or declares entities")
    root, damage = _parse(re.sub(r"^[^<]+", "", text.rstrip("\0")))
    found = Reading(everything=_plain(root))
    if damage:
        found.notes.append(f"the report is damaged, and what follows is lost: {damage}")

    def at(path: str) -> str:
        return (root.findtext(path) or "").strip()

    magnifies = at("ImageFormingSystem/SelectorUnitString") == "X"
    for name, path, unit, factor in _QUANTITIES:
        if name != "magnification" or magnifies:
            found.quantity(name, at(path), unit, factor=factor)
    if at("ImageFormingSystem/SelectorUnitString") == "cm":
        length = at("ImageFormingSystem/SelectorValue")
        found.quantity("camera_length", length, "m", factor=0.01)
    defocus = re.fullmatch(r"([-+0-9.eE]+)\s*nm", at("ImageFormingSystem/DefocusValue"))
    if defocus is not None:
        found.quantity("defocus", defocus[1], "nm")
    found.word("imaging_mode", at("ImageFormingSystem/ModeString"))
    found.word("instrument", at("Instruments"))
    found.person_and_sample(operator=at("Operator"), sample=at("Specimen"))
    if at("Comment"):
        found.start["title"] = at("Comment")
    known = parse_time(at("DateTime"), None)
    found.time = None if known is None else known[0]
    return found


def _parse(text: str) -> tuple[ElementTree.Element, str]:
    """Return the root of as much of the report as is in order, and what is wrong with the rest."""
    parser: ElementTree.XMLPullParser[ElementTree.Element] = ElementTree.XMLPullParser(["start"])
    root: ElementTree.Element | None = None
    damage = ""
    try:
        parser.feed(text)
        for _, *told in parser.read_events():
            root = cast("ElementTree.Element", told[0]) if root is None else root
    except ElementTree.ParseError as error:
        damage = str(error)
    if root is None:
        raise ValueError(f"no report can be read: {damage}")
    return root, damage


def _plain(element: ElementTree.Element) -> dict[str, Any]:
    """Return elements as dicts; where a name repeats, the first has it."""
    found: dict[str, Any] = {}
    for child in element:
        if child.tag in _LEFT_OUT:
            continue
        value = _plain(child) if len(child) else (child.text or "").strip()
        if value not in ("", {}):
            found.setdefault(child.tag, value)
    return found


JEOL = microscope(
    "jeol-tem", recognise=_recognise, tags=(IMAGE_DESCRIPTION,), read=_read, records_zone=True
)
