"""Exports of FXI give projections, flats and darks, and the run that they were."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import h5py
import numpy as np

import penstock
from penstock.sample_files.origins.tomography import write_fxi
from penstock.testing import IngestorTests


class TestFXI(IngestorTests):
    ingestor = "fxi"

    def write_files(self, folder: Path) -> Any:
        return str(write_fxi(folder)[0])


def test_each_role_is_a_stream(tmp_path: Path) -> None:
    (path,) = write_fxi(tmp_path)
    catalog = penstock.BlueskyInMemoryCatalog()
    (item,) = catalog.ingest([path])
    run = catalog[item.uid]
    assert item.details["ingestor"] == "fxi"
    with h5py.File(path) as file:
        for stream, name in {"primary": "tomo", "flat": "bkg", "dark": "dark"}.items():
            np.testing.assert_array_equal(run[stream].read()["image"], file[f"img_{name}"])
    assert run["primary"].read()["theta"].values.tolist() == [0, 45, 90, 135]
    start = run.metadata["start"]
    assert (start["scan_id"], start["time"], start["title"]) == (30526, 1568000000.0, "battery")
    assert start["original_uid"] == "b2017b74-c39d-478d-b4fe-ab0c5347227c" != start["uid"]
    (descriptor,) = run["flat"].metadata["descriptors"]
    assert descriptor["configuration"]["image"]["data"]["energy"] == 8.35
