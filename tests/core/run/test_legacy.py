"""``resource`` and ``datum`` documents fill through handlers, lazily."""

from typing import ClassVar

import event_model
import numpy as np
import pytest

from penstock.core.errors import AssetError, FrameMismatchError
from penstock.core.run import BlueskyRun
from penstock.core.run.source import CallSource, DocumentsSource


class NpyHandler:
    """Reads frames of an .npy file, as handlers of this kind do: by path, then by index."""

    opened: ClassVar[list[str]] = []

    def __init__(self, path, **resource_kwargs):
        self.opened.append(str(path))
        self.array = np.load(path)

    def __call__(self, index):
        return self.array[index]


@pytest.fixture
def run(tmp_path):
    NpyHandler.opened.clear()
    np.save(tmp_path / "frames.npy", np.arange(24, dtype="<u2").reshape(4, 2, 3))
    bundle = event_model.compose_run()
    documents = [("start", bundle.start_doc)]
    resource = bundle.compose_resource(
        spec="NPY", root=str(tmp_path), resource_path="frames.npy", resource_kwargs={}
    )
    documents.append(("resource", resource.resource_doc))
    stream = bundle.compose_descriptor(
        name="primary",
        data_keys={
            "image": {
                "shape": [2, 3],
                "dtype": "array",
                "source": "test",
                "external": "FILESTORE:",
            }
        },
    )
    documents.append(("descriptor", stream.descriptor_doc))
    for index in range(4):
        datum = resource.compose_datum(datum_kwargs={"index": index})
        documents.append(("datum", datum))
        event = stream.compose_event(
            data={"image": datum["datum_id"]},
            timestamps={"image": float(index)},
            filled={"image": False},
            time=float(index),
        )
        documents.append(("event", event))
    documents.append(("stop", bundle.compose_stop()))
    return BlueskyRun(DocumentsSource(documents), handler_registry={"NPY": NpyHandler})


def test_reading_fills(run):
    assert run.primary.read()["image"].values.ravel().tolist() == list(range(24))


def test_listing_opens_nothing(run):
    assert list(run) == ["primary"]
    assert run.metadata["stop"]["exit_status"] == "success"
    assert NpyHandler.opened == []


def test_lazy_rows_read_their_own_datum(run):
    assert run.primary.to_dask()["image"][2].values.tolist() == [[12, 13, 14], [15, 16, 17]]


def test_documents_fill(run):
    events = [doc for name, doc in run.read_canonical() if name == "event"]
    assert [event["data"]["image"][0, 0] for event in events] == [0, 6, 12, 18]
    names = {name for name, _ in run.documents(fill="yes")}
    assert names == {"start", "descriptor", "event_page", "stop"}


def test_an_unknown_spec_says_what_to_do(run):
    bare = BlueskyRun(DocumentsSource(list(run.documents())))
    with pytest.raises(AssetError, match="handler_registry"):
        bare.primary.read()


def test_a_handler_that_fails_is_named_with_its_file(run, tmp_path):
    (tmp_path / "frames.npy").write_bytes(b"broken")
    with pytest.raises(AssetError, match=r"frames\.npy: its handler failed"):
        run.primary.read()


def test_frames_of_different_shape_are_named(run, tmp_path):
    class Ragged(NpyHandler):
        def __call__(self, index):
            return np.zeros((2, 3 if index < 2 else 5))

    documents = list(run.documents())
    other = BlueskyRun(DocumentsSource(documents), handler_registry={"NPY": Ragged})
    with pytest.raises(FrameMismatchError, match="event 3 has shape"):
        other.primary.read()


def test_a_root_map_relocates(run, tmp_path):
    moved = tmp_path / "moved"
    moved.mkdir()
    (tmp_path / "frames.npy").rename(moved / "frames.npy")
    there = BlueskyRun(
        DocumentsSource(list(run.documents())),
        handler_registry={"NPY": NpyHandler},
        root_map={str(tmp_path): str(moved)},
    )
    assert there.primary.read()["image"].shape == (4, 2, 3)


def test_frames_of_a_larger_dtype_are_named_not_cut(run):
    class Widening(NpyHandler):
        def __call__(self, index):
            return np.full((2, 3), 7 if index == 0 else 300, "u1" if index == 0 else "u2")

    other = BlueskyRun(DocumentsSource(list(run.documents())), handler_registry={"NPY": Widening})
    with pytest.raises(FrameMismatchError, match="event 2 has dtype uint16"):
        other.primary.read()


def test_events_between_datums_are_still_filled_as_one_page(run):
    pages = [doc for name, doc in run.documents(fill="yes") if name == "event_page"]
    assert [len(page["seq_num"]) for page in pages] == [4]


def test_some_values_filled_and_some_not(run):
    documents = list(run.documents())
    event = next(doc for name, doc in documents if name == "event" and doc["seq_num"] == 2)
    event["data"]["image"], event["filled"]["image"] = np.full((2, 3), 99, "u2"), "already"
    mixed = BlueskyRun(DocumentsSource(documents), handler_registry={"NPY": NpyHandler})
    events = [doc for name, doc in mixed.read_canonical() if name == "event"]
    assert [doc["data"]["image"][0, 0] for doc in events] == [0, 99, 12, 18]
    assert mixed.primary.read()["image"][:, 0, 0].values.tolist() == [0, 99, 12, 18]


def test_random_datum_ids_are_found_again_in_a_later_pass(run, monkeypatch):
    monkeypatch.setattr("penstock.core.run.outline.KEEP_BYTES", 100)
    passes = iter(range(100))
    recorded = list(run.documents())

    def renamed():
        suffix = f"-{next(passes)}"
        for name, doc in recorded:
            doc = {**doc}
            if name == "datum":
                doc["datum_id"] += suffix
            if name == "event":
                doc["data"] = {"image": doc["data"]["image"] + suffix}
            yield name, doc

    source = CallSource(renamed, (), {}, start=run.metadata["start"])
    other = BlueskyRun(source, handler_registry={"NPY": NpyHandler})
    assert other.primary.read()["image"].values.ravel().tolist() == list(range(24))


def test_filled_descriptors_tell_the_dtype(run):
    for fill in ("delayed", "yes"):
        descriptor = dict(run.documents(fill=fill))["descriptor"]
        assert descriptor["data_keys"]["image"]["dtype_numpy"] == "<u2"
