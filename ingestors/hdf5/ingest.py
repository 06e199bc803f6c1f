"""Any HDF5 file: its NeXus default data, the datasets that are named, or its one image."""

from __future__ import annotations

import datetime
import os
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from typing import Any

import numpy as np

from ...core.documents import Document, RunComposer, array_key, column_key, safe_key
from ...core.places import file_uri, place_of_file, run_uid
from ...core.places.observation import current_observation
from ...core.places.recalling import real_path, recall
from ..assets.hdf5.filters import describe_missing, missing_filters, remedy_for
from ..assets.hdf5.frames import MIMETYPE, VERSION
from ..assets.hdf5.sources import SourceCheck
from ..times import configured_zone
from .columns import Column, Columns, find_columns, read_column
from .completeness import is_being_written, unwritten
from .images import Image, describe_image, name_keys
from .metadata import RunMetadata, describe_run, detector_constants, find_detector
from .reader import open_reader
from .signals import select_signals
from .times import EventTimes, event_times

__all__ = ["ingest_hdf5"]


def ingest_hdf5(
    filename: str | os.PathLike[str],
    *,
    dataset: str | Sequence[str] | None = None,
    entry: str | None = None,
    columns: str | Sequence[str] | None = None,
    metadata: dict[str, Any] | None = None,
    allow_external: bool = False,
) -> Iterator[Document]:
    """Ingest one run of an HDF5 or NeXus file, as a stream of documents that point at its data.

    The file is read once, before the first document, and closed; no pixel is read.

    Parameters
    ----------
    filename
        The file.
    dataset
        Path of the dataset that is the data, or several; without it what NeXus shows by default,
        else the one image or stack in the file. Axes before an image's own count events.
    entry
        Name of the NXentry to read, where the file has several.
    columns
        Paths of datasets with one value for each event, beside those that NeXus attaches.
    metadata
        More for the start document; replaces what the file says.
    allow_external
        Follow links and virtual sources to anywhere, not only to the file's own folder and the
        configured roots.

    Raises
    ------
    AmbiguousDataError, NoDataError
        If the data are not told, listing the candidates.
    UnsupportedFileError, AssetError, UnsafeLinkError
        If the file, or a source of its data, is not there, damaged or elsewhere.

    Examples
    --------
    >>> import h5py, os, tempfile
    >>> path = os.path.join(tempfile.mkdtemp(), "a.h5")
    >>> with h5py.File(path, "w") as file:
    ...     file["images"] = np.zeros((3, 4, 6), "u2")
    >>> [name for name, doc in ingest_hdf5(path)]
    ['start', 'descriptor', 'stream_resource', 'stream_datum', 'event_page', 'stop']
    """
    arguments = (real_path(os.fspath(filename)), dataset, entry, columns, allow_external)
    content = recall(("hdf5", repr(arguments)), lambda: _read_content(*arguments))
    place = place_of_file(os.fspath(filename))
    run = RunComposer(
        uid=run_uid(place, part=content.part),
        time=content.described.time,
        metadata={**_start_metadata(content), **(metadata or {})},
    )
    yield run.start()
    for stream in content.streams:
        yield from _stream_documents(run, stream, allow_external)
    yield run.stop(time=_end_time(content), **_outcome(content))


@dataclass
class _Stream:
    """What one stream is made of."""

    name: str
    images: list[Image]
    columns: list[Column]
    rows: int
    times: EventTimes
    inline: dict[str, np.ndarray[Any, Any]]
    """Values of the images that are short rows of numbers, and stand in pages."""
    dims: tuple[str, ...] | None = None
    owners: dict[str, str] = field(default_factory=dict)
    constants: dict[str, dict[str, Any]] = field(default_factory=dict)
    units: dict[str, str] = field(default_factory=dict)


@dataclass
class _Content:
    """All that the documents need to know of a file."""

    part: str
    described: RunMetadata
    streams: list[_Stream]
    notes: list[str]
    incomplete: str
    """What has not been written yet, or never was; empty if all was."""


def _read_content(
    path: str,
    dataset: str | Sequence[str] | None,
    entry: str | None,
    columns: str | Sequence[str] | None,
    allow_external: bool,
) -> _Content:
    named = [columns] if isinstance(columns, str) else list(columns or ())
    with open_reader(path, allow_external=allow_external) as reader:
        selection = select_signals(reader, dataset, entry)
        check = SourceCheck(reader.reach)
        keys = name_keys(selection.signals)
        images = [
            describe_image(reader, signal, key, check)
            for signal, key in zip(selection.signals, keys, strict=True)
        ]
        found = find_columns(reader, images[0], named, check, signals=images, taken=set(keys))
        detectors = {image.key: find_detector(reader, image, selection.entry) for image in images}
        constants = {
            detector: detector_constants(reader, detector)
            for detector in detectors.values()
            if detector is not None
        }
        zone = configured_zone()
        described = describe_run(
            reader,
            selection,
            mtime=current_observation().stat(path).mtime,
            zone=zone,
            used=found.used.union(
                (image.signal.target.name for image in images),
                *(paths for _, _, paths in constants.values()),
            ),
        )
        streams = _make_streams(images, found, _read_inline(images, check), described, zone)
        for stream in streams:
            for image in stream.images:
                _add_detector(stream, image, detectors[image.key], constants)
        notes = [
            *reader.tree.notes,
            *described.notes,
            *found.notes,
            *(note for image in images for note in _doubts(image)),
        ]
        missing = [
            f"of {image.signal.named}, {text}" for image in images if (text := _unwritten(image))
        ]
        missing += [fault for image in images for fault in image.faults]
        missing += [
            f"{image.signal.named} has no pixels (its shape is {image.shape})"
            for image in images
            if 0 in image.frame_shape
        ]
        if is_being_written(reader.file):
            missing.append("a writer has the file open, or died without closing it")
        return _Content(selection.part, described, streams, notes + missing, "; ".join(missing))


def _unwritten(image: Image) -> str:
    pieces = image.signal.pieces
    if not pieces:
        return unwritten(image.signal.target.object)
    return "; ".join(f"{piece.name}: {piece.unwritten}" for piece in pieces if piece.unwritten)


def _doubts(image: Image) -> Iterator[str]:
    if image.events == 0:
        yield f"{image.signal.named} holds no frames yet"
    if image.scan_axes == 0 and len(image.shape) == 1:
        yield f"{image.signal.named} is long ({image.shape[0]} values): taken as one waveform"
    missing = missing_filters(image.signal.target.object)
    if missing:
        yield f"{image.signal.named} {describe_missing(missing)}. {remedy_for(missing)}"


def _read_inline(images: list[Image], check: SourceCheck) -> dict[str, np.ndarray[Any, Any]]:
    found = {}
    for image in images:
        if image.is_column and image.dtype.kind in "biuf":
            column = read_column(image.signal.target, image.key, check)
            if column is not None:
                found[image.key] = column.values
    return found


def _make_streams(
    images: list[Image],
    found: Columns,
    inline: dict[str, np.ndarray[Any, Any]],
    described: RunMetadata,
    zone: datetime.tzinfo | None,
) -> list[_Stream]:
    """Put data with as many events as the first beside it, others into streams of their own."""

    def times(columns: list[Column], rows: int) -> EventTimes:
        return event_times(
            columns,
            rows,
            start=described.time,
            start_source=described.time_source,
            zone=zone,
        )

    first = images[0]
    together = [image for image in images if image.scan_shape == first.scan_shape]
    streams = [
        _Stream(
            name="primary",
            images=together,
            columns=found.columns,
            rows=first.events,
            times=times(found.columns, first.events),
            inline={image.key: inline[image.key] for image in together if image.key in inline},
            dims=found.dims,
        )
    ]
    for image in images:
        if image not in together:
            own = {image.key: inline[image.key]} if image.key in inline else {}
            streams.append(
                _Stream(image.key, [image], [], image.events, times([], image.events), own)
            )
    for column in found.loose:
        rows = len(column.values)
        streams.append(_Stream(column.key, [], [column], rows, times([column], rows), {}))
    return streams


def _add_detector(
    stream: _Stream,
    image: Image,
    detector: str | None,
    constants: dict[str, tuple[dict[str, Any], dict[str, str], set[str]]],
) -> None:
    if detector is None:
        return
    name = safe_key(detector.rsplit("/", 1)[-1])
    taken = {column.key for column in stream.columns} | {other.key for other in stream.images}
    owner = name if name not in taken - {image.key} else f"{name}_detector"
    values, units, _ = constants[detector]
    stream.owners[image.key] = owner
    stream.constants[owner] = values
    stream.units.update(units)


# Documents -------------------------------------------------------------------------------------


def _start_metadata(content: _Content) -> dict[str, Any]:
    primary = content.streams[0]
    metadata = dict(content.described.start)
    metadata["event_time_source"] = primary.times.source
    metadata["detectors"] = sorted({_owner(primary, image) for image in primary.images})
    if content.notes:
        metadata["notes"] = _bounded(content.notes)
    image = primary.images[0]
    axes = {
        column.axis: column
        for column in reversed(primary.columns)
        if column.axis is not None and column.values.dtype.kind in "iuf"
    }
    if image.scan_axes > 1:
        metadata["shape"] = list(image.scan_shape)
    if axes and set(axes) == set(range(image.scan_axes)):
        ordered = [axes[axis] for axis in range(image.scan_axes)]
        hints: dict[str, Any] = {"dimensions": [[[c.key], "primary"] for c in ordered]}
        if image.scan_axes > 1:
            hints["gridding"] = "rectilinear"
            metadata["extents"] = [_extent(column) for column in ordered]
        metadata["hints"] = hints
        metadata["motors"] = [c.key for c in ordered if not c.key.startswith("time")]
    return metadata


def _bounded(notes: list[str], most: int = 40, longest: int = 1000) -> list[str]:
    kept = [note if len(note) <= longest else note[:longest] + "…" for note in notes[:most]]
    return kept if len(notes) <= most else [*kept, f"and {len(notes) - most} more notes"]


def _extent(column: Column) -> list[float]:
    if not len(column.values):
        return []
    return [column.values.min().item(), column.values.max().item()]


def _owner(stream: _Stream, image: Image) -> str:
    return stream.owners.get(image.key, image.key)


def _stream_documents(
    run: RunComposer, stream: _Stream, allow_external: bool
) -> Iterator[Document]:
    values = {**stream.inline, **{column.key: column.values for column in stream.columns}}
    owners: dict[str, list[str]] = {}
    for image in stream.images:
        owners.setdefault(_owner(stream, image), []).append(image.key)
    composed = run.stream(
        stream.name,
        data_keys=_data_keys(stream, values),
        objects=owners,
        configuration=stream.constants,
        units=stream.units,
    )
    yield composed.descriptor()
    for image in stream.images:
        if image.key not in values and image.events:
            for file, dataset, rows in _resources(image):
                yield from composed.external(
                    image.key,
                    mimetype=MIMETYPE,
                    uri=file_uri(file),
                    parameters=asset_parameters(image, dataset, allow_external),
                    ranges=[(0, rows)],
                )
    yield from composed.pages(time=stream.times.values, data=values)


def _resources(image: Image) -> list[tuple[str, str, int]]:
    """Return file, dataset and number of rows of each dataset that an image lies in."""
    target = image.signal.target
    if not image.signal.pieces:
        return [(target.file, target.name, image.events)]
    return [(piece.file, piece.dataset, piece.rows) for piece in image.signal.pieces if piece.rows]


def _data_keys(stream: _Stream, values: dict[str, Any]) -> dict[str, dict[str, Any]]:
    keys = {}
    for image in stream.images:
        source = f"HDF5:{image.signal.named}"
        if image.key in values:
            keys[image.key] = column_key(values[image.key], source=source, units=image.units)
            continue
        dims = stream.dims if stream.dims and len(stream.dims) == len(image.frame_shape) else None
        keys[image.key] = array_key(
            image.frame_shape,
            image.dtype,
            source=source,
            dims=dims,
            units=image.units,
            external=True,
        )
    for column in stream.columns:
        source = f"HDF5:{column.path}"
        keys[column.key] = column_key(column.values, source=source, units=column.units)
    return keys


def asset_parameters(image: Image, name: str, allow_external: bool) -> dict[str, Any]:
    """Return the parameters of the ``stream_resource`` of an image.

    The field's own where axis 0 alone counts events; else ours, which others do not know and
    therefore refuse.
    """
    chunk_shape = list(image.chunks or (*([1] * image.scan_axes), *image.frame_shape))
    common = {
        "chunk_shape": chunk_shape,
        "locking": False,
        **({"allow_external": True} if allow_external else {}),
    }
    if image.scan_axes == 1:
        return {"dataset": name, "swmr": False, **common}
    return {"penstock": VERSION, "path": name, "scan_axes": image.scan_axes, **common}


def _end_time(content: _Content) -> float:
    recorded = content.described.end_time
    start = content.described.time
    if recorded is not None and recorded >= start:
        return recorded
    times = content.streams[0].times.values
    return max(start, float(times.max())) if len(times) else start


def _outcome(content: _Content) -> dict[str, str]:
    if all(stream.rows == 0 for stream in content.streams):
        return {"exit_status": "abort", "reason": "inferred: the file holds no frames"}
    if content.incomplete:
        return {"exit_status": "abort", "reason": f"inferred: {content.incomplete}"}
    return {"exit_status": "success", "reason": "inferred: nothing is missing in the file"}
