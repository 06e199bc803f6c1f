"""Masked arrays as plain ones: what is masked stays told from what is not."""

from __future__ import annotations

from typing import Any

import numpy as np

__all__ = ["may_be_masked", "unmasked"]


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
    kind = value.dtype.kind
    if kind in "fc":
        return np.asarray(value.filled(np.nan))
    if kind in "mM":
        return np.asarray(
            value.filled(np.datetime64("NaT") if kind == "M" else np.timedelta64("NaT"))
        )
    if kind in "iub":
        floats: Any = value.astype(np.result_type(value.dtype, np.float32))
        if np.array_equal(floats.astype(value.dtype).compressed(), value.compressed()):
            return np.asarray(floats.filled(np.nan))
    return value.tolist()


def may_be_masked(lazy: Any) -> bool:
    """Tell whether the blocks of a dask array are masked ones.

    Examples
    --------
    >>> may_be_masked([1])
    False
    """
    return isinstance(getattr(lazy, "_meta", None), np.ma.MaskedArray)
