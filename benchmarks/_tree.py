"""A tree of files as a beamline leaves it behind: series, stacks, HDF5, decoys, sidecars.

A thousand files are a *session* of the same mix every time, so that a tree of any size costs the
same for each file if the cost is linear. Images are tiny: what matching does with a file does not
depend on the pixels in it.
"""

from __future__ import annotations

import io
import os
from collections.abc import Iterator
from pathlib import Path

import h5py
import numpy as np
import tifffile

__all__ = ["MIX", "SESSION", "make_tree"]

SESSION = 1000
"""Files of one session."""

_LENGTHS = (360, 181, 61, 50, 40, 30, 25, 20, 12, 10, 10, 8, 6, 5, 5, 4, 3, 3, 2)

MIX = (
    ("series of 2 to 360 TIFF files, each in a folder", len(_LENGTHS), sum(_LENGTHS)),
    ("map of 10 × 10 TIFF files (two indices)", 1, 100),
    ("NeXus files, 6 numbered", 6, 6),
    ("HDF5 files with one image", 4, 4),
    ("TIFF stacks", 10, 10),
    ("sidecars: a text beside each series, logs, tables, JSON", 25, 25),
    ("decoys: previews, archives, wrong suffixes, empty files, LFS pointers", 20, 20),
)
"""What a session consists of: kind, runs or single files, files."""


def make_tree(root: Path, files: int) -> Path:
    """Write a tree of so many files (whole sessions), unless it is there already."""
    done = root / ".complete"
    if done.exists():
        return root
    contents = _contents()
    for number in range(files // SESSION):
        month = root / f"2026-{1 + number // 10 % 12:02d}"
        _write_session(month / f"session_{number:03d}", contents)
    done.touch()
    return root


def _write_session(folder: Path, contents: dict[str, bytes]) -> None:
    written = 0
    for name, kind in _session():
        path = folder / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(contents[kind])
        written += 1
    assert written == SESSION, written


def _session() -> Iterator[tuple[str, str]]:
    """Give the name and the kind of content of each file."""
    for scan, length in enumerate(_LENGTHS, 1):
        folder = f"scan_{scan:04d}_sample{scan % 4}"
        for number in range(length):
            if scan == 5 and number >= 20:
                number += 3  # a hole
            yield f"{folder}/img_{scan}_{number:05d}.tif", "tiff"
        yield f"{folder}/scan_{scan:04d}.txt", "text"
    for row in range(10):
        for column in range(10):
            yield f"map/x{row}_y{column}.tif", "tiff"
    for number in range(6):
        yield f"nexus/entry_{number:03d}.nxs", "nexus"
    for name in ("flatfield", "mask", "calib_lab6", "reco"):
        yield f"processed/{name}.h5", "hdf5"
    for number, name in enumerate("abcdefghij"):
        yield f"stacks/{name}_z{number}.tif", "stack"
    for name in ("motors.log", "beam.csv", "session.json", "notes.txt", "ring.dat", "spec.spec"):
        yield f"logs/{name}", "text"
    for number in range(8):
        yield f"previews/view_{number}.png", "png"
    yield from (("previews/a.tif", "png"), ("previews/b.h5", "text"), ("previews/c.tif", "empty"))
    yield from (("archive/old.zip", "zip"), ("archive/raw.h5", "lfs"), ("archive/README", "text"))
    yield from ((f"archive/doc_{name}.pdf", "pdf") for name in "abc")
    yield from ((f"archive/{name}.jpg", "jpeg") for name in ("front", "back"))
    yield ("archive/thing", "binary")


def _contents() -> dict[str, bytes]:
    frames = np.arange(3 * 16 * 16, dtype=np.uint16).reshape(3, 16, 16)
    return {
        "tiff": _tiff(frames[0]),
        "stack": _tiff(frames),
        "nexus": _nexus(frames),
        "hdf5": _hdf5(frames[0]),
        "text": b"# motor  position\n" + b"th 1.25\n" * 60,
        "png": b"\x89PNG\r\n\x1a\n" + bytes(400),
        "jpeg": b"\xff\xd8\xff\xe0" + bytes(400),
        "zip": b"PK\x03\x04" + bytes(400),
        "pdf": b"%PDF-1.7\n" + bytes(400),
        "lfs": b"version https://git-lfs.github.com/spec/v1\noid sha256:0\nsize 1\n",
        "binary": bytes(range(256)) * 2,
        "empty": b"",
    }


def _tiff(frames: np.ndarray) -> bytes:
    file = io.BytesIO()
    tifffile.imwrite(file, frames, metadata=None, software="camera 1.0", photometric="minisblack")
    return file.getvalue()


def _hdf5(image: np.ndarray) -> bytes:
    file = io.BytesIO()
    with h5py.File(file, "w") as content:
        content["image"] = image
    return file.getvalue()


def _nexus(frames: np.ndarray) -> bytes:
    """Return a NeXus file as beamlines write them: an entry, a detector, motors, a sample."""
    file = io.BytesIO()
    with h5py.File(file, "w") as content:
        content.attrs["default"] = "entry"
        entry = content.create_group("entry")
        entry.attrs.update(NX_class="NXentry", default="data")
        entry["title"], entry["start_time"] = "scan", "2026-01-01T00:00:00+00:00"
        instrument = entry.create_group("instrument")
        instrument.attrs["NX_class"] = "NXinstrument"
        detector = instrument.create_group("detector")
        detector.attrs["NX_class"] = "NXdetector"
        detector.create_dataset("data", data=frames, chunks=(1, 16, 16))
        detector["count_time"] = np.full(len(frames), 0.1)
        for name in ("th", "tth", "chi", "phi", "x", "y", "z", "energy"):
            motor = instrument.create_group(name)
            motor.attrs["NX_class"] = "NXpositioner"
            motor["value"] = np.linspace(0, 1, len(frames))
            motor["value"].attrs["units"] = "deg"
        sample = entry.create_group("sample")
        sample.attrs["NX_class"] = "NXsample"
        sample["name"] = "Cu"
        data = entry.create_group("data")
        data.attrs.update(NX_class="NXdata", signal="data", axes=["th", ".", "."])
        data["data"] = h5py.SoftLink("/entry/instrument/detector/data")
        data["th"] = h5py.SoftLink("/entry/instrument/th/value")
    return file.getvalue()


def count_folders(root: Path) -> int:
    """Return how many folders hold files."""
    return sum(1 for _, _, files in os.walk(root) if files)
