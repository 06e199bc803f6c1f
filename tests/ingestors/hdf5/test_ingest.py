"""Ingesting HDF5 files: which data, which events, which columns, times and metadata."""

import json
import os
import subprocess
import sys

import event_model
import h5py
import numpy as np
import pytest

from penstock import BlueskyInMemoryCatalog
from penstock.core.assets.protocol import AssetContext
from penstock.core.config import Config, use_config
from penstock.core.errors import (
    AmbiguousDataError,
    DataShapeError,
    MissingFileError,
    NoDataError,
    UnsafeLinkError,
    UnsupportedFileError,
)
from penstock.core.places import path_from_uri, place_of_file, run_uid
from penstock.ingestors.assets.hdf5.frames import open_hdf5
from penstock.ingestors.hdf5.ingest import ingest_hdf5
from penstock.ingestors.hdf5.probe import probe

CUBE = np.arange(5 * 4 * 6, dtype="u2").reshape(5, 4, 6)


def nexus_group(parent, name, kind, **attributes):
    group = parent.create_group(name)
    group.attrs["NX_class"] = kind
    group.attrs.update(attributes)
    return group


def write_nexus(path, data=CUBE, **attributes):
    """Write a NeXus file with a detector, a sample, an axis and a default plot."""
    with h5py.File(path, "w") as file:
        file.attrs["default"] = "entry"
        entry = nexus_group(file, "entry", "NXentry", default="plot")
        entry["title"] = np.array([b"my scan"])
        entry["start_time"] = np.array([b"2026-01-02T03:04:05+01:00"])
        entry["end_time"] = "2026-01-02T03:05:05+01:00"
        entry["entry_identifier"] = 554
        entry["definition"] = "NXscan"
        nexus_group(entry, "sample", "NXsample")["name"] = np.array([b"Cu"])
        detector = nexus_group(
            nexus_group(entry, "instrument", "NXinstrument"), "pil", "NXdetector"
        )
        detector["counts"] = data
        detector["exposure"] = np.array([0.5])
        detector["exposure"].attrs["units"] = "s"
        detector["flatfield"] = np.ones((4, 6))
        plot = nexus_group(entry, "plot", "NXdata", signal="counts", **attributes)
        plot["counts"] = h5py.SoftLink("/entry/instrument/pil/counts")
        plot["theta"] = np.linspace(0, 1, len(data))
        plot["theta"].attrs["units"] = "deg"
    return str(path)


def documents(path, **options):
    """Ingest, and check what is true of every run."""
    docs = list(ingest_hdf5(path, **options))
    for name, doc in docs:
        event_model.schema_validators[event_model.DocumentNames[name]].validate(doc)
    assert docs[0][0] == "start"
    assert docs[-1][0] == "stop"
    assert len(json.dumps(docs[0][1])) <= 65536
    assert json.dumps(list(ingest_hdf5(path, **options))) == json.dumps(docs)
    return docs


def only(docs, name):
    return [doc for found, doc in docs if found == name]


def start_of(path, **options):
    return documents(path, **options)[0][1]


def primary(docs):
    return next(doc for doc in only(docs, "descriptor") if doc["name"] == "primary")


def column(docs, key, stream="primary"):
    uid = next(doc["uid"] for doc in only(docs, "descriptor") if doc["name"] == stream)
    pages = [page for page in only(docs, "event_page") if page["descriptor"] == uid]
    return [value for page in pages for value in page["data"][key]]


def read_frames(docs, key):
    """Read all frames of a data key, as the documents say."""
    data_key = next(d["data_keys"][key] for d in only(docs, "descriptor") if key in d["data_keys"])
    resource = next(doc for doc in only(docs, "stream_resource") if doc["data_key"] == key)
    context = AssetContext(tuple(data_key["shape"]), data_key["dtype_numpy"], path_from_uri)
    frames = open_hdf5(resource, context)
    blocks = []
    for datum in only(docs, "stream_datum"):
        if datum["stream_resource"] == resource["uid"]:
            first, stop = datum["indices"]["start"], datum["indices"]["stop"]
            out = np.empty((stop - first, *frames.frame_shape), frames.dtype)
            frames.read(first, stop, None, out)
            blocks.append(out)
    return np.concatenate(blocks)


# Which data ------------------------------------------------------------------------------------


def test_the_nexus_default_is_found_and_points_at_the_real_dataset(tmp_path):
    docs = documents(write_nexus(tmp_path / "a.nxs", axes=["theta", ".", "."]))
    assert [name for name, _ in docs] == [
        "start",
        "descriptor",
        "stream_resource",
        "stream_datum",
        "event_page",
        "stop",
    ]
    resource = only(docs, "stream_resource")[0]
    assert resource["mimetype"] == "application/x-hdf5"
    assert resource["parameters"] == {
        "dataset": "/entry/instrument/pil/counts",
        "chunk_shape": [1, 4, 6],
        "swmr": False,
        "locking": False,
    }
    assert (read_frames(docs, "counts") == CUBE).all()
    assert column(docs, "theta") == [0, 0.25, 0.5, 0.75, 1]
    assert primary(docs)["data_keys"]["theta"]["units"] == "deg"
    assert docs[0][1]["hints"] == {"dimensions": [[["theta"], "primary"]]}
    assert docs[0][1]["motors"] == ["theta"]


def test_the_older_signal_mark_and_axis_numbers_are_understood(tmp_path):
    with h5py.File(tmp_path / "a.nxs", "w") as file:
        data = nexus_group(nexus_group(file, "entry", "NXentry"), "data", "NXdata")
        data["img"] = CUBE
        data["img"].attrs["signal"] = np.array([b"1"])
        data["img"].attrs["axes"] = "eta:y:x"
        data["eta"] = np.arange(5.0)
        data["monitor"] = np.arange(5)
        data["monitor"].attrs["axis"] = 1
        data["x"] = np.arange(6)
        data["y"] = np.arange(4)
    docs = documents(tmp_path / "a.nxs")
    assert set(primary(docs)["data_keys"]) == {"img", "eta", "monitor"}
    assert primary(docs)["data_keys"]["img"]["dims"] == ["y", "x"]


def test_auxiliary_signals_become_further_keys(tmp_path):
    path = write_nexus(tmp_path / "a.nxs", auxiliary_signals=["other"])
    with h5py.File(path, "a") as file:
        file["entry/plot/other"] = CUBE + 1
    docs = documents(path)
    assert (read_frames(docs, "other") == CUBE + 1).all()
    assert primary(docs)["object_keys"]["pil"] == ["counts", "other"]


def test_datasets_can_be_named_by_path(tmp_path):
    with h5py.File(tmp_path / "a.h5", "w") as file:
        file["one/data"] = CUBE
        file["two/data"] = CUBE[:3]
        file["note"] = "text"
    docs = documents(tmp_path / "a.h5", dataset=["one/data", "/two/data"])
    assert [doc["name"] for doc in only(docs, "descriptor")] == ["primary", "two_data"]
    assert (read_frames(docs, "two_data") == CUBE[:3]).all()
    with pytest.raises(MissingFileError, match="'/three'") as caught:
        documents(tmp_path / "a.h5", dataset="three")
    assert "/one/data (5, 4, 6) uint16" in str(caught.value)
    with pytest.raises(NoDataError, match="is a group"):
        documents(tmp_path / "a.h5", dataset="one")
    with pytest.raises(NoDataError, match="is text"):
        documents(tmp_path / "a.h5", dataset="note")


def test_the_one_image_is_found_however_often_it_is_linked(tmp_path):
    with h5py.File(tmp_path / "a.h5", "w") as file:
        file["a/b/stack"] = CUBE
        file["again"] = file["a/b/stack"]
        file["mask"] = CUBE[0]
        file["a/b/up"] = file["a"]
    docs = documents(tmp_path / "a.h5")
    assert primary(docs)["data_keys"].keys() == {"again"} or "stack" in primary(docs)["data_keys"]


def test_several_candidates_are_listed_with_the_call_to_choose_one(tmp_path):
    with h5py.File(tmp_path / "a.h5", "w") as file:
        file["one"] = CUBE
        file["two"] = CUBE.astype(float)
    with pytest.raises(AmbiguousDataError) as caught:
        documents(tmp_path / "a.h5")
    assert "/two (5, 4, 6) float64" in str(caught.value)
    assert "upsert(ingest_hdf5, (path,), {'dataset': '/one'})" in str(caught.value)
    assert "penstock ingest FILE --use hdf5 --set dataset=/one." in str(caught.value)


def test_the_command_line_to_choose_is_quoted_as_a_shell_wants_it(tmp_path):
    with h5py.File(tmp_path / "a.h5", "w") as file:
        file["my images"] = CUBE
        file["two"] = CUBE
    with pytest.raises(AmbiguousDataError, match="--set 'dataset=/my images'"):
        documents(tmp_path / "a.h5")


def test_a_file_without_images_lists_what_there_is(tmp_path):
    with h5py.File(tmp_path / "a.h5", "w") as file:
        file["curve"] = np.arange(10.0)
    with pytest.raises(NoDataError, match="holds no images") as caught:
        documents(tmp_path / "a.h5")
    assert "/curve (10,) float64" in caught.value.remedy
    with h5py.File(tmp_path / "b.h5", "w") as file:
        file["text"] = "x"
    with pytest.raises(NoDataError):
        documents(tmp_path / "b.h5")


def test_matrices_and_masks_of_nexus_are_no_data(tmp_path):
    with h5py.File(tmp_path / "a.nxs", "w") as file:
        entry = nexus_group(file, "entry", "NXentry")
        nexus_group(entry, "sample", "NXsample")["orientation_matrix"] = np.eye(3)
        nexus_group(entry, "det", "NXdetector")["pixel_mask"] = np.eye(3)
    with pytest.raises(NoDataError):
        documents(tmp_path / "a.nxs")


def test_where_the_data_are_missing_no_other_array_passes_for_them(tmp_path):
    with h5py.File(tmp_path / "a.nxs", "w") as file:
        entry = nexus_group(file, "entry", "NXentry")
        data = nexus_group(entry, "data", "NXdata")
        data["data_000001"] = h5py.ExternalLink("gone.h5", "/entry/data/data")
        entry["preview"] = CUBE[0]
    with pytest.raises(MissingFileError, match=r"gone\.h5"):
        documents(tmp_path / "a.nxs")
    assert documents(tmp_path / "a.nxs", dataset="/entry/preview")


def test_external_links_point_the_documents_at_the_other_file(tmp_path):
    with h5py.File(tmp_path / "detector.h5", "w") as file:
        file["entry/data"] = CUBE
    with h5py.File(tmp_path / "master.h5", "w") as file:
        file["images"] = h5py.ExternalLink("detector.h5", "/entry/data")
    docs = documents(tmp_path / "master.h5")
    resource = only(docs, "stream_resource")[0]
    assert path_from_uri(resource["uri"]) == str(tmp_path / "detector.h5")
    assert resource["parameters"]["dataset"] == "/entry/data"
    assert (read_frames(docs, "images") == CUBE).all()


def test_links_elsewhere_need_leave_and_the_documents_carry_it(tmp_path):
    (tmp_path / "in").mkdir()
    with h5py.File(tmp_path / "detector.h5", "w") as file:
        file["d"] = CUBE
    with h5py.File(tmp_path / "in" / "a.h5", "w") as file:
        file["images"] = h5py.ExternalLink("../detector.h5", "/d")
    with pytest.raises(UnsafeLinkError):
        documents(tmp_path / "in" / "a.h5", dataset="images")
    docs = documents(tmp_path / "in" / "a.h5", dataset="images", allow_external=True)
    assert (read_frames(docs, "images") == CUBE).all()


@pytest.mark.parametrize(
    ("target", "error", "told"),
    [
        ("gone.h5", MissingFileError, r"no images.* link '/im' points to .*/gone\.h5, .*not there"),
        ("../one.h5", UnsafeLinkError, r"no images.* link '/im' points to .*/one\.h5, outside"),
        (
            "other.h5",
            MissingFileError,
            r"no images.* link '/im' leads to .*/other\.h5, which has no",
        ),
        (
            "text.h5",
            UnsupportedFileError,
            r"no images.* link '/im' leads to .*/text\.h5, which is not",
        ),
    ],
)
def test_a_file_of_nothing_but_broken_links_says_what_they_lead_to(tmp_path, target, error, told):
    folder = tmp_path / "in"
    folder.mkdir()
    for path in (tmp_path / "one.h5", folder / "other.h5"):
        with h5py.File(path, "w") as file:
            file["d"] = CUBE
    (folder / "text.h5").write_text("hello")
    with h5py.File(folder / "a.h5", "w") as file:
        file["im"] = h5py.ExternalLink(target, "/d" if target == "../one.h5" else "/x")
        file["curve"] = np.arange(5.0)
    for ask in (documents, lambda path: probe([str(path)])):
        with pytest.raises(error, match=told) as caught:
            ask(folder / "a.h5")
        if error is UnsafeLinkError:
            assert "allow_external=True" in caught.value.remedy
    if error is UnsafeLinkError:
        docs = documents(folder / "a.h5", allow_external=True)
        assert (read_frames(docs, "im") == CUBE).all()


def test_links_that_lead_nowhere_are_noted_beside_good_data(tmp_path):
    with h5py.File(tmp_path / "a.h5", "w") as file:
        file["here"] = CUBE
        file["there"] = h5py.ExternalLink("gone.h5", "/x")
    notes = only(documents(tmp_path / "a.h5"), "start")[0]["notes"]
    assert any("'/there' points to" in note and "gone.h5" in note for note in notes)


@pytest.mark.parametrize("shape", [(0, 0), (5, 0, 6)])
def test_images_without_pixels_are_no_success(tmp_path, shape):
    with h5py.File(tmp_path / "a.h5", "w") as file:
        group = nexus_group(nexus_group(file, "e", "NXentry"), "d", "NXdata", signal="im")
        group["im"] = np.zeros(shape)
    docs = documents(tmp_path / "a.h5")
    told = f"/e/d/im has no pixels (its shape is {shape})"
    assert told in only(docs, "start")[0]["notes"]
    stop = only(docs, "stop")[0]
    assert stop["exit_status"] == "abort"
    assert told in stop["reason"]


def test_a_missing_virtual_source_is_an_error_before_the_first_document(tmp_path):
    layout = h5py.VirtualLayout((4, 4, 6), "u2")
    layout[:] = h5py.VirtualSource("gone.h5", "d", (4, 4, 6))
    with h5py.File(tmp_path / "a.h5", "w") as file:
        file.create_virtual_dataset("d", layout)
    with pytest.raises(MissingFileError, match=r"gone\.h5::d"):
        next(ingest_hdf5(tmp_path / "a.h5"))


def test_a_growing_virtual_dataset_is_a_candidate_although_its_extent_is_in_its_source(tmp_path):
    with h5py.File(tmp_path / "s.h5", "w") as file:
        file.create_dataset("d", data=CUBE, maxshape=(None, 4, 6))
        source = h5py.VirtualSource(file["d"])
        layout = h5py.VirtualLayout(CUBE.shape, "u2", maxshape=(None, 4, 6))
        layout[: h5py.h5s.UNLIMITED] = source[: h5py.h5s.UNLIMITED]
    with h5py.File(tmp_path / "a.h5", "w") as file:
        file.create_virtual_dataset("d", layout)
    assert (read_frames(documents(tmp_path / "a.h5"), "d") == CUBE).all()
    os.remove(tmp_path / "s.h5")
    os.mkfifo(tmp_path / "s.h5")
    with pytest.raises(UnsafeLinkError, match="FIFO"):
        documents(tmp_path / "a.h5")


def test_weights_of_a_neural_network_are_refused(tmp_path):
    with h5py.File(tmp_path / "a.h5", "w") as file:
        file.attrs["keras_version"] = "2.1"
        file["kernel"] = np.ones((3, 3, 8, 8))
    with pytest.raises(NoDataError, match="Keras"):
        documents(tmp_path / "a.h5")
    with pytest.raises(NoDataError, match="Keras"):
        probe([str(tmp_path / "a.h5")])


# Which axes count events -----------------------------------------------------------------------


def write_array(path, data, **attributes):
    with h5py.File(path, "w") as file:
        file["d"] = data
        file["d"].attrs.update(attributes)
    return str(path)


def test_an_image_is_one_event(tmp_path):
    docs = documents(write_array(tmp_path / "a.h5", CUBE[0]))
    assert only(docs, "stream_resource")[0]["parameters"] == {
        "penstock": 1,
        "path": "/d",
        "scan_axes": 0,
        "chunk_shape": [4, 6],
        "locking": False,
    }
    assert (read_frames(docs, "d") == CUBE[:1]).all()


def test_axes_before_the_images_are_a_scan(tmp_path):
    grid = np.arange(2 * 3 * 4 * 6).reshape(2, 3, 4, 6)
    with h5py.File(tmp_path / "a.nxs", "w") as file:
        data = nexus_group(
            nexus_group(file, "e", "NXentry"),
            "data",
            "NXdata",
            signal="d",
            axes=["y", "x", ".", "."],
        )
        data["d"] = grid
        data["y"], data["x"] = [10.0, 20.0], [1.0, 2.0, 3.0]
        data["t"] = np.arange(6).reshape(2, 3)
        data.attrs["t_indices"] = [0, 1]
    docs = documents(tmp_path / "a.nxs")
    start = docs[0][1]
    assert start["shape"] == [2, 3]
    assert start["extents"] == [[10, 20], [1, 3]]
    assert start["hints"] == {
        "dimensions": [[["y"], "primary"], [["x"], "primary"]],
        "gridding": "rectilinear",
    }
    assert column(docs, "y") == [10, 10, 10, 20, 20, 20]
    assert column(docs, "x") == [1, 2, 3, 1, 2, 3]
    assert column(docs, "t") == [0, 1, 2, 3, 4, 5]
    assert (read_frames(docs, "d") == grid.reshape(6, 4, 6)).all()


def test_interpretation_says_what_a_frame_is(tmp_path):
    colour = np.zeros((4, 6, 3), "u1")
    docs = documents(write_array(tmp_path / "a.h5", colour, interpretation="rgb-image"))
    assert primary(docs)["data_keys"]["d"]["shape"] == [4, 6, 3]
    docs = documents(write_array(tmp_path / "b.h5", np.zeros((7, 20)), interpretation="spectrum"))
    assert primary(docs)["data_keys"]["d"]["shape"] == [20]
    assert docs[-1][1]["num_events"] == {"primary": 7}


def test_a_row_of_numbers_is_a_scan_in_pages_and_a_long_one_a_waveform(tmp_path):
    docs = documents(write_array(tmp_path / "a.h5", np.arange(10.0)), dataset="d")
    assert column(docs, "d") == list(range(10))
    assert not only(docs, "stream_resource")
    docs = documents(write_array(tmp_path / "b.h5", np.arange(100_000)), dataset="d")
    assert primary(docs)["data_keys"]["d"]["shape"] == [100_000]
    assert docs[-1][1]["num_events"] == {"primary": 1}


def test_a_dataset_without_frames_yet_is_a_run_without_events(tmp_path):
    docs = documents(write_array(tmp_path / "a.h5", np.empty((0, 4, 6), "u2")))
    assert [name for name, _ in docs] == ["start", "descriptor", "stop"]
    assert "no frames yet" in docs[0][1]["notes"][0]
    assert docs[-1][1]["exit_status"] == "abort"


def test_documents_are_few_however_many_frames(tmp_path):
    with h5py.File(tmp_path / "a.h5", "w") as file:
        file.create_dataset("d", (100_000, 8, 8), "u2", chunks=(100, 8, 8))
    docs = list(ingest_hdf5(tmp_path / "a.h5"))
    assert len(docs) <= 20
    assert docs[-1][1]["num_events"] == {"primary": 100_000}


# Columns ---------------------------------------------------------------------------------------


def test_equal_length_alone_attaches_nothing_but_is_told(tmp_path):
    path = write_nexus(tmp_path / "a.nxs")
    with h5py.File(path, "a") as file:
        file["entry/temperature"] = np.arange(5.0)
    docs = documents(path)
    assert "temperature" not in primary(docs)["data_keys"]
    assert any("/entry/temperature" in note for note in docs[0][1]["notes"])
    docs = documents(path, columns="/entry/temperature")
    assert column(docs, "temperature") == [0, 1, 2, 3, 4]
    with pytest.raises(DataShapeError, match="5 events"):
        documents(path, columns=["/entry/instrument/pil/flatfield"])


def test_datasets_in_the_images_own_group_are_columns(tmp_path):
    with h5py.File(tmp_path / "a.h5", "w") as file:
        file["d"] = CUBE
        file["angle"] = np.arange(5, dtype=">f4")
        file["good"] = np.array([True, False, True, True, True])
        file["label"] = [b"a", b"b", b"c", b"d", b"e"]
        file["time"] = np.arange(5)
        file["other"] = np.arange(9)
    docs = documents(tmp_path / "a.h5")
    assert set(primary(docs)["data_keys"]) == {"d", "angle", "good", "label", "time_value"}
    assert column(docs, "angle") == [0, 1, 2, 3, 4]
    assert column(docs, "good") == [True, False, True, True, True]
    assert column(docs, "label") == ["a", "b", "c", "d", "e"]
    assert primary(docs)["data_keys"]["good"]["dtype"] == "boolean"


def test_a_length_that_the_image_has_too_is_not_guessed(tmp_path):
    with h5py.File(tmp_path / "a.h5", "w") as file:
        file["d"] = np.zeros((4, 4, 6))
        file["y"] = np.arange(4)
    docs = documents(tmp_path / "a.h5")
    assert set(primary(docs)["data_keys"]) == {"d"}
    assert any("/y could be along events" in note for note in docs[0][1]["notes"])


def test_one_value_more_or_less_makes_a_stream_of_its_own(tmp_path):
    with h5py.File(tmp_path / "a.h5", "w") as file:
        file["d"] = CUBE
        file["edges"] = np.arange(6.0)
    docs = documents(tmp_path / "a.h5")
    assert column(docs, "edges", stream="edges") == [0, 1, 2, 3, 4, 5]
    assert docs[-1][1]["num_events"] == {"primary": 5, "edges": 6}
    assert any("6 values for 5 events" in note for note in docs[0][1]["notes"])


def test_attributes_of_area_detector_frames_are_columns_wherever_they_lie(tmp_path):
    path = write_nexus(tmp_path / "a.nxs")
    with h5py.File(path, "a") as file:
        file["entry/instrument/NDAttributes/NDArrayUniqueId"] = np.arange(1, 6)
        file["entry/elsewhere/x"] = np.arange(5) * 2
        file["entry/elsewhere/x"].attrs["NDAttrName"] = "SampleX"
    docs = documents(path)
    assert column(docs, "NDArrayUniqueId") == [1, 2, 3, 4, 5]
    assert column(docs, "SampleX") == [0, 2, 4, 6, 8]


# Times -----------------------------------------------------------------------------------------


def test_the_files_own_times_are_used_and_told(tmp_path):
    docs = documents(write_nexus(tmp_path / "a.nxs"))
    start, stop = docs[0][1], docs[-1][1]
    assert start["time"] == 1767319445.0
    assert start["time_source"] == "/entry/start_time"
    assert stop["time"] == start["time"] + 60
    assert stop["exit_status"] == "success"
    assert "inferred" in stop["reason"]
    assert only(docs, "event_page")[0]["time"] == [start["time"]] * 5


@pytest.mark.parametrize("text", [b"", b"yesterday", b"0000"])
def test_without_a_time_that_can_be_read_the_mtime_is_used_and_marked(tmp_path, text):
    path = write_nexus(tmp_path / "a.nxs")
    with h5py.File(path, "a") as file:
        file["entry/start_time"][...] = text
    os.utime(path, (1000, 1000))
    start = start_of(path)
    assert start["time"] == 1000
    assert start["time_source"] == "mtime of the file"


def test_a_time_without_zone_is_in_the_configured_one_and_noted(tmp_path):
    path = write_nexus(tmp_path / "a.nxs")
    with h5py.File(path, "a") as file:
        file["entry/start_time"][...] = b"2026-01-02T03:04:05"
    with use_config(Config(timezone="America/Chicago")):
        start = start_of(path)
    assert start["time"] == 1767344645.0
    assert any("no time zone" in note for note in start["notes"])


def test_events_have_times_of_their_own_where_nexus_tells_them(tmp_path):
    path = write_nexus(tmp_path / "a.nxs", axes=["time", ".", "."])
    with h5py.File(path, "a") as file:
        file["entry/plot/time"] = np.arange(5) * 100.0
        file["entry/plot/time"].attrs["units"] = "ms"
    docs = documents(path)
    begin = docs[0][1]["time"]
    assert only(docs, "event_page")[0]["time"] == pytest.approx(begin + np.arange(5) / 10)
    assert docs[0][1]["event_time_source"] == "/entry/start_time + /entry/plot/time"
    with h5py.File(path, "a") as file:
        file["entry/plot/epoch"] = 1.7e9 + np.arange(5)
        del file["entry/plot/time"]
    docs = documents(path)
    assert only(docs, "event_page")[0]["time"][1] == 1.7e9 + 1
    with h5py.File(path, "a") as file:
        del file["entry/plot/epoch"]
        file["entry/plot/log"] = np.arange(5)
        file["entry/plot/log"].attrs.update(units="s", start="2020-01-01T00:00:00Z")
    assert only(documents(path), "event_page")[0]["time"][2] == 1577836802.0


# Metadata --------------------------------------------------------------------------------------


def test_the_fields_own_metadata_and_the_detectors_constants_are_found(tmp_path):
    docs = documents(write_nexus(tmp_path / "a.nxs"), metadata={"purpose": "test", "title": "T"})
    start = docs[0][1]
    assert start["sample"] == {"name": "Cu"}
    assert start["scan_id"] == 554
    assert start["definition"] == "NXscan"
    assert (start["title"], start["purpose"]) == ("T", "test")
    assert start["hdf5"]["entry"]["title"] == "my scan"
    assert start["detectors"] == ["pil"]
    configuration = primary(docs)["configuration"]["pil"]
    assert configuration["data"] == {"exposure": 0.5}
    assert configuration["data_keys"]["exposure"]["units"] == "s"
    assert "exposure" not in start["hdf5"]["entry"].get("instrument", {}).get("pil", {})


def test_a_recorded_bluesky_uid_is_kept_beside_the_runs_own(tmp_path):
    path = write_nexus(tmp_path / "a.nxs")
    with h5py.File(path, "a") as file:
        file["entry/instrument/bluesky/metadata/uid"] = "6f2a"
    start = start_of(path)
    assert start["original_uid"] == "6f2a"
    assert start["uid"] != "6f2a"


def test_odd_values_become_plain_data(tmp_path):
    with h5py.File(tmp_path / "a.h5", "w") as file:
        file["d"] = CUBE[0]
        file["m/a.b"] = np.float32(0.5)
        file["m/text"] = np.frombuffer(b"hello\0\0\0", "i1")
        file["m/texts"] = [b"one", b"two"]
        file["m/nan"] = np.nan
        file["m/flag"] = True
        file["m/state"] = np.array(2, dtype=h5py.enum_dtype({"OPEN": 1, "SHUT": 2}))
        file["m/reference"] = file["d"].ref
        file["m/empty"] = h5py.Empty("f4")
        file["m/latin"] = np.array(b"\xb5m")
        file["m"].attrs["when"] = np.array(["now"], dtype=h5py.string_dtype())
        file["m"].attrs["compound"] = np.array((1, 2.0), [("a", "i4"), ("b", "f8")])
    values = start_of(tmp_path / "a.h5")["hdf5"]["m"]
    assert values["a_b"] == 0.5
    assert values["text"] == "hello"
    assert values["texts"] == ["one", "two"]
    assert np.isnan(values["nan"])
    assert values["flag"] is True
    assert values["state"] == "SHUT"
    assert values["@when"] == "now"
    assert values["@compound"] == {"a": 1, "b": 2.0}
    assert not {"reference", "empty"} & set(values)


def test_the_start_document_stays_small_and_says_what_was_left_out(tmp_path):
    with h5py.File(tmp_path / "a.h5", "w") as file:
        file["d"] = CUBE[0]
        for number in range(300):
            file[f"m/text{number}"] = "x" * 800
        file["m/short"] = "kept"
    start = start_of(tmp_path / "a.h5")
    assert start["hdf5"]["m"]["short"] == "kept"
    assert any("do not fit" in note for note in start["notes"])


# Identity and entries --------------------------------------------------------------------------


def write_two_entries(path, default=None):
    with h5py.File(path, "w") as file:
        if default:
            file.attrs["default"] = default
        for number in (1, 2):
            entry = nexus_group(file, f"{number}.1", "NXentry")
            nexus_group(entry, "data", "NXdata", signal="d")["d"] = CUBE + number
        nexus_group(file, "empty", "NXentry")
    return str(path)


def test_several_entries_without_default_must_be_chosen_and_are_runs_of_their_own(tmp_path):
    path = write_two_entries(tmp_path / "a.h5")
    with pytest.raises(AmbiguousDataError, match=r"1\.1, 2\.1, empty") as caught:
        documents(path)
    assert "{'entry': '1.1'}" in caught.value.remedy
    assert "--set entry=1.1." in caught.value.remedy
    found = probe([path])
    assert found.kwargs == ({"entry": "1.1"}, {"entry": "2.1"})
    assert any("empty" in note for note in found.notes)
    runs = [documents(path, **kwargs) for kwargs in found.kwargs]
    assert runs[0][0][1]["uid"] != runs[1][0][1]["uid"]
    assert (read_frames(runs[1], "d") == CUBE + 2).all()
    assert list(runs[1][0][1]["hdf5"]) == ["2_1"]
    with pytest.raises(NoDataError, match="no entry '9'"):
        documents(path, entry="9")


def test_a_default_entry_is_the_files_run(tmp_path):
    path = write_two_entries(tmp_path / "a.h5", default="2.1")
    docs = documents(path)
    assert (read_frames(docs, "d") == CUBE + 2).all()
    assert probe([path]).kwargs == ({"entry": "2.1"},)
    assert docs[0][1]["uid"] == run_uid(place_of_file(path), part="/2.1")


def test_the_uid_depends_on_what_is_selected_and_not_on_how_the_path_is_spelled(
    tmp_path, monkeypatch
):
    path = write_nexus(tmp_path / "a.nxs")
    (tmp_path / "link.nxs").symlink_to(path)
    monkeypatch.chdir(tmp_path)
    uids = {start_of(name)["uid"] for name in (path, "a.nxs", "./a.nxs")}
    assert len(uids) == 1
    named = start_of(path, dataset="/entry/plot/counts")
    assert named["uid"] not in uids
    assert start_of(path, columns=[])["uid"] in uids


def test_the_uid_stays_while_the_file_grows(tmp_path):
    with h5py.File(tmp_path / "a.h5", "w") as file:
        file.create_dataset("d", data=CUBE[:2], maxshape=(None, 4, 6))
    before = documents(tmp_path / "a.h5")
    with h5py.File(tmp_path / "a.h5", "a") as file:
        file["d"].resize(5, axis=0)
        file["d"][2:] = CUBE[2:]
    after = documents(tmp_path / "a.h5")
    assert after[0][1]["uid"] == before[0][1]["uid"]
    assert (read_frames(after, "d") == CUBE).all()


def test_the_file_is_closed_before_the_first_document(tmp_path):
    path = write_nexus(tmp_path / "a.nxs")
    docs = ingest_hdf5(path)
    next(docs)
    opened = [os.path.join("/proc/self/fd", fd) for fd in os.listdir("/proc/self/fd")]
    assert path not in {os.readlink(fd) for fd in opened if os.path.lexists(fd)}
    with h5py.File(path, "a") as file:
        file["later"] = 1
    assert [name for name, _ in docs][-1] == "stop"


DAMAGE = """
import sys
from penstock.core.errors import PenstockError
from penstock.ingestors.hdf5.ingest import ingest_hdf5
path = sys.argv[1]
with open(path, "rb") as file:
    good = file.read()
for offset in range(int(sys.argv[2]), len(good), 397):
    with open(path, "wb") as file:
        file.write(good[:offset] + b"\\xff" * 4 + good[offset + 4 :])
    try:
        list(ingest_hdf5(path))
    except PenstockError as error:
        assert "a.nxs" in str(error)
"""


def test_a_file_that_is_damaged_inside_gives_no_error_but_ours(tmp_path):
    path = write_nexus(tmp_path / "a.nxs")
    # in a process of its own, because HDF5 itself may crash on damaged files
    run = subprocess.run(
        [sys.executable, "-c", DAMAGE, path, "100"], capture_output=True, text=True, timeout=60
    )
    assert run.stderr == ""


def test_a_probe_of_several_files_asks_for_one_at_a_time(tmp_path):
    assert probe(["a.h5", "b.h5"]).separate
    assert probe([]) is None
    assert probe([write_nexus(tmp_path / "a.nxs")]).detail == "/entry/plot/counts (5, 4, 6) uint16"


def test_a_master_and_its_data_files_are_one_run(tmp_path):
    layout = h5py.VirtualLayout((4, 3, 4), "u2")
    for number in (1, 2):
        name = f"a_data_{number:06d}.h5"
        with h5py.File(tmp_path / name, "w") as file:
            file["entry/data/data"] = np.full((2, 3, 4), number, "u2")
        source = h5py.VirtualSource(name, "entry/data/data", (2, 3, 4))
        layout[2 * number - 2 : 2 * number] = source
    with h5py.File(tmp_path / "a_master.h5", "w") as master:
        master.create_virtual_dataset("data", layout)
    catalog = BlueskyInMemoryCatalog()
    report = catalog.ingest(tmp_path)
    assert [(item.outcome, item.details["files"]) for item in report] == [("ok", 3)]
    (run,) = catalog.values()
    assert run.primary.read()["data"].values[:, 0, 0].tolist() == [1, 1, 2, 2]


def test_a_probe_tells_what_the_file_records_of_the_acquisition(tmp_path):
    with h5py.File(tmp_path / "a.nxs", "w") as file:
        for number in (1, 2):
            entry = file.create_group(f"scan_{number}")
            entry.attrs["NX_class"] = "NXentry"
            entry["entry_identifier"] = str(number)
            entry["entry_identifier_uuid"] = f"uid-{number}"
            entry["start_time"] = "2016-02-27T12:00:00Z"
            entry["end_time"] = "2016-02-27T12:01:00Z"
            entry["images"] = np.zeros((number, 3, 4), "u2")
    found = probe([str(tmp_path / "a.nxs")])
    assert [known.events for known in found.acquisitions] == [1, 2]
    assert [known.scan_id for known in found.acquisitions] == [1, 2]
    assert [known.uid for known in found.acquisitions] == ["uid-1", "uid-2"]
    assert {known.stop - known.start for known in found.acquisitions} == {60.0}
