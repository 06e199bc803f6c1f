"""A run gives its metadata, streams and documents, and reads nothing before it must."""

import pickle

import dask.array as da
import event_model
import numpy as np
import pytest

from penstock.core.errors import DocumentError, InconsistentRunError, RunNotFoundError
from penstock.core.run import BlueskyRun
from penstock.core.run.samples import count_run
from penstock.core.run.source import CallSource, DocumentsSource

IMAGES = np.arange(10 * 24, dtype="<u2").reshape(10, 4, 6)


def tutorial_documents(style):
    """A run as the field's tutorial writes it: events that carry their images."""
    bundle = event_model.compose_run(uid="6f2a")
    yield "start", bundle.start_doc
    stream = bundle.compose_descriptor(
        name="primary",
        data_keys={
            "image": {"shape": (4, 6), "dtype": "number", "source": "here"},
            "motor": {"shape": [], "dtype": "number", "source": "here"},
        },
    )
    yield "descriptor", stream.descriptor_doc
    times = [float(row) for row in range(10)]
    if style == "page":
        yield (
            "event_page",
            stream.compose_event_page(
                data={"image": IMAGES, "motor": times},
                timestamps={"image": times, "motor": times},
                time=times,
                seq_num=list(range(1, 11)),
                validate=False,
            ),
        )
    for row in range(10) if style != "page" else ():
        image = da.from_array(IMAGES[row]) if style == "dask" else IMAGES[row]
        yield (
            "event",
            stream.compose_event(
                data={"image": image, "motor": times[row]},
                timestamps={"image": times[row], "motor": times[row]},
                time=times[row],
                validate=False,
            ),
        )
    yield "stop", bundle.compose_stop()


@pytest.fixture(params=["numpy", "dask", "page"])
def tutorial_run(request):
    return BlueskyRun(DocumentsSource(list(tutorial_documents(request.param))))


def test_the_tutorials_documents_are_equal_citizens(tutorial_run):
    dataset = tutorial_run.primary.read()
    assert set(dataset.data_vars) == {"image", "motor", "seq_num", "uid"}
    assert list(dataset.coords) == ["time"]
    np.testing.assert_array_equal(dataset["image"].values, IMAGES)
    np.testing.assert_array_equal(dataset["seq_num"].values, range(1, 11))
    assert tutorial_run.primary.to_dask()["image"].sum().values == IMAGES.sum()


def test_canonical_documents_are_single_filled_events(tutorial_run):
    documents = list(tutorial_run.read_canonical())
    assert [name for name, _ in documents] == ["start", "descriptor", *["event"] * 10, "stop"]
    for row, (_, event) in enumerate(documents[2:-1]):
        assert isinstance(event["data"]["image"], np.ndarray)
        np.testing.assert_array_equal(event["data"]["image"], IMAGES[row])
        assert event["seq_num"] == row + 1


@pytest.mark.parametrize("fill", ["delayed", "yes"])
def test_filled_documents_come_as_pages(tutorial_run, fill):
    pages = [doc for name, doc in tutorial_run.documents(fill=fill) if name == "event_page"]
    assert sum(len(page["seq_num"]) for page in pages) == 10
    images = np.concatenate([np.asarray(page["data"]["image"]) for page in pages])
    np.testing.assert_array_equal(images, IMAGES)
    descriptor = dict(tutorial_run.documents(fill=fill))["descriptor"]
    assert descriptor["data_keys"]["image"]["dtype_numpy"] == "<u2"
    assert descriptor["data_keys"]["motor"]["dtype_numpy"] == "<f8"


def test_metadata_and_streams():
    run = BlueskyRun(count_run(3, sample={"name": "Cu"}))
    assert run.metadata["start"]["sample"] == {"name": "Cu"}
    assert run.metadata["stop"]["num_events"] == {"primary": 3}
    assert set(run.metadata) == {"start", "stop"}
    assert list(run) == ["primary"]
    assert "primary" in run
    assert "primary" in dir(run)
    assert repr(run) == f"<BlueskyRun uid={run.uid!r}>"
    with pytest.raises(RunNotFoundError, match="It has: primary"):
        run["baseline"]
    with pytest.raises(AttributeError, match="no stream 'baseline'"):
        _ = run.baseline


def test_the_summary_tells_uid_status_times_and_streams():
    from penstock.core.display import describe_run

    text = describe_run(BlueskyRun(count_run(3))._reader)
    for part in ("uid=", "exit_status='success'", " -- ", "* primary (3 events)"):
        assert part in text
    assert "<table>" in BlueskyRun(count_run(3))._repr_html_()


def test_what_a_receiver_does_to_documents_stays_with_it():
    run = BlueskyRun(count_run(2))
    for name, doc in run.documents():
        if name == "event_page":
            doc["data"]["x"][0] = 99
            doc["seq_num"].append(3)
        doc.clear()
    run.metadata["start"].clear()
    run.primary.metadata["descriptors"][0]["data_keys"].clear()
    assert run.metadata["start"]["uid"] == run.uid
    assert run.primary.read()["x"].values.tolist() == [0.0, 1.0]


def test_what_a_receiver_does_to_arrays_stays_with_it(tutorial_run):
    tutorial_run.primary.read()["image"].values[:] = 99
    for _, doc in tutorial_run.documents(fill="yes"):
        if "data" in doc:
            doc["data"]["image"][:] = 77
    np.testing.assert_array_equal(tutorial_run.primary.read()["image"].values, IMAGES)


def test_a_run_without_stop_is_welcome():
    run = BlueskyRun(count_run(2, stop=False))
    assert run.metadata["stop"] is None
    assert len(run.primary.read()["x"]) == 2
    assert [name for name, _ in run.read_canonical()][-1] == "event"


def test_a_run_of_a_start_alone_is_welcome():
    run = BlueskyRun(DocumentsSource([("start", {"uid": "6f2a", "time": 0.0})]))
    assert list(run) == []
    assert bool(run)


def test_runs_pickle():
    run = pickle.loads(pickle.dumps(BlueskyRun(count_run(3), root_map={"/a": "/b"})))
    assert len(run.primary.read()["x"]) == 3


def test_transforms_apply_to_their_documents():
    run = BlueskyRun(
        count_run(1),
        transforms={
            "start": lambda doc: doc | {"sample": "Cu"},
            "stop": lambda doc: doc | {"x": 1},
        },
    )
    assert run.metadata["start"]["sample"] == "Cu"
    assert run.metadata["stop"]["x"] == 1
    assert dict(run.documents())["start"]["sample"] == "Cu"


def test_each_pass_of_a_random_ingestor_is_consistent_in_itself():
    def ingest():
        bundle = event_model.compose_run(uid="6f2a")  # its other uids are random
        yield "start", bundle.start_doc
        stream = bundle.compose_descriptor(
            name="primary", data_keys={"x": {"shape": [], "dtype": "number", "source": "s"}}
        )
        yield "descriptor", stream.descriptor_doc
        yield "event", stream.compose_event(data={"x": 1}, timestamps={"x": 0.0}, time=0.0)

    run = BlueskyRun(CallSource(ingest, (), {}, start={"uid": "6f2a", "time": 5.0}))
    assert run.metadata["start"]["time"] == 5.0  # the start that was pulled stays what it was
    assert run.primary.read()["x"].values.tolist() == [1]


def test_a_pass_that_gives_another_run_is_refused():
    def ingest():
        yield "start", event_model.compose_run().start_doc

    run = BlueskyRun(CallSource(ingest, (), {}, start={"uid": "6f2a", "time": 5.0}))
    with pytest.raises(InconsistentRunError, match="Derive the uid from what is ingested"):
        list(run)


def test_large_arrays_in_events_are_not_kept(monkeypatch):
    monkeypatch.setattr("penstock.core.run.outline.KEEP_BYTES", 100)
    passes = []

    def ingest():
        passes.append(1)
        yield from tutorial_documents("numpy")

    start = {"uid": "6f2a", "time": 0.0}
    run = BlueskyRun(CallSource(ingest, (), {}, start=start))
    np.testing.assert_array_equal(run.primary.read()["image"].values, IMAGES)
    assert run._reader.outline.kept is None
    assert len(passes) == 2  # once for the outline, once for the images


EVENT = {
    "uid": "e",
    "descriptor": "d",
    "seq_num": 1,
    "time": 0.0,
    "data": {},
    "timestamps": {},
}


@pytest.mark.parametrize(
    ("documents", "message"),
    [
        ([("begin", {})], "not the name of a document"),
        ([("event", EVENT)], "has not come before"),
        ([("event", {"descriptor": "d", "seq_num": 1})], "an event document has no 'uid'"),
        ([("descriptor", {})], "a descriptor document has no 'uid'"),
        ([("descriptor", [])], "a descriptor document is a list"),
        ([("start", {"uid": "other"})], "second run starts"),
        ([("bulk_events", {})], "long gone"),
    ],
)
def test_documents_that_make_no_run_are_refused(documents, message):
    run = BlueskyRun(DocumentsSource([("start", {"uid": "6f2a", "time": 0.0}), *documents]))
    with pytest.raises(DocumentError, match=message):
        list(run)


def test_replay_satisfies_the_fields_live_callbacks():
    from penstock.core.documents import validate

    seen = []
    run = BlueskyRun(count_run(2, stop=False))
    run.replay(lambda name, doc: seen.append((name, doc)))
    names = [name for name, _ in seen]
    assert names == ["start", "descriptor", "event", "event", "stop"]
    for name, doc in seen:
        validate(name, doc)
    assert (seen[0][1]["scan_id"], seen[0][1]["num_points"]) == (0, 2)
    assert seen[-1][1]["exit_status"] == "abort"
    assert "scan_id" not in run.metadata["start"]
