"""Masters of Dectris detectors: exposure, cut-off and axes beside the frames in data files."""

import h5py
import numpy as np
import pytest

from penstock import BlueskyInMemoryCatalog, match
from penstock.core.errors import MissingFileError, UnsafeLinkError
from penstock.core.run.dataset import BadFramesWarning
from penstock.ingestors import ingest_eiger
from penstock.ingestors.eiger.ingest import probe
from penstock.sample_files.origins.beamline_hdf5 import write_eiger
from penstock.testing import IngestorTests

START = 1481868377.852051
DETECTOR = "entry/instrument/detector"
GONIOMETER = "entry/sample/goniometer"
ARINA = "hyperspy__rosettasciio/rsciio/tests/data/arina/test_00_master.h5"
GONE = "dials__data-files/image_examples/dectris_eiger_master.h5"


def run_of(path, **kwargs):
    catalog = BlueskyInMemoryCatalog()
    catalog.upsert(ingest_eiger, (str(path),), kwargs)
    return catalog[-1]


def configuration(run):
    (detector,) = run.metadata["start"]["detectors"]
    return run.primary.metadata["descriptors"][0]["configuration"][detector]


@pytest.fixture
def paths(tmp_path):
    return write_eiger(tmp_path)


class TestConformance(IngestorTests):
    ingestor = "eiger"

    def write_files(self, folder):
        return write_eiger(folder, (40, 40, 20))[0]


def test_a_master_and_its_data_files_are_one_run_of_this_origin(paths):
    (decision,) = match(paths).decisions
    assert (decision.chosen.ingestor, decision.chosen.tier) == ("eiger", "STRUCTURE")
    assert set(decision.group.paths) == {str(path) for path in paths}
    assert "detectorSpecific, description 'Dectris Eiger 9M'" in decision.explain()
    (known,) = probe([str(paths[0])]).acquisitions
    assert (known.start, known.events) == (START, 6)


def test_so_is_a_master_alone(paths):
    (decision,) = match(paths[0]).decisions
    assert decision.chosen.ingestor == "eiger"


def test_exposure_beam_and_limits_are_configuration(paths):
    found = configuration(run_of(paths[0]))
    data = found["data"]
    assert (data["exposure_time"], data["exposure_period"]) == (0.00499, 0.005)
    assert (data["energy"], data["wavelength"]) == (12650, 0.98)
    assert (data["saturation_value"], data["count_cutoff"]) == (12440, 12440)
    units = {key: found["data_keys"][key].get("units") for key in data}
    assert (units["energy"], units["wavelength"], units["exposure_time"]) == ("eV", "angstrom", "s")


def test_axes_that_move_are_columns_and_the_others_a_baseline(paths):
    run = run_of(paths[0])
    assert run.primary.read()["omega"].values.tolist() == [0, 0.5, 1, 1.5, 2, 2.5]
    assert run.metadata["start"]["motors"] == ["omega"]
    assert run.metadata["start"]["hints"]["dimensions"] == [[["omega"], "primary"]]
    baseline = run["baseline"].read()
    assert (baseline["chi"].values.tolist(), baseline["kappa"].values.tolist()) == ([90], [30])
    (descriptor,) = run.primary.metadata["descriptors"]
    assert descriptor["data_keys"]["omega"]["units"] == "deg"
    assert descriptor["hints"]["omega_end"] == {"fields": []}


def test_frames_came_one_period_after_the_other(paths):
    run = run_of(paths[0])
    times = START + 0.005 * np.arange(6)
    assert run.primary.read()["time"].values == pytest.approx(times)
    assert run.metadata["start"]["time"] == START


def test_with_a_trigger_for_each_nobody_knows_when(paths):
    with h5py.File(paths[0], "a") as file:
        special = file[f"{DETECTOR}/detectorSpecific"]
        special["nimages"][()], special["ntrigger"][()] = 1, 6
    assert set(run_of(paths[0]).primary.read()["time"].values) == {START}


def test_a_data_file_that_is_gone_leaves_a_partial_run(paths):
    paths[2].unlink()
    run = run_of(paths[0])
    stop = run.metadata["stop"]
    assert stop["exit_status"] == "abort"
    assert "lysozyme_1_data_000002.h5" in stop["reason"]
    with pytest.warns(BadFramesWarning):
        assert run.primary.read(bad_frames="mask")["omega"].shape == (6,)


def test_without_any_the_run_is_refused_by_name(paths):
    for path in paths[1:]:
        path.unlink()
    with pytest.raises(MissingFileError, match=r"lysozyme_1_data_000001\.h5"):
        run_of(paths[0])


def test_data_files_elsewhere_are_refused(paths, tmp_path_factory):
    elsewhere = tmp_path_factory.mktemp("elsewhere") / "stolen.h5"
    paths[1].rename(elsewhere)
    with h5py.File(paths[0], "a") as file:
        for number in (1, 2):
            del file[f"entry/data/data_{number:06d}"]
        link = h5py.ExternalLink(str(elsewhere), "/entry/data/data")
        file["entry/data/data_000001"] = link
    with pytest.raises(UnsafeLinkError):
        run_of(paths[0])


@pytest.mark.parametrize("value", [np.bytes_("soon"), np.bytes_(""), 7])
def test_a_date_that_is_none_leaves_the_files_own_time(paths, value):
    with h5py.File(paths[0], "a") as file:
        special = file[f"{DETECTOR}/detectorSpecific"]
        del special["data_collection_date"]
        special["data_collection_date"] = value
    run = run_of(paths[0])
    assert run.metadata["start"]["time_source"] == "mtime of the file"
    assert run.primary.read()["data"].shape == (6, 13, 17)


def test_axes_of_odd_kinds_are_left_out(paths):
    with h5py.File(paths[0], "a") as file:
        for name, value in (("phi", b"text"), ("two_theta", np.zeros(9)), ("z", np.zeros((2, 3)))):
            file[f"{GONIOMETER}/{name}"] = value
    assert run_of(paths[0]).metadata["start"]["motors"] == ["omega"]


def test_data_files_and_others_are_declined(paths):
    assert probe([str(paths[1])]) is None


def test_a_real_master(corpus):
    run = run_of(corpus / ARINA)
    data = configuration(run)["data"]
    assert run.metadata["start"]["detectors"] == ["dectris_arina_czt"]
    assert run.metadata["start"]["time"] == 1746229860.302
    assert (data["energy"], data["count_cutoff"]) == (300000, 8352)
    with h5py.File((corpus / ARINA).with_name("test_00_data_000001.h5")) as file:
        assert (run.primary.read()["data"].values == file["entry/data/data"][()]).all()


def test_a_real_master_without_its_data(corpus):
    with pytest.raises(MissingFileError, match=r"dectris_eiger_data_000001\.h5"):
        run_of(corpus / GONE)
