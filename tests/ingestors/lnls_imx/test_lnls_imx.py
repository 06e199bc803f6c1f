"""Three files of IMX are one tomography."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import h5py
import numpy as np

import penstock
from penstock.sample_files.origins.tomography import write_lnls_imx
from penstock.testing import IngestorTests


class TestLNLSIMX(IngestorTests):
    ingestor = "lnls-imx"

    def write_files(self, folder: Path) -> Any:
        return str(write_lnls_imx(folder)[0])


def test_each_file_is_a_stream(tmp_path: Path) -> None:
    paths = write_lnls_imx(tmp_path)
    catalog = penstock.BlueskyInMemoryCatalog()
    (item,) = catalog.ingest([tmp_path])
    run = catalog[item.uid]
    assert item.details["ingestor"] == "lnls-imx"
    for path, (stream, name) in zip(
        paths, {"primary": "images", "flat": "flats", "dark": "darks"}.items(), strict=True
    ):
        with h5py.File(path) as file:
            np.testing.assert_array_equal(run[stream].read()["image"], file[name])


def test_flats_that_cannot_be_read_make_it_partial(tmp_path: Path) -> None:
    paths = write_lnls_imx(tmp_path)
    paths[1].write_bytes(paths[1].read_bytes()[:100])
    catalog = penstock.BlueskyInMemoryCatalog()
    item = next(item for item in catalog.ingest([tmp_path]) if item.uid is not None)
    assert item.outcome == "partial"
    assert "tomo_flat_before.h5" in item.why
    assert list(catalog[item.uid]) == ["primary", "dark"]
