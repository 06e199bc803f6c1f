"""Composed documents are valid, few, and the same every time."""

import event_model
import numpy as np
import pytest

from penstock.core.documents import RunComposer, array_key, column_key
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


@pytest.mark.parametrize(
    ("columns", "message"),
    [
        ({}, "descriptor says"),
        ({"x": [1], "y": [1]}, "descriptor says"),
        ({"x": [1, 2]}, "has 2 rows"),
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
