"""From documents that refer to bytes to the arrays of a stream."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any

import numpy as np

from ..assets.array import AssetArray, MissingFrames, Piece
from ..assets.protocol import AssetContext, Frames
from ..errors import AssetError, DocumentError
from ..places import relocate
from ..registry import get_registry, resolve_reference
from .outline import RunOutline

__all__ = ["AssetAccess", "open_array"]


@dataclass(frozen=True)
class AssetAccess:
    """How a run's assets are found and read.

    Examples
    --------
    >>> AssetAccess(root_map={"/raw": "/archive"}).resolve("file://localhost/raw/a.tif")
    '/archive/a.tif'
    """

    root_map: Mapping[str, str] = field(default_factory=dict)
    """Prefixes of paths in documents, and where they lie now; longest first."""
    handler_registry: Mapping[str, Callable[..., Any]] = field(default_factory=dict)
    """Handler classes for ``resource`` documents by spec, before the installed ones."""

    def resolve(self, uri: str) -> str:
        """Return the path on this machine of a URI or path in a document."""
        path: str = relocate(uri, self.root_map)
        return path

    def open_frames(self, resource: dict[str, Any], data_key: Mapping[str, Any]) -> Frames:
        """Open the frames of a ``stream_resource`` with the reader registered for its mimetype."""
        mimetype = resource.get("mimetype", "")
        reader = get_registry().asset_readers.get(mimetype)
        if reader is None:
            raise AssetError(
                f"no asset reader is registered for mimetype {mimetype!r}",
                where=resource.get("uri"),
                remedy="Install a plug-in that reads it; `penstock plugins` lists what there is.",
            )
        shape = data_key.get("shape")
        context = AssetContext(
            frame_shape=None if shape is None or None in shape else tuple(shape),
            dtype=_plain_dtype(data_key.get("dtype_numpy")),
            resolve=self.resolve,
        )
        frames: Frames = resolve_reference(reader.open)(resource, context)
        return frames


def _plain_dtype(dtype: Any) -> str | None:
    return dtype if isinstance(dtype, str) and dtype else None


def open_array(
    outline: RunOutline, descriptor: dict[str, Any], key: str, access: AssetAccess
) -> AssetArray:
    """Return a stream's external data key as a lazy array, one row for each of the stream's.

    Rows that no ``stream_datum`` covers stay in the array; reading them is an error that says so.

    Raises
    ------
    DocumentError
        If the documents contradict themselves: rows covered twice, ranges of different lengths.
    AssetError
        If a resource cannot be opened.
    """
    label = f"{key!r} of stream {descriptor.get('name', 'primary')!r}"
    data_key = descriptor["data_keys"][key]
    datums = outline.stream_datums.get((descriptor["uid"], key), [])
    rows = outline.row_numbers(descriptor["uid"])
    frames = {
        uid: access.open_frames(outline.stream_resources[uid], data_key)
        for uid in dict.fromkeys(datum["stream_resource"] for datum in datums)
    }
    shape, dtype = _common_type(frames, data_key, label)
    missing = MissingFrames(shape, dtype, label)
    pieces = [
        Piece(missing if part.resource is None else frames[part.resource], part.first, part.rows)
        for part in _aligned(rows, datums, label)
    ]
    return AssetArray(pieces or [Piece(missing, 0, 0)], label=label)


def _common_type(
    frames: Mapping[str, Frames], data_key: Mapping[str, Any], label: str
) -> tuple[tuple[int, ...], np.dtype[Any]]:
    kinds = {(tuple(item.frame_shape), np.dtype(item.dtype)) for item in frames.values()}
    if len(kinds) > 1:
        raise DocumentError(
            "its resources differ in shape or dtype: "
            + "; ".join(sorted(f"{shape} {dtype}" for shape, dtype in kinds)),
            where=label,
            remedy="Describe them by descriptors of their own.",
        )
    if kinds:
        return kinds.pop()
    shape = tuple(size or 0 for size in data_key.get("shape", ()))
    return shape, np.dtype(_plain_dtype(data_key.get("dtype_numpy")) or "f8")


@dataclass(frozen=True)
class _Stretch:
    """Consecutive rows from one place: a resource, or (None) nowhere."""

    row: int
    rows: int
    resource: str | None
    first: int


def _aligned(
    rows: np.ndarray[Any, Any], datums: list[dict[str, Any]], label: str
) -> list[_Stretch]:
    """Lay the ranges of the datums along the rows."""
    position = {int(number): row for row, number in enumerate(rows)} if not _counts(rows) else None
    offset = int(rows[0]) if len(rows) else 0
    found: list[_Stretch] = []
    for datum in datums:
        first, stop = datum["seq_nums"]["start"], datum["seq_nums"]["stop"]
        index = datum["indices"]["start"]
        if datum["indices"]["stop"] - index != stop - first:
            raise DocumentError(
                f"stream_datum {datum['uid']} has {datum['indices']['stop'] - index} indices for "
                f"{stop - first} sequence numbers",
                where=label,
            )
        if position is None:
            found.append(_Stretch(first - offset, stop - first, datum["stream_resource"], index))
        else:
            found += [
                _Stretch(position[number], 1, datum["stream_resource"], index + number - first)
                for number in range(first, stop)
            ]
    return _with_gaps(sorted(found, key=lambda item: item.row), len(rows), label)


def _counts(rows: np.ndarray[Any, Any]) -> bool:
    return len(rows) == 0 or bool(np.all(np.diff(rows) == 1))


def _with_gaps(found: list[_Stretch], rows: int, label: str) -> list[_Stretch]:
    result: list[_Stretch] = []
    row = 0
    for item in found:
        if item.rows == 0:
            continue
        if item.row < row:
            raise DocumentError(f"row {item.row} is covered by two stream_datums", where=label)
        if item.row > row:
            result.append(_Stretch(row, item.row - row, None, row))
        last = result[-1] if result else None
        if (
            last is not None
            and last.resource == item.resource is not None
            and last.first + last.rows == item.first
        ):
            result[-1] = _Stretch(last.row, last.rows + item.rows, last.resource, last.first)
        else:
            result.append(item)
        row = item.row + item.rows
    if row < rows:
        result.append(_Stretch(row, rows - row, None, row))
    return result
