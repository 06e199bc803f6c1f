"""Composed documents are valid, few, and the same every time."""

import os
import subprocess
import sys

import event_model
import numpy as np
import pytest

from penstock.core.documents import RunComposer, array_key, column_key
from penstock.core.documents.measuring import START_BYTES, json_bytes
from penstock.core.errors import DocumentError


def compose(rows: int = 3, uid: str = "6f2a"):
    run = RunComposer(uid=uid, time=10.0, metadata={"sample": {"name": "Cu"}})
    yield run.start()
    stream = run.stream(
        "primary",
        data_keys={
            "image": array_key((4, 6), "u2", source="files", dims=("y", "x"), external=True),
            "frame_number": column_key([1], source="names"),
            "theta": column_key([0.5], source="names", units="deg"),
        },
        objects={"camera": ["image", "frame_number"]},
        configuration={"camera": {"exposure": 0.1, "roi": [1, 2], "mode": None}},
        units={"exposure": "s"},
    )
    yield stream.descriptor()
    yield from stream.external(
        "image",
        mimetype="multipart/related;type=image/tiff",
        uri="file://localhost/data/",
        parameters={"template": "a_{:d}.tif"},
        ranges=[(1, 2), (5, 4 + rows)],
    )
    yield from stream.pages(
        time=np.arange(rows) + 10.0,
        data={"frame_number": np.arange(rows), "theta": np.linspace(0, 1, rows)},
    )
    yield run.stop(time=10.0 + rows, reason="inferred: all files are there")


def test_every_document_is_valid():
    for name, doc in compose():
        event_model.schema_validators[event_model.DocumentNames[name]].validate(doc)


def test_composing_twice_gives_the_same_documents():
    assert list(compose()) == list(compose())


def test_uids_differ_between_runs_and_within_one():
    def uids(run_uid: str) -> list[str]:
        return [
            uid
            for name, doc in compose(uid=run_uid)
            for uid in (doc["uid"] if name == "event_page" else [doc["uid"]])
        ]

    found = uids("a") + uids("b")
    assert len(set(found)) == len(found)


def test_sequence_numbers_count_from_one_over_gaps_in_the_indices():
    datums = [doc for name, doc in compose(5) if name == "stream_datum"]
    assert [(d["seq_nums"]["start"], d["seq_nums"]["stop"]) for d in datums] == [(1, 2), (2, 6)]
    assert [(d["indices"]["start"], d["indices"]["stop"]) for d in datums] == [(1, 2), (5, 9)]


def test_a_hundred_thousand_rows_make_few_documents_of_bounded_pages():
    documents = list(compose(100_000))
    assert len(documents) <= 20
    pages = [doc for name, doc in documents if name == "event_page"]
    assert max(len(page["seq_num"]) for page in pages) <= 8192
    numbers = [number for page in pages for number in page["seq_num"]]
    assert numbers == list(range(1, 100_001))


def test_wide_rows_make_shorter_pages():
    run = RunComposer(uid="6f2a", time=0.0)
    wave = np.zeros((1000, 10_000))
    stream = run.stream("primary", data_keys={"wave": column_key(wave, source="scope")})
    pages = [doc for _, doc in stream.pages(time=np.arange(1000), data={"wave": wave})]
    assert max(len(page["seq_num"]) for page in pages) * 80_000 <= 4 * 2**20


def test_object_keys_cover_every_data_key_once():
    descriptor = next(doc for name, doc in compose() if name == "descriptor")
    keys = [key for keys in descriptor["object_keys"].values() for key in keys]
    assert sorted(keys) == sorted(descriptor["data_keys"])
    assert descriptor["object_keys"]["camera"] == ["image", "frame_number"]


def test_configuration_has_the_same_keys_everywhere():
    descriptor = next(doc for name, doc in compose() if name == "descriptor")
    for entry in descriptor["configuration"].values():
        assert entry["data"].keys() == entry["timestamps"].keys() == entry["data_keys"].keys()
    assert descriptor["configuration"]["camera"]["data_keys"]["exposure"]["units"] == "s"


def test_hints_name_scalars_and_dimensions():
    documents = dict(compose())
    assert documents["start"]["hints"]["dimensions"] == [[["time"], "primary"]]
    assert documents["descriptor"]["hints"]["camera"] == {"fields": ["frame_number"]}


def test_stop_counts_the_rows():
    assert dict(compose(7))["stop"]["num_events"] == {"primary": 7}


def test_a_stream_described_again_counts_on():
    run = RunComposer(uid="6f2a", time=0.0)
    first = run.stream("primary", data_keys={"x": column_key([1], source="s")})
    list(first.pages(time=[0.0, 1.0], data={"x": [1, 2]}))
    second = run.stream("primary", data_keys={"x": column_key([1], source="s")})
    ((_, page),) = second.pages(time=[2.0], data={"x": [3]})
    assert page["seq_num"] == [3]
    assert first.uid != second.uid


def streams_of_one_name(count: int = 2):
    run = RunComposer(uid="6f2a", time=0.0)
    keys = {
        "x": column_key([1], source="s"),
        "image": array_key((4, 6), "u2", source="files", external=True),
    }
    return run, [run.stream("primary", data_keys=keys) for _ in range(count)]


def frames(stream, *ranges):
    where = {"mimetype": "application/x-hdf5", "uri": "file://localhost/a.h5", "parameters": {}}
    return [
        doc
        for name, doc in stream.external("image", **where, ranges=ranges)
        if name == "stream_datum"
    ]


def pages(stream, *values):
    return [doc for _, doc in stream.pages(time=[0.0] * len(values), data={"x": values})]


def test_streams_of_one_name_share_one_count_although_begun_together():
    run, (first, second) = streams_of_one_name()
    assert pages(first, 1, 2)[0]["seq_num"] == [1, 2]
    assert pages(second, 3)[0]["seq_num"] == [3]
    assert run.stop(time=1.0)[1]["num_events"] == {"primary": 3}


def test_frames_and_pages_of_a_row_have_one_number_however_streams_take_turns():
    run, (first, second) = streams_of_one_name()
    data = frames(first, (0, 2)) + frames(second, (0, 1)) + frames(first, (2, 4))
    assert [list(range(*doc["seq_nums"].values())) for doc in data] == [[1, 2], [3], [4, 5]]
    assert pages(first, 1, 2, 4, 5)[0]["seq_num"] == [1, 2, 4, 5]
    assert pages(second, 3)[0]["seq_num"] == [3]
    assert run.stop(time=1.0)[1]["num_events"] == {"primary": 5}


def test_frames_whose_rows_have_numbers_with_a_gap_are_told_in_two_pieces():
    _, (first, second) = streams_of_one_name()
    pages(first, 1, 2)
    pages(second, 3)
    pages(first, 4)
    (resource, *data) = first.external(
        "image", mimetype="m", uri="file://localhost/", parameters={}, ranges=[(5, 8)]
    )
    assert resource[0] == "stream_resource"
    assert [doc["indices"] for _, doc in data] == [
        {"start": 5, "stop": 7},
        {"start": 7, "stop": 8},
    ]
    assert [doc["seq_nums"] for _, doc in data] == [
        {"start": 1, "stop": 3},
        {"start": 4, "stop": 5},
    ]
    assert len({doc["uid"] for _, doc in data}) == 2


def test_configuration_keeps_its_order_in_every_process():
    script = (
        "from penstock.core.documents import RunComposer\n"
        "stream = RunComposer(uid='6f2a', time=0.0).stream('primary', data_keys={},"
        " configuration={name: {} for name in 'qwertyuiop'})\n"
        "print(''.join(stream.descriptor()[1]['configuration']))"
    )
    orders = {
        subprocess.run(
            [sys.executable, "-c", script],
            env={**os.environ, "PYTHONHASHSEED": seed},
            capture_output=True,
            text=True,
            check=True,
        ).stdout.strip()
        for seed in "12"
    }
    assert orders == {"qwertyuiop"}


@pytest.mark.parametrize(
    ("columns", "message"),
    [
        ({}, "descriptor says"),
        ({"x": [1], "y": [1]}, "descriptor says"),
        ({"x": [1, 2]}, "has 2 rows"),
        ({"x": 1}, "a int is no column"),
        ({"x": "a"}, "a str is no column"),
        ({"x": [object()]}, r"column 'x'\[0\]: holds a object"),
    ],
)
def test_columns_that_do_not_fit_are_refused(columns, message):
    run = RunComposer(uid="6f2a", time=0.0)
    stream = run.stream("primary", data_keys={"x": column_key([1], source="s")})
    with pytest.raises(DocumentError, match=message):
        list(stream.pages(time=[0.0], data=columns))


def test_metadata_that_the_event_model_rejects_are_refused_at_once():
    with pytest.raises(DocumentError, match="start document"):
        RunComposer(uid="6f2a", time=0.0, metadata={"a.b": 1}).start()


@pytest.mark.parametrize("time", [["now"], [[0.0]], [[0.0], [1.0, 2.0]], ["2026-01-02"]])
def test_times_that_are_none_are_refused(time):
    run = RunComposer(uid="6f2a", time=0.0)
    stream = run.stream("primary", data_keys={})
    with pytest.raises(DocumentError, match="one number for each event"):
        list(stream.pages(time=time))


def test_long_rows_make_short_pages_wherever_they_stand():
    run = RunComposer(uid="6f2a", time=0.0)
    rows = [[]] * 100 + [["long text"] * 100_000] * 10
    stream = run.stream("primary", data_keys={"log": column_key(rows, source="s")})
    texts = [len(str(doc)) for _, doc in stream.pages(time=[0.0] * 110, data={"log": rows})]
    assert max(texts) < 2 * 4 * 2**20


def start_with(**metadata):
    return RunComposer(uid="6f2a", time=0.0, metadata=metadata).start()[1]


def test_a_start_document_takes_64_kib_of_utf_8_at_most():
    rest = json_bytes(start_with(note="", other=""))
    fits = "é" * ((START_BYTES - rest - 1000) // 2) + "x" * ((START_BYTES - rest - 1000) % 2)
    assert json_bytes(start_with(note=fits, other="x" * 1000)) == START_BYTES
    with pytest.raises(DocumentError, match=r"takes 65537 bytes.*Shorten 'note', which takes"):
        start_with(note=fits, other="x" * 1001)


def test_what_json_has_to_escape_counts_as_it_is_written():
    with pytest.raises(DocumentError, match="Shorten 'note'"):
        start_with(note="\x01" * 20_000)
