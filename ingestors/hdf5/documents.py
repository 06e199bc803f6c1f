"""The documents of a run, from what was read of its HDF5 files."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import numpy as np

from ...core.documents import Document, RunComposer, array_key, column_key
from ...core.places import file_uri, stretches
from ..assets.hdf5.frames import MIMETYPE, VERSION
from .content import Content, Stream
from .images import Image
from .one_column import Column

__all__ = ["asset_parameters", "run_documents"]


def run_documents(
    uid: str, content: Content, metadata: dict[str, Any], *, allow_external: bool = False
) -> Iterator[Document]:
    """Yield a run's documents.

    Parameters
    ----------
    metadata
        More for the start document; replaces what the files say.
    """
    run = RunComposer(
        uid=uid, time=content.described.time, metadata={**_start_metadata(content), **metadata}
    )
    yield run.start()
    for stream in content.streams:
        yield from _stream_documents(run, stream, allow_external)
    yield run.stop(time=_end_time(content), **_outcome(content))


def _start_metadata(content: Content) -> dict[str, Any]:
    primary = content.streams[0]
    metadata: dict[str, Any] = {"event_time_source": primary.times.source}
    metadata["detectors"] = sorted({_owner(primary, image.key) for image in primary.images})
    if content.notes:
        metadata["notes"] = _bounded(content.notes)
    if primary.images:
        metadata |= _scan_metadata(primary)
    return metadata | content.described.start


def _scan_metadata(primary: Stream) -> dict[str, Any]:
    """Return which columns the images were taken along, where all scan axes have one."""
    metadata: dict[str, Any] = {}
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


def _owner(stream: Stream, key: str) -> str:
    return stream.owners.get(key, key)


def _stream_documents(run: RunComposer, stream: Stream, allow_external: bool) -> Iterator[Document]:
    values = {**stream.inline, **{column.key: column.values for column in stream.columns}}
    owners: dict[str, list[str]] = {}
    for key in (
        *(image.key for image in stream.images),
        *(column.key for column in stream.columns if column.key in stream.owners),
    ):
        owners.setdefault(_owner(stream, key), []).append(key)
    data_keys = _data_keys(stream, values)
    composed = run.stream(
        stream.name,
        data_keys=data_keys,
        objects=owners,
        configuration=stream.constants,
        units=stream.units,
        hints=_hints(stream, data_keys),
    )
    yield composed.descriptor()
    for image in stream.images:
        if image.key not in values and image.events:
            for file, dataset, ranges in _resources(image, stream.picked):
                yield from composed.external(
                    image.key,
                    mimetype=MIMETYPE,
                    uri=file_uri(file),
                    parameters=asset_parameters(image, dataset, allow_external),
                    ranges=ranges,
                )
    yield from composed.pages(time=stream.times.values, data=values, timestamps=stream.timestamps)


def _hints(stream: Stream, data_keys: dict[str, Any]) -> dict[str, Any]:
    """Return the scalars of each object that are worth a plot."""
    hints: dict[str, dict[str, list[str]]] = {}
    for key, described in data_keys.items():
        fields = hints.setdefault(_owner(stream, key), {"fields": []})["fields"]
        is_scalar = not described["shape"] and described["dtype"] in ("number", "integer")
        if is_scalar and key not in stream.unhinted:
            fields.append(key)
    return hints


_Ranges = list[tuple[int, int]]


def _resources(
    image: Image, picked: np.ndarray[Any, Any] | None
) -> Iterator[tuple[str, str, _Ranges]]:
    """Yield file and dataset of each dataset that an image lies in, and which rows of it count."""
    target = image.signal.target
    pieces = [(piece.file, piece.dataset, piece.rows or 0) for piece in image.signal.pieces]
    first = 0
    for file, dataset, rows in pieces or [(target.file, target.name, image.events)]:
        if picked is None:
            ranges = [(0, rows)] if rows else []
        else:
            own = picked[(picked >= first) & (picked < first + rows)] - first
            ranges = stretches(own.tolist())
        first += rows
        if ranges:
            yield file, dataset, ranges


def _data_keys(stream: Stream, values: dict[str, Any]) -> dict[str, dict[str, Any]]:
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


def _end_time(content: Content) -> float:
    recorded = content.described.end_time
    start = content.described.time
    if recorded is not None and recorded >= start:
        return recorded
    times = content.streams[0].times.values
    return max(start, float(times.max())) if len(times) else start


def _outcome(content: Content) -> dict[str, str]:
    if content.outcome is not None:
        return content.outcome
    if all(stream.rows == 0 for stream in content.streams):
        return {"exit_status": "abort", "reason": "inferred: the file holds no frames"}
    if content.incomplete:
        return {"exit_status": "abort", "reason": f"inferred: {content.incomplete}"}
    return {"exit_status": "success", "reason": "inferred: nothing is missing in the file"}
