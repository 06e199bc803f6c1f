"""What a master of Dectris' file writer says, beside which files hold its frames.

After the SIMPLON API reference (Dectris), "FileWriter", and many files. Newer masters follow NXmx;
``detectorSpecific`` is there in all of them.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import replace

import numpy as np

from ...core.registry.records import Acquisition
from ..hdf5.baseline import Reading, baseline_stream, read_readings
from ..hdf5.content import Content, Stream, call_detector, read_content
from ..hdf5.metadata import first_time, recorded_acquisition, value_at
from ..hdf5.origin import Hdf5Origin, Selecting, select_default
from ..hdf5.reader import Reader
from ..hdf5.signals import Selection
from ..hdf5.times import EventTimes
from ..times import configured_zone

__all__ = ["ORIGIN"]

_MARKS = (
    "eiger_fw_version",
    "data_collection_date",
    "countrate_correction_count_cutoff",
    "software_version",
    "nimages",
)
_DERIVED = re.compile(r".*_(end|start|increment|increment_set|range_average|range_total)")
"""What is told of an axis beside its positions."""
_GONIOMETERS = (
    "sample/goniometer",
    "sample/transformations",
    "instrument/detector/goniometer",
    "instrument/detector/transformations",
)
_UNITS = {"degree": "deg", "degrees": "deg"}


def _detector(reader: Reader) -> str | None:
    """Return the group of the detector, which has a group ``detectorSpecific``."""
    for path in reader.tree.classes:
        if path.endswith("/detectorSpecific"):
            known = {info.path.rpartition("/")[2] for info in reader.tree.children(path)}
            if known.intersection(_MARKS):
                return path.rpartition("/")[0]
    return None


def _recognise(reader: Reader) -> str | None:
    detector = _detector(reader)
    if detector is None:
        return None
    description = value_at(reader, f"{detector}/description")
    told = f", description {description!r}" if description else ""
    return f"{detector}/detectorSpecific{told}"


def _axes(reader: Reader, entry: str) -> dict[str, str]:
    """Return the datasets with the positions of the goniometers' axes, by data key."""
    axes: dict[str, str] = {}
    for group in _GONIOMETERS:
        for info in reader.tree.children(f"{entry}/{group}"):
            name = info.path.rpartition("/")[2]
            if info.numeric and not _DERIVED.fullmatch(name):
                axes.setdefault(name, info.path)
    return axes


def _select(reader: Reader, selecting: Selecting) -> Selection:
    selection = select_default(reader, selecting)
    axes = _axes(reader, selection.entry or "")
    ends = {f"{name}_end": f"{path}_end" for name, path in axes.items()}
    there = {name: path for name, path in ends.items() if path in reader.tree.datasets}
    belonging = {path: name for name, path in (axes | there).items()}
    return replace(selection, belonging=belonging)


def _read(reader: Reader, selection: Selection) -> Content:
    entry, detector = selection.entry or "", _detector(reader) or "/"
    content = read_content(reader, selection)
    stream = content.streams[0]
    call_detector(content, value_at(reader, f"{detector}/description"))
    _take_constants(reader, stream, detector)
    _take_time(reader, content, detector)
    _take_axes(reader, content, _axes(reader, entry))
    return content


def _take_constants(reader: Reader, stream: Stream, detector: str) -> None:
    image = stream.images[0]
    values = stream.constants.setdefault(stream.owners.get(image.key, image.key), {})
    for name, term, unit in (
        ("photon_energy", "energy", "eV"),
        ("countrate_correction_count_cutoff", "count_cutoff", "counts"),
    ):
        value = _number(reader, f"{detector}/detectorSpecific/{name}")
        if value is not None:
            values[term] = value
            stream.units[term] = unit


def _number(reader: Reader, path: str) -> float | int | None:
    value = value_at(reader, path)
    return value if isinstance(value, int | float) and not isinstance(value, bool) else None


def _collected(reader: Reader, detector: str, notes: list[str]) -> tuple[float, str] | None:
    path = f"{detector}/detectorSpecific/data_collection_date"
    return first_time(reader, [path], configured_zone(), notes)


def _take_time(reader: Reader, content: Content, detector: str) -> None:
    """Take the time at which the detector was armed, and with it those of the frames."""
    described, stream = content.described, content.streams[0]
    if described.time_source.startswith(("mtime", "/@file_time")):
        notes: list[str] = []
        found = _collected(reader, detector, notes)
        if found is None:
            content.notes += notes
            return
        content.notes[:] = [n for n in content.notes if not n.startswith("/@file_time")] + notes
        described.time, described.time_source = found
        described.start["time_source"] = described.time_source
        stream.times = EventTimes(
            np.full(stream.rows, described.time), f"the run's: {described.time_source}"
        )
    period = _number(reader, f"{detector}/frame_time")
    triggers = _number(reader, f"{detector}/detectorSpecific/ntrigger")
    images = _number(reader, f"{detector}/detectorSpecific/nimages")
    # With a trigger for each frame, nobody wrote down when they came.
    if period and triggers == 1 and images and images > 1:
        source = f"{described.time_source} + n × frame_time"
        stream.times = EventTimes(described.time + period * np.arange(stream.rows), source)


def _take_axes(reader: Reader, content: Content, axes: Mapping[str, str]) -> None:
    """Leave axes that move as columns; those that do not are a baseline."""
    stream, described = content.streams[0], content.described
    moving: list[str] = []
    still = read_readings(reader, axes)
    for column in [column for column in stream.columns if column.path in axes.values()]:
        column_of_unit = replace(column, units=_UNITS.get(column.units, column.units))
        stream.columns.remove(column)
        if (column.values == column.values[:1]).all():
            value = column.values[0].item()
            still[column.key] = Reading(value, column_of_unit.units, column.path)
        else:
            moving.append(column.key)
            stream.columns.append(column_of_unit)
    # Where each frame ended is worth keeping, not plotting.
    stream.unhinted |= {column.key for column in stream.columns if column.key.endswith("_end")}
    if moving:
        first = min(moving, key=lambda key: key != "omega")
        described.start["motors"] = moving
        described.start["hints"] = {"dimensions": [[[first], "primary"]]}
    still = {
        key: replace(reading, units=_UNITS.get(reading.units, reading.units))
        for key, reading in still.items()
    }
    baseline = baseline_stream([(described.time, still)], described.time_source)
    if baseline is not None:
        content.streams.append(baseline)


def _recorded(reader: Reader, selection: Selection) -> Acquisition:
    rows = (selection.signals[0].info.shape or (1,))[0]
    known = recorded_acquisition(reader, selection.entry, configured_zone(), rows)
    found = _collected(reader, _detector(reader) or "/", [])
    return known if known.start or found is None else replace(known, start=found[0])


ORIGIN = Hdf5Origin("eiger", _recognise, select=_select, read=_read, recorded=_recorded)
