"""An origin tells what headers mean; the engine reads and bounds them, and outlives mistakes."""

import json
import os

import numpy as np
import pytest
import tifffile

from penstock.core.config import Config, use_config
from penstock.core.places.observation import observe
from penstock.ingestors.tiff.headers import read_file_headers
from penstock.ingestors.tiff.metadata import inspect_file
from penstock.ingestors.tiff.origin import Described, FrameColumns, TiffOrigin, part_constants
from penstock.ingestors.tiff.probe import probe_series_of, probe_stack_of
from penstock.ingestors.tiff.series import ingest_series
from penstock.ingestors.tiff.stack import ingest_stack

GAIN = 65100


def is_mine(facts):
    return "Make tag 'Mine'" if facts.texts.get("Make") == "Mine" else None


def gains(facts, headers):
    return FrameColumns({"gain": [header.tags.get(GAIN) for header in headers]})


def origin(**kwargs):
    return TiffOrigin("my-camera", **{"recognise": is_mine, **kwargs})


def write(path, *gains, make="Mine", **kwargs):
    with tifffile.TiffWriter(path, **kwargs) as file:
        for gain in gains:
            file.write(
                np.full((4, 6), gain, "u2"),
                metadata=None,
                extratags=[(271, 2, 0, make, True), (GAIN, 3, 1, gain, True)],
            )
    return str(path)


@pytest.fixture
def series(tmp_path):
    return [write(tmp_path / f"a_{number}.tif", number * 10) for number in range(1, 6)]


def drain(documents):
    found = {}
    for name, doc in documents:
        found.setdefault(name, doc)
    return found


def test_what_the_first_header_says_goes_into_the_start_document(series):
    described = Described(
        {"sample": {"name": "iron"}, "scan_id": 7},
        detector="ccd",
        configuration={"exposure_time": 0.5},
        units={"exposure_time": "s"},
        time=1e9,
        time_source="its clock",
        end_time=1e9 + 60,
        everything={"lens.type": 3},
        covered=("Make", "Software"),
        notes=("the clock is doubtful",),
    )
    run = drain(ingest_series(series, origin=origin(describe=lambda facts: described)))
    start = run["start"]
    assert (start["sample"], start["scan_id"], start["detectors"]) == ({"name": "iron"}, 7, ["ccd"])
    assert (start["time"], start["time_source"]) == (1e9, "its clock")
    assert start["my_camera"] == {"lens_type": 3}
    assert "tiff" not in start
    assert start["notes"] == ["the clock is doubtful"]
    descriptor = run["descriptor"]
    assert descriptor["object_keys"]["ccd"] == ["image"]
    exposure = descriptor["configuration"]["ccd"]
    assert exposure["data"]["exposure_time"] == 0.5
    assert exposure["data_keys"]["exposure_time"]["units"] == "s"
    assert run["stop"]["time"] == 1e9 + 60


def test_the_caller_has_the_last_word(series):
    mine = origin(describe=lambda facts: Described({"operator": "Ada"}))
    start = drain(ingest_series(series, origin=mine, metadata={"operator": "Grace"}))["start"]
    assert start["operator"] == "Grace"


def test_every_file_is_asked_for_the_tags_of_its_header(series):
    run = drain(ingest_series(series, origin=origin(tags=(GAIN,), frames=gains)))
    assert run["event_page"]["data"] == {
        "frame_number": [1, 2, 3, 4, 5],
        "gain": [10, 20, 30, 40, 50],
    }


def test_the_start_document_takes_one_header(series, monkeypatch):
    opened = []
    real = os.open
    monkeypatch.setattr(os, "open", lambda path, *rest: opened.append(path) or real(path, *rest))
    next(ingest_series(series, origin=origin(tags=(GAIN,), frames=gains)))
    assert opened == series[:1]


@pytest.mark.parametrize("big", [False, True])
@pytest.mark.parametrize("order", ["<", ">"])
def test_so_is_every_page(tmp_path, big, order):
    path = write(tmp_path / "stack.tif", 3, 1, 2, bigtiff=big, byteorder=order)
    run = drain(ingest_stack(path, origin=origin(tags=(GAIN,), frames=gains)))
    assert run["event_page"]["data"] == {"page": [0, 1, 2], "gain": [3, 1, 2]}


def test_times_of_frames_are_those_of_events_where_they_are_told(series):
    def times(facts, headers):
        return FrameColumns(times=np.array([5.0, np.nan, 7, 8, 9]), time_source="a clock")

    run = drain(ingest_series(series, origin=origin(frames=times)))
    first, second, *rest = run["event_page"]["time"]
    assert (first, rest) == (5.0, [7, 8, 9])
    assert second == os.stat(series[1]).st_mtime
    source = run["descriptor"]["configuration"]["image"]["data"]["event_time_source"]
    assert source == "a clock (1 of 5: mtime)"


def test_a_header_that_cannot_be_read_makes_the_run_fail_by_name(series, tmp_path):
    raw = bytearray((tmp_path / "a_3.tif").read_bytes())
    raw[4:8] = (len(raw) - 1).to_bytes(4, "little")  # the directory lies behind the end
    (tmp_path / "a_3.tif").write_bytes(raw)
    stop_of = drain(ingest_series(series, origin=origin(tags=(GAIN,), frames=gains)))
    assert stop_of["stop"]["exit_status"] == "fail"
    assert "a_3.tif cannot be read" in stop_of["stop"]["reason"]
    assert np.isnan(stop_of["event_page"]["data"]["gain"][2])


def test_files_on_tape_are_not_opened(series):
    headers = read_file_headers(series, {GAIN}, skip=series[1:2])
    assert [header.tags.get(GAIN) for header in headers] == [10, None, 30, 40, 50]
    assert headers[1].problem == "it lies on tape"


def test_many_headers_are_read_by_several_threads_in_order(tmp_path):
    paths = [write(tmp_path / f"b_{number}.tif", number) for number in range(200)]
    headers = read_file_headers(paths, {GAIN})
    assert [header.tags[GAIN] for header in headers] == list(range(200))
    assert [header.path for header in headers] == paths


def stumble(*_):
    raise KeyError("no such tag")


@pytest.mark.parametrize("part", ["describe", "frames", "axes"])
def test_an_origin_that_stumbles_leaves_a_note_and_the_pixels(tmp_path, part):
    path = write(tmp_path / "s.tif", 1, 2)
    run = drain(ingest_stack(path, origin=origin(**{part: stumble})))
    assert run["stop"]["num_events"] == {"primary": 2}
    notes = run["start"].get("notes", [])
    notes += run["descriptor"]["configuration"]["image"]["data"].get("notes", [])
    assert any("cannot be read (KeyError: 'no such tag')" in note for note in notes)


def test_an_origin_that_counts_wrong_leaves_a_note(series):
    short = origin(frames=lambda facts, headers: FrameColumns({"gain": [1, 2]}))
    run = drain(ingest_series(series, origin=short))
    assert "gain" not in run["event_page"]["data"]
    notes = run["descriptor"]["configuration"]["image"]["data"]["notes"]
    assert notes == ["my-camera tells of [2] frames where there are 5"]


def test_what_no_document_can_hold_is_left_out_with_a_note(series):
    odd = origin(
        describe=lambda facts: Described(configuration={"lens": object(), "gain": 2}),
        frames=lambda facts, headers: FrameColumns({"odd": [object() for _ in headers]}),
    )
    run = drain(ingest_series(series, origin=odd))
    data = run["descriptor"]["configuration"]["image"]["data"]
    assert data["gain"] == 2
    assert len(data["notes"]) == 2


def test_everything_else_fits_into_the_start_document(series):
    huge = {"small": 1, "huge": "x" * 100_000, "table": list(range(10_000))}
    mine = origin(describe=lambda facts: Described({"operator": "y" * 90_000}, everything=huge))
    start = drain(ingest_series(series, origin=mine))["start"]
    assert len(json.dumps(start)) < 64 * 1024
    assert start["my_camera"] == {"small": 1}
    assert "2 values do not fit into the start document: table, huge" in start["notes"]
    assert "1 value does not fit into the start document: operator" in start["notes"]


def test_columns_do_not_take_the_names_of_others(series):
    clash = origin(
        frames=lambda facts, headers: FrameColumns({"frame_number": [9] * 5, "image": [8] * 5})
    )
    data = drain(ingest_series(series, origin=clash))["event_page"]["data"]
    assert data["frame_number"] == [1, 2, 3, 4, 5]
    assert (data["frame_number_2"], data["image_2"]) == ([9] * 5, [8] * 5)


def test_an_origin_picks_what_is_worth_a_plot(series):
    picky = origin(
        frames=lambda facts, headers: FrameColumns({"x": [1] * 5, "id": [2] * 5}, hints=["x"])
    )
    hints = drain(ingest_series(series, origin=picky))["descriptor"]["hints"]
    assert (hints["x"], hints["id"]) == ({"fields": ["x"]}, {"fields": []})


def test_files_of_another_origin_are_ingested_with_a_note(tmp_path):
    path = write(tmp_path / "c_1.tif", 1, make="Other")
    start = drain(ingest_series([path], origin=origin()))["start"]
    assert start["notes"] == [f"nothing in {path} says that it is of my-camera"]


# Probes


def test_a_probe_tells_by_what_it_knows_the_files(series, tmp_path):
    assert probe_series_of(origin())(series).detail == "Make tag 'Mine'; 5 files of 4 × 6 uint16"
    stack = write(tmp_path / "stack.tif", 1, 2)
    assert probe_stack_of(origin())([stack]).detail == "Make tag 'Mine'; 2 pages of 4 × 6 uint16"
    assert probe_stack_of(origin())(series) is None


def test_a_probe_declines_what_others_wrote(series, tmp_path):
    other = write(tmp_path / "a_6.tif", 1, make="Other")
    for files in ([other], [*series, other], [other, *series]):
        assert probe_series_of(origin())(files) is None
        assert probe_stack_of(origin())(files) is None


def test_a_probe_leaves_broken_files_to_the_generic_one(tmp_path):
    (tmp_path / "x.tif").write_bytes(b"II*\0 and no more")
    assert probe_series_of(origin())([str(tmp_path / "x.tif")]) is None


def test_the_probes_of_many_origins_cost_one_opening(series, tmp_path, monkeypatch):
    (tmp_path / "x.tif").write_bytes(b"II*\0 and no more")
    opened = []
    real = os.open
    monkeypatch.setattr(os, "open", lambda path, *rest: opened.append(path) or real(path, *rest))
    others = [origin(recognise=lambda facts: None) for _ in range(10)]
    with observe():
        for one in others:
            assert probe_series_of(one)(series) is None
            assert probe_series_of(one)([str(tmp_path / "x.tif")]) is None
    assert opened == [series[0], str(tmp_path / "x.tif")]


def test_tags_of_vendors_are_there_as_tifffile_reads_them(tmp_path):
    path = write(tmp_path / "v.tif", 5)
    facts = inspect_file(path)
    assert (facts.tags[271], facts.tags[GAIN]) == ("Mine", 5)
    assert 273 not in facts.tags  # where pixels lie


def test_a_value_that_is_missing_makes_a_column_of_what_would_be_a_constant():
    varying, constants = part_constants({"a": [1, 1], "b": [1, None], "c": []})
    assert (varying, constants) == ({"b": [1, None], "c": []}, {"a": 1})


@pytest.mark.parametrize("zone", ["UTC", "Europe/Zurich"])
def test_the_time_of_an_origin_comes_before_the_tag(tmp_path, zone):
    path = tmp_path / "d_1.tif"
    tifffile.imwrite(path, np.zeros((4, 6), "u2"), datetime="2020:01:02 03:04:05")
    with use_config(Config(timezone=zone)):
        told = drain(ingest_series([path], origin=origin(describe=lambda f: Described(time=3.5))))
    assert told["start"]["time"] == 3.5
