"""HDF5 files as the software of beamlines leaves them: Dectris, ESRF, Diamond."""

from __future__ import annotations

from pathlib import Path

import h5py
import numpy as np

from .hdf5_parts import counts_of, fill_group, make_group

__all__ = [
    "write_bliss",
    "write_eiger",
    "write_gda",
    "write_nxmx",
]


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
    pixels = counts_of(3, frames, 13, 17)
    with h5py.File(master, "w") as file:
        entry = make_group(file, "entry", "NXentry")
        data = make_group(entry, "data", "NXdata")
        for number, size in enumerate(sizes, 1):
            path = folder / f"lysozyme_1_data_{number:06d}.h5"
            with h5py.File(path, "w") as piece:
                chunk = pixels[row : row + size]
                stack = piece.create_dataset("entry/data/data", data=chunk, chunks=(1, 13, 17))
                stack.attrs.update({"image_nr_low": row + 1, "image_nr_high": row + size})
            data[f"data_{number:06d}"] = h5py.ExternalLink(path.name, "/entry/data/data")
            paths.append(path)
            row += size
        detector = make_group(entry, "instrument/detector", "NXdetector")
        values = {"count_time": 0.00499, "frame_time": 0.005, "saturation_value": 12440}
        fill_group(detector, values, count_time="s", frame_time="s")
        fill_group(detector, {"description": np.bytes_("Dectris Eiger 9M"), "bit_depth_image": 16})
        special = {
            "data_collection_date": np.bytes_("2016-12-16T07:06:17.852051+01:00"),
            "countrate_correction_count_cutoff": 12440,
            "photon_energy": 12650.0,
            "nimages": frames,
            "ntrigger": 1,
            "pixel_mask": np.zeros((13, 17), "u4"),
        }
        group = make_group(detector, "detectorSpecific", "NXcollection")
        fill_group(group, special, photon_energy="eV")
        beam = make_group(entry, "instrument/beam", "NXbeam")
        fill_group(beam, {"incident_wavelength": 0.98}, incident_wavelength="angstrom")
        omega = 0.5 * np.arange(frames)
        goniometer = make_group(entry, "sample/goniometer", "NXtransformations")
        axes = {"omega": omega, "omega_end": omega + 0.5, "omega_increment": 0.5}
        axes |= {"chi": np.full(frames, 90.0), "kappa": np.array([30.0])}
        fill_group(goniometer, axes, omega="degree", chi="degree", kappa="degree")
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
    entry = make_group(file, f"{scan}.1", "NXentry")
    times = {
        name: str(np.datetime64(round((seconds + 3600) * 1000), "ms")) + "+01:00"
        for name, seconds in (("start_time", begin), ("end_time", begin + points))
    }
    fill_group(entry, {"title": title, **times})
    fill_group(make_group(entry, "sample", "NXsample"), {"name": "demo"})
    instrument = make_group(entry, "instrument", "NXinstrument")
    clocks = {"epoch": begin + np.arange(points), "elapsed_time": 1.0 * np.arange(points)}
    motors = {"samy": np.linspace(0, 1, points)} if "samy" in title else {}
    for name, values in {**clocks, **motors}.items():
        unit = "mm" if name in motors else "s"
        fill_group(make_group(instrument, name, "NXpositioner"), {"value": values}, value=unit)
    fill_group(make_group(instrument, "diode", "NXdetector"), {"data": 100.0 + np.arange(points)})
    camera = make_group(instrument, "marana", "NXdetector")
    fill_group(make_group(camera, "acq_parameters", "NXcollection"), {"acq_expo_time": 0.1})
    with h5py.File(images, "w") as raw:
        raw["entry_0000/measurement/data"] = counts_of(scan, points, 13, 17)
    layout = h5py.VirtualLayout((points, 13, 17), "u2")
    place = f"{images.parent.name}/{images.name}"
    layout[:] = h5py.VirtualSource(place, "entry_0000/measurement/data", (points, 13, 17))
    camera.create_virtual_dataset("data", layout)
    measurement = make_group(entry, "measurement", "NXcollection")
    for name in (*clocks, *motors):
        measurement[name] = h5py.SoftLink(f"/{scan}.1/instrument/{name}/value")
    for name in ("diode", "marana"):
        measurement[name] = h5py.SoftLink(f"/{scan}.1/instrument/{name}/data")
    for name, stand in (("positioners_start", 0.0), ("positioners_end", 1.0)):
        stood = {"samx": 12.5, "samy": stand}
        fill_group(make_group(instrument, name, "NXcollection"), stood, samx="mm", samy="mm")


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
        detector = make_group(file, "entry/instrument/detector", "NXdetector")
        detector.create_dataset("data", data=counts_of(5, points, 13, 17), chunks=(1, 13, 17))
    stop = (points - 1) / 2
    with h5py.File(path, "w") as file:
        entry = make_group(file, "entry1", "NXentry")
        told = {
            "program_name": [b"GDA 8.48.0"],
            "scan_command": [f"scan eta 0 {stop:g} 0.5 pil100k 1".encode()],
            "scan_dimensions": [points],
            "entry_identifier": [b"538039"],
            "experiment_identifier": [b"cm1234-1"],
            "start_time": [b"2015-10-15T16:22:32+01:00"],
        }
        fill_group(entry, told)
        fill_group(make_group(entry, "user01", "NXuser"), {"username": [b"i16user"]})
        fill_group(make_group(entry, "sample", "NXsample"), {"name": [b"CaF2"]})
        instrument = make_group(entry, "instrument", "NXinstrument")
        camera = make_group(instrument, "pil100k", "NXdetector")
        place = f"{images.parent.name}/{images.name}"
        camera["data"] = h5py.ExternalLink(place, "/entry/instrument/detector/data")
        fill_group(camera, {"saturation_value": [1_000_000]})
        for where, name, local, values in (
            (camera, "count_time", "pil100k.count_time", np.ones(points)),
            (camera, "maxval", "pil100k.maxval", 100.0 + np.arange(points)),
            (
                make_group(instrument, "eta", "NXpositioner"),
                "eta",
                "eta.eta",
                0.5 * np.arange(points),
            ),
            (make_group(instrument, "rc", "NXpositioner"), "rc", "rc.rc", np.full(points, 300.0)),
        ):
            dataset = where.create_dataset(name, data=values)
            dataset.attrs["local_name"] = [local.encode()]
            if name == "eta":
                dataset.attrs.update({"axis": [b"1"], "label": [b"1"], "units": [b"deg"]})
        shown = make_group(entry, "pil100k", "NXdata")
        for name in ("count_time", "maxval"):
            shown[name] = camera[name]
        shown["data"] = camera.get("data", getlink=True)
        beam = make_group(entry, "sample/beam", "NXbeam")
        fill_group(beam, {"incident_wavelength": [0.238]}, incident_wavelength="nm")
        before = make_group(entry, "before_scan/lakeshore", "NXcollection")
        fill_group(before, {"Ta": [4.9953], "Tset": [5.0]})
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
        entry = make_group(file, "entry", "NXentry", default="data")
        told = {"definition": b"NXmx", "start_time": b"2019-02-14T14:25:57Z"}
        fill_group(entry, {name: np.bytes_(text) for name, text in told.items()})
        data = make_group(entry, "data", "NXdata", signal="data", axes="omega")
        data.create_dataset("data", data=counts_of(6, frames, 13, 17), chunks=(1, 13, 17))
        detector = make_group(entry, "instrument/detector", "NXdetector")
        values = {"count_time": 0.008, "saturation_value": 65535}
        fill_group(detector, {**values, "description": np.bytes_(b"Eiger 16M")}, count_time="s")
        beam = make_group(entry, "instrument/beam", "NXbeam")
        fill_group(beam, {"incident_wavelength": 0.98}, incident_wavelength="angstrom")
        axes = make_group(entry, "sample/transformations", "NXtransformations")
        omega = 0.1 * np.arange(frames)
        positions = {"omega": omega, "omega_end": omega + 0.1, "chi": np.array([30.0])}
        fill_group(axes, positions, omega="deg", chi="deg")
        data["omega"] = axes["omega"]
    return [path]
