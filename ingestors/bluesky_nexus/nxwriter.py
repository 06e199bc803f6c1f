"""Files of apstools' NXWriter: ``instrument/bluesky`` holds metadata and streams of the run."""

from __future__ import annotations

import datetime
from dataclasses import dataclass, replace
from functools import partial
from typing import Any

import h5py
import numpy as np

from ...core.errors import AssetError, UnsafeLinkError
from ...core.places.observation import current_observation
from ...core.registry.records import Acquisition
from ..assets.hdf5.sources import SourceCheck
from ..bounding import fit_metadata
from ..hdf5.completeness import is_being_written
from ..hdf5.content import Content, Stream
from ..hdf5.images import Image, describe_image
from ..hdf5.metadata import describe_run, value_at
from ..hdf5.nexus import Signal, make_signal
from ..hdf5.one_column import Column, read_column
from ..hdf5.reader import Reader
from ..hdf5.signals import Selection
from ..hdf5.times import EventTimes
from ..hdf5.values import read_attribute, text_attribute
from ..labels import unique_keys
from ..times import configured_zone, parse_time, zone_told
from .metadata import parse_yaml, within_start

__all__ = ["find_entries", "read", "recognise", "recorded", "select"]

_ROOM = 40 * 1024
"""Bytes of the run's own metadata; the start document has 64 KiB in all."""
_ROOM_BESIDE = 12 * 1024
_LARGEST_ROW = 1024
"""Bytes of an array that stands in event pages; larger ones stay where they are."""
_QUARTER = 900
_MOST_APART = 14 * 3600
_TIMES_TOLD = "the latest time stamp of each event's values"


def find_entries(reader: Reader) -> list[str]:
    """Return the entries that hold the streams of a run."""
    return [
        entry
        for entry in reader.tree.of_class("NXentry")
        if f"{entry}/instrument/bluesky/streams" in reader.tree.classes
    ]


def recognise(reader: Reader) -> str | None:
    """Return the evidence that NXWriter wrote a file."""
    entries = find_entries(reader)
    if not entries:
        return None
    creator = text_attribute(reader.file, "creator")
    streams = ", ".join(_stream_names(reader, entries[0]))
    by = f"root@creator {creator!r}, " if creator else ""
    return f"{by}{entries[0]}/instrument/bluesky/streams: {streams}"


def _bluesky(entry: str) -> str:
    return f"{entry}/instrument/bluesky"


def _stream_names(reader: Reader, entry: str) -> list[str]:
    """Return the names of the streams, the primary one first."""
    above = f"{_bluesky(entry)}/streams/"
    names = [path.removeprefix(above) for path in reader.tree.classes if path.startswith(above)]
    return sorted((name for name in names if "/" not in name), key=lambda name: name != "primary")


def recorded(reader: Reader, selection: Selection) -> Acquisition:
    """Return what a file records of the run that it was written from."""
    entry = selection.entry or "/"
    start, _ = _start_time(reader, entry, [])
    duration = value_at(reader, f"{entry}/duration")
    ends = start is not None and isinstance(duration, int | float)
    scan_id = value_at(reader, f"{_bluesky(entry)}/metadata/scan_id")
    lengths = [
        info.shape[0]
        for path, info in reader.tree.datasets.items()
        if path.startswith(f"{_bluesky(entry)}/streams/primary/")
        and path.endswith("/EPOCH")
        and info.shape
    ]
    return Acquisition(
        uid=_recorded_uid(reader, entry) or None,
        scan_id=scan_id if isinstance(scan_id, int) and not isinstance(scan_id, bool) else None,
        start=start,
        stop=start + duration if ends else None,
        events=lengths[0] if lengths else None,
    )


def _recorded_uid(reader: Reader, entry: str) -> str:
    for path in ("metadata/run_start_uid", "uid", "metadata/uid"):
        uid = value_at(reader, f"{_bluesky(entry)}/{path}")
        if isinstance(uid, str) and uid:
            return uid
    return ""


# What one stream holds -------------------------------------------------------------------------


@dataclass
class _Found:
    """The data keys of one stream."""

    columns: list[Column]
    signals: dict[str, Signal]
    """Arrays that stay where they are."""
    stamps: dict[str, np.ndarray[Any, Any]]
    kinds: dict[str, str]
    """What each was read as: ``detector``, ``positioner``, …"""
    missing: list[str]


def _find(reader: Reader, entry: str, stream: str, *, arrays_only: bool = False) -> _Found:
    found = _Found([], {}, {}, {}, [])
    group = f"{_bluesky(entry)}/streams/{stream}"
    above = f"{group}/"
    names = [path.removeprefix(above) for path in reader.tree.classes if path.startswith(above)]
    check = SourceCheck(reader.reach)
    for key, name in unique_keys(name for name in names if "/" not in name).items():
        path = f"{group}/{name}"
        info = reader.tree.datasets.get(f"{path}/value")
        if arrays_only and info is not None and len(info.shape or ()) == 1:
            continue
        try:
            _find_key(reader, path, key, check, found)
        except (AssetError, UnsafeLinkError) as error:
            found.missing.append(f"{stream}: {name} is left out: {error}")
    return found


def _find_key(reader: Reader, path: str, key: str, check: SourceCheck, found: _Found) -> None:
    parent = reader.find(path)
    target = reader.find(f"{path}/value")
    dataset = target.object
    if not isinstance(dataset, h5py.Dataset) or not dataset.shape:
        raise AssetError("holds no values", where=path)
    check.check(target, filters=False)
    found.kinds[key] = text_attribute(parent.object, "signal_type")
    row = int(np.prod(dataset.shape[1:])) * dataset.dtype.itemsize
    if len(dataset.shape) > 1 and row > _LARGEST_ROW:
        # The first axis counts events, however many others there are.
        signal = make_signal(target, f"{path}/value", parent)
        found.signals[key] = replace(signal, scan_axes=1)
    else:
        column = read_column(target, key, check)
        if column is None:
            raise AssetError("holds no values that can stand in events", where=path)
        found.columns.append(replace(column, key=key))
    if f"{path}/EPOCH" in reader.tree.datasets:
        stamps = read_column(reader.find(f"{path}/EPOCH"), "EPOCH", check)
        if stamps is not None and stamps.values.dtype.kind in "iuf":
            found.stamps[key] = stamps.values.astype(float)


def select(reader: Reader, entry: str) -> Selection:
    """Return the arrays of a run that lie in datasets; what else it holds are columns."""
    signals: list[Signal] = []
    missing: list[str] = []
    for name in _stream_names(reader, entry):
        found = _find(reader, entry, name, arrays_only=True)
        signals += found.signals.values()
        missing += found.missing
    return Selection(tuple(signals), entry, entry, missing=tuple(missing))


# The run ---------------------------------------------------------------------------------------


def read(reader: Reader, selection: Selection) -> Content:
    """Return the run that an entry was written from."""
    entry = selection.entry or "/"
    notes: list[str] = []
    start_time, source = _start_time(reader, entry, notes)
    streams: list[Stream] = []
    kinds: dict[str, str] = {}
    missing = list(selection.missing)
    for name in _stream_names(reader, entry):
        found = _find(reader, entry, name)
        streams += _make_streams(reader, name, found, start_time, missing)
        kinds |= found.kinds if name == "primary" else {}
    streams = streams or [_empty(start_time)]
    described = describe_run(
        reader,
        selection,
        mtime=current_observation().stat(reader.path).mtime,
        zone=configured_zone(),
        used=set(),
        without=[_bluesky(entry)],
        room=_ROOM_BESIDE,
    )
    if start_time is not None:
        described.time, described.time_source = start_time, source
        described.start["time_source"] = source
        duration = value_at(reader, f"{entry}/duration")
        if isinstance(duration, int | float) and duration >= 0:
            described.end_time = start_time + duration
    described.notes = [note for note in described.notes if "no time zone" not in note] + notes
    described.start |= _metadata(reader, entry, described.notes)
    described.start |= _axes(reader, entry, streams[0], kinds)
    if is_being_written(reader.file):
        missing.append("a writer has the file open, or died without closing it")
    told = [*reader.tree.notes, *described.notes, *missing]
    return Content(selection.part, described, streams, told, "; ".join(missing))


def _empty(start_time: float | None) -> Stream:
    times = EventTimes(np.zeros(0), "there are no events")
    return Stream("primary", [], [], 0, times, {})


def _make_streams(
    reader: Reader, name: str, found: _Found, start_time: float | None, missing: list[str]
) -> list[Stream]:
    """Return a stream, and beside it those of arrays that have another number of rows."""
    lengths = [len(column.values) for column in found.columns]
    lengths += [signal.info.shape[0] for signal in found.signals.values() if signal.info.shape]
    if not lengths:
        return []
    rows = max(set(lengths), key=lambda length: (lengths.count(length), length))
    check = SourceCheck(reader.reach)
    images = [describe_image(reader, found.signals[key], key, check) for key in found.signals]
    columns = [column for column in found.columns if len(column.values) == rows]
    beside: list[Stream] = []
    for odd in [column for column in found.columns if len(column.values) != rows]:
        missing.append(f"{name}: {odd.key} has {len(odd.values)} values for {rows} events")
        beside.append(_stream(f"{name}_{odd.key}", [], [odd], len(odd.values), found, start_time))
    for image in [image for image in images if image.events != rows]:
        # Some frames an event: they are events of their own here.
        missing.append(f"{name}: {image.key} has {image.events} frames for {rows} events")
        beside.append(_stream(f"{name}_{image.key}", [image], [], image.events, found, start_time))
    together = [image for image in images if image.events == rows]
    return [_stream(name, together, columns, rows, found, start_time), *beside]


def _stream(
    name: str,
    images: list[Image],
    columns: list[Column],
    rows: int,
    found: _Found,
    start_time: float | None,
) -> Stream:
    keys = [*(image.key for image in images), *(column.key for column in columns)]
    stamps = {key: found.stamps[key] for key in keys if len(found.stamps.get(key, ())) == rows}
    latest = [values for values in stamps.values() if np.isfinite(values).all()]
    if latest and rows:
        times = EventTimes(np.max(latest, axis=0), _TIMES_TOLD)
    else:
        times = EventTimes(np.full(rows, start_time or 0.0), "the run's")
    inline = {column.key for column in columns}
    own = {key: values for key, values in stamps.items() if key in inline}
    return Stream(name, images, columns, rows, times, {}, timestamps=own)


# Metadata --------------------------------------------------------------------------------------


def _metadata(reader: Reader, entry: str, notes: list[str]) -> dict[str, Any]:
    group = f"{_bluesky(entry)}/metadata"
    found: dict[str, Any] = {}
    for info in reader.tree.children(group):
        name = info.path.rpartition("/")[2]
        value = value_at(reader, info.path)
        if isinstance(value, str):
            value = parse_yaml(value)
        if value is not None and name not in ("run_start_uid", "uid"):
            found[name] = value
    fitted, left_out = fit_metadata(found, _ROOM)
    notes += left_out
    start = within_start(fitted)
    if uid := _recorded_uid(reader, entry):
        start["original_uid"] = uid
    for key, names in (
        ("operator", ("user", "username", "login_id")),
        ("proposal", ("proposal_id", "proposal_number", "GUP", "esaf_id")),
    ):
        told = next((found[name] for name in names if found.get(name) not in (None, "")), None)
        if told is not None:
            start.setdefault(key, told)
    return start


def _axes(reader: Reader, entry: str, stream: Stream, kinds: dict[str, str]) -> dict[str, Any]:
    """Return what the run was scanned along and with, as the default plot and each key tell."""
    keys = {column.key for column in stream.columns} | {image.key for image in stream.images}
    default = text_attribute(reader.file[entry], "default") or "data"
    plot = f"{entry}/{default}"
    axes: list[str] = []
    if plot in reader.tree.classes:
        named = read_attribute(reader.file[plot], "axes")
        axes = [named] if isinstance(named, str) else list(named or ())
    axes = [axis for axis in axes if axis in keys]
    movers = [key for key, kind in kinds.items() if kind == "positioner" and key in keys]
    found: dict[str, Any] = {
        "motors": list(dict.fromkeys([*axes, *movers])),
        "detectors": [key for key, kind in kinds.items() if kind == "detector" and key in keys],
    }
    if axes:
        found["hints"] = {"dimensions": [[[axis], stream.name] for axis in axes]}
    return {name: value for name, value in found.items() if value}


def _start_time(reader: Reader, entry: str, notes: list[str]) -> tuple[float | None, str]:
    """Return when the run began.

    The file writes that in the clock of a wall, and the first of its events both so and in seconds
    since 1970: that tells the zone.
    """
    path = f"{entry}/start_time"
    written = value_at(reader, path)
    offset = _zone_offset(reader, entry)
    zone = configured_zone() if offset is None else datetime.timezone(offset)
    parsed = parse_time(written, zone)
    if parsed is None:
        if written:
            notes.append(f"{path} is {written!r}, which is no time")
        return None, ""
    if parsed[1]:
        return parsed[0], path
    if offset is not None:
        return parsed[0], f"{path}, in the zone that its event times are written in"
    notes.append(f"{path} has no time zone; {zone_told()}")
    return parsed[0], path


def _zone_offset(reader: Reader, entry: str) -> datetime.timedelta | None:
    above = f"{_bluesky(entry)}/streams/"
    for path in reader.tree.datasets:
        if not path.startswith(above) or not path.endswith("/time"):
            continue
        attribute = partial(read_attribute, reader.file[path])
        seconds, wall = attribute("start_time"), attribute("start_time_iso")
        local = parse_time(wall, datetime.UTC)
        if isinstance(seconds, int | float) and local is not None and not local[1]:
            apart = round((local[0] - seconds) / _QUARTER) * _QUARTER
            if abs(local[0] - seconds - apart) < 1 and abs(apart) <= _MOST_APART:
                return datetime.timedelta(seconds=apart)
    return None
