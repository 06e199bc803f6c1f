"""Images of X-ray detectors that are no TIFF files: CBF of camserver, EDF of the ESRF, MarCCD."""

from __future__ import annotations

import struct
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from .beamline_tiff import CAMSERVER_HEADER

__all__ = ["write_cbf", "write_edf", "write_marccd"]


def _counts(number: int) -> NDArray[np.int32]:
    return np.random.default_rng(number).poisson(20, (13, 17)).astype(np.int32)


def write_cbf(folder: Path, frames: int = 3) -> list[Path]:
    """Write a series as camserver does: a rotation by 0.1°, 0.5 s a frame; needs fabio.

    Examples
    --------
    >>> import tempfile
    >>> [path.name for path in write_cbf(Path(tempfile.mkdtemp()), 1)]
    ['insulin_00001.cbf']
    """
    from fabio.cbfimage import CbfImage

    folder.mkdir(parents=True, exist_ok=True)
    paths = []
    for number in range(frames):
        settings = CAMSERVER_HEADER.format(exposure=0.5, wavelength="0.97950 A", angle=number / 10)
        text = (
            f"# Detector: PILATUS 6M, S/N 60-0100\r\n# 2013-11-24T20:26:0{number}.601\r\n{settings}"
        )
        header = {
            "_array_data.header_contents": text,
            "_array_data.header_convention": "PILATUS_1.2",
        }
        image = CbfImage(data=_counts(200 + number), header=header)
        paths.append(folder / f"insulin_{number + 1:05d}.cbf")
        image.write(str(paths[-1]))
    return paths


def write_edf(folder: Path, frames: int = 3) -> list[Path]:
    """Write one file of several frames as SPEC and Lima do at the ESRF.

    Examples
    --------
    >>> import tempfile
    >>> [path.name for path in write_edf(Path(tempfile.mkdtemp()), 1)]
    ['salol_0007.edf']
    """
    folder.mkdir(parents=True, exist_ok=True)
    path = folder / "salol_0007.edf"
    with open(path, "wb") as file:
        for number in range(frames):
            image = _counts(300 + number).astype("<u2")
            fields: dict[str, Any] = {
                "HeaderID": f"EH:{number + 1:06d}:000000:000000",
                "Image": number + 1,
                "ByteOrder": "LowByteFirst",
                "DataType": "UnsignedShort",
                "Dim_1": image.shape[1],
                "Dim_2": image.shape[0],
                "Size": image.nbytes,
                "time_of_day": f"{1600000000.25 + 2 * number:.6f}",
                "count_time": 0.5,
                "scan_no": 7,
                "point_no": number,
                "title": "ascan th 1 2 2 0.5",
                "motor_mne": "th chi",
                "motor_pos": f"{1 + number / 2} 45",
                "counter_mne": "sec mon",
                "counter_pos": f"0.5 {1000 + number}",
                "WaveLength": 9.795e-11,
                "SampleDistance": 0.25,
            }
            lines = "".join(f"{name} = {value} ;\n" for name, value in fields.items())
            size = -(-(len(lines) + 4) // 512) * 512
            file.write(f"{{\n{lines}".ljust(size - 2).encode() + b"}\n" + image.tobytes())
    return [path]


def write_marccd(folder: Path) -> list[Path]:
    """Write an image as MarCCD does: a TIFF file with a header of its own before the pixels.

    Examples
    --------
    >>> import tempfile
    >>> write_marccd(Path(tempfile.mkdtemp()))[0].name
    'lysozyme_001.mccd'
    """
    folder.mkdir(parents=True, exist_ok=True)
    image = _counts(400).astype("<u2")
    entries = [
        (256, 4, image.shape[1]),
        (257, 4, image.shape[0]),
        (258, 3, 16),
        (259, 3, 1),
        (262, 3, 1),
        (273, 4, 4096),
        (277, 3, 1),
        (278, 4, image.shape[0]),
        (279, 4, image.nbytes),
        (339, 3, 1),
    ]
    raw = bytearray(4096)
    raw[:10] = b"II*\0" + struct.pack("<IH", 8, len(entries))
    for at, (code, kind, value) in enumerate(entries):
        struct.pack_into("<HHII", raw, 10 + 12 * at, code, kind, 1, value)
    struct.pack_into("<I16s", raw, 1024, 2, b"MMX")
    struct.pack_into("<II", raw, 1024 + 80, image.shape[1], image.shape[0])
    path = folder / "lysozyme_001.mccd"
    path.write_bytes(bytes(raw) + image.tobytes())
    return [path]
