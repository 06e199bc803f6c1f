"""Frames of HDF5 datasets: ``stream_resource`` documents of mimetype ``application/x-hdf5``.

Parameters, as the field spells them, for a dataset whose axis 0 counts events:

``dataset``
    Path of the dataset in the file; links in it are followed.
``chunk_shape``
    Shape of a unit of storage (all axes), a hint.
``swmr``
    Whether the writer was in SWMR mode when the document was made. Either way the mode that the
    file needs is found out.
``locking``
    Ignored: files are never locked.
``join_method``
    ``"stack"`` (an event is one index along axis 0) or ``"concat"`` (an event is as many as its
    data key's shape begins with). Without it, the shapes tell.

Penstock's own form, version ``penstock: 1``, has ``path`` in place of ``dataset``, and one of

``scan_axes``
    So many leading axes count events, flattened row-major; 0: the whole dataset is one event.
``frame_axis``
    The one axis that counts events.

In both, ``allow_external`` lets virtual and external datasets take their bytes from anywhere;
without it, from the folder of the file and the configured roots only.
"""

from __future__ import annotations

import math
from collections.abc import Iterator
from dataclasses import dataclass, field, fields
from typing import Any

import h5py
import numpy as np
from numpy.typing import NDArray

from ....core.assets.protocol import AssetContext, Frames, Region
from ....core.errors import AssetError, FrameMismatchError, TruncatedFileError
from .links import open_target, reach_of
from .sources import SourceCheck

__all__ = ["Hdf5Frames", "open_hdf5"]

MIMETYPE = "application/x-hdf5"
VERSION = 1


def open_hdf5(resource: dict[str, Any], context: AssetContext) -> Frames:
    """Return the frames that a ``stream_resource`` document of an HDF5 dataset describes.

    The file is opened only if the document and its data key leave shape or dtype open.

    Raises
    ------
    AssetError
        If the parameters are not understood, or the file or its dataset cannot be opened.

    Examples
    --------
    >>> resource = {"uri": "a.h5", "parameters": {"dataset": "/d", "chunk_shape": [1, 4, 6]}}
    >>> open_hdf5(resource, AssetContext(frame_shape=(4, 6), dtype="<u2")).frame_shape
    (4, 6)
    """
    path = context.resolve(resource["uri"])
    form = _Form.from_parameters(resource.get("parameters", {}), path)
    frame_shape, dtype, chunks = context.frame_shape, context.dtype, form.chunk_shape
    if frame_shape is not None and None in frame_shape:
        frame_shape = None
    if frame_shape is None or dtype is None or chunks is None:
        shape, stored, chunks = _inspect(path, form)
        dtype = dtype or stored
    else:
        shape = None
    rank = len(chunks) if shape is None else len(shape)
    if frame_shape is None:
        assert shape is not None
        frame_shape = form.frame_of(shape)
    rows = form.rows_per_event(frame_shape, rank)
    return Hdf5Frames(
        path=path,
        dataset=form.dataset,
        frame_shape=tuple(frame_shape),
        dtype=np.dtype(dtype),
        frames_per_chunk=form.frames_per_chunk(chunks, rows),
        scan_axes=form.scan_axes,
        frame_axis=form.frame_axis,
        rows_per_event=rows,
        swmr=form.swmr,
        allow_external=form.allow_external,
    )


@dataclass(frozen=True)
class _Form:
    """How the events lie in the dataset, as the parameters say."""

    dataset: str
    chunk_shape: tuple[int, ...] | None
    scan_axes: int
    frame_axis: int | None
    join_method: str | None
    swmr: bool
    allow_external: bool

    @classmethod
    def from_parameters(cls, parameters: dict[str, Any], path: str) -> _Form:
        version = parameters.get("penstock")
        if version not in (None, VERSION):
            raise AssetError(
                f"is described by parameters of version {version!r}, which is not known here",
                where=path,
                remedy="Upgrade penstock.",
            )
        dataset = parameters.get("dataset" if version is None else "path")
        if not isinstance(dataset, str):
            raise AssetError("is described by parameters that name no dataset", where=path)
        if "template" in parameters:
            raise AssetError("is described by a template of several HDF5 files", where=path)
        chunks = parameters.get("chunk_shape")
        own = parameters if version == VERSION else {}
        return cls(
            dataset=dataset,
            chunk_shape=None if not chunks else tuple(int(size) for size in chunks),
            scan_axes=int(own.get("scan_axes", 1)),
            frame_axis=own.get("frame_axis"),
            join_method=None if own else parameters.get("join_method"),
            swmr=bool(parameters.get("swmr", False)),
            allow_external=bool(parameters.get("allow_external", False)),
        )

    def frame_of(self, shape: tuple[int, ...]) -> tuple[int, ...]:
        if self.frame_axis is not None:
            return shape[: self.frame_axis] + shape[self.frame_axis + 1 :]
        return shape[self.scan_axes :]

    def rows_per_event(self, frame_shape: tuple[int, ...], rank: int) -> int | None:
        """How many rows of axis 0 make an event; None where each event is one index."""
        own = self.frame_axis is not None or self.scan_axes != 1
        if own or self.join_method == "stack" or len(frame_shape) != rank or not rank:
            return None
        return frame_shape[0]

    def frames_per_chunk(self, chunks: tuple[int, ...], rows: int | None) -> int:
        axis = self.scan_axes - 1 if self.frame_axis is None else self.frame_axis
        if not 0 <= axis < len(chunks):
            return 1
        return max(1, chunks[axis] // (rows or 1))


def _inspect(path: str, form: _Form) -> tuple[tuple[int, ...], str, tuple[int, ...]]:
    """Return shape, dtype and shape of a chunk of the dataset."""
    check = SourceCheck(reach_of(path, allow_external=form.allow_external))
    with open_target(path, form.dataset, check.reach, swmr=form.swmr) as target:
        check.check(target)
        shape = tuple(target.object.shape)
        chunks = target.object.chunks or (1,) * len(shape)
        return shape, target.object.dtype.str, tuple(chunks)


@dataclass(frozen=True)
class Hdf5Frames:
    """The frames of one dataset. Each `read` opens the file and closes it, so that it may grow.

    Examples
    --------
    >>> frames = Hdf5Frames("a.h5", "/d", (4, 6), np.dtype("u2"))
    >>> frames.frames_per_chunk
    1
    """

    path: str
    dataset: str
    frame_shape: tuple[int, ...]
    dtype: np.dtype[Any]
    frames_per_chunk: int = 1
    scan_axes: int = 1
    frame_axis: int | None = None
    rows_per_event: int | None = None
    swmr: bool = False
    allow_external: bool = False
    _check: SourceCheck = field(init=False, repr=False, compare=False)

    def __post_init__(self) -> None:
        reach = reach_of(self.path, allow_external=self.allow_external)
        object.__setattr__(self, "_check", SourceCheck(reach))

    def __reduce__(self) -> tuple[object, ...]:
        values = tuple(getattr(self, item.name) for item in fields(self) if item.init)
        return Hdf5Frames, values

    def read(self, start: int, stop: int, region: Region | None, out: NDArray[Any]) -> None:
        """Read frames into `out`, as `penstock.core.assets.Frames` says."""
        if region is None:
            region = tuple(slice(0, size) for size in self.frame_shape)
        expected = (stop - start, *(part.stop - part.start for part in region))
        if out.shape != expected or out.dtype != self.dtype or not out.flags.c_contiguous:
            raise ValueError(f"out must be C-contiguous, of shape {expected} and {self.dtype}")
        with open_target(self.path, self.dataset, self._check.reach, swmr=self.swmr) as target:
            try:
                self._check.check(target, self._window(start, stop))
                shape = self._checked_shape(target.object, stop)
                if out.size:
                    self._read_all(target.object, shape, start, stop, region, out)
            except (OSError, RuntimeError, KeyError, TypeError, ValueError) as error:
                if isinstance(error, AssetError):
                    raise
                raise self._translate(error, start, stop) from error

    @property
    def _where(self) -> str:
        return f"{self.path}::{self.dataset}"

    def _window(self, start: int, stop: int) -> tuple[tuple[int, int], ...]:
        """Return what is read along axis 0, where that is easily told."""
        if self.frame_axis not in (None, 0) or self.scan_axes != 1:
            return ()
        rows = self.rows_per_event or 1
        return ((start * rows, stop * rows),)

    def _checked_shape(self, dataset: h5py.Dataset, stop: int) -> tuple[int, ...]:
        """Return the dataset's shape now, if it still holds what the document said of it."""
        stored, shape = dataset.dtype, dataset.shape
        if stored.newbyteorder("=") != self.dtype.newbyteorder("=") or stored.hasobject:
            raise FrameMismatchError(
                f"holds {stored}, not {self.dtype} as described", where=self._where
            )
        axes = (self.frame_axis,) if self.frame_axis is not None else range(self.scan_axes)
        rank = len(self.frame_shape) + (0 if self.rows_per_event else len(axes))
        inner = [size for axis, size in enumerate(shape or ()) if axis not in axes]
        wanted = self.frame_shape[1:] if self.rows_per_event else self.frame_shape
        if shape is None or len(shape) != rank or tuple(inner) != wanted:
            raise FrameMismatchError(
                f"has shape {shape}, where frames of {self.frame_shape} are described",
                where=self._where,
            )
        events = math.prod(shape[axis] for axis in axes) // (self.rows_per_event or 1)
        if stop > events:
            raise TruncatedFileError(
                f"has {events} frames; frame {max(events, 0)} and later ones are missing",
                where=self._where,
                remedy="Wait for its writer, or ingest it again.",
            )
        return tuple(shape)

    def _read_all(
        self,
        dataset: h5py.Dataset,
        shape: tuple[int, ...],
        start: int,
        stop: int,
        region: Region,
        out: NDArray[Any],
    ) -> None:
        begins = tuple(part.start for part in region)
        counts = tuple(part.stop - part.start for part in region)
        if self.frame_axis is not None:
            axis = self.frame_axis
            count = (*counts[:axis], stop - start, *counts[axis:])
            part = np.empty(count, self.dtype)
            _read_slab(dataset, (*begins[:axis], start, *begins[axis:]), count, part)
            out[...] = np.moveaxis(part, axis, 0)
        elif self.rows_per_event is not None:
            for first, size, rows in _concatenated(self.rows_per_event, start, stop, region):
                _read_slab(dataset, (first, *begins[1:]), (size, *counts[1:]), out[rows])
        else:
            row = 0
            for begin, count in split_scan(start, stop, shape[: self.scan_axes]):
                after = row + math.prod(count)
                _read_slab(dataset, begin + begins, count + counts, out[row:after])
                row = after

    def _translate(self, error: Exception, start: int, stop: int) -> AssetError:
        frames = f"frame {start}" if stop == start + 1 else f"frames {start} to {stop - 1}"
        text = str(error)
        kind = AssetError
        if any(sign in text for sign in ("file read failed", "addr overflow", "truncated")):
            kind = TruncatedFileError
        return kind(f"{frames} cannot be read: HDF5 says {text}", where=self._where)


def _concatenated(
    rows: int, start: int, stop: int, region: Region
) -> Iterator[tuple[int, int, slice]]:
    """Yield begin and count along axis 0, and the events that they fill."""
    first, last = region[0].start, region[0].stop
    if (first, last) == (0, rows):
        yield start * rows, (stop - start) * rows, slice(None)
        return
    for event in range(start, stop):
        yield event * rows + first, last - first, slice(event - start, event - start + 1)


def split_scan(
    start: int, stop: int, sizes: tuple[int, ...]
) -> Iterator[tuple[tuple[int, ...], tuple[int, ...]]]:
    """Cut a stretch of flattened indices into blocks (begins, counts) of a grid, in order.

    Examples
    --------
    >>> list(split_scan(1, 7, (3, 3)))
    [((0, 1), (1, 2)), ((1, 0), (1, 3)), ((2, 0), (1, 1))]
    """
    if start >= stop:
        return
    if not sizes:
        yield (), ()
        return
    if len(sizes) == 1:
        yield (start,), (stop - start,)
        return
    inner = math.prod(sizes[1:])
    first, head = divmod(start, inner)
    last, tail = divmod(stop, inner)
    if first == last:
        for begin, count in split_scan(head, tail, sizes[1:]):
            yield (first, *begin), (1, *count)
        return
    if head:
        for begin, count in split_scan(head, inner, sizes[1:]):
            yield (first, *begin), (1, *count)
        first += 1
    if last > first:
        yield (first, *(0 for _ in sizes[1:])), (last - first, *sizes[1:])
    for begin, count in split_scan(0, tail, sizes[1:]):
        yield (last, *begin), (1, *count)


def _read_slab(
    dataset: h5py.Dataset, begin: tuple[int, ...], count: tuple[int, ...], out: NDArray[Any]
) -> None:
    """Read one hyperslab straight into contiguous memory."""
    assert out.size == math.prod(count), "HDF5 would write beyond the array"
    if not count:
        dataset.id.read(h5py.h5s.ALL, h5py.h5s.ALL, out)
        return
    selected = dataset.id.get_space()
    selected.select_hyperslab(begin, count)
    dataset.id.read(h5py.h5s.create_simple(count), selected, out)
