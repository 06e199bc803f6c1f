"""Files of the NeXus writer that suitcase once had: documents as ``_BlueSky_…`` attributes."""

from __future__ import annotations

import json
from typing import Any

import h5py
import numpy as np

from ...core.errors import AssetError, NoDataError, UnsafeLinkError
from ...core.places.observation import current_observation
from ...core.registry.records import Acquisition
from ..assets.hdf5.sources import SourceCheck
from ..bounding import fit_metadata
from ..hdf5.content import Content, Stream
from ..hdf5.metadata import describe_run
from ..hdf5.one_column import Column, read_column
from ..hdf5.reader import Reader
from ..hdf5.signals import Selection
from ..hdf5.times import EventTimes
from ..hdf5.values import read_attribute, text_attribute
from ..times import configured_zone
from .metadata import within_start

__all__ = ["find_entries", "read", "recognise", "recorded", "select"]

_ROOM = 40 * 1024
_LONGEST = 256 * 1024


def find_entries(reader: Reader) -> list[str]:
    """Return the entries that keep a run's start document."""
    return [
        entry
        for entry in reader.tree.of_class("NXentry")
        if "_BlueSky_start" in reader.file[entry].attrs
    ]


def recognise(reader: Reader) -> str | None:
    """Return the evidence that suitcase wrote a file."""
    entries = find_entries(reader)
    return f"{entries[0]}@_BlueSky_start" if entries else None


def select(reader: Reader, entry: str) -> Selection:
    """Return the run of an entry; all its data are columns."""
    return Selection((), entry, entry)


def recorded(reader: Reader, selection: Selection) -> Acquisition:
    """Return what a file records of the run that it was written from."""
    start = _document(reader, selection.entry or "/", "start")
    stop = _document(reader, selection.entry or "/", "stop")
    uid, scan_id = start.get("uid"), start.get("scan_id")
    begin, end = (_seconds(document.get("time")) for document in (start, stop))
    return Acquisition(
        uid=uid if isinstance(uid, str) else None,
        scan_id=scan_id if isinstance(scan_id, int) and not isinstance(scan_id, bool) else None,
        start=begin,
        stop=end,
    )


def _seconds(value: Any) -> float | None:
    return float(value) if isinstance(value, int | float) else None


def read(reader: Reader, selection: Selection) -> Content:
    """Return the run that an entry was written from."""
    entry = selection.entry or "/"
    start = _document(reader, entry, "start")
    stop = _document(reader, entry, "stop")
    notes: list[str] = []
    streams = [
        stream
        for path in reader.tree.of_class("NXlog", entry)
        if (stream := _stream(reader, path, notes)) is not None
    ]
    streams.sort(key=lambda stream: stream.name != "primary")
    if not streams:
        raise NoDataError("holds no events", where=reader.path)
    described = describe_run(
        reader,
        selection,
        mtime=current_observation().stat(reader.path).mtime,
        zone=configured_zone(),
        used=set(),
        without=[entry],
        room=8 * 1024,
    )
    fitted, left_out = fit_metadata({k: v for k, v in start.items() if k != "uid"}, _ROOM)
    described.start |= within_start(fitted)
    described.start.get("bluesky", {}).pop("time", None)
    for key in ("detectors", "motors"):
        names = start.get(key)
        if isinstance(names, list) and all(isinstance(name, str) for name in names):
            described.start[key] = names
            described.start.get("bluesky", {}).pop(key, None)
    if isinstance(start.get("uid"), str):
        described.start["original_uid"] = start["uid"]
    begin = _seconds(start.get("time"))
    described.end_time = _seconds(stop.get("time"))
    if begin is not None:
        described.time, source = begin, f"{entry}@_BlueSky_start"
        described.time_source = described.start["time_source"] = source
        described.notes.clear()  # of other times
    told = [*reader.tree.notes, *described.notes, *left_out, *notes]
    return Content(selection.part, described, streams, told, "", _outcome(stop))


def _document(reader: Reader, entry: str, name: str) -> dict[str, Any]:
    """Return a document that an attribute holds as JSON; empty where it is none."""
    text = reader.file[entry].attrs.get(f"_BlueSky_{name}", "")
    if not isinstance(text, str) or len(text) > _LONGEST:
        return {}
    try:
        found = json.loads(text)
    except (ValueError, RecursionError):
        return {}
    return found if isinstance(found, dict) else {}


def _outcome(stop: dict[str, Any]) -> dict[str, str] | None:
    status = stop.get("exit_status")
    if status not in ("success", "abort", "fail"):
        return None
    return {"exit_status": status, "reason": str(stop.get("reason") or "recorded in the file")}


def _stream(reader: Reader, path: str, notes: list[str]) -> Stream | None:
    name = text_attribute(reader.file[path], "_BlueSky_name") or path.rpartition("/")[2]
    check = SourceCheck(reader.reach)
    columns: dict[str, Column] = {}
    for info in reader.tree.children(path):
        key = info.path.rpartition("/")[2]
        try:
            column = read_column(reader.find(info.path), key, check)
        except (AssetError, UnsafeLinkError) as error:
            notes.append(f"{info.path} is left out: {error}")
            continue
        if column is not None:
            columns[key] = column
    stamps = {
        key.removesuffix("_timestamps"): column.values.astype(float)
        for key, column in columns.items()
        if key.endswith("_timestamps") and column.values.dtype.kind in "iuf"
    }
    rows = max((len(values) for values in stamps.values()), default=0)
    kept = [
        column
        for key, column in columns.items()
        if key != "time" and not key.endswith("_timestamps") and len(column.values) == rows
    ]
    if not kept:
        return None
    own = {
        column.key: stamps[column.key] for column in kept if len(stamps.get(column.key, ())) == rows
    }
    times = EventTimes(np.max(list(own.values()), axis=0), "the latest time stamp of its values")
    owners = {column.key: owner for column in kept if (owner := _owner(reader.file[column.path]))}
    return Stream(name, [], kept, rows, times, {}, owners=owners, timestamps=own)


def _owner(dataset: h5py.Dataset) -> str:
    owner = read_attribute(dataset, "_BlueSky_object_name")
    return owner if isinstance(owner, str) else ""
