"""TIFF files as detectors of beamlines leave them: EPICS areaDetector and Dectris' camserver."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import tifffile
from numpy.typing import NDArray

__all__ = [
    "CAMSERVER_HEADER",
    "write_areadetector_tiff",
    "write_pilatus_tiff",
    "write_saxslab_tiff",
]

EPICS_SECONDS = 910733328
"""2018-11-10 21:28:48 UTC, as EPICS counts."""

CAMSERVER_HEADER = "\r\n".join(
    [
        "# Pixel_size 172e-6 m x 172e-6 m",
        "# Silicon sensor, thickness 0.000320 m",
        "# Exposure_time {exposure:.7f} s",
        "# Exposure_period 0.5010000 s",
        "# Tau = 124.0e-09 s",
        "# Count_cutoff 1048574 counts",
        "# Threshold_setting: 4500 eV",
        "# Gain_setting: ultra high gain (vrf = -0.100)",
        "# N_excluded_pixels = 6",
        "# Excluded_pixels: badpix_mask.tif",
        "# Flat_field: (nil)",
        "# Trim_file: p100k0102_E9000_T4500_vrf_m0p10.bin",
        "# Image_path: /ramdisk/images/",
        "# Wavelength {wavelength}",
        "# Energy_range (0, 0) eV",
        "# Detector_distance 1.00000 m",
        "# Beam_xy (243.50, 97.50) pixels",
        "# Start_angle {angle:.4f} deg.",
        "# Angle_increment 0.1000 deg.",
        "# Polarization 0.990",
        "# Oscillation_axis X, CW",
        "# N_oscillations 1",
    ]
)
"""The settings that camserver writes into ImageDescription, a line each."""


def _counts(number: int) -> NDArray[np.int32]:
    return np.random.default_rng(number).poisson(20, (13, 17)).astype(np.int32)


def write_areadetector_tiff(folder: Path, frames: int = 4) -> list[Path]:
    """Write a series as NDFileTIFF does: an omega scan, 2 s a frame.

    Examples
    --------
    >>> import tempfile
    >>> [path.name for path in write_areadetector_tiff(Path(tempfile.mkdtemp()), 2)]
    ['Fe_001.tif', 'Fe_002.tif']
    """
    folder.mkdir(parents=True, exist_ok=True)
    paths = []
    for number in range(frames):
        attributes = [
            "Date:November 10, 2018 15:28:48",
            "ID Energy(eV):42001.400000",
            "Wavelength(A):0.295190",
            f"Omega(deg):{-91 + number / 2:.6f}",
            f"Ion chamber:{61.5 - number / 8:.6f}",
            "Exposure time(s):2.000000",
            "CameraModel:Pilatus",
            "SampleName:iron",
        ]
        tags: list[tuple[int, int, int, Any, bool]] = [
            (271, 2, 0, "Unknown", True),
            (272, 2, 0, "Unknown", True),
            (65000, 12, 1, EPICS_SECONDS + 2.0 * number - 0.25, True),
            (65001, 4, 1, 1001 + number, True),
            (65002, 4, 1, EPICS_SECONDS + 2 * number, True),
            (65003, 4, 1, 500_000_000, True),
            *((65010 + at, 2, 0, text, True) for at, text in enumerate(attributes)),
        ]
        paths.append(folder / f"Fe_{number + 1:03d}.tif")
        tifffile.imwrite(
            paths[-1],
            _counts(number),
            software="EPICS areaDetector",
            metadata=None,
            extratags=tags,
        )
    return paths


def write_pilatus_tiff(
    folder: Path, frames: int = 3, wavelength: str = "1.5400 A", artist: str = ""
) -> list[Path]:
    """Write a series as camserver does: a rotation by 0.1°, 0.5 s a frame.

    Examples
    --------
    >>> import tempfile
    >>> [path.name for path in write_pilatus_tiff(Path(tempfile.mkdtemp()), 1)]
    ['insulin_00000.tif']
    """
    folder.mkdir(parents=True, exist_ok=True)
    paths = []
    for number in range(frames):
        text = CAMSERVER_HEADER.format(exposure=0.5, wavelength=wavelength, angle=number / 10)
        paths.append(folder / f"insulin_{number:05d}.tif")
        tifffile.imwrite(
            paths[-1],
            _counts(100 + number),
            software="TVX TIFF v 1.3",
            description=text,
            datetime=f"2012:10:10 11:59:{41 + number:02d}",
            metadata=None,
            extratags=[
                (272, 2, 0, "PILATUS 100K, S/N 1-0102, Diamond", True),
                (315, 2, 0, artist, True),
                (36867, 11, 1, 0.5, True),
            ],
        )
    return paths


def write_saxslab_tiff(folder: Path) -> list[Path]:
    """Write an image as SAXSLAB's instruments do: camserver's, with XML in the Artist tag.

    Examples
    --------
    >>> import tempfile
    >>> write_saxslab_tiff(Path(tempfile.mkdtemp()))[0].name
    'insulin_00000.tif'
    """
    parameters = {
        "det_exposure_time": "1000",
        "livetime": "999",
        "wavelength": "1.5418",
        "detector_dist": "1050.2",
        "beamcenter_actual": "[244.1 98.2]",
        "Meas.Description": "silver behenate",
        "Meas.User": "Ada",
        "detx": "350.1",
        "start_timestamp": "Wed Oct 10 20:59:40 2012",
    }
    lines = "".join(f'<param name="{name}">{text}</param>\n' for name, text in parameters.items())
    xml = (
        f'<?xml version="1.0" encoding="UTF-8"?>\n<SAXSLABparameters>\n{lines}</SAXSLABparameters>'
    )
    return write_pilatus_tiff(folder, 1, artist=xml)
