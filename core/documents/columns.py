"""Columns as event pages hold them: one plain value for each event, none of them changed."""

from __future__ import annotations

import math
from collections.abc import Iterable, Mapping, Set
from typing import Any, TypeAlias

import numpy as np
from numpy.typing import NDArray

from ..errors import DocumentError
from .normalising import normalise

__all__ = [
    "PlainColumn",
    "leaves_of",
    "make_column",
    "plain_rows",
    "row_bytes",
    "seconds_column",
    "shape_of_rows",
]

PlainColumn: TypeAlias = NDArray[Any] | list[Any]
"""An array of numbers or booleans where one dtype holds every value, else a list of plain values"""

_EXACT = 2**53
"""Up to here float64 holds every integer."""


def make_column(values: Any, *, where: str = "column") -> PlainColumn:
    """Return the values of a column, one for each event.

    Numbers of one kind become an array, with NaN where None stands among them; so do rows of such
    numbers, if all have one shape. Everything else stays a list whose items are what `normalise`
    makes of them: text, kinds that are mixed, rows of different lengths, integers that no dtype
    holds beside the others. Floats longer than 64 bits are rounded to these.

    Raises
    ------
    DocumentError
        If it is no column, or holds what no document can.

    Examples
    --------
    >>> make_column([1.5, None])
    array([1.5, nan])
    >>> make_column([1, "a"]), make_column([2**63, -1]), make_column([[1, 2], [3]])
    ([1, 'a'], [9223372036854775808, -1], [[1, 2], [3]])
    """
    if isinstance(values, np.ma.MaskedArray):
        values = values.tolist()  # None where masked
    elif hasattr(values, "__array__"):
        values = np.asarray(values)
    if isinstance(values, np.ndarray) and values.ndim and values.dtype.kind in "biuf":
        return values.astype(float) if values.dtype.itemsize > 8 else values
    if isinstance(values, str | bytes | Mapping | Set) or not isinstance(values, Iterable):
        raise _no_column(values, where)
    try:
        rows = list(values)
    except TypeError:  # an array without axes
        raise _no_column(values, where) from None
    if len({_numpy_type(row) for row in rows}) == 1 and _numpy_type(rows[0]) is not None:
        return make_column(np.stack(rows), where=where)
    return _gathered(normalise(rows, where=where))


def _no_column(values: Any, where: str) -> DocumentError:
    return DocumentError(
        f"a {type(values).__name__} is no column",
        where=where,
        remedy="Give a list or an array with one value for each event.",
    )


def _numpy_type(row: Any) -> tuple[Any, ...] | None:
    """Return dtype and shape of a row that numpy holds as real numbers or booleans, else None."""
    if isinstance(row, np.ndarray | np.generic) and row.dtype.kind in "biuf":
        return row.dtype, row.shape
    return None


def _gathered(rows: list[Any]) -> PlainColumn:
    """Return an array of the rows where one holds each of their values, else the rows."""
    shape = shape_of_rows(rows)
    if shape is None:
        return rows
    array = _numbers(leaves_of(rows, shape))
    return rows if array is None else array.reshape(len(rows), *shape)


def shape_of_rows(rows: list[Any]) -> tuple[int, ...] | None:
    """Return the shape that all rows have, ``()`` for scalars; None where they differ.

    Examples
    --------
    >>> shape_of_rows([[1, 2], [3, 4]]), shape_of_rows([1, 2]), shape_of_rows([[1], [2, 3]])
    ((2,), (), None)
    """
    if not any(isinstance(row, list) for row in rows):
        return ()
    if not all(isinstance(row, list) for row in rows) or len({len(row) for row in rows}) > 1:
        return None
    inner = shape_of_rows([item for row in rows for item in row])
    return None if inner is None else (len(rows[0]), *inner)


def leaves_of(rows: list[Any], shape: tuple[int, ...]) -> list[Any]:
    """Return the scalars in rows that all have a shape, row-major.

    Examples
    --------
    >>> leaves_of([["a", "b"], ["c", "d"]], (2,))
    ['a', 'b', 'c', 'd']
    """
    for _ in shape:
        rows = [item for row in rows for item in row]
    return rows


def _numbers(values: list[Any]) -> NDArray[Any] | None:
    """Return plain values as an array, None where that would change one of them."""
    kinds = {type(value) for value in values}
    if kinds == {bool}:
        return np.array(values)
    if kinds == {int}:
        low, high = min(values), max(values)
        if low >= -(2**63) and high < 2**63:
            return np.array(values, dtype=np.int64)
        return np.array(values, dtype=np.uint64) if low >= 0 and high < 2**64 else None
    if kinds == {type(None)} or not kinds <= {int, float, type(None)}:
        return None
    if any(type(value) is int and abs(value) > _EXACT for value in values):
        return None
    return np.array([math.nan if value is None else value for value in values], dtype=float)


def seconds_column(values: Any, where: str) -> NDArray[np.float64]:
    """Return times, one for each event.

    Raises
    ------
    DocumentError
        If they are anything but one number for each event.

    Examples
    --------
    >>> seconds_column([1, 2.5], "time")
    array([1. , 2.5])
    """
    column = make_column(values, where=where)
    if not isinstance(column, np.ndarray) or column.ndim != 1:
        raise DocumentError(
            "times are not one number for each event",
            where=where,
            remedy="Give seconds since 1970-01-01 UTC.",
        )
    return column.astype(np.float64, copy=False)


def plain_rows(column: PlainColumn, rows: slice) -> list[Any]:
    """Return some of a column's rows as an event page holds them.

    Examples
    --------
    >>> plain_rows(make_column([1, 2, 3]), slice(0, 2))
    [1, 2]
    """
    part = column[rows]
    listed: list[Any] = part.tolist() if isinstance(part, np.ndarray) else part
    return listed


def row_bytes(column: PlainColumn) -> int:
    """Return about how many bytes the largest row of a column takes.

    Examples
    --------
    >>> row_bytes(make_column([[1.0, 2.0]])), row_bytes(["a", "abc"])
    (16, 11)
    """
    if isinstance(column, np.ndarray):
        return int(column[:1].nbytes)
    return max(map(_bytes_of, column), default=0)


def _bytes_of(value: Any) -> int:
    if isinstance(value, list):
        return 8 + sum(map(_bytes_of, value))
    if isinstance(value, dict):
        return 8 + sum(8 + len(key) + _bytes_of(item) for key, item in value.items())
    return 8 + (len(value.encode("utf-8", "surrogatepass")) if isinstance(value, str) else 0)
