"""What a scan is in a file of Diamond's GDA.

Each detector and positioner of ``instrument`` has a dataset with a value for each point, in the
shape of the scan; ``local_name`` says which scannable it was. Images lie in files of their own.
What was read once stands in ``before_scan``, or where ``gda_scan_role`` says so.
"""

from __future__ import annotations

import math
from collections.abc import Iterator
from dataclasses import dataclass, replace

import h5py

from ...core.errors import AmbiguousDataError, AssetError, MissingFileError, NoDataError
from ...core.registry.records import Acquisition
from ..assets.hdf5.links import Target
from ..hdf5.baseline import baseline_stream, read_readings
from ..hdf5.content import Content, Stream, read_content
from ..hdf5.images import count_scan_axes
from ..hdf5.metadata import first_time, recorded_acquisition, value_at
from ..hdf5.missing import part_missing
from ..hdf5.nexus import Signal, choose_entry, make_signal
from ..hdf5.origin import Hdf5Origin, Selecting, select_default
from ..hdf5.reader import Reader
from ..hdf5.signals import Selection
from ..hdf5.tree import DatasetInfo, is_under
from ..hdf5.values import read_attribute, text_attribute
from ..labels import unique_keys
from ..times import configured_zone

__all__ = ["ORIGIN"]

_PLACES = ("instrument", "sample")
_KEPT_ONCE = ("monitor_per_scan", "none")
"""What `gda_scan_role` calls scannables that were read once."""


def _marks(reader: Reader, entry: str) -> str:
    """Return what says that GDA wrote an entry; empty if nothing does."""
    program = value_at(reader, f"{entry}/program_name")
    if isinstance(program, str) and program.startswith("GDA"):
        return f"{entry}/program_name {program!r}"
    if f"{entry}/diamond_scan" in reader.tree.classes:
        return f"{entry}/diamond_scan"
    if f"{entry}/scan_command" in reader.tree.datasets:
        return f"{entry}/scan_command"
    return ""


def _recognise(reader: Reader) -> str | None:
    marks = (_marks(reader, entry) for entry in reader.tree.of_class("NXentry"))
    return next(filter(None, marks), None)


def _scan_shape(reader: Reader, entry: str) -> tuple[int, ...]:
    """Return how many points the scan had along each of its axes; empty if nobody says."""
    for name in ("diamond_scan/scan_shape", "scan_shape", "scan_dimensions"):
        value = value_at(reader, f"{entry}/{name}")
        sizes = value if isinstance(value, list) else [value]
        if all(isinstance(size, int) and size > 0 for size in sizes):
            return tuple(sizes)
    return ()


# What there is at each point --------------------------------------------------------------------


@dataclass(frozen=True)
class _Field:
    """A dataset of a scannable, with a value for each point or for all."""

    name: str
    path: str
    is_axis: bool
    in_detector: bool


def _fields(reader: Reader, entry: str, shape: tuple[int, ...]) -> Iterator[_Field]:
    """Yield what has a value for each point, under the name that GDA has for it."""
    seen: set[tuple[int, int]] = set()
    for path, info in reader.tree.datasets.items():
        if not info.numeric or info.address in seen or not _fits(info, shape):
            continue
        group, _, name = path.rpartition("/")
        kind = reader.tree.classes.get(group, "")
        place = path.removeprefix(f"{entry}/").partition("/")[0]
        if not is_under(path, entry) or (place not in _PLACES and kind != "NXmonitor"):
            continue
        dataset = reader.file[path]
        local = text_attribute(dataset, "local_name")
        # In a scan of one point, constants have as many values as there are points.
        several = kind == "NXdetector" and math.prod(shape) > 1
        if not local and kind not in ("NXpositioner", "NXmonitor") and not several:
            continue
        seen.add(info.address)
        axis = any(read_attribute(dataset, mark) not in (None, "") for mark in ("label", "primary"))
        in_detector = kind == "NXdetector"
        yield _Field(_call(local, group, name), path, axis and not in_detector, in_detector)


def _fits(info: DatasetInfo, shape: tuple[int, ...]) -> bool:
    if not shape or info.shape is None:
        return False
    sizes = tuple(size for size in info.shape[len(shape) :] if size != 1)
    return info.shape[: len(shape)] == shape and not sizes


def _call(local: str, group: str, name: str) -> str:
    scannable, _, field = local.partition(".")
    if not local:
        scannable, field = group.rpartition("/")[2], "" if name in ("value", "data") else name
    if field.startswith(scannable):
        return field
    return f"{scannable}_{field}" if field else scannable


def _arrays(reader: Reader, entry: str, shape: tuple[int, ...]) -> Iterator[Signal | str]:
    """Yield the data of each detector, images first; why not, where they are not there."""
    found: list[Signal] = []
    for detector in reader.tree.of_class("NXdetector", entry):
        path = f"{detector}/data"
        if path not in reader.tree.datasets and path not in reader.tree.external:
            continue
        try:
            target = reader.find(path)
        except AssetError as error:
            yield f"{path} is left out: {error}"
            continue
        if isinstance(target.object, h5py.Dataset):
            signal = make_signal(target, path, _shown_by(reader, entry, detector))
            size = signal.info.shape or ()
            if signal.info.numeric and (signal.info.shape is None or len(size) > len(shape)):
                told = len(shape) if shape and size[: len(shape)] == shape else None
                name = detector.rpartition("/")[2]
                found.append(replace(signal, scan_axes=told, label=name))
    yield from sorted(found, key=lambda signal: not signal.info.image_like)


def _shown_by(reader: Reader, entry: str, detector: str) -> Target | None:
    """Return the NXdata group of a detector that says which axes its data have (GDA 9)."""
    group = f"{entry}/{detector.rpartition('/')[2]}"
    if reader.tree.classes.get(group) != "NXdata":
        return None
    return reader.find(group) if read_attribute(reader.file[group], "axes") else None


def _select(reader: Reader, selecting: Selecting) -> Selection:
    entry = choose_entry(reader, selecting.get("entry")) or "/"
    shape = _scan_shape(reader, entry)
    arrays = list(_arrays(reader, entry, shape))
    missing = [told for told in arrays if isinstance(told, str)]
    there, gone = part_missing(reader, (found for found in arrays if isinstance(found, Signal)))
    missing += gone
    fields = list(_fields(reader, entry, shape))
    taken = {signal.info.address for signal in there}
    fields = [f for f in fields if reader.tree.datasets[f.path].address not in taken]
    if not there:
        if not fields:
            return _select_plainly(reader, selecting, missing)
        lone = min(fields, key=lambda field: (not field.in_detector, field.is_axis))
        fields.remove(lone)
        signal = make_signal(reader.find(lone.path), lone.path, None)
        there = (replace(signal, scan_axes=len(shape), label=lone.name),)
    keys = unique_keys([*(signal.label for signal in there), *(field.name for field in fields)])
    belonging = dict(zip((field.path for field in fields), list(keys)[len(there) :], strict=True))
    before = f"{entry}/before_scan"
    return Selection(
        there,
        entry,
        entry if entry != "/" else "",
        belonging=belonging,
        told=frozenset(path for path in reader.tree.datasets if is_under(path, before)),
        missing=tuple(missing),
    )


def _select_plainly(reader: Reader, selecting: Selecting, missing: list[str]) -> Selection:
    """Return what any NeXus file shows by default, where detectors have nothing."""
    try:
        selection = select_default(reader, selecting)
    except (NoDataError, AmbiguousDataError) as error:
        if not missing:
            raise
        raise MissingFileError(
            f"has no data of its scan: {missing[0]}", where=reader.path, remedy=error.remedy
        ) from error
    return replace(selection, missing=tuple(missing))


# The run ---------------------------------------------------------------------------------------


def _read(reader: Reader, selection: Selection) -> Content:
    content = read_content(reader, selection)
    entry, described = selection.entry or "/", content.described
    start = described.start
    command = value_at(reader, f"{entry}/scan_command")
    if isinstance(command, str) and command:
        start["scan_command"], start["plan_name"] = command, command.split()[0]
    if start.get("scan_id") == 0:
        del start["scan_id"]  # what GDA writes where there is no number
    for user in reader.tree.of_class("NXuser", entry):
        name = value_at(reader, f"{user}/username")
        if isinstance(name, str) and name:
            start.setdefault("operator", name)
    _take_time(reader, entry, content)
    _take_motors(reader, entry, content)
    _take_exposure(content.streams[0])
    baseline = _baseline(reader, entry, content)
    if baseline is not None:
        content.streams.append(baseline)
    return content


def _take_time(reader: Reader, entry: str, content: Content) -> None:
    described = content.described
    if not described.time_source.startswith(("mtime", "/@file_time")):
        return
    notes: list[str] = []
    found = first_time(reader, [f"{entry}/diamond_scan/start_time"], configured_zone(), notes)
    if found is not None:
        described.time, described.time_source = found
        described.start["time_source"] = described.time_source
        content.notes += notes


def _take_motors(reader: Reader, entry: str, content: Content) -> None:
    """Take the scan's axes: those that are marked so, else those that its command names."""
    stream, start = content.streams[0], content.described.start
    shape = _scan_shape(reader, entry)
    marked = {field.path for field in _fields(reader, entry, shape) if field.is_axis}
    words = str(start.get("scan_command", "")).split()[1:]
    known = {column.key: column for column in stream.columns}
    motors = [key for key, column in known.items() if column.path in marked]
    motors = motors or [word for word in dict.fromkeys(words) if word in known]
    if motors and len(shape) <= 1:
        start["motors"] = motors
        start["hints"] = {"dimensions": [[[motors[0]], stream.name]]}
    elif motors:
        start["motors"] = motors


def _take_exposure(stream: Stream) -> None:
    """Make a constant of the count times of a detector, where they are all the same."""
    for image in stream.images:
        owner = stream.owners.get(image.key, image.key)
        for column in stream.columns:
            if column.key != f"{owner}_count_time" or not len(column.values):
                continue
            if (column.values == column.values[0]).all():
                values = stream.constants.setdefault(owner, {})
                values["exposure_time"] = column.values[0].item()
                stream.units["exposure_time"] = "s"


def _baseline(reader: Reader, entry: str, content: Content) -> Stream | None:
    paths = {
        path.rpartition("/")[2]: path
        for path in reader.tree.datasets
        if is_under(path, f"{entry}/before_scan")
    }
    for group, kind in reader.tree.classes.items():
        if kind == "NXpositioner" and is_under(group, f"{entry}/instrument"):
            role = text_attribute(reader.file[group], "gda_scan_role")
            if role in _KEPT_ONCE and f"{group}/value" in reader.tree.datasets:
                paths.setdefault(group.rpartition("/")[2], f"{group}/value")
    used = {column.key for stream in content.streams for column in stream.columns}
    keys = unique_keys(paths)
    readings = read_readings(
        reader, {key: paths[name] for key, name in keys.items() if key not in used}
    )
    described = content.described
    return baseline_stream([(described.time, readings)], described.time_source)


def _recorded(reader: Reader, selection: Selection) -> Acquisition:
    signal = selection.signals[0]
    shape = signal.info.shape or ()
    axes = count_scan_axes(shape) if signal.scan_axes is None else signal.scan_axes
    rows = math.prod(shape[:axes])
    known = recorded_acquisition(reader, selection.entry, configured_zone(), rows)
    return replace(known, scan_id=known.scan_id or None)  # 0 where there is no number


ORIGIN = Hdf5Origin("gda", _recognise, select=_select, read=_read, recorded=_recorded)
