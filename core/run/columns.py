"""Columns of values, one for each event, as labelled arrays want them."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, TypeAlias

import numpy as np
from numpy.typing import NDArray

from ..assets.array import AssetArray, HeldFrames, Piece
from ..documents import may_be_masked, unmasked

__all__ = ["Column", "concatenate", "is_lazy", "to_column"]

Column: TypeAlias = Any
"""A numpy array, a dask array or an `AssetArray`, whose first axis is the events'."""


def is_lazy(value: Any) -> bool:
    """Tell whether a value is a dask array (without importing dask).

    Examples
    --------
    >>> is_lazy([1, 2])
    False
    """
    return hasattr(value, "__dask_graph__")


def to_column(values: Sequence[Any]) -> Column:
    """Make one column of the values of consecutive events.

    Numbers make a numeric array (None among them becomes NaN), text a text array, arrays of one
    shape a stacked array, dask arrays a lazy one. What does not fit together (rows of different
    lengths, numbers among text) makes an array of objects that holds every value unchanged.

    Examples
    --------
    >>> to_column([1, 2]).dtype.kind, to_column([1.5, None]).tolist()
    ('i', [1.5, nan])
    >>> to_column([1, "a"]).tolist()
    [1, 'a']
    >>> [row.tolist() for row in to_column([[1, 2], [3]])]
    [[1, 2], [3]]
    """
    values = unmasked(values)
    if isinstance(values, np.ndarray | AssetArray):
        return values
    if is_lazy(values):
        return _unmasked_lazily(values) if may_be_masked(values) else values
    if any(is_lazy(value) for value in values):
        return _stack_lazy(list(map(to_column, values)))
    if any(isinstance(value, np.ma.MaskedArray) for value in values):
        values = list(map(unmasked, values))
    if any(isinstance(value, np.ndarray | list | tuple) for value in values):
        return _stack(values)
    return _scalars(values)


def _stack_lazy(values: Sequence[Any]) -> Column:
    import dask.array as da

    if len({(value.shape, value.dtype) for value in values}) == 1:
        return da.stack(list(values))
    return _objects(values)


def _unmasked_lazily(values: Column) -> Column:
    """Unmask blocks when they are computed: to one dtype, whether anything in them is masked."""
    kind = values.dtype
    if kind.kind in "iub" and kind.itemsize < 8:
        kind = np.result_type(kind, np.float32)
    elif kind.kind not in "fcmM":
        kind = np.dtype(object)
    return values.map_blocks(
        lambda block: np.asarray(unmasked(block), dtype=kind),
        dtype=kind,
        meta=np.empty((0,) * values.ndim, kind),
    )


def _stack(values: Sequence[Any]) -> NDArray[Any]:
    arrays = [value if isinstance(value, np.ndarray) else _row(value) for value in values]
    alike = {(array.shape, array.dtype.kind in "OSU") for array in arrays}
    return np.stack(arrays) if len(alike) == 1 else _objects(arrays)


def _row(value: Any) -> NDArray[Any]:
    if not isinstance(value, list | tuple):
        return np.asarray(value)
    if any(isinstance(item, list | tuple | np.ndarray) for item in value):
        return np.asarray(_stack(value))
    return _scalars(value)


def _scalars(values: Sequence[Any]) -> NDArray[Any]:
    kinds = {_kind(value) for value in values}
    if kinds <= {"number", "none"} and "number" in kinds:
        if "none" in kinds and any(_is_beyond_floats(value) for value in values):
            return _objects(values)
        array = np.asarray([np.nan if value is None else value for value in values])
        if array.dtype.kind == "f" and "none" not in kinds and _all_integers(values):
            # Integers that int64 cannot hold: numpy would round them.
            fits = min(values) >= 0 and max(values) < 2**64
            return np.asarray(values, dtype=np.uint64) if fits else _objects(values)
        return array
    if kinds in ({"text"}, {"boolean"}, {"other"}):
        array = np.asarray(values)
        return array if array.ndim == 1 else _objects(values)
    return _objects(values) if values else np.empty(0)


def _kind(value: Any) -> str:
    if value is None:
        return "none"
    if isinstance(value, bool | np.bool_):
        return "boolean"
    if isinstance(value, int | float | np.number):
        return "number"
    return "text" if isinstance(value, str) else "other"


def _is_beyond_floats(value: Any) -> bool:
    return isinstance(value, int | np.integer) and abs(int(value)) > 2**53


def _all_integers(values: Sequence[Any]) -> bool:
    return all(isinstance(value, int | np.integer) for value in values)


def _objects(values: Sequence[Any]) -> NDArray[Any]:
    array = np.empty(len(values), dtype=object)
    for row, value in enumerate(values):
        array[row] = value
    return array


def _pieces(column: AssetArray | NDArray[Any]) -> Sequence[Piece]:
    if isinstance(column, AssetArray):
        return column.pieces
    return (Piece(HeldFrames(column), 0, len(column)),)


def concatenate(columns: Sequence[Column]) -> Column:
    """Join columns of one key one after the other.

    Lazy ones stay lazy. Waveforms of different lengths become an array of objects.

    Raises
    ------
    ValueError
        If lazy columns, or columns of images, differ in the shape of their rows.

    Examples
    --------
    >>> concatenate([np.array([1]), np.array([2.5])]).tolist()
    [1.0, 2.5]
    """
    if len(columns) == 1:
        return columns[0]
    shapes = {tuple(column.shape[1:]) for column in columns}
    assets = [column for column in columns if isinstance(column, AssetArray)]
    alike = {(column.shape[1:], column.dtype) for column in columns}
    if assets and len(alike) == 1 and not any(map(is_lazy, columns)):
        pieces = [piece for column in columns for piece in _pieces(column)]
        return AssetArray(pieces, label=assets[0].label)
    if assets and all(len(shape) == 1 for shape in shapes) and len(shapes) > 1:
        columns = [np.asarray(c) if isinstance(c, AssetArray) else c for c in columns]
    lazy = any(is_lazy(column) or isinstance(column, AssetArray) for column in columns)
    if len(shapes) > 1 and (lazy or max(map(len, shapes)) > 1):
        raise ValueError("rows of shapes " + ", ".join(sorted(map(str, shapes))))
    if lazy:
        import dask.array as da

        return da.concatenate(
            [column.to_dask() if isinstance(column, AssetArray) else column for column in columns]
        )
    textual = {column.dtype.kind in "OSUb" and column.dtype.kind for column in columns}
    if len(shapes) == 1 and len(textual) == 1:
        return np.concatenate(columns)
    return _objects([value for column in columns for value in column])
