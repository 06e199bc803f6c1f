"""What an HDF5 file says beside its data: for the start document and the configuration."""

from __future__ import annotations

import datetime
import json
import os
import re
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, field
from typing import Any

import h5py

from ...core.documents import safe_metadata
from ...core.registry.records import Acquisition
from ..times import parse_time
from .images import Image
from .reader import Reader
from .signals import Selection
from .tree import is_under
from .values import read_attribute, read_small

__all__ = [
    "RunMetadata",
    "describe_run",
    "detector_constants",
    "find_detector",
    "first_time",
    "recorded_acquisition",
    "value_at",
]

MOST_BYTES = 48 * 1024
"""Of the metadata under ``hdf5``; the start document has 64 KiB in all."""
_LARGE = 256
_MOST_LISTED = 12


@dataclass
class RunMetadata:
    """What goes into start and stop."""

    start: dict[str, Any]
    time: float
    time_source: str
    end_time: float | None
    notes: list[str] = field(default_factory=list)


def describe_run(
    reader: Reader,
    selection: Selection,
    *,
    mtime: float,
    zone: datetime.tzinfo | None,
    used: set[str],
    without: Sequence[str] = (),
    room: int = MOST_BYTES,
) -> RunMetadata:
    """Collect the metadata of one run.

    Parameters
    ----------
    mtime
        Of the file, where it tells no time of its own.
    zone
        For times without zone; None for this machine's.
    used
        Paths of datasets that are told elsewhere.
    without
        Groups of which all is told elsewhere.
    room
        Bytes that all else may take under ``hdf5``.
    """
    entry = selection.entry or "/"
    notes: list[str] = []
    start, source = _start_time(reader, entry, zone, notes) or (mtime, "mtime of the file")
    end = first_time(reader, [f"{entry}/end_time"], zone, notes)
    if end is not None and end[0] < start and source.endswith("/start_time"):
        notes.append(f"{end[1]} is before {source}: it is left out")
        end = None
    metadata = {
        **_known_fields(reader, entry),
        "time_source": source,
        "file_name": os.path.basename(reader.path),
        "hdf5": _everything(reader, entry, used, without, notes, room),
    }
    if selection.part:
        metadata["part"] = selection.part
    return RunMetadata(metadata, start, source, None if end is None else end[0], notes)


def _start_time(
    reader: Reader, entry: str, zone: datetime.tzinfo | None, notes: list[str]
) -> tuple[float, str] | None:
    recorded = first_time(reader, [f"{entry}/start_time"], zone, notes)
    if recorded is not None:
        return recorded
    written = read_attribute(reader.file, "file_time")
    parsed = parse_time(written, zone)
    if parsed is None:
        return None
    _note_zone("/@file_time", parsed[1], zone, notes)
    return parsed[0], "/@file_time, when the file was written"


def first_time(
    reader: Reader, paths: Iterable[str], zone: datetime.tzinfo | None, notes: list[str]
) -> tuple[float, str] | None:
    """Return the first time that one of the datasets tells, and its path."""
    for path in paths:
        value = value_at(reader, path)
        parsed = parse_time(value, zone)
        if parsed is not None:
            _note_zone(path, parsed[1], zone, notes)
            return parsed[0], path
        if value not in (None, "", []):
            notes.append(f"{path} is {value!r}, which is no time")
    return None


def _note_zone(path: str, known: bool, zone: datetime.tzinfo | None, notes: list[str]) -> None:
    if not known:
        assumed = "this machine's" if zone is None else str(zone)
        notes.append(f"{path} has no time zone; taken as {assumed}")


def value_at(reader: Reader, path: str) -> Any:
    """Return a small dataset's value by its path of hard links; None if there is none."""
    path = "/" + path.strip("/")
    info = reader.tree.datasets.get(path)
    if info is None or info.elsewhere:
        return None
    return read_small(reader.file[path])


def _known_fields(reader: Reader, entry: str) -> dict[str, Any]:
    """Return what the field's own metadata call by name."""
    found: dict[str, Any] = {}
    for key, path in (
        ("title", "title"),
        ("definition", "definition"),
        ("proposal", "experiment_identifier"),
    ):
        value = value_at(reader, f"{entry}/{path}")
        if isinstance(value, str) and value:
            found[key] = value
    sample = _first_text(reader, entry, "NXsample", "name")
    if sample:
        found["sample"] = {"name": sample}
    user = _first_text(reader, entry, "NXuser", "name")
    if user:
        found["operator"] = user
    proposal = _first_text(reader, entry, "NXuser", "proposal_number")
    if proposal:
        found.setdefault("proposal", proposal)
    scan_id = _scan_id(reader, entry)
    if scan_id is not None:
        found["scan_id"] = scan_id
    uid = _bluesky_uid(reader, entry)
    if uid:
        found["original_uid"] = uid
    return found


def _scan_id(reader: Reader, entry: str) -> int | None:
    identifier = value_at(reader, f"{entry}/entry_identifier")
    # NeXus has it as text, so an integer may be spelled either way
    if re.fullmatch(r"\d{1,15}", str(identifier)) and not isinstance(identifier, bool):
        return int(str(identifier))
    return None


def recorded_acquisition(
    reader: Reader, entry: str | None, zone: datetime.tzinfo | None, events: int | None
) -> Acquisition:
    """Return what a file records of the acquisition that it comes from, for matching to join by."""
    place = entry or "/"
    start = first_time(reader, [f"{place}/start_time"], zone, [])
    stop = first_time(reader, [f"{place}/end_time"], zone, [])
    if start is not None and stop is not None and stop[0] < start[0]:
        stop = None
    return Acquisition(
        uid=_bluesky_uid(reader, place) or None,
        scan_id=_scan_id(reader, place),
        start=None if start is None else start[0],
        stop=None if stop is None else stop[0],
        events=events,
    )


def _first_text(reader: Reader, entry: str, kind: str, name: str) -> str:
    for group in reader.tree.of_class(kind, entry):
        value = value_at(reader, f"{group}/{name}")
        if isinstance(value, str | int) and not isinstance(value, bool) and str(value).strip():
            return str(value)
    return ""


def _bluesky_uid(reader: Reader, entry: str) -> str:
    """Return the uid of the Bluesky run that the file was written from, where it records one."""
    for path in (
        "instrument/bluesky/metadata/uid",
        "instrument/bluesky/uid",
        "entry_identifier_uuid",
    ):
        value = value_at(reader, f"{entry}/{path}")
        if isinstance(value, str) and value:
            return value
    identifier = value_at(reader, f"{entry}/entry_identifier")
    from_bluesky = any(
        is_under(path, entry) and path.endswith("/bluesky") for path in reader.tree.classes
    )
    return identifier if from_bluesky and isinstance(identifier, str) else ""


# Everything else -------------------------------------------------------------------------------


@dataclass(frozen=True)
class _Item:
    path: tuple[str, ...]
    value: Any
    size: int


def _everything(
    reader: Reader,
    entry: str,
    used: set[str],
    without: Sequence[str],
    notes: list[str],
    room: int,
) -> dict[str, Any]:
    """Return small values and attributes, nested as the groups are, within a bounded size."""
    others = [g for g in reader.tree.of_class("NXentry") if g != entry and not is_under(entry, g)]
    told = {path for path in reader.tree.datasets if any(is_under(path, g) for g in without)}
    items = list(_items(reader, used | told, [*others, *without]))
    kept = _within_budget(items, notes, room)
    nested: dict[str, Any] = {}
    for item in kept:
        branch = nested
        for part in item.path[:-1]:
            inner = branch.setdefault(part, {})
            if not isinstance(inner, dict):  # a dataset of that name; its own value has come first
                inner = branch[part] = {"value": inner}
            branch = inner
        branch[item.path[-1]] = item.value
    safe = safe_metadata(nested)
    assert isinstance(safe, dict)
    return safe


def _items(reader: Reader, used: set[str], others: list[str]) -> Iterator[_Item]:
    seen = {info.address for path, info in reader.tree.datasets.items() if path in used}
    for path in reader.tree.classes:
        if not any(is_under(path, other) for other in others):
            parts = tuple(part for part in path.split("/") if part)
            yield from _attributes(reader.file[path], (*parts, "@"), {"target", "NX_class"})
    for path, info in reader.tree.datasets.items():
        skip = any(is_under(path, other) for other in others)
        if skip or info.elsewhere or info.address in seen:
            continue
        seen.add(info.address)
        dataset = reader.file[path]
        value = read_small(dataset)
        if value is None or value in ("", []):
            continue
        parts = tuple(part for part in path.split("/") if part)
        yield _item(parts, value)
        yield from _attributes(dataset, (*parts[:-1], f"{parts[-1]}@"), {"target", "NX_class"})


def _attributes(
    found: h5py.Group | h5py.Dataset, prefix: tuple[str, ...], without: set[str]
) -> Iterator[_Item]:
    try:
        names = [name for name in found.attrs if isinstance(name, str)]
    except (OSError, RuntimeError, KeyError):
        return
    for name in names:
        value = None if name in without else read_attribute(found, name)
        if value is not None and value not in ("", []):
            yield _item((*prefix[:-1], f"{prefix[-1]}{name}"), value)


def _item(path: tuple[str, ...], value: Any) -> _Item:
    text = json.dumps(value, default=str)
    return _Item(path, value, len(text) + len(path[-1]) + 8)


def _within_budget(items: list[_Item], notes: list[str], room: int) -> list[_Item]:
    """Drop the largest values first, then the most deeply nested, until the rest fits."""
    total = sum(item.size for item in items)
    order = sorted(
        items,
        key=lambda item: (item.size > _LARGE, item.size * (item.size > _LARGE), len(item.path)),
    )
    dropped = []
    while total > room:
        item = order.pop()
        total -= item.size
        dropped.append("/" + "/".join(item.path))
    if dropped:
        listed = ", ".join(dropped[:_MOST_LISTED])
        more = len(dropped) - _MOST_LISTED
        notes.append(
            f"{len(dropped)} values do not fit into the start document: {listed}"
            + (f" and {more} more" if more > 0 else "")
        )
    keep = {id(item) for item in order}
    return [item for item in items if id(item) in keep]


# The detector ----------------------------------------------------------------------------------


def find_detector(reader: Reader, image: Image, entry: str | None) -> str | None:
    """Return the path of the NXdetector group that an image comes from; None if nothing tells.

    It is the group that the dataset lies in, by any of its hard links or its ``@target``; else the
    only one of the entry.
    """
    detectors = reader.tree.of_class("NXdetector", entry or "/")
    if image.signal.target.file == reader.path:
        paths = [*reader.tree.aliases(image.signal.info.address), image.signal.target.name]
    else:
        paths = [image.signal.named]
    target = read_attribute(image.signal.target.object, "target")
    if isinstance(target, str):
        paths.append(target)
    for path in paths:
        for detector in detectors:
            if is_under(path, detector):
                return detector
    return detectors[0] if len(detectors) == 1 else None


def detector_constants(
    reader: Reader, detector: str
) -> tuple[dict[str, Any], dict[str, str], set[str]]:
    """Return a detector's constants, their units, and the paths that they come from."""
    values: dict[str, Any] = {}
    units: dict[str, str] = {}
    paths = set()
    for info in reader.tree.children(detector):
        if info.elsewhere:
            continue
        dataset = reader.file[info.path]
        value = read_small(dataset)
        if isinstance(value, str | int | float) and value != "":
            name = info.path.rsplit("/", 1)[-1]
            values[name] = value
            paths.add(info.path)
            unit = read_attribute(dataset, "units")
            if isinstance(unit, str) and unit:
                units[name] = unit
    return values, units, paths
