"""Write the sample files; the same ones every time.

``python -m penstock.sample_files.make_samples DIR`` writes into DIR:

=========================  ========================================================================
``growth/frame_1.tif`` …   a series of 11 TIFF files: crystals that grow. Numbers are not padded
                           (``frame_10`` sorts after ``frame_9``), and frame 8 is missing.
``foam.tif``               a stack: one ImageJ TIFF with 12 slices, spacing and unit
``scan.nxs``               a NeXus file: 10 images of a detector against an angle, with times
``melt.h5``                an HDF5 file of nobody's convention: one dataset and a few attributes
``broken.tif``             a TIFF file whose copy was interrupted
``notes.tif``              a decoy: text with the wrong extension
=========================  ========================================================================
"""

from __future__ import annotations

import sys
from pathlib import Path
from typing import Any

import h5py
import numpy as np
import tifffile
from numpy.typing import NDArray

__all__ = ["GROWTH_NUMBERS", "write_samples"]

GROWTH_NUMBERS = (1, 2, 3, 4, 5, 6, 7, 9, 10, 11, 12)
"""Frame 8 never reached the disk."""

Image = NDArray[Any]


def write_samples(directory: str | Path) -> list[Path]:
    """Write every sample file below a directory, which is made if needed.

    Returns
    -------
    list of Path
        What was written, in order.

    Examples
    --------
    >>> written = write_samples("samples")
    >>> len(written), written[0].as_posix()
    (16, 'samples/growth/frame_1.tif')
    """
    target = Path(directory)
    (target / "growth").mkdir(parents=True, exist_ok=True)
    written = []
    for number in GROWTH_NUMBERS:
        written.append(target / "growth" / f"frame_{number}.tif")
        _write_tiff(written[-1], _crystals(number))
    written += [
        _write_stack(target / "foam.tif"),
        _write_nexus(target / "scan.nxs"),
        _write_plain_hdf5(target / "melt.h5"),
        _write_broken(target / "broken.tif"),
        _write_decoy(target / "notes.tif"),
    ]
    return written


def _crystals(number: int) -> Image:
    """Draw six discs whose radii grow with the frame's number, in the noise of a camera."""
    seeds = np.random.default_rng(1).uniform(size=(6, 3))
    y, x = np.mgrid[0:96, 0:128]
    image = np.random.default_rng(100 + number).normal(400, 12, (96, 128))
    for row, column, birth in seeds:
        radius = max(0.0, 2.2 * (number - 4 * birth))
        image += 900 * (np.hypot(y - 96 * row, x - 128 * column) < radius)
    return image.astype(np.uint16)


def _write_tiff(path: Path, image: Image) -> None:
    tifffile.imwrite(path, image, photometric="minisblack", metadata=None, software="make_samples")


def _write_stack(path: Path) -> Path:
    """Write 12 slices of round pores, 1.3 µm apart, as ImageJ saves them."""
    z, y, x = np.mgrid[0:12, 0:64, 0:80]
    pores = np.random.default_rng(2).uniform(size=(25, 4)) * (12, 64, 80, 8)
    volume = np.full(z.shape, 180, np.uint8)
    for pore in pores:
        distance = np.sqrt((z - pore[0]) ** 2 + (y - pore[1]) ** 2 + (x - pore[2]) ** 2)
        volume[distance < 2 + pore[3]] = 40
    tifffile.imwrite(
        path,
        volume,
        imagej=True,
        resolution=(1 / 0.65, 1 / 0.65),
        metadata={"axes": "ZYX", "spacing": 1.3, "unit": "um"},
    )
    return path


def _write_nexus(path: Path) -> Path:
    """Write a rocking curve: a spot that flares up as the sample turns through its reflection."""
    theta = np.linspace(12.0, 12.9, 10)
    y, x = np.mgrid[0:64, 0:64]
    spot = np.exp(-((y - 30) ** 2 + (x - 41) ** 2) / 18)
    flare = np.exp(-(((theta - 12.47) / 0.12) ** 2))
    images = np.random.default_rng(3).poisson(3 + 500 * flare[:, None, None] * spot)
    with h5py.File(path, "w") as file:
        file.attrs["default"] = "entry"
        entry = _group(file, "entry", "NXentry", default="data")
        entry["title"] = "Rocking curve of the 111 reflection"
        entry["start_time"] = "2024-03-05T14:02:00+01:00"
        entry["end_time"] = "2024-03-05T14:02:21+01:00"
        sample = _group(entry, "sample", "NXsample")
        sample["name"] = "copper foil"
        sample["temperature"] = 293.5
        sample["temperature"].attrs["units"] = "K"
        detector = _group(_group(entry, "instrument", "NXinstrument"), "detector", "NXdetector")
        detector.create_dataset(
            "data", data=images.astype(np.uint16), chunks=(1, 64, 64), compression="gzip"
        )
        detector["count_time"] = 2.0
        detector["count_time"].attrs["units"] = "s"
        data = _group(entry, "data", "NXdata", signal="data", theta_indices=0)
        data.attrs["axes"] = ["theta", ".", "."]
        data["data"] = h5py.SoftLink("/entry/instrument/detector/data")
        data["theta"] = theta
        data["theta"].attrs["units"] = "deg"
    return path


def _group(parent: h5py.Group, name: str, nexus_class: str, **attributes: Any) -> h5py.Group:
    group = parent.create_group(name)
    group.attrs.update({"NX_class": nexus_class, **attributes})
    return group


def _write_plain_hdf5(path: Path) -> Path:
    """Write a field of view that melts from its left to its right."""
    x = np.arange(64)
    fronts = np.linspace(0, 64, 15)
    solid = np.random.default_rng(4).normal(700, 20, (15, 48, 64))
    images = np.where(x < fronts[:, None, None], 0.4 * solid, solid).astype(np.uint16)
    with h5py.File(path, "w") as file:
        dataset = file.create_dataset("images", data=images, chunks=(1, 48, 64), compression="gzip")
        dataset.attrs["units"] = "counts"
        file.attrs["material"] = "salol"
        file.attrs["exposure_seconds"] = 0.05
        file.attrs["operator"] = "night shift"
    return path


def _write_broken(path: Path) -> Path:
    """Write the first third of a TIFF file: its header reads well, most pixels are missing."""
    _write_tiff(path, _crystals(12))
    path.write_bytes(path.read_bytes()[:8192])
    return path


def _write_decoy(path: Path) -> Path:
    path.write_text(
        "Changed the filter at 3 am, the old one was scratched.\n"
        "Frame 8 of the growth series is lost: the disk was full.\n",
        encoding="utf-8",
    )
    return path


if __name__ == "__main__":
    if len(sys.argv) != 2:
        sys.exit("usage: python -m penstock.sample_files.make_samples DIR")
    for sample in write_samples(sys.argv[1]):
        print(sample)
