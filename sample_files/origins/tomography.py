"""Tomographies as facilities leave them: projections, flat and dark fields, and logs."""

from __future__ import annotations

from collections.abc import Iterable
from pathlib import Path

import h5py
import numpy as np
import tifffile
from numpy.typing import NDArray

__all__ = [
    "write_als_832",
    "write_aps_1id",
    "write_by_role",
    "write_data_exchange",
    "write_fxi",
    "write_imat",
    "write_lnls_imx",
    "write_nxtomo",
    "write_tomcat",
]

SHAPE = (6, 8)
PROJECTION, FLAT, DARK = 1000, 4000, 100
"""About the counts of a frame of each role."""


def _frame(level: int, number: int) -> NDArray[np.uint16]:
    return np.random.default_rng([level, number]).poisson(level, SHAPE).astype(np.uint16)


def _write(folder: Path, level: int, names: Iterable[str]) -> list[Path]:
    paths = []
    for number, name in enumerate(names):
        path = folder / name
        path.parent.mkdir(parents=True, exist_ok=True)
        tifffile.imwrite(path, _frame(level, number))
        paths.append(path)
    return paths


def _write_text(path: Path, text: str) -> Path:
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(text)
    return path


def write_als_832(folder: Path) -> list[Path]:
    """Write a tomography as ALS 8.3.2 does: 5 projections, a flat at each end, a dark, a log.

    Examples
    --------
    >>> import tempfile
    >>> [path.name for path in write_als_832(Path(tempfile.mkdtemp()))][-2:]
    ['toothdrk_0000_0004.tif', 'tooth.sct']
    """
    log = "-scanner ALS832\n-object tooth\n-senergy 24.0\n-nangles 5\n-arange 180.0\n"
    log += "-num_bright_field 1\n-i0cycle 0\n-num_dark_fields 1\n"
    return [
        *_write(folder, PROJECTION, [f"tooth_0000_{n:04d}.tif" for n in range(5)]),
        *_write(folder, FLAT, ["toothbak_0000_0000.tif", "toothbak_0000_0004.tif"]),
        *_write(folder, DARK, ["toothdrk_0000_0004.tif"]),
        _write_text(folder / "tooth.sct", log),
    ]


def write_tomcat(folder: Path) -> list[Path]:
    """Write a tomography as SLS TOMCAT does: one counter, and a log of counts.

    Frame 1 is a dark, 2 and 3 are flats, 4 to 7 projections, 8 and 9 flats again.

    Examples
    --------
    >>> import tempfile
    >>> [path.name for path in write_tomcat(Path(tempfile.mkdtemp()))][-2:]
    ['R108C60c_s10009.tif', 'R108C60c_s1.log']
    """
    log = """User ID : e11126
FAST-TOMO scan of sample R108C60c_s1 started on Mon Oct 06 18:51:01 2008
--------------------Beamline Settings-------------------------
Ring current [mA]           : 400.650
Beam energy  [keV]          : 15.072
--------------------Detector Settings-------------------------
Objective                   : 10.00
Scintillator                : YAG:Ce 18 um
Exposure time [ms]          : 500
------------------------Scan Settings-------------------------
File Prefix                  : R108C60c_s1
Number of projections        : 4
Number of darks              : 1
Number of flats              : 2
Number of inter-flats        : 0
Inner scan flag              : 0
Flat frequency               : 0
Rot Y min position  [deg]    : 45.000
Rot Y max position  [deg]    : 225.000
Angular step [deg]           : 60.000
--------------------------------------------------------------
"""
    levels = [DARK, FLAT, FLAT, PROJECTION, PROJECTION, PROJECTION, PROJECTION, FLAT, FLAT]
    folder.mkdir(parents=True, exist_ok=True)
    paths = [folder / f"R108C60c_s1{number:04d}.tif" for number in range(1, 10)]
    for number, (path, level) in enumerate(zip(paths, levels, strict=True)):
        tifffile.imwrite(path, _frame(level, number))
    return [*paths, _write_text(folder / "R108C60c_s1.log", log)]


def write_aps_1id(folder: Path) -> list[Path]:
    """Write a tomography as APS 1-ID does: one counter, and a log with a line for each frame.

    Frames 1 and 2 are flats, 3 to 5 projections, 6 a flat, 7 a dark.

    Examples
    --------
    >>> import tempfile
    >>> [path.name for path in write_aps_1id(Path(tempfile.mkdtemp()))][-2:]
    ['Ti7_000007.tif', 'Ti7_TomoStillScan.dat']
    """
    blocks = [(FLAT, [1, 2]), (PROJECTION, [3, 4, 5]), (FLAT, [6]), (DARK, [7])]
    lines = ["Beginning of tomography", "Path: /data", "Image prefix: Ti7_", "Energy (keV): 71.676"]
    folder.mkdir(parents=True, exist_ok=True)
    paths = []
    for level, numbers in blocks:
        lines += ["New omega position: 0", "", "num    nSeq    Date    omega    IC-E1"]
        for at, number in enumerate(numbers):
            paths.append(folder / f"Ti7_{number:06d}.tif")
            tifffile.imwrite(paths[-1], _frame(level, number))
            date = f"Sat Nov 10 15:28:{10 + number} 2018"
            lines.append(f"{at + 1}    {number}    {date}    {30.0 * at}    {5000 + number}")
        lines.append("")
    lines.append("End of the full scan")
    return [*paths, _write_text(folder / "Ti7_TomoStillScan.dat", "\n".join(lines))]


def write_imat(folder: Path) -> list[Path]:
    """Write a tomography as ISIS IMAT does: a folder for each role, logs beside them.

    Examples
    --------
    >>> import tempfile
    >>> folder = Path(tempfile.mkdtemp())
    >>> [path.relative_to(folder).as_posix() for path in write_imat(folder)][-3:]
    ['Flat_After/Flat_After_0000.tif', 'Dark_Before/Dark_Before_0000.tif', 'Tomo_log.txt']
    """
    log = (
        " TIME STAMP  IMAGE TYPE   IMAGE COUNTER   COUNTS BM3 before image   COUNTS BM3 after image"
    )
    log += "\n\n" + "".join(
        f"Sun Feb 10 00:2{n}:04 2019   Projection:  {n}  angle: {0.3152 * n:.4f}   "
        f"Monitor 3 before:  {4577907 + n}   Monitor 3 after:  {4720271 + n}\n"
        for n in range(4)
    )
    return [
        *_write(folder, PROJECTION, [f"Tomo/IMAT_Flower_Tomo_{n:04d}.tif" for n in range(4)]),
        *_write(folder, FLAT, [f"Flat_Before/Flat_Before_{n:04d}.tif" for n in range(2)]),
        *_write(folder, FLAT, ["Flat_After/Flat_After_0000.tif"]),
        *_write(folder, DARK, ["Dark_Before/Dark_Before_0000.tif"]),
        _write_text(folder / "Tomo_log.txt", log),
    ]


_BY_ROLE = {
    "anka": ("radios/image_{:05d}.tif", "flats/image_{:05d}.tif", "darks/image_{:05d}.tif", 0),
    "petra-p05": (
        "scan_0002/ccd/pco01/ccd_{:04d}.tif",
        "scan_0001/ccd/pco01/ccd_{:04d}.tif",
        "scan_0000/ccd/pco01/ccd_{:04d}.tif",
        0,
    ),
    "elettra": ("tomo_{:04d}.tif", "flat_{:d}.tif", "dark_{:d}.tif", 1),
    "australian-synchrotron": (
        "SAMPLE_T_{:04d}.tif",
        "BG__BEFORE_{:02d}.tif",
        "DF__BEFORE_{:02d}.tif",
        0,
    ),
    "diamond-i12": ("im_{:06d}.tif", "flat_{:06d}.tif", "dark_{:06d}.tif", 1000),
    "ornl": ("sample/image{:03d}.tif", "ob/OB{:03d}.tif", "df/DC{:04d}.tif", 1),
}


def write_by_role(folder: Path, facility: str) -> list[Path]:
    """Write a tomography whose files tell their roles by names or folders, and no angles.

    There are three projections, two flats and one dark.

    Examples
    --------
    >>> import tempfile
    >>> [path.name for path in write_by_role(Path(tempfile.mkdtemp()), "elettra")][2:]
    ['tomo_0003.tif', 'flat_1.tif', 'flat_2.tif', 'dark_1.tif']
    """
    projections, flats, darks, first = _BY_ROLE[facility]
    begin = 0 if facility == "diamond-i12" else first
    return [
        *_write(folder, PROJECTION, [projections.format(n) for n in range(first, first + 3)]),
        *_write(folder, FLAT, [flats.format(n) for n in range(begin, begin + 2)]),
        *_write(folder, DARK, [darks.format(begin)]),
    ]


def _stack(level: int, count: int) -> NDArray[np.uint16]:
    return np.stack([_frame(level, number) for number in range(count)])


def write_data_exchange(folder: Path) -> list[Path]:
    """Write a tomography as a Data Exchange file: 4 projections, 3 flats, 2 darks.

    Examples
    --------
    >>> import tempfile
    >>> [path.name for path in write_data_exchange(Path(tempfile.mkdtemp()))]
    ['Test_R_001.h5']
    """
    folder.mkdir(parents=True, exist_ok=True)
    path = folder / "Test_R_001.h5"
    with h5py.File(path, "w") as file:
        file["implements"] = "exchange:measurement:process"
        for name, level, count in (
            ("data", PROJECTION, 4),
            ("data_white", FLAT, 3),
            ("data_dark", DARK, 2),
        ):
            frames = _stack(level, count)
            data = file.create_dataset(f"exchange/{name}", data=frames, chunks=(1, *SHAPE))
            data.attrs["units"] = "counts"
        file["exchange/theta"] = np.array([0.0, 45.0, 90.0, 135.0])
        file["exchange/theta"].attrs["units"] = "deg"
        file["measurement/sample/name"] = "tooth"
        file["measurement/sample/experimenter/name"] = "Ada"
        file["measurement/sample/experiment/proposal"] = "GUP-1234"
        file["measurement/instrument/detector/model"] = "Oryx ORX-10G"
        file["measurement/instrument/detector/exposure_time"] = 200.0
        file["measurement/instrument/detector/exposure_time"].attrs["units"] = "ms"
        file["measurement/instrument/monochromator/energy"] = 27.4
        file["measurement/instrument/monochromator/energy"].attrs["units"] = "keV"
        file["process/acquisition/start_date"] = "2022-03-04T05:06:07-06:00"
        file["process/acquisition/end_date"] = "2022-03-04T05:16:07-06:00"
    return [path]


def write_nxtomo(folder: Path) -> list[Path]:
    """Write a tomography that follows NXtomo: 2 darks, a flat, 4 projections, 2 flats.

    Examples
    --------
    >>> import tempfile
    >>> [path.name for path in write_nxtomo(Path(tempfile.mkdtemp()))]
    ['24737.nxs']
    """
    folder.mkdir(parents=True, exist_ok=True)
    path = folder / "24737.nxs"
    keys = [2, 2, 1, 0, 0, 0, 0, 1, 1]
    levels = {0: PROJECTION, 1: FLAT, 2: DARK}
    frames = np.stack([_frame(levels[key], number) for number, key in enumerate(keys)])
    with h5py.File(path, "w") as file:
        entry = file.create_group("entry")
        entry.attrs["NX_class"] = "NXentry"
        entry["definition"] = "NXtomo"
        entry["title"] = "magnesium"
        entry["start_time"] = "2014-05-06T07:08:09+01:00"
        for name, kind in (
            ("instrument", "NXinstrument"),
            ("instrument/detector", "NXdetector"),
            ("sample", "NXsample"),
            ("data", "NXdata"),
        ):
            entry.create_group(name).attrs["NX_class"] = kind
        detector = entry["instrument/detector"]
        detector.create_dataset("data", data=frames, chunks=(1, *SHAPE))
        detector["image_key"] = np.array(keys)
        detector["count_time"] = 0.25
        detector["count_time"].attrs["units"] = "s"
        entry["sample/name"] = "Mg"
        entry["sample/rotation_angle"] = np.array([0, 0, 0, 0, 60, 120, 180, 180, 180.0])
        entry["sample/rotation_angle"].attrs["units"] = "deg"
        entry["data/data"] = h5py.SoftLink("/entry/instrument/detector/data")
        entry["data"].attrs["signal"] = "data"
    return [path]


def write_fxi(folder: Path) -> list[Path]:
    """Write a tomography as FXI at NSLS-II exports it: 4 projections, 3 flats, 2 darks.

    Examples
    --------
    >>> import tempfile
    >>> [path.name for path in write_fxi(Path(tempfile.mkdtemp()))]
    ['fly_scan_id_30526.h5']
    """
    folder.mkdir(parents=True, exist_ok=True)
    path = folder / "fly_scan_id_30526.h5"
    with h5py.File(path, "w") as file:
        file["note"] = "battery"
        file["uid"] = "b2017b74-c39d-478d-b4fe-ab0c5347227c"
        file["scan_id"] = 30526
        file["scan_time"] = 1568000000.0
        file["X_eng"] = 8.35
        file["img_bkg"] = _stack(FLAT, 3)
        file["img_dark"] = _stack(DARK, 2)
        file["img_bkg_avg"] = _stack(FLAT, 3).mean(axis=0, keepdims=True).astype(np.float32)
        file["img_tomo"] = _stack(PROJECTION, 4)
        file["angle"] = np.array([0.0, 45.0, 90.0, 135.0])
    return [path]


def write_lnls_imx(folder: Path) -> list[Path]:
    """Write a tomography as IMX at LNLS does: a file for each role.

    Examples
    --------
    >>> import tempfile
    >>> [path.name for path in write_lnls_imx(Path(tempfile.mkdtemp()))]
    ['tomo.h5', 'tomo_flat_before.h5', 'tomo_dark_before.h5']
    """
    folder.mkdir(parents=True, exist_ok=True)
    paths = []
    for name, dataset, level, count in (
        ("tomo.h5", "images", PROJECTION, 4),
        ("tomo_flat_before.h5", "flats", FLAT, 3),
        ("tomo_dark_before.h5", "darks", DARK, 2),
    ):
        paths.append(folder / name)
        with h5py.File(paths[-1], "w") as file:
            file[dataset] = _stack(level, count)
    return paths
