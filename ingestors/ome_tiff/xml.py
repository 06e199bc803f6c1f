"""OME-XML: which plane of which image is which page of which file, and what is told of it.

After the OME data model and "The OME-TIFF format" (docs.openmicroscopy.org/ome-model), in all
versions since 2007: names are looked at without their namespaces.
"""

from __future__ import annotations

import math
import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any
from xml.etree import ElementTree

import numpy as np
from numpy.typing import NDArray

__all__ = [
    "LONGEST_XML",
    "OWN",
    "SECONDS",
    "OmeDocument",
    "OmeImage",
    "looks_like_ome",
    "read_ome_xml",
    "to_number",
]

LONGEST_XML = 64 * 2**20
MOST_PLANES = 2**22
OWN = ""
"""Stands for the name of the file that holds the OME-XML itself, where that does not name it."""

Element = ElementTree.Element

SECONDS = {"s": 1.0, "ms": 1e-3, "µs": 1e-6, "us": 1e-6, "ns": 1e-9, "min": 60.0, "h": 3600.0}
SECONDS |= {"d": 86400.0, "ps": 1e-12}
_PLANE_TIMES = {"DeltaT": "elapsed_time", "ExposureTime": "exposure_time"}
_PLANE_PLACES = {f"Position{axis}": f"position_{axis.lower()}" for axis in "XYZ"}


@dataclass(frozen=True)
class OmeImage:
    """One Image, and where its planes lie; the arrays have a value for each plane."""

    number: int
    """Among the images of its document, from 0."""
    name: str
    sizes: dict[str, int]
    """Along ``t``, ``c`` and ``z``, the slowest axis first."""
    file: NDArray[np.int64]
    """Which of the document's files."""
    page: NDArray[np.int64]
    """Which page of that file."""
    axes: dict[str, NDArray[np.int64]]
    """Positions along the axes in `sizes`."""
    columns: dict[str, NDArray[np.float64]]
    """What is told of planes; NaN where it is not told of one."""
    units: dict[str, str]
    """Of `columns`."""
    channels: tuple[dict[str, Any], ...]
    pixels: dict[str, str]
    """Attributes of Pixels."""
    began: str = ""
    """AcquisitionDate, as it is written."""
    metadata: dict[str, Any] = field(default_factory=dict)
    """The Image, without what stands in the other fields."""


@dataclass(frozen=True)
class OmeDocument:
    """What one block of OME-XML says."""

    uuid: str = ""
    """Of the file that holds it."""
    master: str = ""
    """The name of the file that holds the metadata (BinaryOnly); empty if this one does."""
    images: tuple[OmeImage, ...] = ()
    files: tuple[str, ...] = ()
    """Names of files of the set, in the order in which planes name them."""
    uuids: tuple[str, ...] = ()
    """Of `files`, as far as told."""
    metadata: dict[str, Any] = field(default_factory=dict)
    """All that is told beside the images, by the names of its elements."""
    lost: int = 0
    """Planes that name a file by nothing but a UUID."""


def looks_like_ome(text: str) -> bool:
    """Tell whether a description is OME-XML.

    Examples
    --------
    >>> looks_like_ome('<?xml version="1.0"?><OME xmlns="x"/>'), looks_like_ome("<html/>")
    (True, False)
    """
    return re.search(r"<(\w+:)?OME[\s>/]", text[:4096]) is not None


def read_ome_xml(text: str) -> OmeDocument | None:
    """Read OME-XML; None if it cannot be read.

    Examples
    --------
    >>> document = read_ome_xml(
    ...     '<OME><Image ID="Image:0"><Pixels DimensionOrder="XYZCT" SizeX="6" SizeY="4" SizeZ="2" '
    ...     'SizeC="1" SizeT="3" Type="uint8"><TiffData/></Pixels></Image></OME>'
    ... )
    >>> document.images[0].axes["t"].tolist(), document.images[0].page.tolist()
    ([0, 0, 1, 1, 2, 2], [0, 1, 2, 3, 4, 5])
    """
    root = _parse(text)
    if root is None or _local(root) != "OME":
        return None
    uuid = _plain_uuid(root.get("UUID", ""))
    for element in root:
        if _local(element) == "BinaryOnly":
            return OmeDocument(uuid, master=element.get("MetadataFile", ""))
    files = _Files(uuid)
    elements = [element for element in root if _local(element) == "Image"]
    images = tuple(
        image
        for number, element in enumerate(elements)
        if (image := _read_image(element, number, files)) is not None
    )
    rest = [element for element in root if _local(element) != "Image"]
    return OmeDocument(
        uuid,
        images=images,
        files=tuple(files.numbers),
        uuids=tuple(files.uuids),
        metadata=_gathered(rest)
        | ({"Creator": root.get("Creator")} if "Creator" in root.attrib else {}),
        lost=files.lost,
    )


def _parse(text: str) -> Element | None:
    # An entity can stand for a gigabyte: OME-XML needs none.
    if len(text) > LONGEST_XML or "<!DOCTYPE" in text or "<!ENTITY" in text:
        return None
    # The text has been decoded: what its first line says of its encoding is past.
    bare = re.sub(r"^\s*<\?xml[^>]*\?>", "", text.strip("\0 \r\n\t\ufeff"), count=1)
    try:
        return ElementTree.fromstring(bare.encode("utf-8", "replace"))
    except (ElementTree.ParseError, ValueError, RecursionError):
        return None


def _local(element: Element) -> str:
    return str(element.tag).rpartition("}")[2]


def _plain_uuid(text: str | None) -> str:
    return (text or "").strip().removeprefix("urn:uuid:").lower()


class _Files:
    """The files of a set, numbered as they are named."""

    def __init__(self, own_uuid: str) -> None:
        self.own_uuid = own_uuid
        self.numbers: dict[str, int] = {}
        self.uuids: list[str] = []
        self.next_pages: list[int] = []
        self.lost = 0

    def number_of(self, entry: Element) -> int | None:
        """Return the file that a TiffData is about; None if nobody can tell which that is."""
        name, uuid = OWN, ""
        for item in entry:
            if _local(item) == "UUID":
                name, uuid = item.get("FileName", OWN), _plain_uuid(item.text)
                if name == OWN and uuid != self.own_uuid:
                    return None
        if name not in self.numbers:
            self.numbers[name] = len(self.numbers)
            self.uuids.append(uuid)
            self.next_pages.append(0)
        return self.numbers[name]


def _read_image(element: Element, number: int, files: _Files) -> OmeImage | None:
    pixels = next((item for item in element if _local(item) == "Pixels"), None)
    if pixels is None:
        return None
    channels = tuple(_told(item) for item in pixels if _local(item) == "Channel")
    samples = max(1, _count(channels[0].get("SamplesPerPixel")) if channels else 1)
    order = [axis.lower() for axis in pixels.get("DimensionOrder", "XYZCT")[2:] if axis in "CZT"]
    order += [axis for axis in "zct" if axis not in order]
    sizes = {axis: _count(pixels.get(f"Size{axis.upper()}")) for axis in reversed(order)}
    sizes["c"] = max(1, sizes["c"] // samples)
    planes, file, page = _place_planes(pixels, order, sizes, samples, files)
    shape = tuple(sizes.values())
    positions = np.unravel_index(planes, shape) if math.prod(shape) else [planes] * 3
    axes = {name: at.astype(np.int64) for name, at in zip(sizes, positions, strict=True)}
    columns, units = _read_planes(pixels, sizes, planes)
    dates = ("AcquisitionDate", "AcquiredDate", "CreationDate")
    began = next((item.text for item in element if _local(item) in dates and item.text), "")
    rest = _gathered([item for item in element if _local(item) != "Pixels"])
    return OmeImage(
        number,
        name=element.get("Name", ""),
        sizes=sizes,
        file=file,
        page=page,
        axes=axes,
        columns=columns,
        units=units,
        channels=channels,
        pixels=dict(pixels.attrib),
        began=began or "",
        metadata={**element.attrib, **rest},
    )


def _place_planes(
    pixels: Element, order: list[str], sizes: Mapping[str, int], samples: int, files: _Files
) -> tuple[NDArray[np.int64], NDArray[np.int64], NDArray[np.int64]]:
    """Return number, file and page of each plane that lies in some file, in their order.

    Planes are numbered row by row; the fastest axis comes first in `order`.
    """
    total = math.prod(sizes.values())
    if not 0 < total <= MOST_PLANES:
        total = 0
    entries = [item for item in pixels if _local(item) == "TiffData"]
    known: dict[int, tuple[int, int]] = {}
    for entry in entries or ([ElementTree.Element("TiffData")] if not _has_data(pixels) else []):
        which = files.number_of(entry)
        named = len(entry) > 0
        ifd = entry.get("IFD")
        plane = 0
        for axis in reversed(order):
            first = _count(entry.get(f"First{axis.upper()}"), 0)
            if axis == "c" and first >= sizes["c"] and first % samples == 0:
                first //= samples  # some count samples
            plane = plane * sizes[axis] + first if first < sizes[axis] else total
        if plane >= total:
            continue
        count = _count(entry.get("PlaneCount"), 1 if ifd is not None or named else total - plane)
        count = min(count, total - plane)
        if which is None:
            files.lost += count
            continue
        page = _count(ifd, 0) if ifd is not None else files.next_pages[which]
        for step in range(count):
            known.setdefault(plane + step, (which, page + step))
        files.next_pages[which] = max(files.next_pages[which], page + count)
    table = np.array([(plane, *place) for plane, place in sorted(known.items())], np.int64)
    table = table.reshape(-1, 3)
    return table[:, 0], table[:, 1], table[:, 2]


def _has_data(pixels: Element) -> bool:
    """Whether the pixels are told to lie elsewhere than in TIFF files."""
    return any(_local(item) in ("BinData", "MetadataOnly") for item in pixels)


def _count(text: str | None, default: int = 1) -> int:
    try:
        value = int(text) if text is not None else default
    except ValueError:
        return default
    return min(max(value, 0), 2**31)


def _read_planes(
    pixels: Element, sizes: Mapping[str, int], planes: NDArray[np.int64]
) -> tuple[dict[str, NDArray[np.float64]], dict[str, str]]:
    """Return what Plane elements tell, for those planes that lie in files."""
    rows = {plane: row for row, plane in enumerate(planes.tolist())}
    columns: dict[str, NDArray[np.float64]] = {}
    units: dict[str, str] = {}
    for item in pixels:
        if _local(item) != "Plane":
            continue
        plane = 0
        for axis, size in sizes.items():
            plane = plane * size + min(_count(item.get(f"The{axis.upper()}"), 0), size)
        row = rows.get(plane)
        if row is None:
            continue
        for name, value, unit in _values_of(item):
            if units.setdefault(name, unit) == unit:
                column = columns.setdefault(name, np.full(len(planes), np.nan))
                column[row] = value
    return columns, units


def _values_of(plane: Element) -> Iterator[tuple[str, float, str]]:
    """Yield name, value and unit of what is told of a plane."""
    told = dict(plane.attrib)
    for item in plane:
        if _local(item) in ("PlaneTiming", "StagePosition"):  # until 2009
            told |= item.attrib
    for attribute, name in _PLANE_TIMES.items():
        factor = SECONDS.get(told.get(f"{attribute}Unit", "s"))
        value = to_number(told.get(attribute))
        if value is not None and factor is not None:
            yield name, value * factor, "s"
    for attribute, name in _PLANE_PLACES.items():
        value = to_number(told.get(attribute))
        if value is not None:
            yield name, value, told.get(f"{attribute}Unit", "reference frame")


def to_number(text: str | None) -> float | None:
    """Return the number that a text is; None if it is none.

    Examples
    --------
    >>> to_number("4.05"), to_number("NaN"), to_number(None)
    (4.05, None, None)
    """
    try:
        value = float(text or "")
    except ValueError:
        return None
    return value if math.isfinite(value) else None


def _told(element: Element, depth: int = 0) -> dict[str, Any]:
    """Return an element as plain data: its attributes, and its children by their names."""
    told: dict[str, Any] = dict(element.attrib)
    if depth < 12:
        for name, value in _gathered(list(element), depth).items():
            told.setdefault(name, value)
    text = (element.text or "").strip()
    if text:
        told["text"] = text
    return told


def _gathered(elements: list[Element], depth: int = 0) -> dict[str, Any]:
    """Return elements by their names, as a list where several have one name; the empty left out."""
    gathered: dict[str, list[Any]] = {}
    for element in elements:
        told = _told(element, depth + 1)
        if told:
            gathered.setdefault(_local(element), []).append(
                told.get("text", "") if set(told) == {"text"} else told
            )
    return {
        name: several[0] if len(several) == 1 else several for name, several in gathered.items()
    }
