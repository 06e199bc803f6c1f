"""HDF5 and NeXus files of EPICS areaDetector: attributes are columns or configuration."""

import h5py
import numpy as np
import pytest
import tifffile

from penstock import BlueskyInMemoryCatalog, match
from penstock.ingestors import ingest_areadetector_hdf5, ingest_areadetector_nexus
from penstock.ingestors.areadetector.ingest import probe_hdf5, probe_nexus
from penstock.sample_files.origins.epics_hdf5 import (
    EPICS_SECONDS,
    write_areadetector_hdf5,
    write_areadetector_nexus,
)
from penstock.testing import IngestorTests

START = 631152000 + EPICS_SECONDS + 0.5
GROUP = "entry/instrument/NDAttributes"
MATILDA = "APS-USAXS__Matilda/TestData/TestSet/02_21_Megan_saxs/HeaterBlank_0060.hdf"
PAIR = "APS-USAXS__livedata/testdata/2014-06-12"


def run_of(path, ingest=ingest_areadetector_hdf5, **kwargs):
    catalog = BlueskyInMemoryCatalog()
    catalog.upsert(ingest, (str(path),), kwargs)
    return catalog[-1]


def configuration(run):
    (detector,) = run.metadata["start"]["detectors"]
    return run.primary.metadata["descriptors"][0]["configuration"][detector]["data"]


@pytest.fixture
def path(tmp_path):
    return write_areadetector_hdf5(tmp_path)[0]


class TestHDF5(IngestorTests):
    ingestor = "areadetector-hdf5"

    def write_files(self, folder):
        return write_areadetector_hdf5(folder, 200)[0]


class TestNexus(IngestorTests):
    ingestor = "areadetector-nexus"

    def write_files(self, folder):
        return write_areadetector_nexus(folder)[0]


def test_matching_takes_them_by_what_they_hold(path):
    (decision,) = match(path).decisions
    assert (decision.chosen.ingestor, decision.chosen.tier) == ("areadetector-hdf5", "STRUCTURE")
    assert "NDAttrName" in decision.explain()
    (known,) = probe_hdf5([str(path)]).acquisitions
    assert (known.start, known.stop, known.events) == (START, START + 6, 4)


def test_attributes_that_change_are_columns(path):
    run = run_of(path)
    data = run.primary.read()
    assert data["Theta"].values.tolist() == [0, 0.5, 1, 1.5]
    assert data["unique_id"].values.tolist() == [1001, 1002, 1003, 1004]
    with h5py.File(path) as file:
        assert (data["data"].values == file["entry/data/data"][()]).all()
    (descriptor,) = run.primary.metadata["descriptors"]
    assert descriptor["data_keys"]["Theta"]["units"] == "deg"
    assert descriptor["hints"]["Theta"] == {"fields": ["Theta"]}
    assert descriptor["hints"]["unique_id"] == {"fields": []}


def test_attributes_that_do_not_change_are_configuration(path):
    run = run_of(path)
    constants = configuration(run)
    assert constants["exposure_time"] == constants["PresetTime"] == 2
    assert constants["monoE"] == 12.4
    assert "Broken" not in constants
    assert run.metadata["start"]["sample"] == {"name": "iron"}
    assert run.metadata["start"]["detectors"] == ["pilatus"]
    keys = run.primary.metadata["descriptors"][0]["configuration"]["pilatus"]["data_keys"]
    assert (keys["monoE"]["units"], keys["exposure_time"]["units"]) == ("keV", "s")


def test_they_are_not_told_twice(path):
    assert "NDAttributes" not in str(run_of(path).metadata["start"]["hdf5"])


def test_the_epics_time_is_that_of_events(path):
    run = run_of(path)
    assert run.metadata["start"]["time"] == START
    assert run.primary.read()["time"].values.tolist() == [START, START + 2, START + 4, START + 6]
    assert "EPICS" in run.metadata["start"]["time_source"]


def test_a_time_that_is_not_set_is_none(path):
    with h5py.File(path, "a") as file:
        file[f"{GROUP}/NDArrayEpicsTSSec"][2] = 0
    start = run_of(path).metadata["start"]
    assert start["time_source"] == "mtime of the file"
    assert "the EPICS time stamp is not set in all frames" in start["notes"]


def test_clocks_that_disagree_are_told(path):
    with h5py.File(path, "a") as file:
        file[f"{GROUP}/NDArrayTimeStamp"][()] += 600
    assert any("differs from the EPICS time by 600 s" in n for n in notes_of(path))


def notes_of(path):
    return run_of(path).metadata["start"].get("notes", [])


def test_attributes_may_be_anywhere_and_several_times(path):
    with h5py.File(path, "a") as file:
        sample = file.create_group("entry/sample")
        file.copy(f"{GROUP}/Theta", sample, "rotation")
        file.move(GROUP, "entry/here")
    run = run_of(path)
    assert run.primary.read()["Theta"].values.tolist() == [0, 0.5, 1, 1.5]
    assert "rotation" not in run.primary.read()


def test_the_same_name_with_other_values_is_another_attribute(path):
    with h5py.File(path, "a") as file:
        file.copy(f"{GROUP}/monoE", file["entry"], "energy_before")
        file["entry/energy_before"][()] = 13.0
    constants = configuration(run_of(path))
    assert constants["monoE"] == 13.0
    assert constants["monoE_entry_instrument_NDAttributes_monoE"] == 12.4


def test_an_attribute_of_other_length_is_a_stream_of_its_own(path):
    with h5py.File(path, "a") as file:
        theta = file[f"{GROUP}/Theta"]
        attributes = dict(theta.attrs)
        del file[f"{GROUP}/Theta"]
        file[f"{GROUP}/Theta"] = [0.0, 0.5, 1.0]
        file[f"{GROUP}/Theta"].attrs.update(attributes)
    run = run_of(path)
    assert run["Theta"].read()["Theta"].values.tolist() == [0, 0.5, 1]
    assert any("3 values for 4 frames" in note for note in notes_of(path))


def test_text_of_older_versions_is_rows_of_int8(path):
    with h5py.File(path, "a") as file:
        attributes = dict(file[f"{GROUP}/CameraModel"].attrs)
        del file[f"{GROUP}/CameraModel"]
        text = np.zeros((4, 256), "i1")
        text[:, :5] = np.frombuffer(b"Eiger", "i1")
        file[f"{GROUP}/CameraModel"] = text
        file[f"{GROUP}/CameraModel"].attrs.update(attributes)
    assert run_of(path).metadata["start"]["detectors"] == ["eiger"]


def test_units_stand_in_an_attribute_beside(path):
    with h5py.File(path, "a") as file:
        file.copy(f"{GROUP}/SampleTitle", file[GROUP], "monoE_EGU")
        unit = file[f"{GROUP}/monoE_EGU"]
        unit[()] = b"KeV"
        unit.attrs["NDAttrName"] = "monoE_EGU"
        file[f"{GROUP}/monoE"].attrs["NDAttrDescription"] = "energy"
    keys = run_of(path).primary.metadata["descriptors"][0]["configuration"]["pilatus"]["data_keys"]
    assert keys["monoE"]["units"] == "keV"


def test_other_files_are_declined(tmp_path):
    with h5py.File(tmp_path / "a.h5", "w") as file:
        file["images"] = np.zeros((3, 4, 6), "u2")
    assert probe_hdf5([str(tmp_path / "a.h5")]) is None
    assert probe_nexus([str(tmp_path / "a.h5")]) is None


def test_a_nexus_file_tells_by_its_process_variables(tmp_path):
    run = run_of(write_areadetector_nexus(tmp_path)[0], ingest_areadetector_nexus)
    constants = configuration(run)
    assert (constants["exposure_time"], constants["SDD"]) == (10, 530.64)
    assert (constants["energy"], constants["wavelength"]) == (15.86, 0.7817)
    start = run.metadata["start"]
    assert (start["operator"], start["proposal"], start["title"]) == ("Keechul", "30912", "GdC")
    assert "no time zone" in start["notes"][0]


def test_a_real_file_of_ndfilehdf5(corpus):
    run = run_of(corpus / MATILDA)
    start = run.metadata["start"]
    assert start["time"] == pytest.approx(1740161330.522335)
    assert (start["sample"], start["detectors"]) == ({"name": "HeaterBlank"}, ["pilatus"])
    constants = configuration(run)
    assert constants["exposure_time"] == 3
    assert constants["count_cutoff"] == 1128859
    assert constants["wavelength"] == pytest.approx(0.5904006625693361)
    with h5py.File(corpus / MATILDA) as file:
        assert (run.primary.read()["data"].values == file["entry/data/data"][()]).all()


@pytest.mark.parametrize(
    ("name", "differ", "exposure"),
    # areaDetector puts another value where camserver has that of a bad pixel.
    [("waxs/LSM_infl_228", 0, 20), ("saxs/GdC_infl_191", 1, 10)],
)
def test_a_frame_that_was_saved_twice_is_the_same_in_both(corpus, name, differ, exposure):
    run = run_of(corpus / PAIR / f"{name}.hdf5", ingest_areadetector_nexus)
    frame = run.primary.read()["data"].values
    twin = tifffile.imread(corpus / PAIR / f"{name}.tif")
    assert (frame != twin).sum() == differ
    assert configuration(run)["exposure_time"] == exposure
    assert any("no time zone" in note for note in run.metadata["start"]["notes"])
