"""What is written can be read: who writes refuses what readers would."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import msgpack
import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from penstock import BlueskyMsgpackCatalog
from penstock.core.documents import normalise
from penstock.core.errors import DocumentError, PenstockError
from penstock.core.run import BlueskyRun, DocumentsSource
from penstock.core.run.samples import count_run
from penstock.plugins.jsonl import BlueskyJSONLCatalog, export_run
from penstock.plugins.msgpack import decoding


def nested(depth: int, core: object = 1) -> Any:
    """Return lists and dicts in turn, one within the other."""
    for level in range(depth):
        core = [core] if level % 2 else {"x": core}
    return core


def run_with(place: str, value: Any) -> BlueskyRun:
    start: dict[str, Any] = {"uid": "6f2a", "time": 1.0}
    data_key: dict[str, Any] = {"source": "t", "dtype": "array", "shape": []}
    descriptor = {"uid": "d", "run_start": "6f2a", "time": 1.0, "name": "primary"}
    event = {"uid": "e", "descriptor": "d", "seq_num": 1, "time": 1.0, "filled": {}}
    event |= {"data": {"x": 1.0}, "timestamps": {"x": 1.0}}
    stop = {"uid": "s", "run_start": "6f2a", "time": 2.0, "exit_status": "success"}
    if place == "data":
        event["data"] = {"x": value}
    elif place == "data_keys":
        data_key["more"] = value
    else:
        {"start": start, "descriptor": descriptor, "stop": stop}[place]["more"] = value
    descriptor["data_keys"] = {"x": data_key}
    documents = [("start", start), ("descriptor", descriptor), ("event", event), ("stop", stop)]
    return BlueskyRun(DocumentsSource(documents))


PLACES = ["start", "descriptor", "data_keys", "data", "stop"]
CORES = st.sampled_from(
    [
        1,
        "text",
        [],
        {},
        1j,
        np.float32(1),
        frozenset({1}),
        np.arange(3),
        np.zeros((2, 3, 1)),
        np.zeros(2, [("a", [("b", [("c", "<u2", (2,))])])]),
        np.array([None, [1]], dtype=object),
        np.zeros((1,) * 33),
        np.zeros(600, "<f8"),
        "\ud800",
    ]
)


@settings(max_examples=60)
@given(
    place=st.sampled_from(PLACES),
    depth=st.one_of(st.integers(55, 70), st.integers(0, 3)),
    core=CORES,
    kind=st.sampled_from(["msgpack", "jsonl"]),
)
def test_what_is_written_is_read(
    tmp_path_factory: pytest.TempPathFactory, place: str, depth: int, core: object, kind: str
) -> None:
    folder = tmp_path_factory.mktemp("copies")
    try:
        run = run_with(place, nested(depth, core))
        item = run.cache(folder) if kind == "msgpack" else export_run(run, str(folder))
    except PenstockError:
        assert list(folder.iterdir()) == []
        assert depth > 50 or not isinstance(core, int | str | list | dict)
        return
    assert item.outcome == "ok"
    copies = (BlueskyMsgpackCatalog if kind == "msgpack" else BlueskyJSONLCatalog)(folder)
    assert [problem.why for problem in copies.problems] == []
    back = list(copies["6f2a"].documents("no"))
    assert [name for name, _ in back] in (
        ["start", "descriptor", "event", "stop"],
        ["start", "descriptor", "event_page", "stop"],
    )
    assert kind == "jsonl" or run.cache(folder).outcome == "skipped"


@pytest.mark.parametrize("place", PLACES)
def test_metadata_nest_as_deep_in_copies_as_in_catalogs(tmp_path: Path, place: str) -> None:
    value = nested(60)
    run = run_with(place, value)
    run.cache(tmp_path)
    copy = BlueskyMsgpackCatalog(tmp_path)["6f2a"]
    docs = dict(copy.documents("no"))
    found = {
        "data": lambda: docs.get("event", docs.get("event_page"))["data"]["x"],
        "data_keys": lambda: docs["descriptor"]["data_keys"]["x"]["more"],
    }.get(place, lambda: docs[place]["more"])()
    assert normalise(found) in (value, [value])


def test_bytes_that_are_no_array_count_for_themselves(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A large image beside them is not read for their sake, nor held against them."""
    monkeypatch.setattr(decoding, "limits_at", lambda position: decoding.START)
    image = np.zeros(2**25, "u1")
    event = {"descriptor": "d", "uid": "e", "seq_num": 1, "time": 1.0, "filled": {}}
    event |= {"data": {"x": image, "raw": bytes(5000)}, "timestamps": {"x": 1.0, "raw": 1.0}}
    documents = list(run_with("start", 1).documents("no"))
    documents[1][1]["data_keys"]["raw"] = {"source": "t", "dtype": "string", "shape": []}
    documents[2] = ("event", event)
    BlueskyRun(DocumentsSource(documents)).cache(tmp_path)
    copy = BlueskyMsgpackCatalog(tmp_path)["6f2a"]
    page = next(doc for name, doc in copy.documents("no") if name.startswith("event"))
    assert page["data"]["raw"] == [bytes(5000)]
    assert page["data"]["x"].shape == (1, 2**25)


def test_too_many_bytes_that_are_no_array_are_refused_by_name(tmp_path: Path) -> None:
    path = tmp_path / "6f2a.msgpack"
    start = {"uid": "6f2a", "time": 1.0, "raw": bytes(2**24 + 1)}
    path.write_bytes(msgpack.packb(["start", start]))
    (problem,) = BlueskyMsgpackCatalog(tmp_path).problems
    assert problem.subject == str(path)
    with pytest.raises(PenstockError, match="16 MiB of bytes that are no arrays") as caught:
        decoding.read_ends(str(path))
    assert caught.value.where == str(path)


@pytest.mark.parametrize("fields", ["deep", "many"])
def test_a_dtype_that_no_reader_takes_is_not_written(tmp_path: Path, fields: str) -> None:
    dtype: Any = "<u2"
    for _ in range(6):
        dtype = [("a", dtype)]
    if fields == "many":
        dtype = [(f"a{number}", "u1") for number in range(1001)]
    for count in (1, 2**17):
        with pytest.raises(DocumentError, match="dtype .* not read from copies"):
            run_with("data", np.zeros(count, dtype)).cache(tmp_path)
    assert list(tmp_path.iterdir()) == []


def test_halves_of_characters_come_back_and_are_copied_once(tmp_path: Path) -> None:
    run = BlueskyRun(count_run(2, uid="a\ud800", title="\udfff"))
    assert [run.cache(tmp_path).outcome for _ in range(2)] == ["ok", "skipped"]
    copies = BlueskyMsgpackCatalog(tmp_path)
    assert list(copies) == ["a\ud800"]
    assert copies["a\ud800"].metadata["start"]["title"] == "\udfff"
