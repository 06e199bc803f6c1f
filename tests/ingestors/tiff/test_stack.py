"""Ingesting single TIFF files: every page, whatever its writer and tifffile think of them."""

import itertools

import event_model
import numpy as np
import pytest
import tifffile

from penstock.core.assets.protocol import AssetContext
from penstock.core.config import Config, use_config
from penstock.core.errors import MissingFileError, UnsupportedFileError
from penstock.core.places import path_from_uri, place_of_file, run_uid
from penstock.ingestors import ingest_tiff_stack
from penstock.ingestors.assets.tiff.frames import open_tiff

STACK = np.arange(10 * 4 * 6, dtype="u2").reshape(10, 4, 6)


def documents(path, **kwargs):
    found = list(ingest_tiff_stack(path, **kwargs))
    for name, doc in found:
        event_model.schema_validators[event_model.DocumentNames[name]].validate(doc)
    return found


def every(found, name):
    return [doc for kind, doc in found if kind == name]


def only(found, name):
    (doc,) = every(found, name)
    return doc


def read_all(found, key="image"):
    """Read all frames of each stream, by its name."""
    result = {}
    for descriptor in every(found, "descriptor"):
        data_key = descriptor["data_keys"][key]
        context = AssetContext(tuple(data_key["shape"]), data_key["dtype_numpy"], path_from_uri)
        (datum,) = [
            doc for doc in every(found, "stream_datum") if doc["descriptor"] == descriptor["uid"]
        ]
        (resource,) = [
            doc for doc in every(found, "stream_resource") if doc["uid"] == datum["stream_resource"]
        ]
        frames = open_tiff(resource, context)
        start, stop = datum["indices"]["start"], datum["indices"]["stop"]
        out = np.empty((stop - start, *frames.frame_shape), frames.dtype)
        frames.read(start, stop, None, out)
        result[descriptor["name"]] = out
    return result


def test_every_page_is_an_event(tmp_path):
    path = tmp_path / "stack.tif"
    tifffile.imwrite(path, STACK)
    found = documents(path, key="det", metadata={"operator": "me"})
    start, page = only(found, "start"), only(found, "event_page")
    assert start["uid"] == run_uid(place_of_file(path))
    assert (start["detectors"], start["operator"]) == (["det"], "me")
    assert page["seq_num"] == list(range(1, 11))
    assert page["data"] == {"page": list(range(10))}
    assert only(found, "stream_resource")["parameters"] == {
        "penstock": 1,
        "files": ["stack.tif"],
        "frames_per_file": 10,
        "chunk_shape": [1, 4, 6],
    }
    assert only(found, "stop")["exit_status"] == "success"
    assert np.array_equal(read_all(found, "det")["primary"], STACK)


def test_a_stack_written_page_by_page_is_whole(tmp_path):
    """tifffile.imread gives its first page only."""
    path = tmp_path / "pages.tif"
    for image in STACK:
        tifffile.imwrite(path, image, append=True)
    assert tifffile.imread(path).shape == (4, 6)
    assert np.array_equal(read_all(documents(path))["primary"], STACK)


def test_one_image_is_a_run_too(tmp_path):
    tifffile.imwrite(tmp_path / "one.tif", STACK[0])
    assert np.array_equal(read_all(documents(tmp_path / "one.tif"))["primary"], STACK[:1])


def test_unlike_pages_are_streams_of_their_own(tmp_path):
    path = tmp_path / "mixed.tif"
    label = np.zeros((3, 5, 3), "u1")
    with tifffile.TiffWriter(path) as file:
        file.write(label, photometric="rgb")
        for image in STACK:
            file.write(image, metadata=None)
            file.write(image[::2, ::2], metadata=None)
    found = documents(path)
    arrays = read_all(found)
    assert set(arrays) == {"primary", "page_series_1", "page_series_2"}
    shapes = {name: array.shape for name, array in arrays.items()}
    assert shapes["primary"] == (10, 4, 6)
    assert np.array_equal(arrays["primary"], STACK)
    assert np.array_equal(arrays["page_series_1"], label[None])
    assert np.array_equal(arrays["page_series_2"], STACK[:, ::2, ::2])
    assert any("pages of different shape" in note for note in only(found, "start")["notes"])
    assert only(found, "stop")["num_events"] == {
        "primary": 10,
        "page_series_1": 1,
        "page_series_2": 10,
    }
    pages = [doc["data"]["page"] for doc in every(found, "event_page")]
    assert sorted(itertools.chain(*pages)) == list(range(21))


def test_too_many_kinds_of_pages_are_refused(tmp_path):
    path = tmp_path / "zoo.tif"
    with tifffile.TiffWriter(path) as file:
        for size in range(1, 80):
            file.write(np.zeros((size, 5), "u2"), metadata=None)
    with pytest.raises(UnsupportedFileError, match="79 different shapes"):
        next(ingest_tiff_stack(path))


# Axes --------------------------------------------------------------------------------------------


def test_hyperstacks_of_tifffile(tmp_path):
    images = np.arange(2 * 3 * 2 * 4 * 6, dtype="u2").reshape(2, 3, 2, 4, 6)
    path = tmp_path / "shaped.tif"
    tifffile.imwrite(path, images, metadata={"axes": "TZCYX"}, photometric="minisblack")
    found = documents(path)
    columns = only(found, "event_page")["data"]
    t, z, c = np.unravel_index(np.arange(12), (2, 3, 2))
    assert (columns["t"], columns["z"], columns["c"]) == (t.tolist(), z.tolist(), c.tolist())
    start = only(found, "start")
    assert start["shape"] == [2, 3, 2]
    assert start["hints"]["dimensions"] == [[[axis], "primary"] for axis in "tzc"]
    assert np.array_equal(read_all(found)["primary"], images.reshape(12, 4, 6))


# Times -------------------------------------------------------------------------------------------


def test_pages_with_times_of_their_own(tmp_path):
    path = tmp_path / "dated.tif"
    with tifffile.TiffWriter(path) as file:
        for number, image in enumerate(STACK):
            file.write(image, datetime=f"2020:01:02 03:04:{10 + number}", metadata=None)
    with use_config(Config(timezone="UTC")):
        found = documents(path)
    assert only(found, "start")["event_time_source"] == "file"
    first = 1577934250.0
    assert only(found, "event_page")["time"] == [first + number for number in range(10)]
    assert only(found, "start")["time"] == first
    assert only(found, "stop")["time"] == first + 9


def test_pages_without_times(tmp_path):
    path = tmp_path / "undated.tif"
    tifffile.imwrite(path, STACK, datetime="2020:01:02 03:04:05")
    found = documents(path)
    assert only(found, "start")["time_source"] == "file"
    assert only(found, "start")["event_time_source"] == "mtime"
    assert set(only(found, "event_page")["time"]) == {path.stat().st_mtime}


# What is missing or wrong ------------------------------------------------------------------------


def test_a_stack_that_ends_early_is_no_success(tmp_path):
    path = tmp_path / "short.tif"
    for image in STACK:
        tifffile.imwrite(path, image, append=True, metadata=None)
    path.write_bytes(path.read_bytes()[:-7])
    found = documents(path)
    assert only(found, "stop")["exit_status"] == "fail"
    assert "1 pages reach beyond the end of the file" in only(found, "start")["notes"]
    assert only(found, "stop")["num_events"] == {"primary": 10}


def test_smaller_versions_in_subifds_are_told(tmp_path):
    path = tmp_path / "pyramid.tif"
    with tifffile.TiffWriter(path) as file:
        file.write(np.zeros((64, 64), "u2"), subifds=1)
        file.write(np.zeros((32, 32), "u2"), subfiletype=1)
    notes = only(documents(path), "start")["notes"]
    assert any("SubIFDs" in note for note in notes)


def test_what_cannot_be_read_is_refused_by_name(tmp_path):
    with pytest.raises(MissingFileError, match=r"none\.tif"):
        next(ingest_tiff_stack(tmp_path / "none.tif"))
    (tmp_path / "x.tif").write_bytes(b"II*\0\x08\0\0\0" + b"\xff" * 50)
    with pytest.raises(UnsupportedFileError, match=r"x\.tif"):
        next(ingest_tiff_stack(tmp_path / "x.tif"))
