"""Thermo Fisher Velox: EMD files, which hold the images of each detector with metadata of its own.

After the files of Velox 2 (format version 8): each group of ``/Data/Image`` has ``Data``, whose
last axis counts frames, and ``Metadata``, a column of JSON text for each frame. Numbers are text,
in SI units; time stamps count microseconds since 1970-01-01 UTC, start times seconds.
"""

from __future__ import annotations

import json
import os
from collections.abc import Iterator, Mapping
from contextlib import suppress
from dataclasses import dataclass, field
from typing import Any

import numpy as np
from numpy.typing import NDArray

from ...core.errors import NoDataError
from ..assets.hdf5.sources import SourceCheck
from ..hdf5.completeness import unwritten
from ..hdf5.reader import Reader
from ..hdf5.tree import DatasetInfo, is_under
from ..hdf5.values import read_small
from ..tiff.origin import part_constants
from .readings import Reading, known_text

__all__ = ["Detector", "find_detectors", "is_velox", "read_detector", "tell_left_out"]

_IMAGES = "/Data/Image"
_OTHERS = {"/Data/SpectrumStream": "spectra", "/Data/Spectrum": "spectra", "/Data/Line": "lines"}
MOST_READ = 2048
"""Frames whose metadata are read: each takes 60 kB on disk."""
_LONGEST = 2**20
_QUANTITIES = (
    ("accelerating_voltage", "Optics/AccelerationVoltage", "V"),
    ("camera_length", "Optics/CameraLength", "m"),
    ("magnification", "Optics/NominalMagnification", ""),
    ("defocus", "Optics/Defocus", "m"),
    ("beam_convergence", "Optics/BeamConvergence", "rad"),
    ("screen_current", "Optics/ScreenCurrent", "A"),
    ("spot_size", "Optics/SpotIndex", ""),
    ("stage_x", "Stage/Position/x", "m"),
    ("stage_y", "Stage/Position/y", "m"),
    ("stage_z", "Stage/Position/z", "m"),
    ("stage_alpha_tilt", "Stage/AlphaTilt", "rad"),
    ("stage_beta_tilt", "Stage/BetaTilt", "rad"),
    ("dwell_time", "Scan/DwellTime", "s"),
    ("frame_time", "Scan/FrameTime", "s"),
    ("scan_rotation", "Scan/ScanRotation", "rad"),
)
_WORDS = (
    ("instrument", "Instrument/InstrumentModel"),
    ("detector_name", "BinaryResult/Detector"),
    ("holder", "Stage/HolderType"),
)


@dataclass(frozen=True)
class Detector:
    """The images of one detector, and what is told of them."""

    path: str
    """Of the dataset."""
    shape: tuple[int, ...]
    """Of a frame."""
    frames: int
    dtype: np.dtype[Any]
    chunks: tuple[int, ...]
    name: str = ""
    constants: dict[str, Any] = field(default_factory=dict)
    columns: dict[str, list[Any]] = field(default_factory=dict)
    units: dict[str, str] = field(default_factory=dict)
    start: dict[str, Any] = field(default_factory=dict)
    time: float | None = None
    times: NDArray[np.float64] | None = None
    """Of each frame, where that is recorded."""
    everything: Mapping[str, Any] = field(default_factory=dict)
    notes: tuple[str, ...] = ()
    missing: str = ""
    """What has not been written yet; empty if all was."""


def is_velox(reader: Reader) -> bool:
    """Whether a file says that Velox wrote it."""
    info = reader.tree.datasets.get("/Version")
    text = None if info is None or info.elsewhere else read_small(reader.file["/Version"])
    return isinstance(text, str) and '"Velox"' in text


def find_detectors(reader: Reader) -> list[DatasetInfo]:
    """Return the datasets of images, in the order of their paths.

    Raises
    ------
    NoDataError
        If there is none.
    """
    found = [
        info
        for path, info in sorted(reader.tree.datasets.items())
        if is_under(path, _IMAGES) and path.endswith("/Data") and len(info.shape or ()) == 3
    ]
    if not found:
        left = sorted({kind for path, kind in _OTHERS.items() if path in reader.tree.classes})
        more = f": its data are {' and '.join(left)}, which nothing here reads" if left else ""
        raise NoDataError(f"holds no images{more}", where=reader.path)
    return found


def tell_left_out(reader: Reader) -> Iterator[str]:
    """Say which other data the file holds."""
    for path, kind in _OTHERS.items():
        if path in reader.tree.classes:
            yield f"the {kind} at {path} are left out"


def read_detector(reader: Reader, info: DatasetInfo) -> Detector:
    """Read what is told of the images of one detector."""
    SourceCheck(reader.reach).check(reader.find(info.path))
    dataset = reader.file[info.path]
    *shape, frames = map(int, dataset.shape)
    texts, notes = _texts(reader, os.path.dirname(info.path), frames)
    readings = [_read(text) for text in texts]
    lost = sum(reading is None for reading in readings)
    if lost:
        notes.append(f"of {lost} of {frames} frames of {info.path} the metadata cannot be read")
    known = [reading or Reading() for reading in readings]
    first = next((reading for reading in readings if reading is not None), Reading())
    every = len(readings) == frames
    names = dict.fromkeys(key for reading in known for key in reading.values)
    rows = {key: [reading.values.get(key) for reading in known] for key in names}
    columns, constants = part_constants(rows) if every else ({}, dict(first.values))
    stamps = [reading.start.pop("time_stamp", None) for reading in known]
    times = [np.nan if stamp is None else stamp for stamp in stamps]
    return Detector(
        path=info.path,
        shape=tuple(shape),
        frames=frames,
        dtype=np.dtype(dataset.dtype.str),
        chunks=tuple(dataset.chunks or (*shape, 1)),
        name=first.detector,
        constants=constants,
        columns=columns,
        units={key: unit for reading in known for key, unit in reading.units.items()},
        start=first.start,
        time=first.time,
        times=np.array(times) if every and frames and np.isfinite(times).all() else None,
        everything=first.everything,
        notes=tuple(notes),
        missing=unwritten(dataset),
    )


def _texts(reader: Reader, group: str, frames: int) -> tuple[list[bytes], list[str]]:
    """Return the metadata of each frame, or of the first alone where there are very many."""
    info = reader.tree.datasets.get(f"{group}/Metadata")
    shape = () if info is None else info.shape or ()
    if info is None or info.elsewhere or len(shape) != 2 or shape[0] > _LONGEST or not shape[1]:
        return [], [f"{group} has no metadata"]
    dataset = reader.file[info.path]
    notes = []
    count = min(frames, shape[1])
    if count > MOST_READ:
        notes.append(f"of {frames} frames of {group}, the metadata of the first stand for all")
        count = 1
    try:
        columns = [np.asarray(dataset[:, number], "u1") for number in range(count)]
    except (OSError, RuntimeError, ValueError, TypeError) as error:
        return [], [f"the metadata of {group} cannot be read: {error}"]
    return [column.tobytes().partition(b"\0")[0] for column in columns], notes


def _read(text: bytes) -> Reading | None:
    try:
        told = json.loads(text)
        if not isinstance(told, dict):
            return None
        return _reading(told)
    except (ValueError, TypeError, AttributeError, RecursionError):
        return None


def _reading(told: dict[str, Any]) -> Reading:
    found = Reading(everything=told)

    def at(path: str) -> Any:
        value: Any = told
        for part in path.split("/"):
            value = value.get(part) if isinstance(value, dict) else None
        return value

    for name, path, unit in _QUANTITIES:
        found.quantity(name, at(path), unit)
    for name, path in _WORDS:
        found.word(name, at(path))
    for axis, side in (("x", "width"), ("y", "height")):
        unit = known_text(at(f"BinaryResult/PixelUnit{axis.upper()}"))
        found.quantity(f"pixel_size_{axis}", at(f"BinaryResult/PixelSize/{side}"), unit)
    found.detector = known_text(at("BinaryResult/Detector"))
    _tell_detector(found, told)
    found.person_and_sample(sample=at("Sample/SampleId") or at("Sample"))
    start = Reading()
    start.quantity("time", at("Acquisition/AcquisitionStartDatetime/DateTime"))
    found.time = start.values.get("time") or None
    return found


def _tell_detector(found: Reading, told: dict[str, Any]) -> None:
    """Add what is told of the detector that took the image."""
    listed = told.get("Detectors")
    for detector in listed.values() if isinstance(listed, dict) else ():
        if isinstance(detector, dict) and detector.get("DetectorName") == found.detector:
            found.quantity("exposure_time", detector.get("ExposureTime"), "s")
            found.quantity("gain", detector.get("Gain"))
            binning = detector.get("Binning")
            if isinstance(binning, dict):
                found.quantity("binning_x", binning.get("width"))
                found.quantity("binning_y", binning.get("height"))
    custom = told.get("CustomProperties")

    def property_of(key: str) -> Any:
        held = (
            custom.get(f"Detectors[{found.detector}].{key}") if isinstance(custom, dict) else None
        )
        return held.get("value") if isinstance(held, dict) else None

    found.quantity("saturation_value", property_of("SaturationPoint"))
    with suppress(TypeError, ValueError):
        found.start["time_stamp"] = int(property_of("TimeStamp")) / 1e6
