"""What a master of Dectris' file writer says, beside which files hold its frames.

After the SIMPLON API reference (Dectris), "FileWriter", and many files. Newer masters follow NXmx;
``detectorSpecific`` is there in all of them.
"""

from __future__ import annotations

from dataclasses import replace

import numpy as np

from ...core.registry.records import Acquisition
from ..hdf5.content import Content, Stream, call_detector, read_content
from ..hdf5.goniometer import take_axes, with_axes
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


def _select(reader: Reader, selecting: Selecting) -> Selection:
    return with_axes(reader, select_default(reader, selecting))


def _read(reader: Reader, selection: Selection) -> Content:
    detector = _detector(reader) or "/"
    content = read_content(reader, selection)
    stream = content.streams[0]
    call_detector(content, value_at(reader, f"{detector}/description"))
    _take_constants(reader, stream, detector)
    _take_time(reader, content, detector)
    take_axes(reader, content, selection.entry)
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


def _recorded(reader: Reader, selection: Selection) -> Acquisition:
    rows = (selection.signals[0].info.shape or (1,))[0]
    known = recorded_acquisition(reader, selection.entry, configured_zone(), rows)
    found = _collected(reader, _detector(reader) or "/", [])
    return known if known.start or found is None else replace(known, start=found[0])


ORIGIN = Hdf5Origin("eiger", _recognise, select=_select, read=_read, recorded=_recorded)
