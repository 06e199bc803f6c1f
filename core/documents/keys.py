"""Data keys: what a descriptor says of one column or image, and the names they may have."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np

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

    Examples
    --------
    >>> column_key([1.5, 2.5], source="names")["dtype"]
    'number'
    >>> column_key([[1, 2], [3, 4]], source="names")["shape"]
    [2]
    """
    try:
        array = np.asarray(values)
    except ValueError:  # rows of different lengths
        array = np.fromiter(values, dtype=object)
    if array.ndim > 1:
        return array_key(array.shape[1:], array.dtype, source=source, units=units)
    key: dict[str, Any] = {
        "dtype": _KINDS.get(array.dtype.kind, "string"),
        "shape": [],
        "source": source,
    }
    if array.dtype.kind == "O" and all(isinstance(value, list) for value in array):
        key |= {"dtype": "array", "shape": [None]}
    if array.dtype.kind in "biufSU":
        key["dtype_numpy"] = array.dtype.str
    if units:
        key["units"] = str(units)
    return key


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
