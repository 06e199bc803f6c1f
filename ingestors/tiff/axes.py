"""Which point of a scan or hyperstack each page of a TIFF file is, as far as the file tells.

OME-XML follows the OME data model (docs.openmicroscopy.org), ImageJ's lines its own ways.
"""

from __future__ import annotations

import math
import os
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any
from xml.etree import ElementTree

import numpy as np
from numpy.typing import NDArray

from .metadata import TiffFacts

__all__ = ["PageAxes", "page_axes"]

LONGEST_XML = 16 * 2**20
_NAMES = {
    "T": "t",
    "C": "c",
    "Z": "z",
    "R": "tile",
    "P": "phase",
    "E": "wavelength",
    "H": "lifetime",
}
_SIZES = {"SizeT": "t", "SizeC": "c", "SizeZ": "z"}


@dataclass(frozen=True)
class PageAxes:
    """Where each page stands along the axes of a scan or hyperstack."""

    columns: dict[str, NDArray[np.int64]] = field(default_factory=dict)
    """For each axis, the position of each page, the slowest axis first."""
    shape: tuple[int, ...] = ()
    """Of the grid that the pages fill row by row; empty if they do not."""
    constants: dict[str, Any] = field(default_factory=dict)
    units: dict[str, str] = field(default_factory=dict)
    notes: tuple[str, ...] = ()


def page_axes(facts: TiffFacts) -> PageAxes:
    """Return what the file tells about the order of its pages, and the size of its pixels.

    Examples
    --------
    >>> import tifffile
    >>> from penstock.ingestors.tiff.metadata import inspect_file
    >>> images = np.zeros((2, 5, 4, 6), "u2")
    >>> tifffile.imwrite("h.tif", images, imagej=True, metadata={"axes": "TZYX"})
    >>> axes = page_axes(inspect_file("h.tif"))
    >>> axes.shape, axes.columns["z"].tolist()
    ((2, 5), [0, 1, 2, 3, 4, 0, 1, 2, 3, 4])
    """
    text = facts.description
    if "<OME" in text[:4096]:
        return _ome_axes(facts)
    constants, units = _imagej_constants(facts) if facts.is_imagej else ({}, {})
    leading = len(facts.series_shape) - len(facts.directory.kind(0).shape)
    shape = facts.series_shape[: max(0, leading)]
    if leading < 1 or math.prod(shape) != len(facts.directory):
        return PageAxes(constants=constants, units=units)
    names = _axis_names(facts.series_axes[:leading])
    if leading == 1 and names[0].startswith("axis_"):
        return PageAxes(constants=constants, units=units)
    return PageAxes(_grid(names, shape), shape, constants, units)


def _axis_names(letters: str) -> list[str]:
    names: list[str] = []
    for position, letter in enumerate(letters):
        name = _NAMES.get(letter, f"axis_{position + 1}")
        names.append(name if name not in names else f"axis_{position + 1}")
    return names


def _grid(names: list[str], shape: tuple[int, ...]) -> dict[str, NDArray[np.int64]]:
    positions = np.unravel_index(np.arange(math.prod(shape)), shape)
    return dict(zip(names, (axis.astype(np.int64) for axis in positions), strict=True))


# ImageJ ----------------------------------------------------------------------------------------


def _imagej_constants(facts: TiffFacts) -> tuple[dict[str, Any], dict[str, str]]:
    said = dict(
        line.split("=", 1) for line in facts.description.splitlines() if line.count("=") == 1
    )
    unit = said.get("unit", "").replace("\\u00B5", "µ").strip()
    constants: dict[str, Any] = {}
    units: dict[str, str] = {}
    for name, key in (("spacing", "spacing"), ("finterval", "frame_interval")):
        value = _number(said.get(name))
        if value is not None:
            constants[key] = value
    if "frame_interval" in constants:
        units["frame_interval"] = said.get("tunit", "s").strip() or "s"
    if unit and unit not in ("pixel", "pixels"):
        if "spacing" in constants:
            units["spacing"] = unit
        for axis in "xy":
            # ImageJ's resolution is in pixels for each of this unit, whatever ResolutionUnit says.
            if axis in facts.resolution:
                constants[f"pixel_size_{axis}"] = 1 / facts.resolution[axis]
                units[f"pixel_size_{axis}"] = unit
    return constants, units


def _number(text: str | None) -> float | None:
    try:
        value = float(text or "")
    except ValueError:
        return None
    return value if math.isfinite(value) else None


# OME -------------------------------------------------------------------------------------------


def _ome_axes(facts: TiffFacts) -> PageAxes:
    root = _parse_xml(facts.description)
    if root is None:
        return PageAxes(notes=("its OME-XML cannot be read",))
    images = [image for image in root.iter() if _local(image) == "Image"]
    pixels = [(number, item) for number, image in enumerate(images) for item in _pixels_of(image)]
    if not pixels:
        return PageAxes(notes=("its OME-XML describes no image in this file",))
    pages = len(facts.directory)
    rows: dict[str, NDArray[np.int64]] = {
        name: np.full(pages, -1, np.int64) for name in ("ome_image", "t", "c", "z")
    }
    next_page = 0
    for number, item in pixels:
        next_page = _place_planes(item, number, rows, next_page, os.path.basename(facts.path))
    constants, units = _physical_sizes(pixels[0][1])
    if (rows["ome_image"] < 0).any():
        note = "its OME-XML does not tell of every page which plane it is"
        return PageAxes(constants=constants, units=units, notes=(note,))
    columns = {name: values for name, values in rows.items() if values.max(initial=0) > 0}
    shape = tuple(int(values.max()) + 1 for values in columns.values())
    order = _row_major_order(columns, shape, pages)
    if order is not None:
        columns = {name: columns[name] for name in order}
        shape = tuple(int(values.max()) + 1 for values in columns.values())
    return PageAxes(columns, shape if order is not None else (), constants, units)


def _parse_xml(text: str) -> ElementTree.Element | None:
    # An entity can stand for a gigabyte: OME-XML needs none.
    if len(text) > LONGEST_XML or "<!DOCTYPE" in text or "<!ENTITY" in text:
        return None
    try:
        return ElementTree.fromstring(text.encode())
    except (ElementTree.ParseError, ValueError, RecursionError):
        return None


def _local(element: ElementTree.Element) -> str:
    return str(element.tag).rpartition("}")[2]


def _pixels_of(image: ElementTree.Element) -> Iterator[ElementTree.Element]:
    return (item for item in image if _local(item) == "Pixels")


def _place_planes(
    pixels: ElementTree.Element,
    image: int,
    rows: Mapping[str, NDArray[np.int64]],
    next_page: int,
    own_name: str,
) -> int:
    """Write down which plane each page is; return the page that the next image may begin at."""
    order = [axis.lower() for axis in pixels.get("DimensionOrder", "XYCZT")[2:] if axis in "CZT"]
    sizes = {name: _count(pixels.get(size)) for size, name in _SIZES.items()}
    sizes["c"] = max(1, sizes["c"] // _samples_of(pixels))
    pages = len(rows["ome_image"])
    entries = [item for item in pixels if _local(item) == "TiffData"]
    total = math.prod(sizes.values())
    for entry in entries:
        files = [item.get("FileName") for item in entry if _local(item) == "UUID"]
        if files and files[0] not in (None, own_name):
            continue  # a plane in another file of the set
        first = [_count(entry.get(f"First{axis.upper()}"), 0) for axis in order]
        shape = tuple(sizes[axis] for axis in order)[::-1]
        if any(at >= size for at, size in zip(first[::-1], shape, strict=True)):
            continue
        plane = int(np.ravel_multi_index(first[::-1], shape)) if order else 0
        page = _count(entry.get("IFD"), next_page if entry.get("IFD") is None else 0)
        default = 1 if entry.get("IFD") is not None or files else total - plane
        count = min(_count(entry.get("PlaneCount"), default), total - plane, max(0, pages - page))
        for step in range(count):
            position = np.unravel_index(plane + step, shape)[::-1] if order else ()
            rows["ome_image"][page + step] = image
            for axis, at in zip(order, position, strict=True):
                rows[axis][page + step] = at
        next_page = max(next_page, page + count)
    return next_page


def _samples_of(pixels: ElementTree.Element) -> int:
    for item in pixels:
        if _local(item) == "Channel":
            return max(1, _count(item.get("SamplesPerPixel")))
    return 1


def _count(text: str | None, default: int = 1) -> int:
    try:
        value = int(text) if text is not None else default
    except ValueError:
        return default
    return min(max(value, 0), 2**31)


def _physical_sizes(pixels: ElementTree.Element) -> tuple[dict[str, Any], dict[str, str]]:
    constants: dict[str, Any] = {}
    units: dict[str, str] = {}
    for axis in "XYZ":
        value = _number(pixels.get(f"PhysicalSize{axis}"))
        if value is not None:
            constants[f"pixel_size_{axis.lower()}"] = value
            units[f"pixel_size_{axis.lower()}"] = pixels.get(f"PhysicalSize{axis}Unit", "µm")
    value = _number(pixels.get("TimeIncrement"))
    if value is not None:
        constants["frame_interval"] = value
        units["frame_interval"] = pixels.get("TimeIncrementUnit", "s")
    return constants, units


def _row_major_order(
    columns: Mapping[str, NDArray[np.int64]], shape: tuple[int, ...], pages: int
) -> list[str] | None:
    """Return the axes from the slowest to the fastest, if the pages fill the grid in that order."""
    if math.prod(shape) != pages or not columns:
        return None
    changes = {name: int(np.count_nonzero(np.diff(values))) for name, values in columns.items()}
    order = sorted(columns, key=lambda name: changes[name])
    sizes = [int(columns[name].max()) + 1 for name in order]
    expected = np.unravel_index(np.arange(pages), sizes)
    fits = all(
        np.array_equal(columns[name], axis) for name, axis in zip(order, expected, strict=True)
    )
    return order if fits else None
