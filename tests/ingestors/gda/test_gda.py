"""Scans of Diamond's GDA: detectors' files, scannables as columns, what was read before."""

import h5py
import numpy as np
import pytest

from penstock import BlueskyInMemoryCatalog, match
from penstock.core.errors import MissingFileError, UnsafeLinkError
from penstock.ingestors import ingest_gda
from penstock.ingestors.gda.ingest import probe
from penstock.sample_files.origins.beamline_hdf5 import write_gda
from penstock.testing import IngestorTests

I16 = "nexusformat__exampledata/DLS/i16/hdf5/538039.nxs"
DAWN = "DawnScience__scisoft-core"
I22 = f"{DAWN}/uk.ac.diamond.scisoft.analysis.test/testfiles/gda/analysis/io/NexusDiffractionTest"
I05 = f"{DAWN}/org.eclipse.dawnsci.hdf5.test/testfiles/i05-4859.nxs"


def run_of(path, **kwargs):
    catalog = BlueskyInMemoryCatalog()
    catalog.upsert(ingest_gda, (str(path),), kwargs)
    return catalog[-1]


@pytest.fixture
def paths(tmp_path):
    return write_gda(tmp_path)


class TestConformance(IngestorTests):
    ingestor = "gda"

    def write_files(self, folder):
        return write_gda(folder, 60)[0]


def test_a_scan_and_the_files_of_its_detectors_are_one_run(paths):
    (decision,) = match(paths[0].parent).decisions
    assert (decision.chosen.ingestor, decision.chosen.tier) == ("gda", "STRUCTURE")
    assert set(decision.group.paths) == {str(path) for path in paths}
    assert "/entry1/program_name 'GDA 8.48.0'" in decision.explain()
    (known,) = probe([str(paths[0])]).acquisitions
    assert (known.scan_id, known.events) == (538039, 5)


def test_scannables_are_columns_and_images_point_at_their_file(paths):
    run = run_of(paths[0])
    data = run.primary.read()
    assert data["eta"].values.tolist() == [0, 0.5, 1, 1.5, 2]
    assert data["pil100k_maxval"].values.tolist() == [100, 101, 102, 103, 104]
    with h5py.File(paths[1]) as file:
        recorded = file["entry/instrument/detector/data"][()]
    assert (data["pil100k"].values == recorded).all()
    (descriptor,) = run.primary.metadata["descriptors"]
    constants = descriptor["configuration"]["pil100k"]["data"]
    assert (constants["exposure_time"], constants["saturation_value"]) == (1, 1_000_000)
    assert constants["wavelength"] == 2.38
    assert descriptor["data_keys"]["eta"]["units"] == "deg"


def test_the_start_is_in_the_fields_terms(paths):
    start = run_of(paths[0]).metadata["start"]
    assert (start["scan_command"], start["plan_name"]) == ("scan eta 0 2 0.5 pil100k 1", "scan")
    assert (start["scan_id"], start["proposal"], start["operator"]) == (
        538039,
        "cm1234-1",
        "i16user",
    )
    assert (start["motors"], start["detectors"]) == (["eta"], ["pil100k"])
    assert start["hints"]["dimensions"] == [[["eta"], "primary"]]
    assert (start["sample"], start["time"]) == ({"name": "CaF2"}, 1444922552.0)


def test_what_was_read_before_the_scan_is_the_baseline(paths):
    baseline = run_of(paths[0])["baseline"].read()
    assert (baseline["Ta"].values.tolist(), baseline["Tset"].values.tolist()) == ([4.9953], [5])


def test_without_marks_the_command_tells_the_motors(paths):
    with h5py.File(paths[0], "a") as file:
        del file["entry1/instrument/eta/eta"].attrs["label"]
    assert run_of(paths[0]).metadata["start"]["motors"] == ["eta"]


def test_a_grid_has_its_shape(tmp_path):
    path, images = write_gda(tmp_path, 6)
    with h5py.File(path, "a") as file:
        del file["entry1/scan_dimensions"]
        file["entry1/scan_dimensions"] = [2, 3]
        for name in ("pil100k/count_time", "pil100k/maxval", "eta/eta", "rc/rc"):
            dataset = file[f"entry1/instrument/{name}"]
            values, attributes = dataset[()], dict(dataset.attrs)
            del file[f"entry1/instrument/{name}"]
            file[f"entry1/instrument/{name}"] = values.reshape(2, 3)
            file[f"entry1/instrument/{name}"].attrs.update(attributes)
    with h5py.File(images, "a") as file:
        values = file["entry/instrument/detector/data"][()]
        del file["entry/instrument/detector/data"]
        file["entry/instrument/detector/data"] = values.reshape(2, 3, 13, 17)
    run = run_of(path)
    assert run.metadata["start"]["shape"] == [2, 3]
    assert run.primary.read()["eta"].values.tolist() == [0, 0.5, 1, 1.5, 2, 2.5]
    assert (run.primary.read()["pil100k"].values == values).all()


def test_a_detector_whose_file_is_gone_is_left_out(paths):
    paths[1].unlink()
    run = run_of(paths[0])
    assert run.primary.read()["eta"].values.tolist() == [0, 0.5, 1, 1.5, 2]
    assert run.metadata["stop"]["exit_status"] == "abort"
    assert "538039.hdf, which is not there" in run.metadata["stop"]["reason"]
    assert run.metadata["start"]["detectors"] == ["pil100k"]
    assert "is left out" in probe([str(paths[0])]).notes[0]


def test_without_anything_else_the_run_is_refused_by_name(paths):
    paths[1].unlink()
    with h5py.File(paths[0], "a") as file:
        del file["entry1/scan_dimensions"]
    with pytest.raises(MissingFileError, match=r"538039\.hdf"):
        run_of(paths[0])


def test_detectors_elsewhere_are_refused(paths, tmp_path_factory):
    elsewhere = tmp_path_factory.mktemp("elsewhere") / "stolen.hdf"
    paths[1].rename(elsewhere)
    with h5py.File(paths[0], "a") as file:
        del file["entry1/instrument/pil100k/data"]
        link = h5py.ExternalLink(str(elsewhere), "/entry/instrument/detector/data")
        file["entry1/instrument/pil100k/data"] = link
    with pytest.raises(UnsafeLinkError):
        run_of(paths[0])


@pytest.mark.parametrize("value", [[b"five"], [-1], np.zeros(0, "i4")])
def test_odd_scan_dimensions_leave_the_images(paths, value):
    with h5py.File(paths[0], "a") as file:
        del file["entry1/scan_dimensions"]
        file["entry1/scan_dimensions"] = value
    assert run_of(paths[0]).primary.read()["pil100k"].shape == (5, 13, 17)


def test_other_files_are_declined(paths):
    assert probe([str(paths[1])]) is None


def test_a_real_scan_without_its_images(corpus):
    run = run_of(corpus / I16)
    start = run.metadata["start"]
    assert (start["motors"], start["detectors"]) == (["eta"], ["pil100k"])
    assert "scan_id" not in start
    assert run.metadata["stop"]["num_events"] == {"primary": 61, "baseline": 1}
    with h5py.File(corpus / I16) as file:
        recorded = file["entry1/instrument/roi1/roi1_sum"][()]
    assert (run.primary.read()["roi1_sum"].values == recorded).all()
    assert "538039.hdf" in run.metadata["stop"]["reason"]


def test_a_real_scan_whose_file_was_moved_with_its_detectors(corpus):
    run = run_of(corpus / I22 / "i22-119583.nxs")
    assert run.metadata["start"]["scan_id"] == 119583
    with h5py.File(corpus / I22 / "i22-119583-Pilatus2M.h5") as file:
        recorded = file["entry/instrument/detector/data"][()]
    assert (run.primary.read()["Pilatus2M"].values == recorded).all()
    (descriptor,) = run.primary.metadata["descriptors"]
    constants = descriptor["configuration"]["Pilatus2M"]["data"]
    assert (constants["exposure_time"], constants["energy"]) == (2, pytest.approx(12.4, 1e-6))


def test_a_real_reading_of_one_point(corpus):
    run = run_of(corpus / I05)
    assert run.metadata["start"]["sample"] == {"name": "ZrTe3_X60"}
    assert run.primary.read()["analyser"].shape == (1, 1000, 1040)
    assert run.primary.read()["cryostat_sample"].values.tolist() == [4.5144]
