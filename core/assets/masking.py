"""Arrays whose frames that cannot be read are NaN."""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray

from ..errors import AssetError, UnsafeLinkError, UnsupportedFileError
from .array import AssetArray, Piece
from .protocol import Region

__all__ = ["UNREADABLE", "mask_unreadable"]

UNREADABLE = (AssetError, UnsupportedFileError, UnsafeLinkError)
"""What is raised of frames that cannot be read."""


def mask_unreadable(array: AssetArray, bad: set[int]) -> AssetArray:
    """Return an array of floats in which rows that cannot be read are NaN.

    What has no NaN (text, records) stays as it is, and raises.

    Parameters
    ----------
    bad
        The numbers of these rows are added to it when they are read.

    Examples
    --------
    >>> from penstock.core.assets.array import HeldFrames
    >>> held = AssetArray([Piece(HeldFrames(np.ones((3, 2), "u2")), 0, 3)])
    >>> mask_unreadable(held, set())[...].dtype
    dtype('float32')
    """
    if array.dtype.kind not in "biufc":
        return array
    return AssetArray([Piece(_MaskingFrames(array, bad), 0, len(array))], label=array.label)


class _MaskingFrames:
    def __init__(self, array: AssetArray, bad: set[int]) -> None:
        self._array = array
        self._bad = bad
        self.frame_shape = array.frame_shape
        kind = array.dtype
        self.dtype: np.dtype[Any] = kind if kind.kind in "fc" else np.result_type(kind, np.float32)
        self.frames_per_chunk = array.pieces[0].frames.frames_per_chunk

    def read(self, start: int, stop: int, region: Region | None, out: NDArray[Any]) -> None:
        """Read rows one by one where they cannot be read together; see `Frames.read`."""
        part = np.empty(out.shape, self._array.dtype)
        try:
            self._array.read(start, stop, region, part)
            out[...] = part
        except UNREADABLE:
            if stop - start == 1:
                self._bad.add(start)
                out[...] = np.nan
                return
            for row in range(start, stop):
                self.read(row, row + 1, region, out[row - start : row - start + 1])
