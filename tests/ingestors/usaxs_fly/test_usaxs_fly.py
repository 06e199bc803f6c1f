"""Fly scans of APS USAXS: counts by channel, positions and changes in streams of their own."""

import datetime

import h5py
import numpy as np
import pytest

from penstock import BlueskyInMemoryCatalog, match
from penstock.core.config import Config, use_config
from penstock.core.errors import NoDataError
from penstock.ingestors import ingest_usaxs_fly
from penstock.ingestors.usaxs_fly.ingest import probe
from penstock.sample_files.origins.epics_hdf5 import write_usaxs_fly
from penstock.testing import IngestorTests

REAL = [
    "APS-USAXS__Matilda/TestData/TestSet/02_21_Megan_usaxs/HeaterBlank_0059.h5",
    "APS-USAXS__livedata/testdata/fly/08_14_NIST_TRIP_fly/S48_Fullfield_350C.h5",
    "APS-USAXS__livedata/testdata/flyscan_modes/S14_FS_ArrayData_bad.h5",
    "APS-USAXS__livedata/testdata/flyscan_modes/S17_FS_TrajPnts_bad.h5",
    "APS-USAXS__livedata/testdata/Blank_0016.h5",
]


def run_of(path, **kwargs):
    catalog = BlueskyInMemoryCatalog()
    catalog.upsert(ingest_usaxs_fly, (str(path),), kwargs)
    return catalog[-1]


@pytest.fixture
def path(tmp_path):
    return write_usaxs_fly(tmp_path)[0]


class TestConformance(IngestorTests):
    ingestor = "usaxs-fly"

    def write_files(self, folder):
        return write_usaxs_fly(folder, 500)[0]


def test_matching_takes_them_by_what_wrote_them(path):
    (decision,) = match(path).decisions
    assert (decision.chosen.ingestor, decision.chosen.tier) == ("usaxs-fly", "STRUCTURE")
    assert "root@creator 'saveFlyData.py'" in decision.explain()


def test_counts_have_the_instruments_names(path):
    run = run_of(path)
    with h5py.File(path) as file:
        recorded = file["entry/flyScan/mca3"][()]
    assert (run.primary.read()["upd"].values == recorded).all()
    start = run.metadata["start"]
    assert (start["detectors"], start["plan_name"]) == (["I0", "upd"], "flyscan")
    assert (start["proposal"], start["sample"]) == ("38816", {"name": "HeaterBlank"})
    (descriptor,) = run.primary.metadata["descriptors"]
    assert descriptor["configuration"]["upd"]["data"] == {"energy": 21, "wavelength": 0.59}
    assert descriptor["hints"]["clock_pulses"] == {"fields": []}


def test_pulses_of_the_clock_tell_the_times(path):
    with use_config(Config(timezone="America/Chicago")):
        run = run_of(path)
        times = run.primary.read()["time"].values
    begin = datetime.datetime(2025, 2, 21, 18, 3, 55, tzinfo=datetime.UTC).timestamp()
    assert times == pytest.approx(begin + 0.01 * np.arange(7), abs=1e-3)
    assert "taken as America/Chicago" in run.metadata["start"]["notes"][0]


def test_what_has_other_rows_is_in_streams_of_its_own(path):
    run = run_of(path)
    assert run["AR_PulsePositions"].read()["AR_PulsePositions"].shape == (8,)
    changes = run["changes_AR"].read()
    assert changes["angle"].values.tolist() == [8.8453, 8.8452]
    assert changes["PSOpulse"].values.tolist() == [0, 4]
    assert run["changes_I0"].read()["ampGain"].values.tolist() == [2]


def test_lists_of_one_name_that_are_not_equally_long_are_apart(path):
    with h5py.File(path, "a") as file:
        file["entry/flyScan/changes_AR_extra"] = [1.0, 2.0, 3.0]
    assert run_of(path)["changes_AR_2"].read()["extra"].shape == (3,)


def test_without_counts_it_is_refused(path):
    with h5py.File(path, "a") as file:
        for number in (1, 2, 3):
            del file[f"entry/flyScan/mca{number}"]
    with pytest.raises(NoDataError, match="no counts"):
        run_of(path)


def test_without_a_clock_all_channels_have_the_time_of_the_run(path):
    with h5py.File(path, "a") as file:
        del file["entry/flyScan/mca_clock_frequency"]
    assert len(set(run_of(path).primary.read()["time"].values)) == 1


def test_other_files_are_declined(tmp_path):
    with h5py.File(tmp_path / "a.h5", "w") as file:
        file["entry/flyScan/mca1"] = np.zeros(4)
    assert probe([str(tmp_path / "a.h5")]) is None


@pytest.mark.parametrize("name", REAL)
def test_real_scans(corpus, name):
    run = run_of(corpus / name)
    with h5py.File(corpus / name) as file:
        counts, edges = file["entry/flyScan/mca3"][()], file["entry/flyScan/AR_PulsePositions"][()]
    assert (run.primary.read()["upd"].values == counts).all()
    assert (run["AR_PulsePositions"].read()["AR_PulsePositions"].values == edges).all()
    assert "changes_AR" in list(run)
    assert run.metadata["start"]["sample"]["name"]
