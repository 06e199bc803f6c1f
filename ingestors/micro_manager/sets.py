"""Data sets of Micro-Manager, found from any of their files."""

from __future__ import annotations

import os
import re
from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from typing import Any

import numpy as np
import tifffile
from numpy.typing import NDArray

from ...core.errors import AssetError, UnsupportedFileError
from ...core.places import Place, consult, place_of_file
from ...core.places.observation import current_observation, observe
from ...core.places.recalling import recall
from ..assets.tiff.bytes import open_file
from ..tiff.headers import read_page_headers
from ..tiff.metadata import TiffFacts, inspect_file
from ..tiff.origin import MALFORMED, vendor_metadata
from ..tiff.planes import PlaneSet
from .axes import AXIS_KEYS, lay_out
from .folder import METADATA, point_of_name, read_folder_metadata
from .metadata import read_json
from .ndtiff import INDEX, Index, read_index

__all__ = ["IJ_METADATA", "PAGE_METADATA", "DataSet", "find_all_planes", "find_data_set"]

PAGE_METADATA, IJ_METADATA = 51123, 50839
_MAP_AXES = ("channel", "z", "time", "position")
_PAGE_AXES = {
    "channel": "ChannelIndex",
    "z": "SliceIndex",
    "time": "FrameIndex",
    "position": "PositionIndex",
}
_PLANNED = {"channel": "Channels", "z": "Slices", "time": "Frames", "position": "Positions"}
MOST_OPENED = 3
_STACK = re.compile(r"(?P<stem>.*?MMStack)(?P<rest>.*)\.ome\.tiff?", re.IGNORECASE)


@dataclass(frozen=True)
class DataSet:
    """The images of one acquisition."""

    kind: str
    """For people."""
    facts: TiffFacts
    """Of the file that was looked at."""
    first: str
    """The name of its first file, which tells its place."""
    planes: PlaneSet
    """Of all images, also those in files that are not there."""
    summary: Mapping[str, Any]
    """Of the acquisition."""
    image: Mapping[str, Any] = field(default_factory=dict)
    """What is told of one image."""
    missing: frozenset[str] = frozenset()
    """Files that are not there."""
    notes: tuple[str, ...] = ()
    by_page: bool = True
    """Whether pages tell of their images; else ``metadata.txt`` does."""
    stacks: tuple[str, ...] = ()
    """All files, where they are too many to be opened at once: `planes` are those of one."""

    @property
    def place(self) -> Place:
        """That of the data set, whichever of its files it was found from."""
        return place_of_file(os.path.join(self.planes.folder, self.first))


def find_data_set(path: str) -> DataSet | None:
    """Find the data set that a file belongs to; None if Micro-Manager did not write it.

    Parameters
    ----------
    path
        Of any of its TIFF files, or of its index; absolute, its folder without links.

    Raises
    ------
    UnsupportedFileError, AssetError
        If the file cannot be read.
    """
    return recall(("micro-manager", path), lambda: _find(path))


def _find(path: str) -> DataSet | None:
    folder, name = os.path.split(path)
    entries = _entries(folder)
    if INDEX in entries or name == INDEX:
        found = _of_index(path, folder, entries)
        if found is not None:
            return found
    facts = inspect_file(path)
    image = read_json(facts.tags.get(PAGE_METADATA))
    if PAGE_METADATA in facts.tags:
        return _of_stacks(facts, folder, name, entries, image)
    if point_of_name(name) is None:
        return None
    info = facts.tags.get(IJ_METADATA)
    image = read_json(info.get("Info") if isinstance(info, Mapping) else None)
    consult(os.path.join(folder, METADATA))
    summary, _ = read_folder_metadata(folder)
    return _of_folder(facts, folder, entries, summary, image) if summary or image else None


def _entries(folder: str) -> Mapping[str, os.DirEntry[str]]:
    try:
        return current_observation().list_folder(folder)
    except OSError:
        return {}


def _told_of(facts: TiffFacts) -> Mapping[str, Any]:
    try:
        found = vendor_metadata(facts, "micromanager_metadata")
    except MALFORMED:
        return {}
    return found if isinstance(found, Mapping) else {}


def _channels(summary: Mapping[str, Any]) -> list[str]:
    names = summary.get("ChNames")
    return [str(name) for name in names] if isinstance(names, list) else []


# NDTiff ----------------------------------------------------------------------------------------


def _of_index(path: str, folder: str, entries: Mapping[str, os.DirEntry[str]]) -> DataSet | None:
    consult(os.path.join(folder, INDEX))
    try:
        index = read_index(folder)
    except (AssetError, UnsupportedFileError):
        if os.path.basename(path) == INDEX:
            raise
        return None
    names = tuple(dict.fromkeys(entry.file for entry in index.entries))
    if os.path.basename(path) not in (*names, INDEX):
        return None
    missing = frozenset(name for name in names if name not in entries)
    if os.path.basename(path) == INDEX:
        there = [name for name in names if name not in missing]
        path = os.path.join(folder, there[0] if there else names[0])
    facts = inspect_file(path)
    summary = read_json(_told_of(facts).get("Summary"))
    rows = index.latest()
    numbers = {name: number for number, name in enumerate(names)}
    page = _checked_pages(index, facts)
    axes, found = lay_out([index.entries[row].point for row in rows], _channels(summary))
    planes = PlaneSet(
        folder,
        names,
        np.array([numbers[index.entries[row].file] for row in rows], np.int64),
        page[rows],
        axes,
        found,
        _held(index),
    )
    return DataSet(
        "NDTiff",
        facts,
        names[0],
        planes,
        summary,
        read_json(facts.tags.get(PAGE_METADATA)),
        missing,
        (index.problem,) if index.problem else (),
    )


def _held(index: Index) -> dict[str, int]:
    held: dict[str, int] = {}
    for entry in index.entries:
        held[entry.file] = held.get(entry.file, 0) + 1
    return held


def _checked_pages(index: Index, facts: TiffFacts) -> NDArray[np.int64]:
    """Return the page of each image, by where its pixels lie in the file looked at."""
    pages = index.pages()
    places = {pixels: page for page, pixels in enumerate(facts.directory.pixels.tolist())}
    name = os.path.basename(facts.path)
    for row, entry in enumerate(index.entries):
        if entry.file == name and entry.pixels in places:
            pages[row] = places[entry.pixels]
    return pages


# Stacks ----------------------------------------------------------------------------------------


def _of_stacks(
    facts: TiffFacts,
    folder: str,
    name: str,
    entries: Mapping[str, os.DirEntry[str]],
    image: Mapping[str, Any],
) -> DataSet:
    names = _stacks_beside(name, entries)
    summary = read_json(_told_of(facts).get("Summary"))
    few = len(names) <= MOST_OPENED
    planes, notes = _planes_of(facts, folder, names if few else (name,), summary)
    if few:
        return DataSet("stack", facts, names[0], planes, summary, image, notes=notes)
    known = replace(planes, shown=_axes_told(summary, planes, names))
    return DataSet("stack", facts, names[0], known, summary, image, stacks=names)


def _axes_told(
    summary: Mapping[str, Any], planes: PlaneSet, names: tuple[str, ...]
) -> tuple[str, ...]:
    """Return the axes that the acquisition was to have, going by what is told of it as a whole."""
    planned = summary.get("IntendedDimensions")
    sizes = dict(planned) if isinstance(planned, Mapping) else {}
    for axis, name in _PLANNED.items():
        sizes.setdefault(axis, summary.get(name))
    told = {axis for axis, size in sizes.items() if isinstance(size, int) and size > 1}
    axes, _ = lay_out([dict.fromkeys(_MAP_AXES, 0)])
    keys = {name: key for name, key in AXIS_KEYS.items() if name in told}
    varying = {name for name, values in planes.axes.items() if np.ptp(values) > 0}
    return tuple(axis for axis in axes if axis in varying or axis in keys.values())


def find_all_planes(found: DataSet) -> PlaneSet:
    """Return all images of an acquisition of many stacks: each of these is opened."""
    with observe():
        planes, notes = _planes_of(found.facts, found.planes.folder, found.stacks, found.summary)
    told = replace(planes.found, notes=(*planes.found.notes, *notes))
    return replace(planes, shown=found.planes.shown, found=told)


def _planes_of(
    facts: TiffFacts, folder: str, names: tuple[str, ...], summary: Mapping[str, Any]
) -> tuple[PlaneSet, tuple[str, ...]]:
    """Return the images in stacks, and which of these cannot be read."""
    points: list[Mapping[str, Any]] = []
    file: list[int] = []
    page: list[int] = []
    notes: list[str] = []
    for number, stack in enumerate(names):
        of_stack = _points_of(facts, os.path.join(folder, stack))
        if of_stack is None:
            notes.append(f"{stack} cannot be read")
            continue
        points += of_stack
        file += [number] * len(of_stack)
        page += range(len(of_stack))
    axes, found = lay_out(points, _channels(summary))
    planes = PlaneSet(
        folder, names, np.array(file, np.int64), np.array(page, np.int64), axes, found
    )
    return planes, tuple(notes)


def _stacks_beside(name: str, entries: Mapping[str, os.DirEntry[str]]) -> tuple[str, ...]:
    """Return the names of all stacks of an acquisition, in their order.

    They are ``X_MMStack.ome.tif``, or ``X_MMStack_Pos0.ome.tif`` and so on, a file for each stage
    position; those that grew too large go on in ``…_1.ome.tif``.
    """
    own = _STACK.fullmatch(name)
    if own is None:
        return (name,)
    alike = {name: own["rest"]}
    for other in entries:
        found = _STACK.fullmatch(other)
        if found is not None and found["stem"] == own["stem"]:
            alike[other] = found["rest"]
    return tuple(sorted(alike, key=lambda other: _natural(alike[other])))


def _natural(text: str) -> list[tuple[bool, int, str]]:
    parts = re.split(r"(\d+)", text)
    return [(part.isdigit(), int(part) if part.isdigit() else 0, part) for part in parts if part]


def _points_of(facts: TiffFacts, path: str) -> list[Mapping[str, Any]] | None:
    """Return the position of each page of a stack: by its index map, else by what pages say."""
    try:
        table = _index_map(path)
        if table is None:
            told = facts if path == facts.path else inspect_file(path)
            headers = read_page_headers(told, (PAGE_METADATA,))
            return [_point_of_page(read_json(header.tags.get(PAGE_METADATA))) for header in headers]
    except (AssetError, UnsupportedFileError):
        return None
    rows = table[np.argsort(table[:, 4], kind="stable"), :4].tolist()
    return [dict(zip(_MAP_AXES, row, strict=True)) for row in rows]


def _index_map(path: str) -> NDArray[np.int64] | None:
    """Return channel, slice, frame, position and offset of each page; None if there is no map."""
    with open_file(path) as descriptor, open(os.dup(descriptor), "rb") as file:
        try:
            found = tifffile.read_micromanager_metadata(file, keys={"IndexMap"}).get("IndexMap")
        except MALFORMED:
            return None
    # A file that is still being written has a map without entries.
    if found is None or not len(found) or (found[:, 4] == 0).any():
        return None
    return np.asarray(found, np.int64)


def _point_of_page(image: Mapping[str, Any]) -> dict[str, Any]:
    axes = image.get("Axes")
    if isinstance(axes, Mapping) and axes:
        return dict(axes)
    found = {}
    for axis, name in _PAGE_AXES.items():
        value = image.get(name, image.get(name.removesuffix("Index")))
        if isinstance(value, int) and not isinstance(value, bool):
            found[axis] = value
    return found


# Folders of single images ----------------------------------------------------------------------


def _of_folder(
    facts: TiffFacts,
    folder: str,
    entries: Mapping[str, os.DirEntry[str]],
    summary: Mapping[str, Any],
    image: Mapping[str, Any],
) -> DataSet:
    points = {name: point for name in entries if (point := point_of_name(name)) is not None}
    names = _in_order(points)
    _, images = read_folder_metadata(folder)
    axes, found = lay_out([points[name] for name in names], _channels(summary))
    planes = PlaneSet(
        folder, names, np.arange(len(names)), np.zeros(len(names), np.int64), axes, found
    )
    missing = frozenset(name for name in images if name not in entries and point_of_name(name))
    return DataSet(
        "folder",
        facts,
        METADATA,
        planes,
        summary,
        image or images.get(os.path.basename(facts.path), {}),
        missing,
        by_page=False,
    )


def _in_order(points: Mapping[str, Mapping[str, Any]]) -> tuple[str, ...]:
    """Return names by position, time, slice and channel."""

    def rank(name: str) -> tuple[int, int, int, int, str]:
        point = points[name]
        channel = point.get("channel", 0)
        number = channel if isinstance(channel, int) else 0
        return point.get("position", 0), point["time"], point["z"], number, str(channel)

    return tuple(sorted(points, key=rank))
