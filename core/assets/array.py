"""One data key of one stream as a lazy array: the frames of its resources in row order."""

from __future__ import annotations

import itertools
import operator
import uuid
from bisect import bisect_right
from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from functools import cached_property
from types import EllipsisType
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from ..errors import AssetError, MissingFileError, UnsafeLinkError, UnsupportedFileError
from .blocks import block_rows, worker_count
from .protocol import Frames, Region

if TYPE_CHECKING:
    import dask.array as da

__all__ = ["AssetArray", "HeldFrames", "MissingFrames", "Piece"]

READ_BYTES = 256 * 2**20
"""Aimed at for blocks that are read in place: few enough calls, and Ctrl-C is heard."""


@dataclass(frozen=True)
class Piece:
    """Consecutive rows that lie at consecutive datum indices of one resource."""

    frames: Frames
    first: int
    """Datum index of the first row."""
    rows: int


@dataclass(frozen=True)
class MissingFrames:
    """Rows for which no document says where their frames lie: reading one is an error."""

    frame_shape: tuple[int, ...]
    dtype: np.dtype[Any]
    label: str
    frames_per_chunk: int = 1

    def read(self, start: int, stop: int, region: Region | None, out: NDArray[Any]) -> None:
        """Raise: there is nothing to read."""
        raise MissingFileError(
            f"no frame was recorded for row {start}",
            where=self.label,
            remedy='Read the others with read(bad_frames="mask").',
        )


@dataclass(frozen=True, eq=False)
class HeldFrames:
    """Rows that are in memory already, among others that are not."""

    array: NDArray[Any]
    frames_per_chunk: int = 1

    @property
    def frame_shape(self) -> tuple[int, ...]:
        """Shape of one frame."""
        return self.array.shape[1:]

    @property
    def dtype(self) -> np.dtype[Any]:
        """The dtype of the array."""
        return self.array.dtype

    def read(self, start: int, stop: int, region: Region | None, out: NDArray[Any]) -> None:
        """Copy frames; see `Frames.read`."""
        out[...] = self.array[(slice(start, stop), *(region or ()))]


class AssetArray:
    """A lazy array of shape ``(rows, *frame_shape)`` that reads only what is asked for.

    It is picklable, holds no open file, may be read from several threads at once, and can be
    indexed by integers, slices and lists; lists select along their own axis each, as in dask.

    Parameters
    ----------
    pieces
        In the order of the rows; all with one frame shape and dtype.
    label
        For messages: which data key of which run this is.
    """

    def __init__(self, pieces: Sequence[Piece], *, label: str = "") -> None:
        self.pieces = tuple(piece for piece in pieces if piece.rows) or tuple(pieces[:1])
        first = self.pieces[0].frames
        self.label = label
        self.dtype = np.dtype(first.dtype)
        self.frame_shape = tuple(first.frame_shape)
        self._starts = np.cumsum([0, *(piece.rows for piece in self.pieces)]).tolist()
        self.shape = (self._starts[-1], *self.frame_shape)
        self.ndim = len(self.shape)
        self._token = uuid.uuid4().hex

    @property
    def nbytes(self) -> int:
        """Bytes of the whole array in memory."""
        return int(np.prod(self.shape, dtype=np.int64)) * self.dtype.itemsize

    @cached_property
    def block_rows(self) -> int:
        """How many rows make one block of bulk work."""
        frame_bytes = int(np.prod(self.frame_shape, dtype=np.int64)) * self.dtype.itemsize
        return block_rows(frame_bytes, self.pieces[0].frames.frames_per_chunk)

    def __len__(self) -> int:
        return int(self.shape[0])

    def __dask_tokenize__(self) -> str:
        return self._token

    def __repr__(self) -> str:
        return f"<AssetArray {self.label} shape={self.shape} dtype={self.dtype}>"

    # Reading ---------------------------------------------------------------------------------

    def read(self, start: int, stop: int, region: Region | None, out: NDArray[Any]) -> None:
        """Read rows ``start`` … ``stop - 1`` into `out`; see `Frames.read`."""
        number = bisect_right(self._starts, start) - 1
        row = start
        while row < stop:
            piece, begin = self.pieces[number], self._starts[number]
            end = min(stop, self._starts[number + 1])
            first = piece.first + row - begin
            piece.frames.read(first, first + end - row, region, out[row - start : end - start])
            row, number = end, number + 1

    def read_all(self, *, mask: bool = False) -> tuple[NDArray[Any], list[int]]:
        """Read everything straight into one array, with as many threads as there are cores.

        Parameters
        ----------
        mask
            Whether to replace rows that cannot be read by NaN (then integers become floats).

        Returns
        -------
        array, bad_rows
            `bad_rows` is empty unless `mask`.
        """
        out = np.empty(self.shape, dtype=self.dtype)
        # In place, large blocks take no more memory than small ones, and cost less.
        row_bytes = max(1, self.nbytes // max(1, len(self)))
        share = -(-len(self) // worker_count())
        step = max(self.block_rows, min(share, READ_BYTES // row_bytes))
        blocks = [(row, min(row + step, len(self))) for row in range(0, len(self), step)]
        bad: list[int] = []

        def read_block(block: tuple[int, int]) -> None:
            begin, end = block
            if mask:
                bad.extend(self.read_good(begin, end, out[begin:end]))
            else:
                self.read(begin, end, None, out[begin:end])

        workers = min(worker_count(), len(blocks))
        if workers > 1:
            with ThreadPoolExecutor(workers, thread_name_prefix="penstock-read") as pool:
                # Block after block, so that the first failure stops what has not begun.
                for _ in pool.map(read_block, blocks):
                    pass
        else:
            for block in blocks:
                read_block(block)
        return out, sorted(bad)

    def read_good(self, start: int, stop: int, out: NDArray[Any]) -> list[int]:
        """Read rows into `out` and return the numbers of those that cannot be read."""
        try:
            self.read(start, stop, None, out)
        except (AssetError, UnsupportedFileError, UnsafeLinkError):
            if stop - start == 1:
                out[...] = 0
                return [start]
            bad = []
            for row in range(start, stop):
                bad += self.read_good(row, row + 1, out[row - start : row - start + 1])
            return bad
        return []

    # Indexing --------------------------------------------------------------------------------

    def __getitem__(self, key: Any) -> NDArray[Any]:
        rows, *rest = _expand(key, self.ndim)
        region, after = _split_region(rest, self.frame_shape)
        sizes = self.frame_shape if region is None else tuple(s.stop - s.start for s in region)
        numbers, scalar = _row_numbers(rows, len(self))
        out = np.empty((len(numbers), *sizes), dtype=self.dtype)
        for begin, end in _stretches(numbers):
            first = numbers[begin]
            self.read(first, first + end - begin, region, out[begin:end])
        return _select(out, (0 if scalar else slice(None), *after))

    def __array__(self, dtype: Any = None, copy: bool | None = None) -> NDArray[Any]:
        array, _ = self.read_all()
        return array if dtype is None else array.astype(dtype, copy=False)

    def to_dask(self) -> da.Array:
        """Return a dask array of it, one block of rows a chunk.

        Indexing the dask array reads only the frames that are asked for: dask fuses slices into
        the reading of an array that was wrapped by ``from_array``.
        """
        import dask.array as da

        chunks = (self.block_rows if len(self) else 0, *(-1 for _ in self.frame_shape))
        meta = np.empty((0,) * self.ndim, dtype=self.dtype)
        # Without fancy=False: dask does not fuse slices into arrays that forbid lists of indices.
        array: da.Array = da.from_array(
            self, chunks=chunks, name=f"penstock-{self._token}", lock=False, meta=meta
        )
        return array


def _expand(key: Any, ndim: int) -> tuple[Any, ...]:
    """Return one index for each axis."""
    keys: tuple[Any, ...] = key if isinstance(key, tuple) else (key,)
    ellipses = sum(isinstance(item, EllipsisType) for item in keys)
    if len(keys) - ellipses > ndim or ellipses > 1:
        raise IndexError(f"too many indices for an array of {ndim} dimensions: {key!r}")
    if ellipses:
        at = next(i for i, item in enumerate(keys) if isinstance(item, EllipsisType))
        fill = (slice(None),) * (ndim - len(keys) + 1)
        return keys[:at] + fill + keys[at + 1 :]
    return keys + (slice(None),) * (ndim - len(keys))


def _row_numbers(index: Any, rows: int) -> tuple[Sequence[int], bool]:
    if isinstance(index, slice):
        return range(*index.indices(rows)), False
    array = np.asarray(index)
    if array.ndim == 0:
        return [_checked(operator.index(index), rows)], True
    if array.dtype == bool:
        if array.shape != (rows,):
            raise IndexError(f"a mask of shape {array.shape} for {rows} rows")
        array = np.flatnonzero(array)
    return [_checked(int(number), rows) for number in array], False


def _checked(number: int, size: int) -> int:
    if not -size <= number < size:
        raise IndexError(f"index {number} is out of bounds for an axis of size {size}")
    return number % size


def _split_region(
    keys: Sequence[Any], shape: tuple[int, ...]
) -> tuple[Region | None, tuple[Any, ...]]:
    """Split indices of a frame into a bounding region to read, and what to select in it."""
    region: list[slice] = []
    after: list[Any] = []
    for key, size in zip(keys, shape, strict=True):
        numbers, scalar = _row_numbers(key, size)
        low, high = (min(numbers), max(numbers) + 1) if len(numbers) else (0, 0)
        region.append(slice(low, high))
        if scalar:
            after.append(0)
        elif isinstance(numbers, range):
            # Only the step is left: a negative one ends before 0, which a slice cannot say.
            after.append(slice(None, None, numbers.step if numbers else None))
        else:
            after.append([number - low for number in numbers])
    whole = all(s == slice(0, size) for s, size in zip(region, shape, strict=True))
    return (None if whole else tuple(region)), tuple(after)


def _select(array: NDArray[Any], keys: tuple[Any, ...]) -> NDArray[Any]:
    """Index each axis on its own (numpy would pair up several lists)."""
    for axis, key in enumerate(keys):
        if isinstance(key, list):
            array = np.take(array, key, axis=axis)
    plain = tuple(slice(None) if isinstance(key, list) else key for key in keys)
    return np.asarray(array[plain])


def _stretches(numbers: Sequence[int]) -> list[tuple[int, int]]:
    """Return the positions, half open, of maximal runs of consecutive numbers."""
    if not numbers:
        return []
    if isinstance(numbers, range) and numbers.step == 1:
        return [(0, len(numbers))]
    breaks = np.flatnonzero(np.diff(np.asarray(numbers)) != 1) + 1
    edges = [0, *breaks.tolist(), len(numbers)]
    return list(itertools.pairwise(edges))
