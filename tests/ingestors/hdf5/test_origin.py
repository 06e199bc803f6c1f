"""What an origin adds to the engine of HDF5 files, and what happens where it stumbles."""

from dataclasses import replace

import h5py
import numpy as np
import pytest

from penstock import BlueskyInMemoryCatalog
from penstock.core.errors import MissingFileError, NoDataError
from penstock.core.places.observation import observe
from penstock.ingestors import ingest_hdf5
from penstock.ingestors.hdf5.baseline import Reading, baseline_stream
from penstock.ingestors.hdf5.content import read_content
from penstock.ingestors.hdf5.origin import Hdf5Origin, ingest_file, select_default
from penstock.ingestors.hdf5.probe import probe_of
from penstock.ingestors.hdf5.reader import shared_reader

CUBE = np.arange(3 * 4 * 6, dtype="u2").reshape(3, 4, 6)


@pytest.fixture
def path(tmp_path):
    with h5py.File(tmp_path / "a.h5", "w") as file:
        file.attrs["maker"] = "mine"
        entry = file.create_group("scan")
        entry.attrs["NX_class"] = "NXentry"
        entry["images"] = CUBE
        entry["heights"] = [0.5, 1.0, 1.5]
        entry["gain"] = 7
    return str(tmp_path / "a.h5")


def recognise(reader):
    return "root@maker" if "maker" in reader.file.attrs else None


def read(reader, selection):
    content = read_content(reader, selection)
    content.described.start["motors"] = ["height"]
    return content


def select(reader, selecting):
    selection = select_default(reader, selecting)
    return replace(selection, belonging={"/scan/heights": "height"}, told=frozenset(["/scan/gain"]))


MINE = Hdf5Origin("mine", recognise, select=select, read=read)


def run_of(origin, path, **selecting):
    catalog = BlueskyInMemoryCatalog()
    catalog.upsert(lambda path: ingest_file(origin, path, selecting), (path,), {})
    return catalog[-1]


def test_an_origin_attaches_columns_and_tells_what_it_knows(path):
    run = run_of(MINE, path)
    assert run.primary.read()["height"].values.tolist() == [0.5, 1, 1.5]
    start = run.metadata["start"]
    assert start["motors"] == ["height"]
    assert "gain" not in str(start["hdf5"])


def test_the_run_is_the_same_whichever_ingestor_takes_it(path):
    generic = next(ingest_hdf5(path))[1]
    assert run_of(MINE, path).metadata["start"]["uid"] == generic["uid"]


def test_what_it_attaches_without_fitting_is_told(path):
    with h5py.File(path, "a") as file:
        del file["scan/heights"]
        file["scan/heights"] = np.arange(9.0)
    notes = run_of(MINE, path).metadata["start"]["notes"]
    assert "/scan/heights has 9 values for 3 events: it is left out" in notes


def stumble(*_):
    raise KeyError("odd")


@pytest.mark.parametrize("where", ["select", "read"])
def test_where_it_stumbles_the_pixels_are_there_with_a_note(path, where):
    run = run_of(replace(MINE, **{where: stumble}), path)
    assert (run.primary.read()["images"].values == CUBE).all()
    (note,) = [n for n in run.metadata["start"]["notes"] if "was not understood" in n]
    assert "mine files say" in note
    assert "KeyError" in note
    assert probe_of(replace(MINE, **{where: stumble}))([path]) is not None


def refuse(*_):
    raise NoDataError("holds nothing", where="a.h5")


def test_what_it_refuses_is_refused(path):
    with pytest.raises(NoDataError, match="holds nothing"):
        list(ingest_file(replace(MINE, read=refuse), path, {}))
    with pytest.raises(NoDataError, match="holds nothing"):
        probe_of(replace(MINE, select=refuse))([path])


def test_a_file_of_another_origin_is_declined_and_where_chosen_read_as_any(path):
    other = replace(MINE, recognise=stumble)
    assert probe_of(other)([path]) is None
    run = run_of(other, path)
    assert "nothing in the file says that it is of mine" in run.metadata["start"]["notes"]
    assert run.metadata["start"]["motors"] == ["heights"]


def test_runs_that_cannot_be_taken_are_told_beside_those_that_can(path):
    def select_good(reader, selecting):
        if selecting["entry"] == "bad":
            raise MissingFileError("is gone", where=reader.path)
        return select_default(reader, selecting)

    runs = [{"entry": "scan"}, {"entry": "bad"}]
    found = probe_of(replace(MINE, runs=lambda reader: runs, select=select_good))([path])
    assert found is not None
    assert found.kwargs == ({"entry": "scan"},)
    assert found.notes == ("entry 'bad': is gone",)
    assert found.detail.startswith("root@maker; /scan/images")


def test_probes_within_one_look_see_the_same_reader(path):
    with observe():
        with shared_reader(path) as first:
            pass
        with shared_reader(path) as second:
            assert second is first
            assert first.file
    assert not first.file
    with shared_reader(path) as alone:
        assert alone is not first


def test_a_later_reading_counts_where_it_holds_all_of_the_first():
    first = {"x": Reading(1.0, "mm", "/x"), "y": Reading(2.0, "mm", "/y")}
    later = {"x": Reading(3.0, "mm", "/x")}
    stream = baseline_stream([(10.0, first), (20.0, later), (30.0, first)], "here")
    assert stream is not None
    assert stream.times.values.tolist() == [10, 30]
    assert baseline_stream([(10.0, {})], "here") is None


@pytest.mark.parametrize("attribute", ["canSAS_class", "NX_class"])
def test_classes_of_cansas_are_read_as_those_of_nexus(tmp_path, attribute):
    path = tmp_path / "sas.h5"
    with h5py.File(path, "w") as file:
        entry = file.create_group("sasentry")
        entry.attrs[attribute] = "SASentry"
        data = entry.create_group("sasdata")
        data.attrs.update({attribute: "SASdata", "I_axes": ["Q"], "Q_indices": [0]})
        data["I"], data["Q"] = np.arange(5.0), np.arange(5.0) / 10
        sample = entry.create_group("sassample")
        sample.attrs[attribute] = "SASsample"
        sample["name"] = "silica"
    catalog = BlueskyInMemoryCatalog()
    catalog.upsert(ingest_hdf5, (str(path),), {})
    run = catalog[-1]
    assert run.primary.read()["Q"].values.tolist() == [0, 0.1, 0.2, 0.3, 0.4]
    assert run.metadata["start"]["sample"] == {"name": "silica"}
    assert run.metadata["start"]["hints"]["dimensions"] == [[["Q"], "primary"]]


def test_the_beam_is_in_the_fields_terms_and_units(tmp_path):
    path = tmp_path / "a.h5"
    with h5py.File(path, "w") as file:
        entry = file.create_group("entry")
        entry.attrs["NX_class"] = "NXentry"
        for name, kind, values in (
            ("detector", "NXdetector", {"data": CUBE, "count_time": np.array([250])}),
            ("beam", "NXbeam", {"incident_wavelength": 0.1, "incident_energy": 12.4}),
        ):
            group = entry.create_group(name)
            group.attrs["NX_class"] = kind
            for key, value in values.items():
                group[key] = value
        file["entry/detector/count_time"].attrs["units"] = "millisecond"
        file["entry/beam/incident_wavelength"].attrs["units"] = "nm"
        file["entry/beam/incident_energy"].attrs["units"] = "keV"
    (descriptor,) = [doc for name, doc in ingest_hdf5(path) if name == "descriptor"]
    configuration = descriptor["configuration"]["detector"]
    assert configuration["data"] == {
        "count_time": 250,
        "exposure_time": 0.25,
        "energy": 12.4,
        "wavelength": 1.0,
    }
    units = {key: value.get("units") for key, value in configuration["data_keys"].items()}
    assert units == {
        "count_time": "millisecond",
        "exposure_time": "s",
        "energy": "keV",
        "wavelength": "angstrom",
    }


def test_what_entries_share_is_told_by_each(path):
    with h5py.File(path, "a") as file:
        other = file.create_group("other")
        other.attrs["NX_class"] = "NXentry"
        other["gain"], other["images"] = file["scan/gain"], CUBE
    for entry in ("scan", "other"):
        start = next(ingest_hdf5(path, entry=entry))[1]
        assert start["hdf5"][entry]["gain"] == 7


def test_a_detector_may_tell_the_beam_itself(tmp_path):
    path = tmp_path / "lambda.nxs"
    with h5py.File(path, "w") as file:
        entry = file.create_group("entry")
        entry.attrs["NX_class"] = "NXentry"
        detector = entry.create_group("instrument/detector")
        detector.attrs["NX_class"] = "NXdetector"
        detector["data"] = CUBE
        detector["description"] = [b"Lambda"]
        detector["collection/beam_energy"] = [25000.0]
        detector["collection/beam_energy"].attrs["units"] = "eV"
    (descriptor,) = [doc for name, doc in ingest_hdf5(path) if name == "descriptor"]
    assert descriptor["configuration"]["detector"]["data"]["energy"] == 25000
