"""What MetaMorph writes about an image in words: lines of settings, or XML that holds them."""

from __future__ import annotations

import datetime
import math
import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any
from xml.etree import ElementTree

__all__ = ["ImageText", "parse_text", "parse_time_of_metamorph"]

_LONGEST = 2**20
_SECONDS = {"ms": 1e-3, "s": 1.0, "sec": 1.0, "msec": 1e-3, "us": 1e-6, "µs": 1e-6, "min": 60.0}
_COMPACT = re.compile(r"(\d{4})(\d\d)(\d\d)[ T](\d\d):(\d\d):(\d\d)(\.\d{1,6})?\d*")
_FROM = "Acquired from "


@dataclass(frozen=True)
class ImageText:
    """Settings of one image."""

    lines: dict[str, str] = field(default_factory=dict)
    """By what stands before the colon."""
    properties: dict[str, Any] = field(default_factory=dict)
    """Of XML, by their ids."""
    camera: str = ""
    remarks: tuple[str, ...] = ()
    """Lines without a colon."""

    @property
    def exposure(self) -> float | None:
        """How long it was exposed, in seconds."""
        found = re.fullmatch(r"([\d.]+)\s*(\w+|µs)", self.lines.get("Exposure", "").strip())
        if found is None or found[2].lower() not in _SECONDS:
            return None
        value = _number(found[1])
        return None if value is None else value * _SECONDS[found[2].lower()]

    @property
    def temperature(self) -> float | None:
        """Of the camera, in °C."""
        return _number(self.lines.get("Temperature"))

    @property
    def binning(self) -> list[int] | None:
        """How many pixels were read as one, along x and y."""
        found = re.match(r"(\d{1,4})\s*[xX×]\s*(\d{1,4})", self.lines.get("Binning", ""))
        return None if found is None else [int(found[1]), int(found[2])]


def parse_text(text: str) -> ImageText:
    r"""Read what a description says.

    Examples
    --------
    >>> told = parse_text("Exposure: 300 ms\nBinning: 2 x 2\nAcquired from Photometrics\ntest")
    >>> told.exposure, told.binning, told.camera, told.remarks
    (0.3, [2, 2], 'Photometrics', ('test',))
    >>> prop = '<prop id="z-position" type="float" value="2.5"/>'
    >>> parse_text(f"<MetaData><PlaneInfo>{prop}</PlaneInfo></MetaData>").properties
    {'z-position': 2.5}
    """
    text = text[:_LONGEST]
    properties: dict[str, Any] = {}
    if text.lstrip().startswith("<MetaData"):
        properties = _parse_xml(text)
        text = str(properties.pop("Description", ""))
    lines: dict[str, str] = {}
    remarks: list[str] = []
    camera = ""
    for line in text.replace("\0", "\n").splitlines():
        name, separator, value = line.partition(":")
        if line.startswith(_FROM):
            camera = line[len(_FROM) :].strip()
        elif separator and name.strip():
            lines.setdefault(name.strip(), value.strip())
        elif line.strip():
            remarks.append(line.strip())
    return ImageText(lines, properties, camera, tuple(remarks))


def _parse_xml(text: str) -> dict[str, Any]:
    if "<!DOCTYPE" in text or "<!ENTITY" in text:
        return {}
    try:
        root = ElementTree.fromstring(text.strip("\0 \r\n\t").encode("utf-8", "replace"))
    except (ElementTree.ParseError, ValueError, RecursionError):
        return {}
    found: dict[str, Any] = {}
    for prop in root.iter("prop"):
        name = prop.get("id")
        if name:
            found.setdefault(name, _plain(prop.attrib))
    return found


def _plain(prop: Mapping[str, str]) -> Any:
    value = prop.get("value", "")
    if prop.get("type") in ("float", "int"):
        number = _number(value)
        if number is not None:
            return int(number) if prop["type"] == "int" else number
    return value


def _number(text: str | None) -> float | None:
    try:
        value = float(text or "")
    except ValueError:
        return None
    return value if math.isfinite(value) else None


def parse_time_of_metamorph(text: str, zone: datetime.tzinfo | None) -> float | None:
    """Return a time such as ``20130118 14:07:49.123`` in seconds since 1970-01-01 UTC.

    Examples
    --------
    >>> parse_time_of_metamorph("20130118 14:07:49.250", datetime.timezone.utc)
    1358518069.25
    >>> parse_time_of_metamorph("2010:03:05 12:08:52", datetime.timezone.utc)
    1267790932.0
    """
    found = _COMPACT.match(re.sub(r"^(\d{4})[:-](\d\d)[:-](\d\d)", r"\1\2\3", text.strip()))
    if found is None:
        return None
    fraction = round(float(found[7] or 0) * 1e6)
    try:
        year, month, day, hour, minute, second = (int(part) for part in found.groups()[:6])
        moment = datetime.datetime(year, month, day, hour, minute, second, fraction, zone)
        return moment.timestamp()
    except (ValueError, OverflowError, OSError):
        return None
