"""Scans of ESRF's BLISS: a run each, with counters, motors and where all motors stood."""

import h5py
import numpy as np
import pytest

from penstock import BlueskyInMemoryCatalog, match
from penstock.core.errors import MissingFileError, NoDataError, UnsafeLinkError
from penstock.ingestors import ingest_bliss
from penstock.ingestors.bliss.ingest import probe
from penstock.sample_files.origins.beamline_hdf5 import write_bliss
from penstock.testing import IngestorTests

DEMO = "Dioptas__Dioptas/dioptas/tests/data/hdf5_dataset"


def run_of(path, **kwargs):
    catalog = BlueskyInMemoryCatalog()
    catalog.upsert(ingest_bliss, (str(path),), kwargs)
    return catalog[-1]


@pytest.fixture
def paths(tmp_path):
    return write_bliss(tmp_path)


class TestConformance(IngestorTests):
    ingestor = "bliss"
    kwargs = {"entry": "2.1"}  # noqa: RUF012 # as the suite has it

    def write_files(self, folder):
        return write_bliss(folder, 60)[0]


def test_each_entry_is_a_run(paths):
    (decision,) = match(paths[0]).decisions
    assert (decision.chosen.ingestor, decision.chosen.tier) == ("bliss", "STRUCTURE")
    assert [dict(claim.kwargs) for claim in decision.chosen.claims] == [
        {"entry": "1.1"},
        {"entry": "2.1"},
    ]
    known = probe([str(paths[0])]).acquisitions
    assert [(one.scan_id, one.events) for one in known] == [(1, 5), (2, 5)]


def test_what_was_measured_is_there_point_by_point(paths):
    run = run_of(paths[0], entry="2.1")
    data = run.primary.read()
    assert data["samy"].values.tolist() == [0, 0.25, 0.5, 0.75, 1]
    assert data["diode"].values.tolist() == [100, 101, 102, 103, 104]
    with h5py.File(paths[3]) as file:
        recorded = file["entry_0000/measurement/data"][()]
    assert (data["marana"].values == recorded).all()
    assert data["time"].values.tolist() == [1611914461.0 + number for number in range(5)]
    (descriptor,) = run.primary.metadata["descriptors"]
    assert descriptor["configuration"]["marana"]["data"] == {"exposure_time": 0.1}
    assert descriptor["data_keys"]["samy"]["units"] == "mm"
    assert descriptor["hints"]["epoch"] == {"fields": []}


def test_the_start_is_in_the_fields_terms(paths):
    start = run_of(paths[0], entry="2.1").metadata["start"]
    assert (start["scan_id"], start["subscan"]) == (2, 1)
    assert (start["title"], start["plan_name"]) == ("ascan samy 0 1 4 0.1", "ascan")
    assert (start["motors"], start["detectors"]) == (["samy"], ["marana"])
    assert start["hints"]["dimensions"] == [[["samy"], "primary"]]
    assert start["sample"] == {"name": "demo"}
    assert (start["proposal"], start["beamline"]) == ("ma4500", "id11")
    assert start["time"] == 1611914461.0
    assert "notes" not in start


def test_a_scan_of_time_has_no_motors(paths):
    start = run_of(paths[0], entry="1.1").metadata["start"]
    assert "motors" not in start
    assert start["hints"]["dimensions"] == [[["time"], "primary"]]


def test_all_positioners_are_the_baseline_before_and_after(paths):
    run = run_of(paths[0], entry="2.1")
    baseline = run["baseline"].read()
    assert baseline["samx"].values.tolist() == [12.5, 12.5]
    assert baseline["samy"].values.tolist() == [0, 1]
    assert baseline["time"].values.tolist() == [1611914461.0, 1611914466.0]


def test_files_above_link_the_same_scans(paths):
    run = run_of(paths[1], entry="sample_0001_2.1")
    below = run_of(paths[0], entry="2.1")
    assert run.metadata["start"]["scan_id"] == 2
    assert (run.primary.read()["marana"].values == below.primary.read()["marana"].values).all()
    assert run.metadata["start"]["uid"] != below.metadata["start"]["uid"]


def test_images_that_are_gone_leave_the_counters(paths):
    paths[3].unlink()
    run = run_of(paths[0], entry="2.1")
    assert set(run.primary.read().data_vars) >= {"diode", "samy"}
    stop = run.metadata["stop"]
    assert stop["exit_status"] == "abort"
    assert "scan0002/marana_0000.h5, which is not there" in stop["reason"]
    (note,) = probe([str(paths[0])]).notes
    assert "marana is left out" in note


def test_without_counters_the_run_is_refused(paths):
    paths[3].unlink()
    with h5py.File(paths[0], "a") as file:
        for name in ("diode", "samy", "epoch", "elapsed_time"):
            del file[f"2.1/measurement/{name}"]
    with pytest.raises(MissingFileError, match=r"scan0002/marana_0000\.h5"):
        run_of(paths[0], entry="2.1")


def test_images_elsewhere_are_refused(paths, tmp_path_factory):
    elsewhere = tmp_path_factory.mktemp("elsewhere") / "stolen.h5"
    paths[3].rename(elsewhere)
    with h5py.File(paths[0], "a") as file:
        del file["2.1/measurement/marana"]
        link = h5py.ExternalLink(str(elsewhere), "/entry_0000/measurement/data")
        file["2.1/measurement/marana"] = link
    with pytest.raises(UnsafeLinkError):
        run_of(paths[0], entry="2.1")


def test_a_counter_that_lost_its_last_point_is_a_stream_of_its_own(paths):
    with h5py.File(paths[0], "a") as file:
        del file["2.1/instrument/diode/data"]
        file["2.1/instrument/diode/data"] = np.arange(4.0)
    run = run_of(paths[0], entry="2.1")
    assert run["diode"].read()["diode"].shape == (4,)
    assert any("4 values for 5 events" in note for note in run.metadata["start"]["notes"])


def test_spectra_are_one_a_point(paths):
    with h5py.File(paths[0], "a") as file:
        file["2.1/measurement/mca"] = np.ones((5, 2048), "u4")
    assert run_of(paths[0], entry="2.1").primary.read()["mca"].shape == (5, 2048)


def test_entries_without_measurement_are_told_and_the_others_taken(paths):
    with h5py.File(paths[0], "a") as file:
        del file["1.1/measurement"]
    found = probe([str(paths[0])])
    assert found.kwargs == ({"entry": "2.1"},)
    assert "'1.1' has no measurement" in found.notes[0]


def test_which_scan_has_to_be_told(paths):
    with pytest.raises(NoDataError, match=r"1\.1, 2\.1"):
        run_of(paths[0])


def test_other_files_are_declined(paths, tmp_path):
    assert probe([str(paths[2])]) is None
    with h5py.File(tmp_path / "a.h5", "w") as file:
        file["1.1/data"] = np.zeros((3, 4, 6), "u2")
    assert probe([str(tmp_path / "a.h5")]) is None


@pytest.mark.parametrize(
    ("name", "entry"),
    [
        ("demoh5_dataset/demoh5_dataset.h5", "2.1"),
        ("ma4500_demoh5.h5", "demoh5_dataset_2.1"),
    ],
)
def test_a_real_scan_without_its_images(corpus, name, entry):
    run = run_of(corpus / DEMO / name, entry=entry)
    start = run.metadata["start"]
    assert (start["scan_id"], start["plan_name"]) == (2, "loopscan")
    assert (start["sample"], start["proposal"]) == ({"name": "demoh5"}, "ma4500")
    assert start["time"] == pytest.approx(1611914446.677273)
    assert run.metadata["stop"]["num_events"] == {"primary": 5, "baseline": 2}
    assert run["baseline"].read()["samry"].values[0] == pytest.approx(0.7998142156367859)
    assert "marana_0000.h5" in run.metadata["stop"]["reason"]
    assert start["detectors"] == ["elapsed_time"]
