"""Files to measure with: series, stacks and HDF5 files of the same frames; and reading them raw."""

from __future__ import annotations

import os
from collections.abc import Sequence
from pathlib import Path

import h5py
import numpy as np
import tifffile

__all__ = ["make_frames", "read_raw", "write_hdf5", "write_series", "write_stack"]


def make_frames(count: int, size: int = 512) -> np.ndarray:
    """Return frames that no file system can compress or share."""
    rng = np.random.default_rng(1)
    return rng.integers(0, 2**16, (count, size, size), dtype=np.uint16)


def write_series(folder: Path, frames: np.ndarray, count: int | None = None) -> list[str]:
    """Write one TIFF file a frame, repeating the frames up to `count`."""
    folder.mkdir(parents=True, exist_ok=True)
    paths = []
    for number in range(count or len(frames)):
        path = folder / f"frame_{number + 1:06d}.tif"
        tifffile.imwrite(path, frames[number % len(frames)], metadata=None)
        paths.append(str(path))
    return paths


def write_stack(path: Path, frames: np.ndarray) -> str:
    """Write one TIFF file with one page a frame."""
    with tifffile.TiffWriter(path, bigtiff=True) as writer:
        for frame in frames:
            writer.write(frame, metadata=None, contiguous=False)
    return str(path)


def write_hdf5(path: Path, frames: np.ndarray, *, chunked: bool) -> str:
    """Write one HDF5 file with one dataset, contiguous or a chunk a frame."""
    with h5py.File(path, "w") as file:
        chunks = (1, *frames.shape[1:]) if chunked else None
        file.create_dataset("images", data=frames, chunks=chunks)
    return str(path)


def read_raw(paths: Sequence[str]) -> np.ndarray:
    """Read the bytes of files into one fresh array: the fastest that anybody could be."""
    sizes = [os.stat(path).st_size for path in paths]
    out = np.empty(sum(sizes), dtype=np.uint8)
    view = memoryview(out)
    position = 0
    for path, size in zip(paths, sizes, strict=True):
        with open(path, "rb", buffering=0) as file:
            end = position + size
            while position < end:  # one read gives at most 2 GiB
                position += file.readinto(view[position:end])
    return out
