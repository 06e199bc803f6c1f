"""Masked arrays as plain ones: what is masked stays told from what is not."""

from __future__ import annotations

from typing import Any

import numpy as np

__all__ = ["may_be_masked", "unmasked", "unmasked_dtype"]


def unmasked(value: Any) -> Any:
    """Return a masked array as a plain one; everything else as it is.

    What is masked becomes NaN, or NaT among dates. Integers and booleans become floats of 32 bits,
    or of 64 where it takes these to hold them. Where none does, and among text, it becomes a list
    with None in it.

    Examples
    --------
    >>> unmasked(np.ma.masked_equal([1, 2, 3], 3))
    array([ 1.,  2., nan])
    >>> unmasked(np.ma.masked_equal(np.array([1, 2], "u2"), 2)).dtype
    dtype('float32')
    >>> unmasked(np.ma.masked_equal([1, 2, 3], 5))
    array([1, 2, 3])
    """
    if not isinstance(value, np.ma.MaskedArray):
        return value
    if not np.ma.is_masked(value):
        return np.asarray(value.data)
    dtype = unmasked_dtype(value)
    if dtype.hasobject:
        return value.tolist()
    nothing = np.array("NaT", dtype) if dtype.kind in "mM" else np.nan
    floats: Any = value.astype(dtype)
    return np.asarray(floats.filled(nothing))


def unmasked_dtype(value: np.ma.MaskedArray[Any, Any]) -> np.dtype[Any]:
    """Return the dtype that an array has where anything in it is masked; of objects for a list.

    Examples
    --------
    >>> unmasked_dtype(np.ma.MaskedArray([1, 2], dtype="u2"))
    dtype('float32')
    """
    kind: np.dtype[Any] = value.dtype
    if kind.kind in "fcmM":
        return kind
    if kind.kind in "iub":
        there, dtype = value.compressed(), np.result_type(kind, np.float32)
        if np.array_equal(there.astype(dtype).astype(kind), there):
            return dtype
    return np.dtype(object)


def may_be_masked(lazy: Any) -> bool:
    """Tell whether the blocks of a dask array are masked ones.

    Examples
    --------
    >>> may_be_masked([1])
    False
    """
    return isinstance(getattr(lazy, "_meta", None), np.ma.MaskedArray)
