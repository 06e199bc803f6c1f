"""HDF5 and Zarr hold what a run holds, and the field's readers read it."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import h5py
import numpy as np
import pytest
import xarray as xr

import penstock
from penstock.core.run import BlueskyRun
from penstock.core.run.samples import count_run
from penstock.sample_files import folder
from tests.plugins.awkward import AWKWARD


def opened(kind: str, path: Path) -> Any:
    return xr.open_datatree(path, engine="h5netcdf" if kind == "hdf5" else "zarr")


@pytest.mark.parametrize("kind", ["hdf5", "zarr"])
@pytest.mark.parametrize("what", AWKWARD)
def test_the_awkward_list(what: str, kind: str, tmp_path: Path) -> None:
    run = AWKWARD[what]()
    item = run.export(kind, tmp_path / "out")
    assert item.outcome == ("partial" if run.metadata["stop"] is None else "ok")
    told = {**item.details.get("omitted", {}), **item.details.get("substituted", {})}
    with opened(kind, tmp_path / "out") as tree:
        json.loads(tree.attrs["start"], parse_constant=lambda name: 1 / 0)
        streams = {node.attrs["stream"]: node for node in tree.children.values()}
        assert set(streams) == set(run)
        for name in run:
            read = run[name].read()
            node = streams[name]
            assert node.sizes.get("time", 0) == read.sizes["time"]
            names = {var.attrs.get("data_key", key): key for key, var in node.data_vars.items()}
            for key in run[name].data_keys:
                if f"{name}/{key}" not in told:
                    wanted = read["time_value" if key == "time" else key].values
                    np.testing.assert_array_equal(node[names[key]].values, wanted)


@pytest.mark.parametrize("kind", ["hdf5", "zarr"])
def test_images_come_back_equal(kind: str, tmp_path: Path) -> None:
    catalog = penstock.BlueskyInMemoryCatalog()
    catalog.ingest([folder() / "scan.nxs"])
    run = catalog[-1]
    run.export(kind, tmp_path / "out")
    with opened(kind, tmp_path / "out") as tree:
        data = tree["primary"]
        np.testing.assert_array_equal(data["data"].values, run.primary.read()["data"])
        assert data["theta"].attrs["unit"] == "deg"
        assert data["data"].dtype == np.uint16


def test_h5py_finds_dimension_scales_and_documents(tmp_path: Path) -> None:
    BlueskyRun(count_run(4, uid="6f2a")).export("hdf5", tmp_path / "scan.h5")
    with h5py.File(tmp_path / "scan.h5") as file:
        assert json.loads(file.attrs["start"])["uid"] == "6f2a"
        assert file["primary/x"].dims[0][0] == file["primary/time"]


def test_long_metadata_have_room(tmp_path: Path) -> None:
    run = AWKWARD["nested metadata"]()
    run._source.start["notes"] = ["x" * 1000] * 200  # type: ignore[index]  # more than 64 kB
    run.export("hdf5", tmp_path / "scan.h5")
    with opened("hdf5", tmp_path / "scan.h5") as tree:
        assert len(json.loads(tree.attrs["start"])["notes"]) == 200


def test_what_is_there_stays(tmp_path: Path) -> None:
    (tmp_path / "scan.h5").write_text("precious")
    with pytest.raises(FileExistsError):
        BlueskyRun(count_run(4)).export("hdf5", tmp_path / "scan.h5")
    assert (tmp_path / "scan.h5").read_text() == "precious"
