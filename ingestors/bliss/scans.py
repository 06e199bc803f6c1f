"""What a scan is in a file of ESRF's BLISS.

Entries are called ``n.m``: scan n, and m where it has parts of other lengths. ``measurement`` links
what was recorded at each point, ``instrument`` has the devices, and ``positioners_start`` and
``positioners_end`` where all motors stood. Files above link entries of other files, as
``dataset_1.1``. After the documentation of BLISS ("Data writing: NeXus"), and of blissdata.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from typing import Any

import h5py

from ...core.errors import AssetError, MissingFileError, NoDataError
from ...core.registry.records import Acquisition
from ..assets.hdf5.links import Target
from ..hdf5.baseline import baseline_stream, read_readings
from ..hdf5.content import Content, Stream, read_content
from ..hdf5.images import Image
from ..hdf5.metadata import recorded_acquisition, value_at
from ..hdf5.missing import part_missing
from ..hdf5.nexus import Signal, make_signal
from ..hdf5.origin import Hdf5Origin, Selecting
from ..hdf5.reader import Reader
from ..hdf5.signals import Selection
from ..hdf5.tree import member_names
from ..hdf5.values import read_attribute, text_attribute
from ..labels import unique_keys
from ..times import configured_zone

__all__ = ["ORIGIN"]

_ENTRY = re.compile(r"(?:.*_)?(?P<scan>\d+)\.(?P<part>\d+)")
_PROPOSAL = re.compile(
    r"/data/(?:visitor|id\d+\w*/inhouse)/(?P<proposal>[^/]+)/(?P<beamline>[^/]+)/"
)
_CLOCKS = ("epoch", "elapsed_time")
_MOST_ENTRIES = 1000


def _entries(reader: Reader) -> list[str]:
    """Return the names of entries, also of those that lie in other files."""
    names = [
        path[1:] for path in (*reader.tree.classes, *reader.tree.external) if path.count("/") == 1
    ]
    return sorted(filter(_ENTRY.fullmatch, names), key=_order)[:_MOST_ENTRIES]


def _order(name: str) -> tuple[str, int, int]:
    found = _ENTRY.fullmatch(name)
    assert found is not None
    return name[: found.start("scan")], int(found["scan"]), int(found["part"])


def _recognise(reader: Reader) -> str | None:
    entries = _entries(reader)
    creator = text_attribute(reader.file, "creator")
    if not entries or not creator.lower().startswith("bliss"):
        return None
    more = f" and {len(entries) - 3} more" if len(entries) > 3 else ""
    return f"root@creator {creator!r}, entries {', '.join(entries[:3])}{more}"


def _runs(reader: Reader) -> Sequence[Selecting]:
    return [{"entry": name} for name in _entries(reader)]


# What a scan holds -----------------------------------------------------------------------------


@dataclass(frozen=True)
class _Member:
    """What `measurement` calls a dataset, and where it is."""

    name: str
    target: Target
    is_positioner: bool

    @property
    def shape(self) -> tuple[int, ...]:
        return getattr(self.target.object, "shape", None) or ()


def _members(reader: Reader, entry: str, missing: list[str]) -> Iterator[_Member]:
    group = f"{entry}/measurement"
    if group not in reader.tree.classes:
        return
    for name in member_names(reader.file[group]):
        try:
            target = reader.find(f"{group}/{name}")
        except AssetError as error:
            missing.append(f"{group}/{name} is left out: {error}")
            continue
        found = target.object
        if isinstance(found, h5py.Dataset) and found.shape and found.dtype.kind in "biuf":
            parent = target.name.rpartition("/")[0]
            yield _Member(name, target, reader.tree.classes.get(parent) == "NXpositioner")


def _count_points(members: Sequence[_Member]) -> int:
    """Return how many points there are: as many as the clock ticked, else as most have values."""
    for clock in _CLOCKS:
        for member in members:
            if member.name == clock:
                return member.shape[0]
    lengths = [member.shape[0] for member in members]
    return max(set(lengths), key=lambda length: (lengths.count(length), length))


def _select(reader: Reader, selecting: Selecting) -> Selection:
    entries = _entries(reader)
    name = str(selecting.get("entry") or (entries[0] if entries else "")).strip("/")
    if len(entries) > 1 and selecting.get("entry") is None:
        raise NoDataError(
            f"has {len(entries)} scans: {', '.join(entries[:20])}",
            where=reader.path,
            remedy="Choose one with entry=….",
        )
    target = reader.find(f"/{name}")
    holder = reader.reader_of(target)
    missing: list[str] = []
    members = list(_members(holder, target.name, missing))
    if not members:
        raise NoDataError(
            f"entry {name!r} has no measurement" + "".join(f"; {told}" for told in missing),
            where=reader.path,
        )
    points = _count_points(members)
    arrays = [_signal(target.name, member, points) for member in members if len(member.shape) > 1]
    there, gone = part_missing(holder, arrays)
    columns = [member for member in members if len(member.shape) == 1]
    plain = [member for member in columns if member.name not in _CLOCKS] or columns
    if not there:
        if not plain:
            raise MissingFileError(f"entry {name!r} has no data: {gone[0]}", where=reader.path)
        lone = next((m for m in plain if not m.is_positioner), plain[0])
        there = (_signal(target.name, lone, points),)
        columns.remove(lone)
    keys = unique_keys(member.name for member in columns)
    belonging = {member.target.name: key for member, key in zip(columns, keys, strict=True)}
    told = {path for path in holder.tree.datasets if "/positioners" in path}
    return Selection(
        there,
        target.name,
        f"/{name}",
        belonging=belonging,
        told=frozenset(told),
        missing=(*missing, *gone),
        reader=None if holder is reader else holder,
    )


def _signal(entry: str, member: _Member, points: int) -> Signal:
    signal = make_signal(member.target, f"{entry}/measurement/{member.name}")
    # Whatever a detector records, its first axis counts points.
    return replace(signal, scan_axes=1) if member.shape[0] == points else signal


# The run ---------------------------------------------------------------------------------------


def _read(reader: Reader, selection: Selection) -> Content:
    content = read_content(reader, selection)
    holder = selection.reader or reader
    entry = selection.entry or "/"
    stream, start = content.streams[0], content.described.start
    stream.unhinted |= {column.key for column in stream.columns if column.key in _CLOCKS}
    scan = _ENTRY.fullmatch(selection.part.strip("/"))
    if scan is not None:
        start["scan_id"], start["subscan"] = int(scan["scan"]), int(scan["part"])
    title = start.get("title", "")
    if title:
        start["plan_name"] = title.split()[0]
    _take_place(holder, start)
    _take_motors(holder, content)
    for image in stream.images:
        if image.is_column:
            _disown(stream, image)
        _take_exposure(holder, stream, image.key, image.signal.target.name)
    _add_baseline(holder, entry, content)
    return content


def _take_place(reader: Reader, start: dict[str, Any]) -> None:
    """Take the proposal and beamline from where the file was written."""
    found = _PROPOSAL.match(str(read_attribute(reader.file, "file_name") or ""))
    if found is not None:
        start.setdefault("proposal", found["proposal"])
        start.setdefault("beamline", found["beamline"])


def _disown(stream: Stream, image: Image) -> None:
    """Part a counter from the only detector there is, unless it lies in that one's group."""
    owner = stream.owners.get(image.key)
    if owner is not None and f"/{owner}/" not in image.signal.target.name:
        del stream.owners[image.key]
        stream.constants.pop(owner, None)


def _take_motors(reader: Reader, content: Content) -> None:
    stream = content.streams[0]
    motors = [
        column.key
        for column in stream.columns
        if column.key not in _CLOCKS
        and reader.tree.classes.get(column.path.rpartition("/")[0]) == "NXpositioner"
    ]
    if motors:
        content.described.start["motors"] = motors
        content.described.start["hints"] = {"dimensions": [[[motors[0]], "primary"]]}


def _take_exposure(reader: Reader, stream: Stream, key: str, path: str) -> None:
    group = path.rpartition("/")[0]
    for name in ("acq_parameters/acq_expo_time", "ctrl_parameters/acq_expo_time"):
        value = value_at(reader, f"{group}/{name}")
        if isinstance(value, int | float) and not isinstance(value, bool):
            owner = stream.owners.get(key, key)
            stream.constants.setdefault(owner, {})["exposure_time"] = value
            stream.units["exposure_time"] = "s"
            return


def _add_baseline(reader: Reader, entry: str, content: Content) -> None:
    """Add where all motors stood, at the start and, if that is recorded, at the end."""
    described = content.described
    readings = []
    for time, names in (
        (described.time, ("positioners_start", "positioners")),
        (described.end_time, ("positioners_end",)),
    ):
        for name in names:
            infos = reader.tree.children(f"{entry}/instrument/{name}")
            if time is not None and infos:
                paths = {info.path.rpartition("/")[2]: info.path for info in infos}
                keys = unique_keys(paths)
                found = read_readings(reader, {key: paths[name] for key, name in keys.items()})
                readings.append((time, found))
                break
    baseline = baseline_stream(readings, described.time_source)
    if baseline is not None:
        content.streams.append(baseline)


def _recorded(reader: Reader, selection: Selection) -> Acquisition:
    holder = selection.reader or reader
    rows = (selection.signals[0].info.shape or (1,))[0]
    known = recorded_acquisition(holder, selection.entry, configured_zone(), rows)
    scan = _ENTRY.fullmatch(selection.part.strip("/"))
    return known if scan is None else replace(known, scan_id=int(scan["scan"]))


ORIGIN = Hdf5Origin("bliss", _recognise, _runs, _select, _read, _recorded)
