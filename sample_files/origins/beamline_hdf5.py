"""HDF5 files as the software of beamlines leaves them."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any

import h5py
import numpy as np
from numpy.typing import NDArray

__all__ = ["write_bluesky_nexus"]

BLUESKY_UID = "77fbfb9d-5a1d-4ab8-a091-f7e596b2dd89"
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
