"""Streams of a run as exporters want them: columns of small values, and images by blocks."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, Literal

import numpy as np
from numpy.typing import NDArray

from ...core.errors import DataShapeError

if TYPE_CHECKING:
    import xarray as xr

    from ...core.run import BlueskyRun
    from ...core.run.stream import BlueskyEventStream

__all__ = ["Column", "Images", "Kind", "Table", "tables_of"]

Kind = Literal["number", "boolean", "text", "array", "mixed"]
"""What the values of a column are: one number each (of any integer or floating type), one truth
value, one text, one array of numbers of the same shape each, or anything else (arrays of different
shapes, structures, several kinds)."""

LARGEST_ROW = 32 * 1024
"""Bytes of an array in each row, from which on it is read block by block as an image is."""
_BLOCK_BYTES = 32 * 2**20


@dataclass(frozen=True)
class Column:
    """The values of one data key, in memory: one for each row.

    Examples
    --------
    >>> column = Column("x", np.array([0.5, 1.5]), {"units": "mm"})
    >>> column.kind, column.units
    ('number', 'mm')
    """

    key: str
    values: NDArray[Any]
    """Along axis 0 the rows; of ``mixed`` kind an array of objects."""
    data_key: dict[str, Any] = field(default_factory=dict)

    @property
    def kind(self) -> Kind:
        """What the values are."""
        letter = self.values.dtype.kind
        if letter in "biufcSU" and self.values.ndim > 1:
            return "array" if letter in "biufc" else "mixed"
        if letter in "iuf":
            return "number"
        return {"b": "boolean", "U": "text"}.get(letter, "mixed")  # type: ignore[return-value]  # of that dict

    @property
    def units(self) -> str:
        """Units of the values; empty if unknown."""
        return str(self.data_key.get("units") or "")


@dataclass(frozen=True)
class Images:
    """The arrays of one data key that are too large to be held all at once.

    Examples
    --------
    >>> images = Images("image", np.zeros((3, 4, 6), "u2"), ("y", "x"))
    >>> [(first, block.shape) for first, block in images.blocks()]
    [(0, (3, 4, 6))]
    """

    key: str
    array: Any
    """A dask or numpy array, rows first."""
    dims: tuple[str, ...]
    """Names of the axes of one frame."""
    data_key: dict[str, Any] = field(default_factory=dict)

    @property
    def shape(self) -> tuple[int, ...]:
        """Rows, then the shape of a frame."""
        return tuple(int(size) for size in self.array.shape)

    @property
    def dtype(self) -> np.dtype[Any]:
        """Of the values."""
        dtype: np.dtype[Any] = np.dtype(self.array.dtype)
        return dtype

    @property
    def units(self) -> str:
        """Units of the values; empty if unknown."""
        return str(self.data_key.get("units") or "")

    def blocks(self) -> Iterator[tuple[int, NDArray[Any]]]:
        """Yield the number of its first row, and the frames of each block, in order.

        Blocks are as large as they are read best, a few frames at the least: memory stays flat.
        """
        rows, *frame = self.shape
        chunks = getattr(self.array, "chunks", None)
        if chunks:
            sizes = [int(size) for size in chunks[0]]
        else:
            size = max(1, int(np.prod(frame or [1])) * self.dtype.itemsize)
            step = max(1, _BLOCK_BYTES // size)
            sizes = [min(step, rows - first) for first in range(0, rows, step)]
        first = 0
        for size in sizes:
            if size:
                part = self.array[first : first + size]
                computed = part.compute(scheduler="synchronous") if chunks else part
                yield first, np.asarray(computed)
            first += size


@dataclass(frozen=True)
class Table:
    """One stream: its rows, in the order of their sequence numbers.

    Examples
    --------
    >>> from penstock.core.run import BlueskyRun
    >>> from penstock.core.run.samples import count_run
    >>> (table,) = tables_of(BlueskyRun(count_run(3)))
    >>> table.stream, len(table), table.columns["x"].values.tolist()
    ('primary', 3, [0.0, 1.0, 2.0])
    """

    stream: str
    time: NDArray[np.float64]
    """Seconds since 1970-01-01 UTC."""
    seq_num: NDArray[np.int64]
    uid: NDArray[Any]
    """Of the events."""
    columns: dict[str, Column]
    images: dict[str, Images]
    descriptors: list[dict[str, Any]]
    unreadable: dict[str, str] = field(default_factory=dict)
    """Data keys whose values make no column, and why."""

    def __len__(self) -> int:
        return len(self.seq_num)

    @property
    def hinted(self) -> list[str]:
        """The columns that hints name as worth a plot, else all numbers."""
        fields = [
            name
            for descriptor in self.descriptors
            for hint in (descriptor.get("hints") or {}).values()
            for name in (hint.get("fields") or [] if isinstance(hint, dict) else [])
        ]
        hinted = [name for name in dict.fromkeys(fields) if name in self.columns]
        return hinted or [key for key, column in self.columns.items() if column.kind == "number"]


def tables_of(run: BlueskyRun) -> Iterator[Table]:
    """Yield the streams of a run as tables, one at a time.

    Values of columns are read; frames of images are when their blocks are asked for.
    """
    for name in run:
        yield _table_of(run[name])


def _table_of(stream: BlueskyEventStream) -> Table:
    keys = list(stream.data_keys)
    unreadable: dict[str, str] = {}
    try:
        dataset = stream.to_dask()
    except DataShapeError:
        for key in keys:
            try:
                stream.to_dask(include=[key])
            except DataShapeError as error:
                unreadable[key] = error.what
        dataset = stream.to_dask(exclude=list(unreadable))
    names = _variables_of(dataset, [key for key in keys if key not in unreadable])
    columns: dict[str, Column] = {}
    images: dict[str, Images] = {}
    for key, variable in names.items():
        found = dataset[variable]
        data_key = stream.data_keys[key]
        if _is_large(found.data):
            images[key] = Images(key, found.data, tuple(map(str, found.dims[1:])), data_key)
        else:
            columns[key] = Column(key, _in_memory(found.data), data_key)
    return Table(
        stream=stream.name,
        time=dataset["time"].values,
        seq_num=dataset["seq_num"].values,
        uid=dataset["uid"].values,
        columns=columns,
        images=images,
        descriptors=stream.descriptors,
        unreadable=unreadable,
    )


def _variables_of(dataset: xr.Dataset, keys: list[str]) -> dict[str, str]:
    """Return the variable of each data key: another name where the key's own is reserved."""
    taken = [str(name) for name in dataset.data_vars if name not in ("seq_num", "uid")]
    return dict(zip(keys, taken, strict=True))


def _is_large(array: Any) -> bool:
    if hasattr(array, "dask") or hasattr(array, "__dask_graph__"):
        return True
    rows = max(1, len(array))
    return bool(array.ndim > 2 or (array.ndim > 1 and array.nbytes // rows > LARGEST_ROW))


def _in_memory(array: Any) -> NDArray[Any]:
    return np.asarray(array)
