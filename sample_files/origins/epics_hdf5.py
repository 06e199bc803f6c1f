"""HDF5 files as software of EPICS beamlines leaves them: Bluesky, areaDetector, saveFlyData."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import h5py
import numpy as np
from numpy.typing import NDArray

from .hdf5_parts import counts_of, fill_group, make_group

__all__ = [
    "write_areadetector_hdf5",
    "write_areadetector_nexus",
    "write_bluesky_nexus",
    "write_usaxs_fly",
]

BLUESKY_UID = "77fbfb9d-5a1d-4ab8-a091-f7e596b2dd89"
EPICS_SECONDS = 910_733_328
"""2018-11-10 21:28:48 UTC, as EPICS counts."""
SECONDS = 1_738_537_458.0
"""2025-02-02 23:04:18 UTC."""
_HERE = -6 * 3600
"""Seconds that the clock on the wall there differs from UTC."""


def _wall_clock(seconds: float) -> str:
    local = np.datetime64(round((seconds + _HERE) * 1e6), "us")
    return str(local)


def write_bluesky_nexus(folder: Path, points: int = 5) -> list[Path]:
    """Write a run as apstools' NXWriter does: a motor scan with two counters and a camera.

    Examples
    --------
    >>> import tempfile
    >>> [path.name for path in write_bluesky_nexus(Path(tempfile.mkdtemp()))]
    ['S00088.h5']
    """
    path = folder / "S00088.h5"
    with h5py.File(path, "w") as file:
        file.attrs.update({"creator": "NXWriter", "default": "entry"})
        entry = make_group(file, "entry", "NXentry", default="data")
        fill_group(entry, {"start_time": _wall_clock(SECONDS), "duration": 2.5 * points + 2})
        bluesky = make_group(entry, "instrument/bluesky", "NXnote")
        metadata = {
            "run_start_uid": BLUESKY_UID,
            "plan_name": "scan",
            "plan_args": "num: 5\nargs:\n- theta\n- 0\n- 1\n",
            "scan_id": 88,
            "sample": "SRM 3607",
            "proposal_id": "GUP-4711",
            "login_id": "user@beamline",
            "title": "a scan",
        }
        fill_group(make_group(bluesky, "metadata", "NXnote"), metadata)
        times: NDArray[np.float64] = SECONDS + 1 + 2.5 * np.arange(points, dtype=np.float64)
        primary = make_group(bluesky, "streams/primary", "NXnote", uid="a")
        theta = np.linspace(0, 1, points)
        _add_signal(primary, "theta", theta, times - 0.5, "positioner", units="deg")
        _add_signal(primary, "I0", 1000.0 + np.arange(points), times, "detector")
        _add_signal(primary, "camera", counts_of(1, points, 40, 60), times + 0.25, "detector")
        baseline = make_group(bluesky, "streams/baseline", "NXnote", uid="b")
        ends = np.array([SECONDS + 0.5, times[-1] + 1])
        _add_signal(baseline, "dcm_energy", np.array([24.0, 24.01]), ends, "other", units="keV")
        _add_signal(baseline, "shutter", np.array([b"open", b"closed"]), ends, "other")
        data = make_group(entry, "data", "NXdata", signal="I0", axes=["theta"])
        for key in ("theta", "I0"):
            data[key] = primary[f"{key}/value"]
    return [path]


def _add_signal(
    stream: h5py.Group,
    key: str,
    values: NDArray[Any],
    epoch: NDArray[np.float64],
    kind: str,
    units: str = "",
) -> None:
    group = make_group(stream, key, "NXdata", signal="value", axes=["time"], signal_type=kind)
    group.create_dataset("value", data=values).attrs["units"] = units
    fill_group(group, {"EPOCH": epoch, "time": epoch - epoch[0]}, EPOCH="s", time="s")
    group["time"].attrs["start_time"] = epoch[0]
    group["time"].attrs["start_time_iso"] = _wall_clock(epoch[0])


def _attribute(group: h5py.Group, name: str, values: Any, source: str, about: str = "") -> None:
    """Write an NDAttribute: what it is stands on the dataset."""
    dataset = group.create_dataset(name, data=values)
    dataset.attrs["NDAttrName"] = np.bytes_(name)
    dataset.attrs["NDAttrDescription"] = np.bytes_(about or "about")
    dataset.attrs["NDAttrSource"] = np.bytes_(source)
    kind = "NDAttrSourceEPICSPV" if ":" in source else "NDAttrSourceDriver"
    dataset.attrs["NDAttrSourceType"] = np.bytes_(kind)


def write_areadetector_hdf5(folder: Path, frames: int = 4) -> list[Path]:
    """Write a stack as NDFileHDF5 does, in its default layout: a theta scan, 2 s a frame.

    Examples
    --------
    >>> import tempfile
    >>> [path.name for path in write_areadetector_hdf5(Path(tempfile.mkdtemp()))]
    ['iron_0007.h5']
    """
    path = folder / "iron_0007.h5"
    numbers = np.arange(frames)
    with h5py.File(path, "w") as file:
        detector = make_group(file, "entry/instrument/detector", "NXdetector")
        file["entry"].attrs.update({"NX_class": "NXentry", "default": "data"})
        file["entry/instrument"].attrs["NX_class"] = "NXinstrument"
        data = detector.create_dataset(
            "data", data=counts_of(7, frames, 13, 17), chunks=(1, 13, 17)
        )
        data.attrs["signal"] = 1
        make_group(file, "entry/data", "NXdata")["data"] = data
        group = make_group(file, "entry/instrument/NDAttributes", "NXcollection")
        epics = EPICS_SECONDS + 2 * numbers
        _attribute(group, "NDArrayUniqueId", (1001 + numbers).astype("i4"), "Driver")
        _attribute(group, "NDArrayTimeStamp", epics + 0.25, "Driver")
        _attribute(group, "NDArrayEpicsTSSec", epics.astype("u4"), "Driver")
        _attribute(group, "NDArrayEpicsTSnSec", np.full(frames, 500_000_000, "u4"), "Driver")
        _attribute(group, "CameraModel", np.array([b"Pilatus"] * frames, "S256"), "MODEL")
        _attribute(group, "SampleTitle", np.array([b"iron"] * frames, "S256"), "ioc:title")
        _attribute(group, "Theta", 0.5 * numbers, "ioc:m1.RBV", "sample rotation, degrees")
        _attribute(group, "PresetTime", np.full(frames, 2.0), "pil:cam1:AcquireTime", "in s")
        _attribute(group, "monoE", np.full(frames, 12.4), "ioc:E", "energy, keV")
        _attribute(group, "Broken", np.full(frames, np.nan), "ioc:gone")
    return [path]


def write_areadetector_nexus(folder: Path) -> list[Path]:
    """Write an image as NDFileNexus does, by a template like that of APS USAXS.

    Examples
    --------
    >>> import tempfile
    >>> [path.name for path in write_areadetector_nexus(Path(tempfile.mkdtemp()))]
    ['GdC_191.hdf5']
    """
    path = folder / "GdC_191.hdf5"
    with h5py.File(path, "w") as file:
        file.attrs["creator"] = np.bytes_("areaDetector NDFileNexus plugin v0.2")
        entry = make_group(file, "entry", "NXentry")
        fill_group(entry, {"start_time": [b"Thu Jun 12 09:25:20 2014"], "title": [b"GdC"]})
        data = make_group(entry, "data", "NXdata").create_dataset("data", data=counts_of(9, 13, 17))
        data.attrs.update(
            {"signal": 1, "make": np.bytes_("Dectris"), "model": np.bytes_("Pilatus")}
        )
        fill_group(
            make_group(entry, "user1", "NXuser"),
            {"name": [b"Keechul"], "proposal_number": [b"30912"]},
        )
        fill_group(make_group(entry, "sample", "NXsample"), {"name": [b"GdC"]})
        beam = make_group(entry, "instrument/monochromator", "NXmonochromator")
        fill_group(beam, {"energy": [15.86], "wavelength": [0.7817]}, energy="keV", wavelength="A")
        known = make_group(entry, "EPICS_PV_metadata", "NXcollection")
        for name, value, variable, about in (
            ("PresetTime", 10.0, "15iddPIL:cam1:AcquireTime", "specified time, s"),
            ("SDD", 530.64, "15iddLAX:USAXS_Pin:Distance", "SDD: sample to detector, mm"),
            ("sthick", 1.0, "15iddLAX:sampleThickness", "sample thickness"),
        ):
            dataset = known.create_dataset(name, data=[value])
            dataset.attrs.update({"pv": np.bytes_(variable), "description": np.bytes_(about)})
    return [path]


def write_usaxs_fly(folder: Path, channels: int = 7) -> list[Path]:
    """Write a fly scan as saveFlyData of APS USAXS does.

    Examples
    --------
    >>> import tempfile
    >>> [path.name for path in write_usaxs_fly(Path(tempfile.mkdtemp()))]
    ['HeaterBlank_0059.h5']
    """
    path = folder / "HeaterBlank_0059.h5"
    with h5py.File(path, "w") as file:
        creator = "/home/beams/USAXS/usaxs_support/saveFlyData.py"
        file.attrs.update({"creator": creator, "timestamp": "2025-02-21 12:03:55"})
        entry = make_group(file, "entry", "NXentry")
        fill_group(entry, {"experiment_identifier": [b"38816"], "title": [b"HeaterBlank"]})
        fill_group(make_group(entry, "sample", "NXsample"), {"name": [b"HeaterBlank"]})
        beam = make_group(entry, "instrument/monochromator", "NXmonochromator")
        fill_group(beam, {"energy": [21.0], "wavelength": [0.59]}, energy="keV", wavelength="A")
        scan = make_group(entry, "flyScan", "NXdata", signal="mca3")
        for number, name in enumerate(("clock_pulses", "I0", "upd"), 1):
            counts = np.full(channels, 500_000) if number == 1 else counts_of(number, channels)
            dataset = scan.create_dataset(f"mca{number}", data=counts.astype("i4"))
            dataset.attrs.update({"USAXS_name": name, "units": "counts"})
        positions = 8.8453 - 2e-5 * np.arange(channels + 1)
        fill_group(scan, {"AR_PulsePositions": positions}, AR_PulsePositions="degrees")
        changes = {"AR_PSOpulse": [0.0, 4.0], "AR_angle": [8.8453, 8.8452]}
        changes |= {"I0_ampGain": [2.0], "I0_mcsChan": [0.0]}
        fill_group(scan, {f"changes_{name}": values for name, values in changes.items()})
        fill_group(scan, {"mca_clock_frequency": [5e7], "FS_ScanTime": [90.0]})
    return [path]
