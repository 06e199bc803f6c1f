"""Data Exchange files give projections, flats and darks, with theta."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import h5py
import numpy as np
import pytest

import penstock
from penstock.core.run import BlueskyRun
from penstock.sample_files.origins.tomography import write_data_exchange
from penstock.testing import IngestorTests

ROLES = {"primary": "data", "flat": "data_white", "dark": "data_dark"}


class TestDataExchange(IngestorTests):
    ingestor = "data-exchange"

    def write_files(self, folder: Path) -> Any:
        return str(write_data_exchange(folder)[0])


def ingest(path: Path) -> tuple[str, BlueskyRun]:
    catalog = penstock.BlueskyInMemoryCatalog()
    (item,) = catalog.ingest([path])
    assert item.uid is not None, item.why
    return item.details["ingestor"], catalog[item.uid]


@pytest.fixture
def path(tmp_path: Path) -> Path:
    return write_data_exchange(tmp_path)[0]


def check_pixels(path: Path, run: BlueskyRun) -> None:
    with h5py.File(path) as file:
        for stream, name in ROLES.items():
            np.testing.assert_array_equal(run[stream].read()["data"], file["exchange"][name])


def test_each_role_is_a_stream(path: Path) -> None:
    ingestor, run = ingest(path)
    assert ingestor == "data-exchange"
    check_pixels(path, run)
    assert run["primary"].read()["theta"].values.tolist() == [0, 45, 90, 135]
    assert "theta" not in run["flat"].read()


def test_roles_with_as_many_frames_stay_apart(path: Path) -> None:
    with h5py.File(path, "a") as file:
        del file["exchange/data_white"]
        file["exchange/data_white"] = file["exchange/data"][()] + 1
    _, run = ingest(path)
    assert run.metadata["stop"]["num_events"] == {"primary": 4, "flat": 4, "dark": 2}
    check_pixels(path, run)


def test_measurement_and_process_are_told_in_the_fields_terms(path: Path) -> None:
    _, run = ingest(path)
    start, stop = run.metadata["start"], run.metadata["stop"]
    assert start["sample"] == {"name": "tooth"}
    assert (start["operator"], start["proposal"]) == ("Ada", "GUP-1234")
    assert start["time"] == 1646391967.0  # 2022-03-04 11:06:07 UTC
    assert start["time_source"] == "/process/acquisition/start_date"
    assert stop["time"] - start["time"] == 600
    assert start["detectors"] == ["oryx_orx-10g"]
    for stream in ROLES:
        (descriptor,) = run[stream].metadata["descriptors"]
        data = descriptor["configuration"]["oryx_orx-10g"]
        assert (data["data"]["exposure_time"], data["data"]["energy"]) == (0.2, 27.4)
        assert data["data_keys"]["energy"]["units"] == "keV"


def test_angles_of_flats_are_told_where_there_are_some(path: Path) -> None:
    with h5py.File(path, "a") as file:
        file["exchange/theta_white"] = [0.0, 0.0, 180.0]
        file["exchange/theta_dark"] = [0.0]  # of two
    _, run = ingest(path)
    assert run["flat"].read()["theta"].values.tolist() == [0, 0, 180]
    assert "theta" not in run["dark"].read()


def test_malformed_metadata_stop_no_pixels(path: Path) -> None:
    with h5py.File(path, "a") as file:
        del file["process"], file["measurement/sample/name"]
        file["process/acquisition/start_date"] = "the day before"
        file["measurement/sample/name"] = np.zeros(3)
        del file["measurement/instrument/detector/exposure_time"]
        file["measurement/instrument/detector/exposure_time"] = "short"
    _, run = ingest(path)
    check_pixels(path, run)
    assert any("the day before" in note for note in run.metadata["start"]["notes"])


def test_the_tooth_of_tomopy(corpus: Path) -> None:
    path = corpus / "tomopy__tomopy/source/tomopy/data/tooth.h5"
    ingestor, run = ingest(path)
    assert ingestor == "data-exchange"
    assert run.metadata["start"]["sample"] == {"name": "Tooth"}
    check_pixels(path, run)
    with h5py.File(path) as file:
        np.testing.assert_array_equal(run["primary"].read()["theta"], file["exchange/theta"])


def test_a_file_without_flats_angles_and_darks(corpus: Path) -> None:
    ingestor, run = ingest(corpus / "data-exchange__dxchange/test/test_data/lena.h5")
    assert ingestor == "data-exchange"
    assert list(run) == ["primary"]
    assert run["primary"].read()["data"].shape == (1, 512, 512)
