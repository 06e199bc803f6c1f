"""All that the documents of a run need to know of an HDF5 file, read while it is open."""

from __future__ import annotations

import datetime
from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Any

import numpy as np

from ...core.documents import safe_key
from ...core.places.observation import current_observation
from ..assets.hdf5.filters import describe_missing, missing_filters, remedy_for
from ..assets.hdf5.sources import SourceCheck
from ..labels import name_detector
from ..times import configured_zone
from .columns import Columns, find_columns
from .completeness import is_being_written, unwritten
from .images import Image, describe_image, name_keys
from .metadata import RunMetadata, describe_run, detector_constants, find_detector
from .one_column import Column, read_column
from .reader import Reader
from .signals import Selection
from .terms import Terms, beam_terms, exposure_terms
from .times import EventTimes, event_times

__all__ = ["Content", "Stream", "call_detector", "read_content"]


@dataclass
class Stream:
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
    """The object that a data key belongs to; one of its own name where nothing is said."""
    constants: dict[str, dict[str, Any]] = field(default_factory=dict)
    units: dict[str, str] = field(default_factory=dict)
    """Of constants."""
    timestamps: dict[str, np.ndarray[Any, Any]] = field(default_factory=dict)
    """Of the values of a data key, where they differ from `times`."""
    unhinted: set[str] = field(default_factory=set)
    """Scalars that are not worth a plot: counters, clocks."""
    picked: np.ndarray[Any, Any] | None = None
    """Which events of its images are its own, in ascending order; None: all of them."""


@dataclass
class Content:
    """All that the documents need to know of a file."""

    part: str
    described: RunMetadata
    streams: list[Stream]
    notes: list[str]
    incomplete: str
    """What has not been written yet, or never was; empty if all was."""
    outcome: dict[str, str] | None = None
    """``exit_status`` and ``reason``, where the file records them."""


def read_content(reader: Reader, selection: Selection) -> Content:
    """Read what belongs to the data that were selected; no pixel."""
    reader = selection.reader or reader
    check = SourceCheck(reader.reach)
    keys = name_keys(selection.signals)
    images = [
        describe_image(reader, signal, key, check)
        for signal, key in zip(selection.signals, keys, strict=True)
    ]
    found = find_columns(reader, images, selection, check, taken=set(keys))
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
        mtime=current_observation().stat(reader.path).mtime,
        zone=zone,
        used=found.used.union(
            selection.told,
            (image.signal.target.name for image in images),
            *(paths for _, _, paths in constants.values()),
        ),
    )
    streams = _make_streams(images, found, _read_inline(images, check), described, zone)
    beam = beam_terms(reader, selection.entry)
    for stream in streams:
        for image in stream.images:
            _add_detector(stream, image, detectors[image.key], constants)
            if not image.is_column:
                _add_terms(stream, image, beam)
    notes = [
        *reader.tree.notes,
        *described.notes,
        *found.notes,
        *(note for image in images for note in _doubts(image)),
    ]
    missing = list(selection.missing)
    missing += [
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
    return Content(selection.part, described, streams, notes + missing, "; ".join(missing))


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
) -> list[Stream]:
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
        Stream(
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
                Stream(image.key, [image], [], image.events, times([], image.events), own)
            )
    for column in found.loose:
        rows = len(column.values)
        streams.append(Stream(column.key, [], [column], rows, times([column], rows), {}))
    return streams


def _add_detector(
    stream: Stream,
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


def _add_terms(stream: Stream, image: Image, beam: Terms) -> None:
    """Tell exposure and beam by the field's own names beside the detector's own constants."""
    values = stream.constants.setdefault(stream.owners.get(image.key, image.key), {})
    for terms, units in (exposure_terms(values, stream.units), beam):
        values |= terms
        stream.units |= units


def call_detector(content: Content, *names: Any) -> None:
    """Call the object that images belong to by the first name that says something."""
    stream = content.streams[0]
    name = name_detector(*names)
    if not name or name in {column.key for column in stream.columns}:
        return
    for image in stream.images:
        old = stream.owners.get(image.key, image.key)
        stream.owners[image.key] = name
        stream.constants[name] = {**stream.constants.pop(old, {}), **stream.constants.get(name, {})}
