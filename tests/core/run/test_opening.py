"""Documents that refer to bytes become arrays: all rows, in order, from real files."""

import h5py
import numpy as np
import pytest

from penstock.core.documents import RunComposer, array_key, column_key
from penstock.core.errors import AssetError, DocumentError, MissingFileError
from penstock.core.places import file_uri
from penstock.core.run import BlueskyRun
from penstock.core.run.source import DocumentsSource


@pytest.fixture
def file(tmp_path):
    """An HDF5 file of twenty small images, each full of its own number."""
    path = tmp_path / "images.h5"
    with h5py.File(path, "w") as handle:
        handle["images"] = np.repeat(np.arange(20, dtype="<u2"), 12).reshape(20, 3, 4)
    return path


def make_run(file, ranges, rows, *, pages=True, **settings):
    run = RunComposer(uid="6f2a", time=0.0)
    stream = run.stream(
        "primary",
        data_keys={
            "image": array_key((3, 4), "<u2", source="test", dims=("y", "x"), external=True),
            **({"theta": column_key([0.0], source="test")} if pages else {}),
        },
    )
    documents = [run.start(), stream.descriptor()]
    documents += stream.external(
        "image",
        mimetype="application/x-hdf5",
        uri=file_uri(file),
        parameters={"dataset": "images", "chunk_shape": [1, 3, 4], "locking": False},
        ranges=ranges,
    )
    if pages:
        documents += stream.pages(time=np.arange(rows), data={"theta": np.arange(float(rows))})
    documents.append(run.stop(time=1.0))
    return BlueskyRun(DocumentsSource(documents), **settings)


def test_rows_follow_the_stretches(file):
    run = make_run(file, [(0, 2), (10, 13)], 5)
    dataset = run.primary.read()
    assert dataset["image"].dims == ("time", "y", "x")
    assert dataset["image"].dtype == np.dtype("<u2")
    assert dataset["image"][:, 0, 0].values.tolist() == [0, 1, 10, 11, 12]
    assert run.primary.to_dask()["image"][3].values.max() == 11


@pytest.mark.parametrize("fill", ["delayed", "yes"])
def test_filled_documents_are_self_contained(file, fill):
    run = make_run(file, [(0, 2), (10, 13)], 5)
    documents = list(run.documents(fill=fill))
    assert {name for name, _ in documents} == {"start", "descriptor", "event_page", "stop"}
    descriptor = next(doc for name, doc in documents if name == "descriptor")
    assert descriptor["uid"] == run.primary.descriptors[0]["uid"]
    assert "external" not in descriptor["data_keys"]["image"]
    assert descriptor["data_keys"]["image"]["dtype_numpy"] == "<u2"
    pages = [doc for name, doc in documents if name == "event_page"]
    assert all(page["filled"] == {} for page in pages)
    images = np.concatenate([np.asarray(page["data"]["image"]) for page in pages])
    assert images[:, 0, 0].tolist() == [0, 1, 10, 11, 12]


def test_blocks_are_cut_at_the_same_rows_as_chunks(file, monkeypatch):
    monkeypatch.setattr("penstock.core.assets.array.block_rows", lambda row_bytes, multiple=1: 4)
    run = make_run(file, [(0, 10)], 10)
    pages = [doc for name, doc in run.documents(fill="delayed") if name == "event_page"]
    assert [len(page["seq_num"]) for page in pages] == [4, 4, 2]
    assert all(len(page["data"]["image"].chunks[0]) == 1 for page in pages)


def test_a_stream_without_events_still_has_its_frames(file):
    run = make_run(file, [(3, 6)], 3, pages=False)
    dataset = run.primary.read()
    assert dataset["image"][:, 0, 0].values.tolist() == [3, 4, 5]
    assert dataset["seq_num"].values.tolist() == [1, 2, 3]
    assert np.isnan(dataset["time"]).all()
    assert [name for name, _ in run.read_canonical()].count("event") == 3


def test_events_beyond_the_frames_are_read_as_missing(file):
    run = make_run(file, [(0, 2)], 3)
    assert run.primary.to_dask()["image"].shape == (3, 3, 4)
    with pytest.raises(MissingFileError, match="no frame was recorded for row 2"):
        run.primary.read()
    with pytest.warns(UserWarning, match="1 of 3 frames"):
        dataset = run.primary.read(bad_frames="mask")
    assert dataset["image"].dtype == np.float32
    assert dataset["image"].attrs["bad_seq_nums"] == [3]
    assert np.isnan(dataset["image"][2]).all()
    assert dataset["image"][1].values.max() == 1


def test_a_vanished_file_is_named(file):
    run = make_run(file, [(0, 2)], 2)
    file.unlink()
    with pytest.raises(MissingFileError, match=r"images\.h5"):
        run.primary.read()
    assert run.primary.read(["theta"])["theta"].values.tolist() == [0.0, 1.0]


def test_a_moved_file_is_found_through_the_root_map(file, tmp_path):
    moved = tmp_path / "elsewhere"
    moved.mkdir()
    run = make_run(file, [(0, 2)], 2, root_map={str(tmp_path): str(moved)})
    file.rename(moved / file.name)
    assert run.primary.read()["image"][:, 0, 0].values.tolist() == [0, 1]


def test_an_unknown_mimetype_says_what_to_do(file):
    documents = list(make_run(file, [(0, 2)], 2).documents())
    resource = next(doc for name, doc in documents if name == "stream_resource")
    resource["mimetype"] = "application/x-unheard-of"
    run = BlueskyRun(DocumentsSource(documents))
    with pytest.raises(AssetError, match=r"x-unheard-of.*Install a plug-in"):
        run.primary.read()


def change_datums(file, **changes):
    documents = list(make_run(file, [(0, 2), (5, 7)], 4).documents())
    datums = [doc for name, doc in documents if name == "stream_datum"]
    datums[1].update(changes)
    return BlueskyRun(DocumentsSource(documents))


@pytest.mark.parametrize(
    ("changes", "message"),
    [
        ({"seq_nums": {"start": 2, "stop": 4}}, "covered by two"),
        ({"indices": {"start": 5, "stop": 9}}, "4 indices for 2 sequence numbers"),
    ],
)
def test_contradicting_documents_are_refused(file, changes, message):
    with pytest.raises(DocumentError, match=message):
        change_datums(file, **changes).primary.read()


def test_datums_may_come_in_any_order(file):
    documents = list(make_run(file, [(0, 2), (5, 7)], 4).documents())
    datums = [item for item in documents if item[0] == "stream_datum"]
    others = [item for item in documents if item[0] not in ("stream_datum", "stop")]
    run = BlueskyRun(DocumentsSource([*others, *reversed(datums), documents[-1]]))
    assert run.primary.read()["image"][:, 0, 0].values.tolist() == [0, 1, 5, 6]
