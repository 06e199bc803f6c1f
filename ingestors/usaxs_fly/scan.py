"""What a fly scan is in a file of saveFlyData: ``flyScan`` has counts, positions and changes.

Each dataset ``mcaN`` has a value for each channel; ``USAXS_name`` says what it counted.
``changes_X_y`` are lists of their own, one for each X. All else is a value.
"""

from __future__ import annotations

import re
from collections import defaultdict
from dataclasses import replace

import numpy as np

from ...core.errors import NoDataError
from ..assets.hdf5.sources import SourceCheck
from ..hdf5.content import Content, Stream, read_content
from ..hdf5.metadata import value_at
from ..hdf5.nexus import make_signal
from ..hdf5.one_column import Column, read_column
from ..hdf5.origin import Hdf5Origin, Selecting
from ..hdf5.reader import Reader
from ..hdf5.signals import Selection
from ..hdf5.terms import beam_terms
from ..hdf5.times import EventTimes
from ..hdf5.values import read_attribute, text_attribute
from ..labels import unique_keys
from ..times import configured_zone, parse_time, zone_told

__all__ = ["ORIGIN"]

_COUNTS = re.compile(r"mca\d+")
_CHANGES = re.compile(r"changes_(?P<what>\w+)_(?P<field>[A-Za-z]+)")
_CLOCK = "clock_pulses"


def _entries(reader: Reader) -> list[str]:
    return [e for e in reader.tree.of_class("NXentry") if f"{e}/flyScan" in reader.tree.classes]


def _recognise(reader: Reader) -> str | None:
    creator = text_attribute(reader.file, "creator")
    if "saveFlyData" not in creator or not _entries(reader):
        return None
    return f"root@creator {creator.rpartition('/')[2]!r}, {_entries(reader)[0]}/flyScan"


def _select(reader: Reader, selecting: Selecting) -> Selection:
    told = selecting.get("entry")
    entry = _entries(reader)[0] if told is None else "/" + str(told).strip("/")
    counts = {
        info.path: text_attribute(reader.file[info.path], "USAXS_name")
        or info.path.rpartition("/")[2]
        for info in reader.tree.children(f"{entry}/flyScan")
        if _COUNTS.fullmatch(info.path.rpartition("/")[2]) and len(info.shape or ()) == 1
    }
    if not counts:
        raise NoDataError("holds no counts of a fly scan", where=reader.path)
    keys = dict(zip(counts, unique_keys(counts.values()), strict=True))
    signals = tuple(
        replace(make_signal(reader.find(path), path), label=key, scan_axes=1)
        for path, key in keys.items()
    )
    told_elsewhere = (
        info.path
        for info in reader.tree.children(f"{entry}/flyScan")
        if info.shape and info.shape != (1,)
    )
    return Selection(signals, entry, entry, told=frozenset(told_elsewhere))


def _runs(reader: Reader) -> list[Selecting]:
    return [{"entry": entry.strip("/")} for entry in _entries(reader)]


def _read(reader: Reader, selection: Selection) -> Content:
    entry = selection.entry or ""
    content = read_content(reader, selection)
    described, stream = content.described, content.streams[0]
    written = read_attribute(reader.file, "timestamp")
    parsed = parse_time(written, configured_zone())
    if parsed is not None and described.time_source.startswith(("mtime", "/@file_time")):
        described.time, described.time_source = parsed[0], "/@timestamp, when the file was written"
        described.start["time_source"] = described.time_source
        if not parsed[1]:
            content.notes.append(f"/@timestamp has no time zone; {zone_told()}")
    described.start["plan_name"] = "flyscan"
    detectors = [image.key for image in stream.images if image.key != _CLOCK]
    described.start["detectors"] = sorted(detectors)
    stream.unhinted.add(_CLOCK)
    stream.owners.clear()
    stream.constants, stream.units = {}, {}
    for key in detectors:
        stream.constants[key], stream.units = beam_terms(reader, entry)
    _take_times(reader, f"{entry}/flyScan", stream, described.time, described.time_source)
    content.streams[1:] = _beside(reader, f"{entry}/flyScan", described.time)
    return content


def _take_times(reader: Reader, group: str, stream: Stream, start: float, source: str) -> None:
    """Take the times of channels from the pulses of a clock that were counted in each."""
    pulses = stream.inline.get(_CLOCK)
    frequency = value_at(reader, f"{group}/mca_clock_frequency")
    if pulses is None or not isinstance(frequency, int | float) or frequency <= 0:
        stream.times = EventTimes(np.full(stream.rows, start), f"the run's: {source}")
        return
    lasted = pulses.astype(float) / frequency
    # When each channel began, from the beginning of the first.
    began = np.concatenate([[0.0], np.cumsum(lasted)[:-1]])
    stream.times = EventTimes(start + began, f"{source} + clock pulses / mca_clock_frequency")


def _beside(reader: Reader, group: str, start: float) -> list[Stream]:
    """Return what has other rows than the counts: pulse positions, and each list of changes."""
    check = SourceCheck(reader.reach)
    lists: dict[tuple[str, int], list[Column]] = defaultdict(list)
    for info in reader.tree.children(group):
        name = info.path.rpartition("/")[2]
        if len(info.shape or ()) != 1 or _COUNTS.fullmatch(name) or not info.numeric:
            continue
        changes = _CHANGES.fullmatch(name)
        column = read_column(reader.find(info.path), changes["field"] if changes else name, check)
        if column is None or (changes is None and len(column.values) < 2):
            continue
        called = f"changes_{changes['what']}" if changes else name
        lists[called, len(column.values)].append(column)
    return [
        Stream(name, [], columns, rows, EventTimes(np.full(rows, start), "the run's"), {})
        for (name, rows), columns in _named_once(lists)
    ]


def _named_once(
    lists: dict[tuple[str, int], list[Column]],
) -> list[tuple[tuple[str, int], list[Column]]]:
    """Return lists by names that differ, where columns of one name are not equally long."""
    keys = list(unique_keys(name for name, _ in lists))
    items = zip(keys, lists.items(), strict=True)
    return [((key, rows), columns) for key, ((_, rows), columns) in items]


ORIGIN = Hdf5Origin("usaxs-fly", _recognise, _runs, _select, _read)
