"""Data keys: what a descriptor says of one column or image, and the names they may have."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np

from .columns import PlainColumn, leaves_of, make_column, shape_of_rows

__all__ = ["array_key", "column_key", "safe_key", "safe_metadata"]

RESERVED = frozenset({"time", "seq_num", "uid"})
"""Names that a stream's dataset uses itself."""

_KINDS = {"b": "boolean", "i": "integer", "u": "integer", "f": "number"}


def array_key(
    shape: Sequence[int | None],
    dtype: Any,
    *,
    source: str,
    dims: Sequence[str] | None = None,
    units: str | None = None,
    external: bool = False,
) -> dict[str, Any]:
    """Make the data key of an array that each event has one of.

    Parameters
    ----------
    shape
        Of one event's array, without the event axis.
    dtype
        What numpy calls the type of its elements.
    source
        Where the values come from.
    dims
        Names of the axes in `shape`.
    units
        Of the values.
    external
        Whether the bytes lie outside of the documents (``stream_resource``).

    Examples
    --------
    >>> array_key((4, 6), "u2", source="a.tif", dims=("y", "x"))["dtype_numpy"]
    '<u2'
    """
    key: dict[str, Any] = {
        "dtype": "array",
        "dtype_numpy": np.dtype(dtype).str,
        "shape": [None if size is None else int(size) for size in shape],
        "source": source,
    }
    if dims is not None:
        key["dims"] = [str(dim) for dim in dims]
    if units:
        key["units"] = str(units)
    if external:
        key["external"] = "STREAM:"
    return key


def column_key(values: Any, *, source: str, units: str | None = None) -> dict[str, Any]:
    """Make the data key of a column from its values, one for each event.

    Kinds that are mixed (numbers among text) have no word in the event model: they are declared
    ``"string"``, without ``dtype_numpy``. Axes whose length differs from row to row have size None.

    Raises
    ------
    DocumentError
        If the values are no column, or none that a document can hold.

    Examples
    --------
    >>> column_key([1.5, None], source="names")["dtype"]
    'number'
    >>> column_key([[1, 2], [3, 4]], source="names")["shape"]
    [2]
    """
    column = make_column(values, where=f"column from {source}")
    key: dict[str, Any] = {**_describe(column), "source": source}
    if units:
        key["units"] = str(units)
    return key


def _describe(column: PlainColumn) -> dict[str, Any]:
    if isinstance(column, np.ndarray):
        shape, dtype = column.shape[1:], column.dtype
        return {
            "dtype": "array" if shape else _KINDS[dtype.kind],
            "shape": list(shape),
            "dtype_numpy": dtype.str,
        }
    common = shape_of_rows(column)
    if common is None:
        alike = all(isinstance(row, list) for row in column)
        return {"dtype": "array", "shape": [None]} if alike else {"dtype": "string", "shape": []}
    leaves = leaves_of(column, common)
    described: dict[str, Any] = {"dtype": "array" if common else _word(leaves)}
    described["shape"] = list(common)
    if leaves and all(type(value) is str for value in leaves):
        described["dtype_numpy"] = np.dtype((np.str_, max(1, *map(len, leaves)))).str
    return described


def _word(values: list[Any]) -> str:
    """Return the event model's word for scalars that are no array of numbers."""
    kinds = {type(value) for value in values}
    if kinds == {int}:
        return "integer"
    return "number" if kinds & {int, float} and kinds <= {int, float, type(None)} else "string"


def safe_key(name: str) -> str:
    """Return a data key for `name` that the event model and the field's tools accept.

    Anything but letters, digits, ``_`` and ``-`` becomes ``_``; names that a dataset needs for
    itself (``time``, ``seq_num``, ``uid``) get the suffix ``_value``.

    Examples
    --------
    >>> safe_key("entry/det.1"), safe_key("time")
    ('entry_det_1', 'time_value')
    """
    cleaned = re.sub(r"[^\w-]+", "_", name).strip("_") or "value"
    return f"{cleaned}_value" if cleaned in RESERVED else cleaned


def safe_metadata(value: Any) -> Any:
    """Return metadata whose keys, at every depth, are free of ``.``, ``/`` and a leading ``$``.

    Two keys that would become one get numbers, so that nothing is lost.

    Examples
    --------
    >>> safe_metadata({"a.b": {"c/d": 1}, "a_b": 2})
    {'a_b': {'c_d': 1}, 'a_b_2': 2}
    """
    if isinstance(value, Mapping):
        result: dict[str, Any] = {}
        for key, item in value.items():
            base = name = re.sub(r"[./]|^\$", "_", str(key)) or "_"
            number = 1
            while name in result:
                number += 1
                name = f"{base}_{number}"
            result[name] = safe_metadata(item)
        return result
    if isinstance(value, list | tuple):
        return [safe_metadata(item) for item in value]
    return value
