"""Ingesting series of TIFF files: which files, which events, times and metadata."""

import json
import os
import sys
from pathlib import Path

import event_model
import numpy as np
import pytest
import tifffile

from penstock.core.assets.protocol import AssetContext
from penstock.core.config import Config, use_config
from penstock.core.errors import MissingFileError, NoDataError, UnsupportedFileError
from penstock.core.places import path_from_uri, run_uid, select_files
from penstock.ingestors import ingest_tiff_series
from penstock.ingestors.assets.tiff.frames import open_tiff


def write(folder, names, shape=(4, 6), **options):
    for number, name in enumerate(names):
        tifffile.imwrite(folder / name, np.full(shape, number, "u2"), **options)
        os.utime(folder / name, (1.6e9 + number, 1.6e9 + number))


def documents(paths, **kwargs):
    found = list(ingest_tiff_series(paths, **kwargs))
    for name, doc in found:
        event_model.schema_validators[event_model.DocumentNames[name]].validate(doc)
    return found


def only(found, name):
    (doc,) = [doc for kind, doc in found if kind == name]
    return doc


def every(found, name):
    return [doc for kind, doc in found if kind == name]


def pixels(found, key="image"):
    """Read every frame that the documents point at: of each its first pixel."""
    descriptor, resource = only(found, "descriptor"), only(found, "stream_resource")
    data_key = descriptor["data_keys"][key]
    context = AssetContext(tuple(data_key["shape"]), data_key["dtype_numpy"], path_from_uri)
    frames = open_tiff(resource, context)
    values, seq_nums = [], []
    for datum in every(found, "stream_datum"):
        start, stop = datum["indices"]["start"], datum["indices"]["stop"]
        out = np.empty((stop - start, *frames.frame_shape), frames.dtype)
        frames.read(start, stop, None, out)
        values += out.reshape(len(out), -1)[:, 0].tolist()
        seq_nums += range(datum["seq_nums"]["start"], datum["seq_nums"]["stop"])
    assert seq_nums == list(range(1, len(seq_nums) + 1))
    return values


def test_a_series_is_one_resource_and_few_documents(tmp_path):
    write(tmp_path, [f"img_{number:05d}.tif" for number in range(5)])
    found = documents(f"{tmp_path}/*.tif", key="det", metadata={"sample": {"name": "Cu"}})
    start, descriptor = only(found, "start"), only(found, "descriptor")
    resource, page = only(found, "stream_resource"), only(found, "event_page")
    assert start["detectors"] == ["det"]
    assert start["sample"] == {"name": "Cu"}
    assert start["hints"] == {"dimensions": [[["frame_number"], "primary"]]}
    assert descriptor["data_keys"]["det"] == {
        "dtype": "array",
        "dtype_numpy": "<u2",
        "shape": [4, 6],
        "dims": ["y", "x"],
        "source": "img_{}.tif",
        "external": "STREAM:",
        "object_name": "det",
    }
    assert resource["mimetype"] == "multipart/related;type=image/tiff"
    assert resource["uri"].endswith(f"{os.path.basename(tmp_path)}/")
    assert resource["parameters"] == {"template": "img_{:05d}.tif", "chunk_shape": [1, 4, 6]}
    assert only(found, "stream_datum")["indices"] == {"start": 0, "stop": 5}
    assert page["seq_num"] == [1, 2, 3, 4, 5]
    assert page["time"] == [1.6e9 + number for number in range(5)]
    assert page["data"] == {"frame_number": [0, 1, 2, 3, 4]}
    assert only(found, "stop")["exit_status"] == "success"
    assert only(found, "stop")["reason"].startswith("inferred")
    assert pixels(found, "det") == [0, 1, 2, 3, 4]


def test_order_is_that_of_the_numbers(tmp_path):
    write(tmp_path, [f"img_{number}.tif" for number in range(12)])
    found = documents(f"{tmp_path}/img_*.tif")
    assert only(found, "stream_resource")["parameters"]["template"] == "img_{:d}.tif"
    assert pixels(found) == list(range(12))


def test_holes_are_kept_as_numbers_and_told(tmp_path):
    write(tmp_path, [f"img_{number:03d}.tif" for number in (1, 2, 3, 7, 8)])
    found = documents(f"{tmp_path}/*.tif")
    ranges = [doc["indices"] for doc in every(found, "stream_datum")]
    assert ranges == [{"start": 1, "stop": 4}, {"start": 7, "stop": 9}]
    assert only(found, "event_page")["data"]["frame_number"] == [1, 2, 3, 7, 8]
    assert only(found, "event_page")["seq_num"] == [1, 2, 3, 4, 5]
    assert any("4–6" in note for note in only(found, "start")["notes"])
    stop = only(found, "stop")
    assert stop["exit_status"] == "abort"
    assert "3 numbers are missing" in stop["reason"]
    assert pixels(found) == [0, 1, 2, 3, 4]


def test_every_tenth_frame_is_no_series_of_holes(tmp_path):
    write(tmp_path, [f"img_{number:03d}.tif" for number in (0, 10, 20, 30)])
    found = documents(f"{tmp_path}/*.tif")
    assert only(found, "stop")["exit_status"] == "success"
    assert pixels(found) == [0, 1, 2, 3]


@pytest.mark.parametrize(
    ("numbers", "exit_status", "reason"),
    [
        ((100, 110, 120, 140), "abort", "1 number is missing: 130"),
        ((1, 3), "success", "no number is missing"),
        ((130245, 130252, 130300, 130307), "success", "numbers are not consecutive"),
        ((1, 10**25), "success", "numbers are not consecutive"),
    ],
)
def test_the_outcome_says_of_holes_what_the_notes_say(tmp_path, numbers, exit_status, reason):
    write(tmp_path, [f"img_20240305_{number}.tif" for number in numbers])
    found = documents(f"{tmp_path}/*.tif")
    stop = only(found, "stop")
    assert stop["exit_status"] == exit_status
    assert reason in stop["reason"]
    if "no number" not in reason:
        assert any(reason in note for note in only(found, "start")["notes"])


def test_what_is_no_tiff_file_is_not_called_short(tmp_path):
    write(tmp_path, [f"img_{number}.tif" for number in range(9)])
    (tmp_path / "img_2.tif").write_bytes(b"hello")
    found = documents(f"{tmp_path}/*.tif")
    assert only(found, "stop")["exit_status"] == "fail"
    assert only(found, "stop")["reason"] == (
        "inferred: img_2.tif is not a TIFF file. Copy such files again, or read the others with"
        ' read(bad_frames="mask").'
    )
    for number in (3, 5):
        path = tmp_path / f"img_{number}.tif"
        path.write_bytes(path.read_bytes()[:20])
    reason = only(documents(f"{tmp_path}/*.tif"), "stop")["reason"]
    assert (
        "img_2.tif is not a TIFF file; img_3.tif, img_5.tif end before their pixels do." in reason
    )


def test_suffixes_may_differ_within_a_series(tmp_path):
    write(tmp_path, ["x_1.tif", "x_2.tiff", "x_3.TIF"])
    found = documents(f"{tmp_path}/*")
    assert only(found, "event_page")["data"] == {"frame_number": [1, 2, 3]}
    assert only(found, "stop")["exit_status"] == "success"
    assert pixels(found) == [0, 1, 2]


@pytest.mark.parametrize(
    "names",
    [
        ["img_1.tif", "img_02.tif", "img_003.tif"],
        ["s#1.tif", "s#2.tif"],
        ["50%_1.tif", "50%_2.tif"],
        ["a{b}_1.tif", "a{b}_2.tif"],
        ["x_t1_z1.tif", "x_t1_z2.tif", "x_t2_z1.tif", "x_t2_z2.tif"],
    ],
)
def test_names_that_no_template_spells_are_listed(tmp_path, names):
    write(tmp_path, names)
    found = documents([tmp_path / name for name in reversed(names)])
    parameters = only(found, "stream_resource")["parameters"]
    assert "template" not in parameters
    assert parameters["penstock"] == 1
    assert parameters["files"] == names
    assert only(found, "stream_datum")["indices"] == {"start": 0, "stop": len(names)}
    assert pixels(found) == list(range(len(names)))


def test_slower_indices_are_columns_and_a_grid(tmp_path):
    write(tmp_path, [f"x_t{t}_z{z}.tif" for t in range(2) for z in range(3)])
    found = documents(f"{tmp_path}/*.tif")
    assert only(found, "event_page")["data"] == {
        "index_1": [0, 0, 0, 1, 1, 1],
        "frame_number": [0, 1, 2, 0, 1, 2],
    }
    start = only(found, "start")
    assert start["shape"] == [2, 3]
    assert start["hints"]["dimensions"] == [[["index_1"], "primary"], [["frame_number"], "primary"]]


def test_many_stretches_make_a_list(tmp_path):
    first = tmp_path / "img_00000.tif"
    tifffile.imwrite(first, np.zeros((4, 6), "u2"))
    numbers = [3 * step + more for step in range(300) for more in (0, 1)]
    for number in numbers[1:]:
        os.link(first, tmp_path / f"img_{number:05d}.tif")
    found = documents(f"{tmp_path}/*.tif")
    assert "template" not in only(found, "stream_resource")["parameters"]
    assert only(found, "event_page")["data"]["frame_number"] == numbers
    assert pixels(found) == [0] * 600


def test_files_with_several_images_each(tmp_path):
    for number in range(3):
        tifffile.imwrite(
            tmp_path / f"s{number}.tif", np.arange(10, dtype="u2").repeat(24).reshape(10, 4, 6)
        )
    found = documents(f"{tmp_path}/*.tif")
    page = only(found, "event_page")["data"]
    assert page["frame_number"] == [0] * 10 + [1] * 10 + [2] * 10
    assert page["page"] == list(range(10)) * 3
    assert pixels(found) == list(range(10)) * 3


def test_colours_have_their_axis(tmp_path):
    write(tmp_path, ["a_1.tif", "a_2.tif"], shape=(4, 6, 3), photometric="rgb")
    key = only(documents(f"{tmp_path}/*.tif"), "descriptor")["data_keys"]["image"]
    assert (key["shape"], key["dims"]) == ([4, 6, 3], ["y", "x", "sample"])


# Identity ----------------------------------------------------------------------------------------


def test_ingesting_twice_gives_the_same_documents_and_growing_the_same_run(tmp_path):
    write(tmp_path, ["img_1.tif", "img_2.tif"])
    found = documents(f"{tmp_path}/*.tif")
    again = documents([f"{tmp_path}/img_2.tif", f"{tmp_path}/./img_1.tif"])
    assert json.dumps(found) == json.dumps(again)
    uid = only(found, "start")["uid"]
    assert uid == run_uid(select_files(f"{tmp_path}/img_*.tif").place)
    write(tmp_path, [f"img_{number}.tif" for number in range(3, 12)])
    assert only(documents(f"{tmp_path}/*.tif"), "start")["uid"] == uid
    assert only(documents([f"{tmp_path}/img_3.tif"]), "start")["uid"] != uid


# Times and metadata ------------------------------------------------------------------------------


def test_the_start_is_the_file_s_own_time(tmp_path):
    write(tmp_path, ["a_1.tif", "a_2.tif"], datetime="2020:01:02 03:04:05")
    with use_config(Config(timezone="Europe/Zurich")):
        found = documents(f"{tmp_path}/*.tif")
    start = only(found, "start")
    assert start["time"] == 1577930645.0
    assert start["time_source"] == "file"
    assert start["event_time_source"] == "mtime"
    assert "DateTime has no zone: taken as Europe/Zurich" in start["notes"]
    assert only(found, "stop")["time"] == 1.6e9 + 1


@pytest.mark.parametrize(
    "text", ["Thu Mai 24 10:00:00 2018", "0000:00:00 00:00:00", "mageWed May 24"]
)
def test_a_time_that_is_none_is_told(tmp_path, text):
    write(tmp_path, ["a_1.tif"], extratags=[(306, 2, 0, text, True)])
    start = only(documents(f"{tmp_path}/*.tif"), "start")
    assert (start["time"], start["time_source"]) == (1.6e9, "mtime")
    assert any(text in note for note in start["notes"])


def test_what_the_file_says_is_kept_and_bounded(tmp_path):
    write(
        tmp_path,
        ["a_1.tif"],
        description="# Exposure 1 s/frame\n" + "x" * 100_000,
        software="camserver",
        extratags=[(271, 2, 0, "Dectris", True), (315, 2, 0, "a" * 50_000, True)],
    )
    start = only(documents(f"{tmp_path}/*.tif"), "start")
    assert start["tiff"]["Software"] == "camserver"
    assert start["tiff"]["Make"] == "Dectris"
    assert start["tiff"]["ImageDescription"].startswith("# Exposure 1 s/frame\n")
    assert "cut, 100021 in all" in start["tiff"]["ImageDescription"]
    assert len(json.dumps(start, ensure_ascii=False).encode()) < 64 * 1024


def test_resolution_is_a_constant_with_units(tmp_path):
    write(tmp_path, ["a_1.tif"], resolution=(100, 50), resolutionunit=3)
    descriptor = only(documents(f"{tmp_path}/*.tif"), "descriptor")
    configuration = descriptor["configuration"]["image"]
    assert configuration["data"]["x_resolution"] == 100
    assert configuration["data_keys"]["y_resolution"]["units"] == "1/cm"
    assert configuration["data"]["event_time_source"] == "mtime"


# What is missing or wrong ------------------------------------------------------------------------


def test_a_short_file_makes_it_no_success(tmp_path):
    write(tmp_path, [f"img_{number}.tif" for number in range(5)], shape=(48, 64))
    path = tmp_path / "img_3.tif"
    path.write_bytes(path.read_bytes()[:-11])
    stop = only(documents(f"{tmp_path}/*.tif"), "stop")
    assert stop["exit_status"] == "fail"
    assert "img_3.tif ends before its pixels do" in stop["reason"]


def test_shorter_descriptions_are_no_short_files(tmp_path):
    for number in range(5):
        tifffile.imwrite(
            tmp_path / f"img_{number}.tif",
            np.zeros((48, 64), "u2"),
            description="d" * (900 - number),
        )
    assert only(documents(f"{tmp_path}/*.tif"), "stop")["exit_status"] == "success"


def test_a_bad_first_file_does_not_hide_the_others(tmp_path):
    write(tmp_path, [f"img_{number}.tif" for number in range(5)])
    (tmp_path / "img_0.tif").write_bytes(b"")
    found = documents(f"{tmp_path}/*.tif")
    assert any("img_0.tif cannot be read" in note for note in only(found, "start")["notes"])
    assert only(found, "stop")["exit_status"] == "fail"
    assert only(found, "stop")["num_events"] == {"primary": 5}


def test_what_cannot_be_a_series_is_refused_before_the_first_document(tmp_path):
    with pytest.raises(NoDataError):
        next(ingest_tiff_series(f"{tmp_path}/*.tif"))
    with pytest.raises(MissingFileError):
        next(ingest_tiff_series([f"{tmp_path}/a.tif"]))
    (tmp_path / "a.tif").write_bytes(b"II*\0 but no TIFF")
    with pytest.raises(UnsupportedFileError, match=r"a\.tif"):
        next(ingest_tiff_series([f"{tmp_path}/a.tif"]))
    tifffile.imwrite(tmp_path / "b.tif", np.zeros((4, 6), "u2"))
    (tmp_path / "b.tif").write_bytes((tmp_path / "b.tif").read_bytes()[:-7])
    with pytest.raises(UnsupportedFileError, match=r"b\.tif: the file ends 7 bytes before"):
        next(ingest_tiff_series([f"{tmp_path}/b.tif"]))
    with tifffile.TiffWriter(tmp_path / "c.tif") as file:
        file.write(np.zeros((4, 6), "u2"))
        file.write(np.zeros((2, 3), "u2"))
    with pytest.raises(UnsupportedFileError, match="ingest_tiff_stack"):
        next(ingest_tiff_series([f"{tmp_path}/c.tif"]))


# Cost --------------------------------------------------------------------------------------------


def opened(function):
    """Call a function; return how many TIFF files it opened."""
    events = []

    def hook(event, args):
        # open() has a mode, os.open() none; tifffile is given what os.open() opened.
        if active and event == "open" and args[1] is None and str(args[0]).endswith(".tif"):
            events.append(args[0])

    active = True
    sys.addaudithook(hook)
    function()
    active = False
    return len(events)


def test_up_to_the_start_one_file_is_opened_and_later_no_other(tmp_path):
    write(tmp_path, ["img_00.tif"])
    for number in range(1, 60):
        os.link(tmp_path / "img_00.tif", tmp_path / f"img_{number:02d}.tif")
    assert opened(lambda: next(ingest_tiff_series(f"{tmp_path}/*.tif"))) == 1
    assert opened(lambda: list(ingest_tiff_series(f"{tmp_path}/*.tif"))) == 1


@pytest.mark.slow
def test_a_hundred_thousand_frames_are_twenty_documents(tmp_path):
    first = tmp_path / "img_000000.tif"
    tifffile.imwrite(first, np.zeros((4, 6), "u2"))
    for folder in range(4):  # a file can have some 65,000 names only
        Path(tmp_path / f"source_{folder}").write_bytes(first.read_bytes())
    for number in range(1, 100_000):
        os.link(tmp_path / f"source_{number % 4}", tmp_path / f"img_{number:06d}.tif")
    assert len(list(ingest_tiff_series(f"{tmp_path}/*.tif"))) <= 20
