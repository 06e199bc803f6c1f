"""NeXus files of Bluesky runs: the run that was, with its streams, times and metadata."""

import h5py
import numpy as np
import pytest

from penstock import BlueskyInMemoryCatalog, match
from penstock.ingestors import ingest_bluesky_nexus
from penstock.ingestors.bluesky_nexus.ingest import probe
from penstock.sample_files.origins.epics_hdf5 import (
    BLUESKY_UID,
    SECONDS,
    write_bluesky_nexus,
)
from penstock.testing import IngestorTests

STREAMS = "entry/instrument/bluesky/streams"
METADATA = "entry/instrument/bluesky/metadata"
REAL = "APS-USAXS__Matilda/TestData/TestSet/step/SRM3607_300pts_0097.h5"
SUITCASE = "prjemian__punx/punx/data/gov_5.h5"


def run_of(path, **kwargs):
    catalog = BlueskyInMemoryCatalog()
    catalog.upsert(ingest_bluesky_nexus, (str(path),), kwargs)
    return catalog[-1]


@pytest.fixture
def path(tmp_path):
    return write_bluesky_nexus(tmp_path)[0]


class TestConformance(IngestorTests):
    ingestor = "bluesky-nexus"

    def write_files(self, folder):
        return write_bluesky_nexus(folder, 12)[0]


def test_matching_takes_them_by_what_they_hold(path):
    (decision,) = match(path).decisions
    assert (decision.chosen.ingestor, decision.chosen.tier) == ("bluesky-nexus", "STRUCTURE")
    assert "streams: primary, baseline" in decision.explain()
    (known,) = probe([str(path)]).acquisitions
    assert (known.uid, known.scan_id, known.start, known.events) == (BLUESKY_UID, 88, SECONDS, 5)


def test_each_stream_is_there_with_its_events(path):
    run = run_of(path)
    assert list(run) == ["primary", "baseline"]
    primary = run.primary.read()
    assert primary["theta"].values.tolist() == [0, 0.25, 0.5, 0.75, 1]
    with h5py.File(path) as file:
        assert (primary["camera"].values == file[f"{STREAMS}/primary/camera/value"][()]).all()
    baseline = run["baseline"].read()
    assert baseline["dcm_energy"].values.tolist() == [24.0, 24.01]
    assert baseline["shutter"].values.tolist() == ["open", "closed"]
    keys = run["baseline"].metadata["descriptors"][0]["data_keys"]
    assert keys["dcm_energy"]["units"] == "keV"


def test_every_value_has_its_time_stamp_and_the_latest_is_the_events(path):
    documents = [doc for name, doc in run_of(path).documents() if name == "event_page"]
    assert documents[0]["time"][0] == SECONDS + 1.25
    assert documents[0]["timestamps"]["theta"][0] == SECONDS + 0.5
    assert documents[0]["timestamps"]["I0"][1] == SECONDS + 3.5


def test_the_metadata_are_those_of_the_run(path):
    start = run_of(path).metadata["start"]
    assert (start["plan_name"], start["scan_id"], start["title"]) == ("scan", 88, "a scan")
    assert start["plan_args"] == {"num": 5, "args": ["theta", 0, 1]}
    assert start["sample"] == {"name": "SRM 3607"}
    assert (start["operator"], start["proposal"]) == ("user@beamline", "GUP-4711")
    assert start["motors"] == ["theta"]
    assert set(start["detectors"]) == {"I0", "camera"}
    assert start["hints"]["dimensions"] == [[["theta"], "primary"]]


def test_the_zone_of_the_start_is_that_of_the_events(path):
    run = run_of(path)
    assert run.metadata["start"]["time"] == SECONDS
    assert run.metadata["stop"]["time"] == SECONDS + 14.5
    assert "notes" not in run.metadata["start"]


def test_without_such_events_the_zone_is_doubtful(path):
    with h5py.File(path, "a") as file:
        for group in file[f"{STREAMS}/primary"].values():
            group["time"].attrs["start_time_iso"] = "soon"
        for group in file[f"{STREAMS}/baseline"].values():
            del group["time"]
    assert any("no time zone" in note for note in run_of(path).metadata["start"]["notes"])


def test_a_copy_does_not_pass_for_the_run_unless_asked_to(path):
    run = run_of(path)
    assert run.metadata["start"]["original_uid"] == BLUESKY_UID != run.metadata["start"]["uid"]
    assert run_of(path, keep_uid=True).metadata["start"]["uid"] == BLUESKY_UID


def test_images_in_another_file_that_is_gone_leave_the_run_without_them(path):
    with h5py.File(path, "a") as file:
        del file[f"{STREAMS}/primary/camera/value"]
        file[f"{STREAMS}/primary/camera/value"] = h5py.ExternalLink("camera.h5", "/entry/data/data")
    run = run_of(path)
    assert set(run.primary.read().data_vars) >= {"theta", "I0"}
    assert "camera" not in run.primary.read()
    assert run.metadata["stop"]["exit_status"] == "abort"
    assert "camera.h5, which is not there" in run.metadata["stop"]["reason"]


def test_several_frames_an_event_are_a_stream_of_their_own(path):
    with h5py.File(path, "a") as file:
        del file[f"{STREAMS}/primary/camera/value"]
        file[f"{STREAMS}/primary/camera/value"] = np.ones((10, 40, 60), "u2")
    run = run_of(path)
    assert run["primary_camera"].read()["camera"].shape == (10, 40, 60)
    assert run.primary.read()["I0"].shape == (5,)


@pytest.mark.parametrize(
    ("name", "value", "kept"),
    [
        ("scan_id", "eighty-eight", {"scan_id": "eighty-eight"}),
        ("time", 12.5, {"time": 12.5}),
        ("hints", "none", {"hints": "none"}),
    ],
)
def test_metadata_that_a_start_document_cannot_have_stand_apart(path, name, value, kept):
    with h5py.File(path, "a") as file:
        group = file[METADATA]
        if name in group:
            del group[name]
        group[name] = value
    assert run_of(path).metadata["start"]["bluesky"] == kept


@pytest.mark.parametrize(
    "text",
    [
        "- &a [1, 2]\n- *a\n",
        "!!python/object/apply:os.system\n- echo\n",
        "[" * 5000,
        "{a: b",
    ],
)
def test_yaml_that_is_not_plain_stays_text(path, text):
    with h5py.File(path, "a") as file:
        del file[f"{METADATA}/plan_args"]
        file[f"{METADATA}/plan_args"] = text
    assert isinstance(run_of(path).metadata["start"]["plan_args"], str)


def test_a_large_value_is_left_out_with_a_note(path):
    with h5py.File(path, "a") as file:
        file[f"{METADATA}/log"] = "\n".join(["- " + "x" * 4000] * 14)
        for number in range(20):
            file[f"{METADATA}/log{number}"] = "y" * 4000
    start = run_of(path).metadata["start"]
    assert start["plan_name"] == "scan"
    assert any("does not fit" in note or "do not fit" in note for note in start["notes"])


def test_a_run_without_events_has_no_data(path):
    with h5py.File(path, "a") as file:
        for name in ("primary", "baseline"):
            del file[f"{STREAMS}/{name}"]
    assert run_of(path).metadata["stop"]["exit_status"] == "abort"


def test_other_files_are_declined(tmp_path):
    with h5py.File(tmp_path / "a.h5", "w") as file:
        file["images"] = np.zeros((3, 4, 6), "u2")
    assert probe([str(tmp_path / "a.h5")]) is None


def test_a_real_file_of_nxwriter(corpus):
    run = run_of(corpus / REAL)
    start = run.metadata["start"]
    assert start["original_uid"] == "77fbfb9d-5a1d-4ab8-a091-f7e596b2dd89"
    assert (start["plan_name"], start["motors"]) == ("uascan", ["a_stage_r"])
    assert start["time"] == pytest.approx(1738537458.569016)
    assert run.metadata["stop"]["num_events"] == {
        "primary": 300,
        "aps_current_monitor": 244,
        "baseline": 2,
    }
    with h5py.File(corpus / REAL) as file:
        recorded = file[f"{STREAMS}/primary/PD_USAXS/value"][()]
    assert (run.primary.read()["PD_USAXS"].values == recorded).all()


def test_a_real_file_of_suitcase(corpus):
    run = run_of(corpus / SUITCASE)
    start = run.metadata["start"]
    assert (start["scan_id"], start["plan_name"], start["detectors"]) == (5, "count", ["noisy"])
    assert start["time"] == 1490714214.0326028
    assert start["original_uid"] == "a5bf55e5-bd0f-44a9-8762-a30aead99a59"
    assert run.primary.read()["noisy"].values.tolist() == [9.882391913495294]
    assert run.metadata["stop"]["reason"] == "recorded in the file"
