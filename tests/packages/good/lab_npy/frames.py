"""Frames of a ``.npy`` file."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray


@dataclass(frozen=True)
class NpyFrames:
    """The frames along the first axis of an array; the file is opened for each read."""

    path: str
    frame_shape: tuple[int, ...]
    dtype: np.dtype[Any]
    frames_per_chunk: int = 1

    def read(
        self, start: int, stop: int, region: tuple[slice, ...] | None, out: NDArray[Any]
    ) -> None:
        """Read frames into `out`."""
        array = np.load(self.path, mmap_mode="r", allow_pickle=False)
        out[...] = array[(slice(start, stop), *(region or ()))]


def open_frames(resource: dict[str, Any], context: Any) -> NpyFrames:
    """Open what a ``stream_resource`` document points at."""
    path = context.resolve(resource["uri"])
    array = np.load(path, mmap_mode="r", allow_pickle=False)
    return NpyFrames(path, array.shape[1:], array.dtype)
