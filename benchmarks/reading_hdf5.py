"""Reading frames of HDF5 datasets: penstock against h5py, and against raw bytes.

Run ``python benchmarks/reading_hdf5.py``; files are written to a temporary folder and removed.
Ways alternate in one process; the figures are medians. The caches of the system are warm.
"""

from __future__ import annotations

import argparse
import tempfile
from functools import partial
from pathlib import Path

import h5py
import hdf5plugin
import numpy as np
from _files import make_frames, read_raw
from _table import alternate, format_table

from penstock.core.assets.array import AssetArray, Piece
from penstock.core.assets.protocol import AssetContext
from penstock.ingestors.assets.hdf5.frames import open_hdf5

LAYOUTS = {
    "contiguous": {},
    "chunk a frame": {"chunks": True},
    "gzip": {"chunks": True, "compression": "gzip", "compression_opts": 1, "shuffle": True},
    "bitshuffle-lz4": {"chunks": True, **hdf5plugin.Bitshuffle()},
}


def write(path: Path, frames: np.ndarray, layout: dict) -> str:
    options = dict(layout)
    if options.pop("chunks", False):
        options["chunks"] = (1, *frames.shape[1:])
    with h5py.File(path, "w") as file:
        file.create_dataset("images", data=frames, **options)
    return str(path)


def open_frames(path: str, frames: np.ndarray):
    parameters = {"dataset": "/images", "chunk_shape": [1, *frames.shape[1:]]}
    context = AssetContext(frames.shape[1:], frames.dtype.str)
    return open_hdf5({"uri": path, "parameters": parameters}, context)


def read_h5py(path: str) -> np.ndarray:
    with h5py.File(path, "r") as file:
        return file["images"][...]


def read_at_once(path: str, frames: np.ndarray) -> np.ndarray:
    out = np.empty_like(frames)
    open_frames(path, frames).read(0, len(frames), None, out)
    return out


def read_array(path: str, frames: np.ndarray) -> np.ndarray:
    return AssetArray([Piece(open_frames(path, frames), 0, len(frames))]).read_all()[0]


def read_one_h5py(path: str, number: int) -> np.ndarray:
    with h5py.File(path, "r") as file:
        return file["images"][number]


def read_one(path: str, frames: np.ndarray, number: int) -> np.ndarray:
    out = np.empty((1, *frames.shape[1:]), frames.dtype)
    open_frames(path, frames).read(number, number + 1, None, out)
    return out


def measure(folder: Path, frames: np.ndarray, turns: int) -> None:
    raw = folder / "raw.bin"
    frames.tofile(raw)
    for name, layout in LAYOUTS.items():
        path = write(folder / "a.h5", frames, layout)
        assert (read_array(path, frames) == frames).all()
        whole = {
            "raw readinto": partial(read_raw, [str(raw)]),
            "h5py [...]": partial(read_h5py, path),
            "penstock Frames.read": partial(read_at_once, path, frames),
            "penstock AssetArray": partial(read_array, path, frames),
        }
        one = {
            "h5py one frame": partial(read_one_h5py, path, len(frames) // 2),
            "penstock one frame": partial(read_one, path, frames, len(frames) // 2),
        }
        print(f"\n{name}, {len(frames)} frames whole\n")
        print(format_table(alternate(whole, turns)))
        print(f"\n{name}, one frame\n")
        print(format_table(alternate(one, 3 * turns)))


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--frames", type=int, default=1000)
    parser.add_argument("--size", type=int, default=512, help="pixels along each side")
    parser.add_argument("--turns", type=int, default=5)
    parser.add_argument("--folder", help="where to write the files; a temporary folder by default")
    options = parser.parse_args()
    # Twelve bits, as of a camera, so that there is something to compress.
    frames = make_frames(options.frames, options.size) >> 4
    with tempfile.TemporaryDirectory(dir=options.folder) as folder:
        measure(Path(folder), frames, options.turns)


if __name__ == "__main__":
    main()
