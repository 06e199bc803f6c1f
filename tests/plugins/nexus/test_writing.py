"""NeXus files that silx plots, and that penstock reads back."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import h5py
import numpy as np
import pytest
import silx.io
import silx.io.nxdata

import penstock
import penstock.exporting
from penstock.core.run import BlueskyRun
from penstock.core.run.samples import count_run
from penstock.sample_files import folder
from tests.plugins.awkward import AWKWARD


def default_plot(path: Path) -> Any:
    with silx.io.open(str(path)) as file:
        found = silx.io.nxdata.get_default(file)
        if found is None:
            return None
        assert found.is_valid
        return found.signal_name, found.signal[()], found.axes_names


def sample(name: str) -> BlueskyRun:
    catalog = penstock.BlueskyInMemoryCatalog()
    catalog.ingest([folder() / name])
    return catalog[-1]


def test_a_scan_is_plotted_against_its_motor(tmp_path: Path) -> None:
    BlueskyRun(count_run(5)).export("nexus", tmp_path / "scan.nxs")
    signal, values, axes = default_plot(tmp_path / "scan.nxs")
    assert (signal, axes) == ("x", ["seconds since 1970-01-01 UTC"])
    np.testing.assert_array_equal(values, [0, 1, 2, 3, 4])


def test_images_have_a_plot_and_a_detector(tmp_path: Path) -> None:
    run = sample("scan.nxs")
    run.export("nexus", tmp_path / "scan.nxs")
    _, values, axes = default_plot(tmp_path / "scan.nxs")
    assert axes[0] == "theta"
    np.testing.assert_array_equal(values, run.primary.read()["data"])
    with h5py.File(tmp_path / "scan.nxs") as file:
        assert file["entry/instrument/data/data"] == file["entry/bluesky/primary/data"]
        assert file["entry/sample/name"][()] == b"copper foil"
        assert file["entry/start_time"][()] == b"2024-03-05T13:02:00+00:00"


def test_penstock_reads_it_back(tmp_path: Path) -> None:
    run = sample("scan.nxs")
    run.export("nexus", tmp_path / "again.nxs")
    catalog = penstock.BlueskyInMemoryCatalog()
    catalog.ingest([tmp_path / "again.nxs"])
    read = catalog[-1].primary.read()
    np.testing.assert_array_equal(read["data"], run.primary.read()["data"])
    np.testing.assert_allclose(read["theta"], run.primary.read()["theta"])


@pytest.mark.parametrize("what", AWKWARD)
def test_the_awkward_list(what: str, tmp_path: Path) -> None:
    run = AWKWARD[what]()
    item = run.export("nexus", tmp_path / "scan.nxs")
    default_plot(tmp_path / "scan.nxs")
    omitted = item.details.get("omitted", {})
    with h5py.File(tmp_path / "scan.nxs") as file:
        streams = [
            group for group in file["entry/bluesky"].values() if isinstance(group, h5py.Group)
        ]
        by_rows = sorted(len(group["seq_num"]) for group in streams)
        assert by_rows == sorted(len(run[name]) for name in run)
        told = {
            dataset.attrs["long_name"]
            for group in streams
            for dataset in group.values()
            if "target" in dataset.attrs
        }
    keys = {key for name in run for key in run[name].data_keys if f"{name}/{key}" not in omitted}
    assert told == keys


def test_an_interruption_leaves_nothing(tmp_path: Path) -> None:
    class _Halt(BaseException):
        pass

    run = sample("scan.nxs")
    blocks = penstock.exporting.Images.blocks

    def fail(self: Any) -> Any:
        yield next(iter(blocks(self)))
        raise _Halt

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(penstock.exporting.Images, "blocks", fail)
        with pytest.raises(_Halt):
            run.export("nexus", tmp_path / "scan.nxs")
    assert list(tmp_path.iterdir()) == []
