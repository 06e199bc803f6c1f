"""Documents in, documents out: the law of copies."""

from __future__ import annotations

import io
from collections.abc import Iterator
from typing import Any

import msgpack
import msgpack_numpy
import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra import numpy as hnp

from penstock import BlueskyMsgpackCatalog
from penstock.core.documents import normalise, unpack_page
from penstock.core.errors import TooLargeError
from penstock.core.run import BlueskyRun, DocumentsSource
from penstock.plugins.msgpack.encoding import encode_document
from penstock.plugins.msgpack.walking import walk_items

keys = st.text(st.characters(codec="utf-8", exclude_characters=["\0"]), min_size=1, max_size=8)
plain = st.recursive(
    st.none()
    | st.booleans()
    | st.integers(-(2**63), 2**64 - 1)
    | st.floats()
    | st.text(st.characters(codec="utf-8"), max_size=300),
    lambda inner: st.lists(inner, max_size=20) | st.dictionaries(keys, inner, max_size=5),
    max_leaves=40,
)
dtypes = (
    hnp.integer_dtypes()
    | hnp.unsigned_integer_dtypes()
    | hnp.floating_dtypes()
    | hnp.complex_number_dtypes()
    | hnp.boolean_dtypes()
)


@st.composite
def runs(draw: st.DrawFn) -> list[tuple[str, dict[str, Any]]]:
    names = ["uid", "time"]
    metadata = draw(st.dictionaries(keys.filter(lambda key: key not in names), plain, max_size=4))
    rows = draw(st.integers(0, 40))
    columns: dict[str, Any] = {}
    for key in draw(st.lists(keys, max_size=4, unique=True)):
        shape = draw(st.sampled_from([(), (3,), (20, 30), (64, 64)]))
        if draw(st.booleans()):
            columns[key] = draw(
                hnp.arrays(draw(dtypes), (rows, *shape), fill=st.just(1), elements=st.just(1))
            )
        else:
            columns[key] = draw(st.lists(plain, min_size=rows, max_size=rows))
    stamps = [float(row) for row in range(rows)]
    run = [("start", {"uid": "6f2a", "time": draw(st.floats(0, 1e10)), **metadata})]
    data_keys = {key: data_key(column) for key, column in columns.items()}
    run.append(
        ("descriptor", {"uid": "d", "run_start": "6f2a", "time": 0.0, "data_keys": data_keys})
    )
    page = {
        "descriptor": "d",
        "uid": [f"event-{row}" for row in range(rows)],
        "seq_num": list(range(1, rows + 1)),
        "time": stamps,
        "data": columns,
        "timestamps": dict.fromkeys(columns, stamps),
        "filled": {},
    }
    run.append(("event_page", page))
    if draw(st.booleans()):
        run.append(("stop", {"uid": "s", "run_start": "6f2a", "time": 1.0, "notes": draw(plain)}))
    return run


def data_key(column: Any) -> dict[str, Any]:
    told: dict[str, Any] = {"source": "t", "dtype": "array"}
    if isinstance(column, np.ndarray):
        told |= {"dtype_numpy": column.dtype.str, "shape": list(column.shape[1:])}
    return told


def told(documents: Any) -> Iterator[tuple[str, str]]:
    """Rows one by one, arrays as type, shape and bytes, NaN as text: how pages are cut is free."""
    for name, doc in documents:
        for part in unpack_page(doc) if name == "event_page" else [doc]:
            if name == "descriptor":  # told of the first page; the events tell each array's own
                for item in part["data_keys"].values():
                    item.pop("dtype_numpy", None)
            yield name, repr(_plain(part))


def comparable(documents: Any) -> list[tuple[str, str]]:
    return list(told(documents))


def _plain(value: Any) -> Any:
    if isinstance(value, np.ndarray | np.generic):
        array = np.asarray(value)
        return array.dtype.str, array.shape, array.tobytes()
    if isinstance(value, dict):
        return {key: _plain(item) for key, item in value.items()}
    if isinstance(value, list | tuple):
        return [_plain(item) for item in value]
    return value


@given(runs())
def test_documents_come_out_as_they_went_in(tmp_path_factory: Any, documents: Any) -> None:
    folder = tmp_path_factory.mktemp("copies")
    run = BlueskyRun(DocumentsSource(documents))
    expected = comparable(run.documents("yes"))
    run.cache(folder)
    copy = BlueskyMsgpackCatalog(folder)["6f2a"]
    assert comparable(copy.documents("yes")) == expected
    assert comparable(BlueskyRun(DocumentsSource(list(copy.documents()))).documents("yes")) == (
        expected
    )


@given(st.lists(plain, max_size=30), st.integers(0, 6000))
def test_a_walk_ends_where_msgpack_does(tmp_path_factory: Any, values: Any, size: int) -> None:
    path = tmp_path_factory.mktemp("walk") / "items"
    items = [msgpack.packb(["stop", [value, bytes(size)]]) for value in values]
    path.write_bytes(b"".join(items))
    with path.open("rb") as file:
        found = [item.stop - item.start for item in walk_items(file.fileno(), str(path))]
    assert found == [len(item) for item in items]


@pytest.mark.parametrize(
    "value",
    [
        np.arange(6, dtype="<u2").reshape(2, 3),
        np.arange(10**5, dtype="f8"),
        np.asfortranarray(np.arange(10**5, dtype="i4").reshape(100, 1000)),
        np.arange(10**5)[::2],
        np.float32(0.1),
        np.bool_(True),
        3 + 4j,
        np.zeros(2, dtype=[("a", "<u2"), ("b", "<f4", (2,))]),
    ],
    ids=lambda value: f"{type(value).__name__} {getattr(value, 'shape', '')}",
)
def test_arrays_are_written_as_msgpack_numpy_does(value: Any) -> None:
    doc = {"data": {"x": value}}
    ours = b"".join(bytes(part) for part in encode_document("event_page", doc))
    theirs = msgpack.packb(["event_page", doc], default=msgpack_numpy.encode)
    assert list(msgpack.Unpacker(io.BytesIO(ours), strict_map_key=False)) == list(
        msgpack.Unpacker(io.BytesIO(theirs), strict_map_key=False)
    )


STRUCTURED = {
    "aligned": np.dtype([("a", "u1"), ("b", "<f4")], align=True),
    "out of order": np.dtype({"names": ["a", "b"], "formats": ["u1", "<f4"], "offsets": [6, 1]}),
    "overlapping": np.dtype({"names": ["a", "b"], "formats": ["u1", "<f4"], "offsets": [0, 0]}),
    "longer than its fields": np.dtype(
        {"names": ["a", "b"], "formats": ["u1", "<f4"], "offsets": [0, 1], "itemsize": 40}
    ),
    "with titles": np.dtype([(("the first", "a"), "u1"), (("the second", "b"), "<f4")]),
    "with arrays": np.dtype([("a", "u1", (2, 3)), ("b", "<f4")], align=True),
    "nested": np.dtype([("a", [("x", "u1"), ("b", ">f8")], (2,)), ("b", "<f4")], align=True),
    "of bytes": np.dtype("V5"),
    "of empty text": np.dtype([("a", "U0"), ("b", "<f4")]),
}


@pytest.mark.parametrize("kind", STRUCTURED)
@pytest.mark.parametrize("rows", [3, 1000])
def test_structured_arrays_come_back_whatever_their_layout(
    tmp_path: Any, kind: str, rows: int
) -> None:
    values = np.zeros((rows, 4), STRUCTURED[kind])
    values[:] = np.frombuffer(bytes(range(1, 1 + values.itemsize)), values.dtype, 1)[0]
    key = {"x": data_key(values) | {"dtype_numpy": ""}}
    stamps = [0.0] * rows
    documents = [
        ("start", {"uid": "6f2a", "time": 0.0}),
        ("descriptor", {"uid": "d", "run_start": "6f2a", "time": 0.0, "data_keys": key}),
        (
            "event_page",
            {
                "descriptor": "d",
                "uid": [str(row) for row in range(rows)],
                "seq_num": list(range(1, rows + 1)),
                "time": stamps,
                "data": {"x": values},
                "timestamps": {"x": stamps},
            },
        ),
        ("stop", {"uid": "s", "run_start": "6f2a", "time": 1.0}),
    ]
    path = BlueskyRun(DocumentsSource(documents)).cache(tmp_path).details["path"]
    copy = BlueskyMsgpackCatalog(tmp_path)["6f2a"].primary.read()["x"].values
    assert copy.dtype.names == values.dtype.names
    assert normalise(copy) == normalise(values)
    with open(path, "rb") as file:
        unpacker = msgpack.Unpacker(file, object_hook=msgpack_numpy.decode, max_buffer_size=2**30)
        theirs = [doc["data"]["x"] for name, doc in unpacker if name == "event_page"]
    assert {part.dtype.names for part in theirs} == {values.dtype.names}
    assert [row for part in theirs for row in normalise(part)] == normalise(values)


def test_padding_that_msgpack_numpy_wrote_is_passed_over(tmp_path: Any) -> None:
    values = np.zeros(3, np.dtype([(("t", "a"), "u1"), ("b", "<f4")], align=True))
    values["b"] = [1, 2, 3]
    doc = {"uid": "6f2a", "time": 0.0, "table": values}
    packed = msgpack.packb(["start", doc], default=msgpack_numpy.encode)
    (tmp_path / "a.msgpack").write_bytes(packed)
    start = BlueskyMsgpackCatalog(tmp_path)["6f2a"].metadata["start"]
    assert start["table"] == [[0, 1.0], [0, 2.0], [0, 3.0]]


@pytest.mark.parametrize("dtype", ["<U0", "S0"])
def test_texts_of_no_length_come_back(tmp_path: Any, dtype: str) -> None:
    empty = np.ndarray((3,), dtype, buffer=b"")
    BlueskyRun(DocumentsSource([("start", {"uid": "6f2a", "time": 0.0})])).cache(tmp_path)
    doc = {"data": {"x": empty}}
    ours = b"".join(bytes(part) for part in encode_document("event_page", doc))
    _, theirs = msgpack.unpackb(ours, object_hook=msgpack_numpy.decode)
    assert theirs["data"]["x"].tolist() == empty.tolist()


def test_pages_that_are_too_long_to_be_read_are_written_as_several(tmp_path: Any) -> None:
    rows, length = 60, 80_000  # more values than one document may have
    stamps = [0.0] * rows
    page = {
        "descriptor": "d",
        "uid": [str(row) for row in range(rows)],
        "seq_num": list(range(1, rows + 1)),
        "time": stamps,
        "data": {"x": [[row] * length for row in range(rows)]},
        "timestamps": {"x": stamps},
    }
    key = {"x": {"source": "t", "dtype": "array", "shape": [length]}}
    documents = [
        ("start", {"uid": "6f2a", "time": 0.0}),
        ("descriptor", {"uid": "d", "run_start": "6f2a", "time": 0.0, "data_keys": key}),
        ("event_page", page),
        ("stop", {"uid": "s", "run_start": "6f2a", "time": 1.0}),
    ]
    BlueskyRun(DocumentsSource(documents)).cache(tmp_path)
    copy = BlueskyMsgpackCatalog(tmp_path)["6f2a"].documents()
    told = [row for name, doc in copy if name == "event_page" for row in unpack_page(doc)]
    assert [row["seq_num"] for row in told] == page["seq_num"]
    assert [row["data"]["x"] for row in told] == page["data"]["x"]


def test_a_start_that_nobody_could_read_is_not_written(tmp_path: Any) -> None:
    for metadata in ({"x": [0] * 300_000}, {"x": "x" * (17 << 20)}):
        run = BlueskyRun(DocumentsSource([("start", {"uid": "6f2a", "time": 0.0, **metadata})]))
        with pytest.raises(TooLargeError, match="a start document holds"):
            run.cache(tmp_path)
    assert list(tmp_path.iterdir()) == []
