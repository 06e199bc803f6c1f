"""HDF5 files as the software of beamlines leaves them."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any

import h5py
import numpy as np
from numpy.typing import NDArray

__all__ = [
    "write_areadetector_hdf5",
    "write_areadetector_nexus",
    "write_bliss",
    "write_bluesky_nexus",
    "write_eiger",
    "write_gda",
    "write_nxmx",
    "write_usaxs_fly",
]

BLUESKY_UID = "77fbfb9d-5a1d-4ab8-a091-f7e596b2dd89"
EPICS_SECONDS = 910_733_328
"""2018-11-10 21:28:48 UTC, as EPICS counts."""
SECONDS = 1_738_537_458.0
"""2025-02-02 23:04:18 UTC."""
_HERE = -6 * 3600
"""Seconds that the clock on the wall there differs from UTC."""


def _counts(number: int, *shape: int) -> NDArray[np.uint16]:
    return np.random.default_rng(number).poisson(20, shape).astype(np.uint16)


def _group(parent: h5py.Group, path: str, kind: str, **attributes: Any) -> h5py.Group:
    """Make a group of a NeXus class, and those above it that are not there."""
    group = parent.require_group(path)
    group.attrs.update({"NX_class": kind, **attributes})
    return group


def _fill(group: h5py.Group, values: Mapping[str, Any], **units: str) -> None:
    """Write values as datasets; those that `units` names have one."""
    for name, value in values.items():
        dataset = group.create_dataset(name, data=value)
        if name in units:
            dataset.attrs["units"] = units[name]


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
        entry = _group(file, "entry", "NXentry", default="data")
        _fill(entry, {"start_time": _wall_clock(SECONDS), "duration": 2.5 * points + 2})
        bluesky = _group(entry, "instrument/bluesky", "NXnote")
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
        _fill(_group(bluesky, "metadata", "NXnote"), metadata)
        times: NDArray[np.float64] = SECONDS + 1 + 2.5 * np.arange(points, dtype=np.float64)
        primary = _group(bluesky, "streams/primary", "NXnote", uid="a")
        theta = np.linspace(0, 1, points)
        _add_signal(primary, "theta", theta, times - 0.5, "positioner", units="deg")
        _add_signal(primary, "I0", 1000.0 + np.arange(points), times, "detector")
        _add_signal(primary, "camera", _counts(1, points, 40, 60), times + 0.25, "detector")
        baseline = _group(bluesky, "streams/baseline", "NXnote", uid="b")
        ends = np.array([SECONDS + 0.5, times[-1] + 1])
        _add_signal(baseline, "dcm_energy", np.array([24.0, 24.01]), ends, "other", units="keV")
        _add_signal(baseline, "shutter", np.array([b"open", b"closed"]), ends, "other")
        data = _group(entry, "data", "NXdata", signal="I0", axes=["theta"])
        for key in ("theta", "I0"):
            data[key] = primary[f"{key}/value"]
    return [path]


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
        detector = _group(file, "entry/instrument/detector", "NXdetector")
        file["entry"].attrs.update({"NX_class": "NXentry", "default": "data"})
        file["entry/instrument"].attrs["NX_class"] = "NXinstrument"
        data = detector.create_dataset("data", data=_counts(7, frames, 13, 17), chunks=(1, 13, 17))
        data.attrs["signal"] = 1
        _group(file, "entry/data", "NXdata")["data"] = data
        group = _group(file, "entry/instrument/NDAttributes", "NXcollection")
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
        entry = _group(file, "entry", "NXentry")
        _fill(entry, {"start_time": [b"Thu Jun 12 09:25:20 2014"], "title": [b"GdC"]})
        data = _group(entry, "data", "NXdata").create_dataset("data", data=_counts(9, 13, 17))
        data.attrs.update(
            {"signal": 1, "make": np.bytes_("Dectris"), "model": np.bytes_("Pilatus")}
        )
        _fill(
            _group(entry, "user1", "NXuser"), {"name": [b"Keechul"], "proposal_number": [b"30912"]}
        )
        _fill(_group(entry, "sample", "NXsample"), {"name": [b"GdC"]})
        beam = _group(entry, "instrument/monochromator", "NXmonochromator")
        _fill(beam, {"energy": [15.86], "wavelength": [0.7817]}, energy="keV", wavelength="A")
        known = _group(entry, "EPICS_PV_metadata", "NXcollection")
        for name, value, variable, about in (
            ("PresetTime", 10.0, "15iddPIL:cam1:AcquireTime", "specified time, s"),
            ("SDD", 530.64, "15iddLAX:USAXS_Pin:Distance", "SDD: sample to detector, mm"),
            ("sthick", 1.0, "15iddLAX:sampleThickness", "sample thickness"),
        ):
            dataset = known.create_dataset(name, data=[value])
            dataset.attrs.update({"pv": np.bytes_(variable), "description": np.bytes_(about)})
    return [path]


def write_eiger(folder: Path, sizes: tuple[int, ...] = (4, 2)) -> list[Path]:
    """Write a master and data files as Dectris' file writer does: an omega scan, 5 ms a frame.

    Examples
    --------
    >>> import tempfile
    >>> [path.name for path in write_eiger(Path(tempfile.mkdtemp()))]
    ['lysozyme_1_master.h5', 'lysozyme_1_data_000001.h5', 'lysozyme_1_data_000002.h5']
    """
    master, frames = folder / "lysozyme_1_master.h5", sum(sizes)
    paths, row = [master], 0
    pixels = _counts(3, frames, 13, 17)
    with h5py.File(master, "w") as file:
        entry = _group(file, "entry", "NXentry")
        data = _group(entry, "data", "NXdata")
        for number, size in enumerate(sizes, 1):
            path = folder / f"lysozyme_1_data_{number:06d}.h5"
            with h5py.File(path, "w") as piece:
                chunk = pixels[row : row + size]
                stack = piece.create_dataset("entry/data/data", data=chunk, chunks=(1, 13, 17))
                stack.attrs.update({"image_nr_low": row + 1, "image_nr_high": row + size})
            data[f"data_{number:06d}"] = h5py.ExternalLink(path.name, "/entry/data/data")
            paths.append(path)
            row += size
        detector = _group(entry, "instrument/detector", "NXdetector")
        values = {"count_time": 0.00499, "frame_time": 0.005, "saturation_value": 12440}
        _fill(detector, values, count_time="s", frame_time="s")
        _fill(detector, {"description": np.bytes_("Dectris Eiger 9M"), "bit_depth_image": 16})
        special = {
            "data_collection_date": np.bytes_("2016-12-16T07:06:17.852051+01:00"),
            "countrate_correction_count_cutoff": 12440,
            "photon_energy": 12650.0,
            "nimages": frames,
            "ntrigger": 1,
            "pixel_mask": np.zeros((13, 17), "u4"),
        }
        group = _group(detector, "detectorSpecific", "NXcollection")
        _fill(group, special, photon_energy="eV")
        beam = _group(entry, "instrument/beam", "NXbeam")
        _fill(beam, {"incident_wavelength": 0.98}, incident_wavelength="angstrom")
        omega = 0.5 * np.arange(frames)
        goniometer = _group(entry, "sample/goniometer", "NXtransformations")
        axes = {"omega": omega, "omega_end": omega + 0.5, "omega_increment": 0.5}
        axes |= {"chi": np.full(frames, 90.0), "kappa": np.array([30.0])}
        _fill(goniometer, axes, omega="degree", chi="degree", kappa="degree")
    return paths


def write_bliss(folder: Path, points: int = 5) -> list[Path]:
    """Write a dataset of two scans as BLISS does, the files of its detector, and one above it.

    Examples
    --------
    >>> import tempfile
    >>> [path.name for path in write_bliss(Path(tempfile.mkdtemp()))]
    ['sample_0001.h5', 'ma4500_sample.h5', 'marana_0000.h5', 'marana_0000.h5']
    """
    below = folder / "sample_0001"
    below.mkdir(exist_ok=True)
    path, above = below / "sample_0001.h5", folder / "ma4500_sample.h5"
    written = "/data/visitor/ma4500/id11/sample/sample_0001/sample_0001.h5"
    images: list[Path] = []
    with h5py.File(path, "w") as file:
        file.attrs.update({"NX_class": "NXroot", "creator": "Bliss", "file_name": written})
        for scan, title in ((1, f"loopscan {points} 0.1"), (2, f"ascan samy 0 1 {points - 1} 0.1")):
            images.append(below / f"scan{scan:04d}" / "marana_0000.h5")
            _write_scan(file, scan, title, points, images[-1])
    with h5py.File(above, "w") as file:
        file.attrs.update({"NX_class": "NXroot", "creator": "Bliss"})
        for scan in (1, 2):
            link = h5py.ExternalLink("sample_0001/sample_0001.h5", f"/{scan}.1")
            file[f"sample_0001_{scan}.1"] = link
    return [path, above, *images]


def _write_scan(file: h5py.File, scan: int, title: str, points: int, images: Path) -> None:
    images.parent.mkdir(exist_ok=True)
    begin = 1_611_914_441.0 + 10 * scan
    entry = _group(file, f"{scan}.1", "NXentry")
    times = {
        name: str(np.datetime64(round((seconds + 3600) * 1000), "ms")) + "+01:00"
        for name, seconds in (("start_time", begin), ("end_time", begin + points))
    }
    _fill(entry, {"title": title, **times})
    _fill(_group(entry, "sample", "NXsample"), {"name": "demo"})
    instrument = _group(entry, "instrument", "NXinstrument")
    clocks = {"epoch": begin + np.arange(points), "elapsed_time": 1.0 * np.arange(points)}
    motors = {"samy": np.linspace(0, 1, points)} if "samy" in title else {}
    for name, values in {**clocks, **motors}.items():
        unit = "mm" if name in motors else "s"
        _fill(_group(instrument, name, "NXpositioner"), {"value": values}, value=unit)
    _fill(_group(instrument, "diode", "NXdetector"), {"data": 100.0 + np.arange(points)})
    camera = _group(instrument, "marana", "NXdetector")
    _fill(_group(camera, "acq_parameters", "NXcollection"), {"acq_expo_time": 0.1})
    with h5py.File(images, "w") as raw:
        raw["entry_0000/measurement/data"] = _counts(scan, points, 13, 17)
    layout = h5py.VirtualLayout((points, 13, 17), "u2")
    place = f"{images.parent.name}/{images.name}"
    layout[:] = h5py.VirtualSource(place, "entry_0000/measurement/data", (points, 13, 17))
    camera.create_virtual_dataset("data", layout)
    measurement = _group(entry, "measurement", "NXcollection")
    for name in (*clocks, *motors):
        measurement[name] = h5py.SoftLink(f"/{scan}.1/instrument/{name}/value")
    for name in ("diode", "marana"):
        measurement[name] = h5py.SoftLink(f"/{scan}.1/instrument/{name}/data")
    for name, stand in (("positioners_start", 0.0), ("positioners_end", 1.0)):
        stood = {"samx": 12.5, "samy": stand}
        _fill(_group(instrument, name, "NXcollection"), stood, samx="mm", samy="mm")


def write_gda(folder: Path, points: int = 5) -> list[Path]:
    """Write a scan of a motor as Diamond's GDA does, and the file of its detector.

    Examples
    --------
    >>> import tempfile
    >>> [path.name for path in write_gda(Path(tempfile.mkdtemp()))]
    ['538039.nxs', '538039.hdf']
    """
    path, images = folder / "538039.nxs", folder / "538039-pil100k-files" / "538039.hdf"
    images.parent.mkdir(exist_ok=True)
    with h5py.File(images, "w") as file:
        detector = _group(file, "entry/instrument/detector", "NXdetector")
        detector.create_dataset("data", data=_counts(5, points, 13, 17), chunks=(1, 13, 17))
    stop = (points - 1) / 2
    with h5py.File(path, "w") as file:
        entry = _group(file, "entry1", "NXentry")
        told = {
            "program_name": [b"GDA 8.48.0"],
            "scan_command": [f"scan eta 0 {stop:g} 0.5 pil100k 1".encode()],
            "scan_dimensions": [points],
            "entry_identifier": [b"538039"],
            "experiment_identifier": [b"cm1234-1"],
            "start_time": [b"2015-10-15T16:22:32+01:00"],
        }
        _fill(entry, told)
        _fill(_group(entry, "user01", "NXuser"), {"username": [b"i16user"]})
        _fill(_group(entry, "sample", "NXsample"), {"name": [b"CaF2"]})
        instrument = _group(entry, "instrument", "NXinstrument")
        camera = _group(instrument, "pil100k", "NXdetector")
        place = f"{images.parent.name}/{images.name}"
        camera["data"] = h5py.ExternalLink(place, "/entry/instrument/detector/data")
        _fill(camera, {"saturation_value": [1_000_000]})
        for where, name, local, values in (
            (camera, "count_time", "pil100k.count_time", np.ones(points)),
            (camera, "maxval", "pil100k.maxval", 100.0 + np.arange(points)),
            (_group(instrument, "eta", "NXpositioner"), "eta", "eta.eta", 0.5 * np.arange(points)),
            (_group(instrument, "rc", "NXpositioner"), "rc", "rc.rc", np.full(points, 300.0)),
        ):
            dataset = where.create_dataset(name, data=values)
            dataset.attrs["local_name"] = [local.encode()]
            if name == "eta":
                dataset.attrs.update({"axis": [b"1"], "label": [b"1"], "units": [b"deg"]})
        shown = _group(entry, "pil100k", "NXdata")
        for name in ("count_time", "maxval"):
            shown[name] = camera[name]
        shown["data"] = camera.get("data", getlink=True)
        beam = _group(entry, "sample/beam", "NXbeam")
        _fill(beam, {"incident_wavelength": [0.238]}, incident_wavelength="nm")
        before = _group(entry, "before_scan/lakeshore", "NXcollection")
        _fill(before, {"Ta": [4.9953], "Tset": [5.0]})
    return [path, images]


def write_nxmx(folder: Path, frames: int = 6) -> list[Path]:
    """Write an omega scan as NXmx has it, all in one file.

    Examples
    --------
    >>> import tempfile
    >>> [path.name for path in write_nxmx(Path(tempfile.mkdtemp()))]
    ['thermolysin_2.nxs']
    """
    path = folder / "thermolysin_2.nxs"
    with h5py.File(path, "w") as file:
        entry = _group(file, "entry", "NXentry", default="data")
        told = {"definition": b"NXmx", "start_time": b"2019-02-14T14:25:57Z"}
        _fill(entry, {name: np.bytes_(text) for name, text in told.items()})
        data = _group(entry, "data", "NXdata", signal="data", axes="omega")
        data.create_dataset("data", data=_counts(6, frames, 13, 17), chunks=(1, 13, 17))
        detector = _group(entry, "instrument/detector", "NXdetector")
        values = {"count_time": 0.008, "saturation_value": 65535}
        _fill(detector, {**values, "description": np.bytes_(b"Eiger 16M")}, count_time="s")
        beam = _group(entry, "instrument/beam", "NXbeam")
        _fill(beam, {"incident_wavelength": 0.98}, incident_wavelength="angstrom")
        axes = _group(entry, "sample/transformations", "NXtransformations")
        omega = 0.1 * np.arange(frames)
        positions = {"omega": omega, "omega_end": omega + 0.1, "chi": np.array([30.0])}
        _fill(axes, positions, omega="deg", chi="deg")
        data["omega"] = axes["omega"]
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
        entry = _group(file, "entry", "NXentry")
        _fill(entry, {"experiment_identifier": [b"38816"], "title": [b"HeaterBlank"]})
        _fill(_group(entry, "sample", "NXsample"), {"name": [b"HeaterBlank"]})
        beam = _group(entry, "instrument/monochromator", "NXmonochromator")
        _fill(beam, {"energy": [21.0], "wavelength": [0.59]}, energy="keV", wavelength="A")
        scan = _group(entry, "flyScan", "NXdata", signal="mca3")
        for number, name in enumerate(("clock_pulses", "I0", "upd"), 1):
            counts = np.full(channels, 500_000) if number == 1 else _counts(number, channels)
            dataset = scan.create_dataset(f"mca{number}", data=counts.astype("i4"))
            dataset.attrs.update({"USAXS_name": name, "units": "counts"})
        positions = 8.8453 - 2e-5 * np.arange(channels + 1)
        _fill(scan, {"AR_PulsePositions": positions}, AR_PulsePositions="degrees")
        changes = {"AR_PSOpulse": [0.0, 4.0], "AR_angle": [8.8453, 8.8452]}
        changes |= {"I0_ampGain": [2.0], "I0_mcsChan": [0.0]}
        _fill(scan, {f"changes_{name}": values for name, values in changes.items()})
        _fill(scan, {"mca_clock_frequency": [5e7], "FS_ScanTime": [90.0]})
    return [path]


def _add_signal(
    stream: h5py.Group,
    key: str,
    values: NDArray[Any],
    epoch: NDArray[np.float64],
    kind: str,
    units: str = "",
) -> None:
    group = _group(stream, key, "NXdata", signal="value", axes=["time"], signal_type=kind)
    group.create_dataset("value", data=values).attrs["units"] = units
    _fill(group, {"EPOCH": epoch, "time": epoch - epoch[0]}, EPOCH="s", time="s")
    group["time"].attrs["start_time"] = epoch[0]
    group["time"].attrs["start_time_iso"] = _wall_clock(epoch[0])
