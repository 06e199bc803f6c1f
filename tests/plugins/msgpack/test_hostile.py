"""Files that were cut short, damaged, or made to do harm: clear errors, and nothing else."""

from __future__ import annotations

import contextlib
import json
import os
import pickle
import resource
import shutil
import subprocess
import sys
from pathlib import Path

import msgpack
import numpy as np
import pytest
import tifffile
from hypothesis import given
from hypothesis import strategies as st

from penstock import BlueskyMsgpackCatalog
from penstock.core.display import describe_run, run_html
from penstock.core.errors import PenstockError, UnsupportedFileError
from penstock.core.run import BlueskyRun, DocumentsSource
from penstock.core.run.samples import count_run
from penstock.plugins._file_source import FileSource
from penstock.plugins.jsonl import BlueskyJSONLCatalog, export_run
from penstock.plugins.msgpack.decoding import read_documents, read_ends
from penstock.plugins.msgpack.format import FORMAT
from penstock.plugins.msgpack.walking import Item, walk_items

START = ["start", {"uid": "6f2a", "time": 1.0}]
DESCRIPTOR = [
    "descriptor",
    {"uid": "d", "run_start": "6f2a", "time": 1.0, "name": "primary", "data_keys": {"x": {}}},
]


def write(path: Path, *items: object) -> Path:
    path.write_bytes(
        b"".join(item if isinstance(item, bytes) else msgpack.packb(item) for item in items)
    )
    return path


def page(column: object) -> list[object]:
    return [
        "event_page",
        {
            "descriptor": "d",
            "uid": ["a", "b"],
            "seq_num": [1, 2],
            "time": [1.0, 2.0],
            "data": {"x": column},
            "timestamps": {"x": [1.0, 2.0]},
            "filled": {},
        },
    ]


def nd(dtype: object = "<u2", shape: object = (2,), data: object = b"\0\0\0\0", kind=b"") -> object:
    return {b"nd": True, b"type": dtype, b"kind": kind, b"shape": shape, b"data": data}


# Pickles ------------------------------------------------------------------------------------------


class Exploit:
    def __init__(self, target: Path) -> None:
        self.target = target

    def __reduce__(self) -> tuple[object, ...]:
        return os.mkdir, (str(self.target),)


@pytest.mark.parametrize("place", ["start", "page", "list", "large"])
def test_an_array_of_objects_is_refused_and_nothing_runs(tmp_path: Path, place: str) -> None:
    target = tmp_path / "executed"
    padding = bytes(10_000) if place == "large" else b""
    bomb = nd("|O", data=pickle.dumps(Exploit(target)) + padding, kind=b"O")
    start = ["start", {**START[1], "bomb": bomb}] if place == "start" else START
    column = [bomb, bomb] if place == "list" else bomb
    path = write(tmp_path / "6f2a.msgpack", start, DESCRIPTOR, page(column))
    with pytest.raises(UnsupportedFileError, match="array of objects: a pickle"):
        list(read_documents(str(path)))
    catalog = BlueskyMsgpackCatalog(tmp_path)
    if place == "start":
        (problem,) = catalog.problems
        assert "pickle" in problem.why
    else:
        with pytest.raises(UnsupportedFileError, match="pickle"):
            catalog["6f2a"].primary.read()
    assert not target.exists()


@pytest.mark.parametrize(
    "array",
    [
        nd("|O"),
        nd("object"),
        nd([["a", "|O"]], kind=b"V"),
        nd([["a", [["b", "O"]]]], kind=b"V"),
        nd("<u2", shape=[3]),
        nd("<u2", shape=[-2, -1]),
        nd("<u2", shape=[2**62, 4]),
        nd("<u2", shape="2"),
        nd("<u2", shape=[1] * 100),
        nd("<u2", data="text"),
        nd("<u2", data=None),
        nd("u1,u1"),
        nd({"a": "b"}),
        nd("<U1000000000", shape=[0], data=b""),
        nd("V0", shape=[2**40], data=b""),
        nd("<U0", shape=[2**40], data=b""),
        nd("<u2", shape=[2**40, 0], data=b""),
        nd("<U1", shape=[1], data=b"\xff\xff\xff\xff"),
        nd([["a", ">U1"]], shape=[1], data=b"\x00\x11\x00\x00", kind=b"V"),
        {b"nd": False, b"type": "|O", b"data": b"\0" * 8},
        {b"nd": False, b"type": "<f8", b"data": b"\0" * 4},
        {b"complex": True, b"data": "__import__('os')"},
        {b"complex": True, b"data": b"1" * 1000},
        {b"nd": True},
    ],
)
def test_what_is_no_plain_array_is_refused_or_harmless(tmp_path: Path, array: object) -> None:
    path = write(tmp_path / "6f2a.msgpack", START, DESCRIPTOR, page(array))
    try:
        documents = list(read_documents(str(path)))
    except UnsupportedFileError:
        pass
    else:
        column = documents[-1][1]["data"]["x"]
        assert isinstance(column, np.ndarray)
        assert column.size == 0


@pytest.mark.parametrize("where", ["small", "large"])
def test_text_that_is_none_hides_no_other_file(tmp_path: Path, where: str) -> None:
    count = 2 if where == "small" else 2000
    array = nd("<U1", shape=[count], data=b"\xff\xff\xff\x7f" * count)
    write(tmp_path / "bad.msgpack", ["start", {**START[1], "names": array}])
    write(tmp_path / "page.msgpack", START, DESCRIPTOR, page([array, array]))
    BlueskyRun(count_run(1, uid="good")).cache(tmp_path)
    catalog = BlueskyMsgpackCatalog(tmp_path)
    assert sorted(catalog) == ["6f2a", "good"]
    (problem,) = catalog.problems.with_outcome("failed")
    assert problem.why == "an array of text holds what are no characters"
    with pytest.raises(UnsupportedFileError, match="no characters"):
        catalog["6f2a"].primary.read()


# Lengths and depths -----------------------------------------------------------------------------

BOMBS = {
    "list of 2^32": b"\xdd\xff\xff\xff\xff",
    "map of 2^32": b"\xdf\xff\xff\xff\xff",
    "bytes of 2^32": b"\xc6\xff\xff\xff\xff",
    "text of 2^32": b"\xdb\xff\xff\xff\xff",
    "lists in lists": b"\x91" * 1_000_000,
    "maps in maps": b"\x81\xa1x" * 1_000_000,
    "huge lists in huge lists": b"\xdd\x00\x0f\x00\x00" * 1_000_000,
    "extension": b"\xc7\x10\x01" + bytes(16),
    "token": b"\xd8\x01" + bytes(16),
    "never used": b"\xc1",
    "key that is a list": b"\x81\x91\x01\x01",
    "text that is no text": b"\xa1\xff",
    "empty maps": b"\xdd\x01\x00\x00\x00" + b"\x80" * 2**24,
    "empty maps in empty lists": b"\xdd\x00\x40\x00\x00" + b"\x93\x80\x80\x80" * 2**22,
    "numbers": b"\xdd\x01\x00\x00\x00" + b"\x01" * 2**24,
    "text of 17 MiB": b"\xdb\x01\x10\x00\x00" + b"x" * (17 << 20),
    "array of a million numbers": msgpack.packb(nd("<u1", [2**20], bytes(2**20))),
    "2^40 lists in an array": msgpack.packb(nd("<u1", [2**40, 0], b"")),
    "2^40 texts in an array": msgpack.packb(nd("<U0", [2**40], b"")),
}


@pytest.mark.parametrize("bomb", BOMBS)
def test_bombs_are_refused_in_little_memory(tmp_path: Path, bomb: str) -> None:
    head = b"\x92\xa5start\x82\xa3uid\xa46f2a\xa4bomb"
    path = write(tmp_path / "6f2a.msgpack", head + BOMBS[bomb])
    code = f"""
import resource, sys
from penstock import BlueskyMsgpackCatalog
catalog = BlueskyMsgpackCatalog({str(tmp_path)!r})
import penstock.plugins.msgpack.decoding
before = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
(problem,) = catalog.problems
after = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
assert (after - before) < 40_000, after - before
print(problem.why)
"""
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True)
    assert done.returncode == 0, done.stderr
    assert done.stdout.strip()
    assert path.exists()


def test_bombs_in_json_lines_are_refused_in_little_memory(tmp_path: Path) -> None:
    for name, bomb in {"maps": b"{}," * 2**22, "text": b'"' + b"x" * (17 << 20) + b'",'}.items():
        head = b'["start", {"uid": "6f2a", "time": 1.0, "bomb": ['
        (tmp_path / f"{name}.jsonl").write_bytes(head + bomb + b"0]}]\n")
    code = f"""
import resource
from penstock.plugins.jsonl import BlueskyJSONLCatalog
catalog = BlueskyJSONLCatalog({str(tmp_path)!r})
before = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
assert len(catalog.problems) == 2
after = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
assert (after - before) < 60_000, after - before
"""
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True)
    assert done.returncode == 0, done.stderr


@pytest.mark.parametrize(("depth", "is_read"), [(50, True), (70, False)])
def test_documents_nest_so_deep_and_no_deeper(tmp_path: Path, depth: int, is_read: bool) -> None:
    deep = b"\x92\xa4stop\x81\xa1x" + b"\x91" * depth + b"\x01"
    path = write(tmp_path / "6f2a.msgpack", START, deep)
    if is_read:
        assert len(list(read_documents(str(path)))) == 2
    else:
        with pytest.raises(UnsupportedFileError, match="nests more than 64 deep"):
            list(read_documents(str(path)))


def test_empty_maps_in_many_documents_add_up(tmp_path: Path) -> None:
    """None of them is beyond what one may hold; together they would take a gigabyte."""
    maps = b"\x92\xa5event\x81\xa1x\xdd\x00\x30\x00\x00" + b"\x80" * (3 << 20)
    path = write(tmp_path / "6f2a.msgpack", START, *[maps] * 2)
    with pytest.raises(UnsupportedFileError, match="too many lists and maps"):
        walk(path)
    assert len(walk(write(path, START, maps))) == 2


def walk(path: Path) -> list[Item]:
    with path.open("rb") as file:
        return list(walk_items(file.fileno(), str(path)))


def test_the_number_of_lists_may_grow_with_the_file(tmp_path: Path) -> None:
    pairs = msgpack.packb(["event", {"x": [["0123456789abcdef"]] * 2**20}])
    assert len(walk(write(tmp_path / "6f2a.msgpack", START, *[pairs] * 5))) == 6


@pytest.mark.parametrize("junk", [b"\xc0", b"\x92\xa5other\x80", b"\x93\xa4stop\x80\x80", b"\x90"])
def test_junk_is_refused_at_its_first_byte(tmp_path: Path, junk: bytes) -> None:
    path = write(tmp_path / "6f2a.msgpack", START)
    size = path.stat().st_size
    write(path, START, junk * 10)
    with pytest.raises(UnsupportedFileError, match=f"at byte {size}, no document begins"):
        walk(path)


@pytest.mark.parametrize("is_wide", [False, True])
def test_what_stands_beside_arrays_is_counted_in_bytes(tmp_path: Path, is_wide: bool) -> None:
    texts = ["x" * 1000] * (17 * 1024 if is_wide else 15 * 1024)
    path = write(tmp_path / "6f2a.msgpack", ["start", {**START[1], "x": texts, "y": bytes(2**23)}])
    if is_wide:
        with pytest.raises(UnsupportedFileError, match="more than 16 MiB beside its arrays"):
            walk(path)
    else:
        assert len(walk(path)) == 1


def test_alternating_elements_are_walked_in_a_moment(tmp_path: Path) -> None:
    # Two texts of one length, then another: what a search for stretches is slowest at.
    odd = msgpack.packb(["aa", "bb", "c"] * 200_000)
    path = write(tmp_path / "6f2a.msgpack", START, b"\x92\xa4stop\x81\xa1x" + odd)
    before = resource.getrusage(resource.RUSAGE_SELF).ru_utime
    list(read_documents(str(path)))
    assert resource.getrusage(resource.RUSAGE_SELF).ru_utime - before < 5


@pytest.mark.parametrize(
    "item",
    [
        b"",
        b"II*\0 a TIFF",
        msgpack.packb(1),
        msgpack.packb(["start"]),
        msgpack.packb(["start", 5]),
        msgpack.packb(["no document", {}]),
        msgpack.packb([["start"], {}]),
        msgpack.packb(["start", {}]),
        msgpack.packb(["start", {"uid": 5, "time": 1.0}]),
        msgpack.packb(["start", {"uid": "", "time": 1.0}]),
        msgpack.packb(["start", {"uid": "6f2a", "time": "now"}]),
        msgpack.packb(["stop", {"uid": "6f2a", "time": 1.0}]),
    ],
)
def test_what_begins_with_no_start_is_named_and_the_others_are_listed(
    tmp_path: Path, item: bytes
) -> None:
    write(tmp_path / "bad.msgpack", item)
    BlueskyRun(count_run(1, uid="good")).cache(tmp_path)
    catalog = BlueskyMsgpackCatalog(tmp_path)
    assert list(catalog) == ["good"]
    (problem,) = catalog.problems
    assert problem.subject == str(tmp_path / "bad.msgpack")
    assert problem.outcome == "failed"


@pytest.mark.parametrize("uid", ["../../x", "/etc/passwd", "a/../../b"])
def test_a_uid_with_a_path_in_it_is_only_a_name(tmp_path: Path, uid: str) -> None:
    folder = tmp_path / "in"
    folder.mkdir()
    write(folder / "x.msgpack", ["start", {"uid": uid, "time": 1.0}])
    BlueskyMsgpackCatalog(folder).cache(tmp_path / "out")
    assert sorted(os.listdir(tmp_path)) == ["in", "out"]
    assert list(BlueskyMsgpackCatalog(tmp_path / "out")) == [uid]


def test_another_run_behind_the_first_is_an_error(tmp_path: Path) -> None:
    write(tmp_path / "a.msgpack", START, ["start", {"uid": "7777", "time": 1.0}])
    with pytest.raises(PenstockError, match="7777"):
        BlueskyMsgpackCatalog(tmp_path)["6f2a"].metadata["stop"]


# Documents that lack something -------------------------------------------------------------------

WHOLE = [
    ("start", START[1]),
    (
        "descriptor",
        {
            "uid": "d",
            "time": 1.0,
            "name": "primary",
            "data_keys": {
                "x": {"source": "t", "dtype": "number", "shape": []},
                "old": {"source": "t", "dtype": "array", "shape": [1], "external": "FILESTORE:"},
                "new": {"source": "t", "dtype": "array", "shape": [1, 4], "external": "STREAM:"},
            },
        },
    ),
    ("resource", {"uid": "r", "spec": "S", "resource_path": "p", "resource_kwargs": {}}),
    ("datum", {"datum_id": "r/1", "resource": "r", "datum_kwargs": {}}),
    ("datum_page", {"datum_id": ["r/2"], "resource": "r", "datum_kwargs": {}}),
    (
        "stream_resource",
        {
            "uid": "s",
            "data_key": "new",
            "mimetype": "multipart/related;type=image/tiff",
            "uri": "file://localhost/raw/",
            "parameters": {"template": "{:d}.tif", "chunk_shape": [1, 1, 4]},
        },
    ),
    (
        "stream_datum",
        {
            "uid": "s/1",
            "stream_resource": "s",
            "descriptor": "d",
            "seq_nums": {"start": 1, "stop": 3},
            "indices": {"start": 0, "stop": 2},
        },
    ),
    (
        "event",
        {
            "uid": "e1",
            "descriptor": "d",
            "seq_num": 1,
            "time": 1.0,
            "data": {"x": 1.0, "old": "r/1"},
            "timestamps": {"x": 1.0, "old": 1.0},
            "filled": {"old": False},
        },
    ),
    (
        "event_page",
        {
            "uid": ["e2"],
            "descriptor": "d",
            "seq_num": [2],
            "time": [1.0],
            "data": {"x": [1.0], "old": ["r/2"]},
            "timestamps": {"x": [1.0], "old": [1.0]},
            "filled": {"old": [False]},
        },
    ),
    ("stop", {"uid": "stop", "run_start": "6f2a", "time": 2.0, "exit_status": "success"}),
]


class Handler:
    def __init__(self, path: str) -> None:
        pass

    def __call__(self) -> np.ndarray:
        return np.zeros(1)


@pytest.mark.parametrize("kind", ["msgpack", "jsonl"])
@pytest.mark.parametrize("damage", ["gone", None, 5, "text", [], {}, [{}], {"x": 5}])
def test_documents_that_lack_something_are_told_as_errors_of_ours(
    tmp_path: Path, kind: str, damage: object
) -> None:
    """Whatever is missing, or of another type: it does not matter, or the error says what."""
    pack = msgpack.packb if kind == "msgpack" else lambda pair: json.dumps(pair).encode() + b"\n"
    catalog_of = BlueskyMsgpackCatalog if kind == "msgpack" else BlueskyJSONLCatalog
    path = tmp_path / f"6f2a.{kind}"
    for frame in range(2):
        tifffile.imwrite(tmp_path / f"{frame}.tif", np.zeros((1, 4), "u2"), metadata=None)
    settings = {"handler_registry": {"S": Handler}, "root_map": {"/raw": str(tmp_path)}}
    path.write_bytes(b"".join(map(pack, WHOLE)))
    for use in USES:
        use(catalog_of(tmp_path, **settings)["6f2a"], tmp_path)  # none of them fails as it is
    for number, (name, doc) in enumerate(WHOLE):
        for part in doc:
            damaged = {key: value for key, value in doc.items() if key != part}
            if damage != "gone":
                damaged[part] = damage
            documents = [*WHOLE[:number], (name, damaged), *WHOLE[number + 1 :]]
            path.write_bytes(b"".join(map(pack, documents)))
            shutil.rmtree(tmp_path / "out", ignore_errors=True)
            for use in USES:
                with contextlib.suppress(PenstockError):
                    use(catalog_of(tmp_path, **settings)["6f2a"], tmp_path)


USES = [
    lambda run, folder: repr(run),
    lambda run, folder: run_html(run._reader),
    lambda run, folder: describe_run(run._reader),
    lambda run, folder: run["primary"].read(),
    lambda run, folder: run["primary"].to_dask(),
    lambda run, folder: run["primary"].timestamps.read(),
    lambda run, folder: list(run.read_canonical()),
    lambda run, folder: list(run.documents("delayed")),
    lambda run, folder: run.replay(lambda name, doc: None),
    lambda run, folder: run.cache(folder / "out"),
    lambda run, folder: run.cache(folder / "out"),
    lambda run, folder: export_run(run, str(folder / "out")),
]


# Cut short --------------------------------------------------------------------------------------


def test_cut_anywhere_a_file_is_a_partial_run_or_named(tmp_path: Path) -> None:
    documents = list(count_run(200, uid="6f2a").documents())
    large = ("event_page", page(np.zeros((2, 100, 100), "u2"))[1] | {"descriptor": "d2"})
    descriptor = ("descriptor", DESCRIPTOR[1] | {"uid": "d2", "name": "images"})
    documents[-1:-1] = [descriptor, large]
    whole = BlueskyRun(DocumentsSource(documents)).cache(tmp_path / "whole").details["path"]
    content = Path(whole).read_bytes()
    folder = tmp_path / "cut"
    folder.mkdir()
    seen = set()
    for size in [*range(0, len(content), 1000), *range(len(content) - 200, len(content))]:
        (folder / "6f2a.msgpack").write_bytes(content[:size])
        catalog = BlueskyMsgpackCatalog(folder)
        if not len(catalog):
            (problem,) = catalog.problems
            assert "is empty" in problem.why or f"ends at byte {size}" in problem.why
            continue
        run = catalog["6f2a"]
        seen.add(tuple(run))
        told = run.provenance.get("truncated")
        if told is None:  # cut between two documents: whole ones are all there is
            assert run.metadata["stop"] is None
        else:
            within = f"ends at byte {size}, within the document that begins at byte"
            assert told == "ends before the stop document" or told.startswith(within)
            assert run.metadata["stop"] is None
        for name in run:
            run[name].read()
    assert {("primary",), ("primary", "images")} <= seen


@given(data=st.data())
def test_damage_anywhere_is_an_error_of_ours_or_other_data(
    tmp_path_factory: pytest.TempPathFactory, data: st.DataObject
) -> None:
    folder = tmp_path_factory.mktemp("damaged")
    path = BlueskyRun(count_run(5, uid="6f2a")).cache(folder).details["path"]
    content = bytearray(Path(path).read_bytes())
    start = read_ends(path).start
    for _ in range(data.draw(st.integers(1, 5))):
        content[data.draw(st.integers(0, len(content) - 1))] = data.draw(st.integers(0, 255))
    Path(path).write_bytes(bytes(content))
    with contextlib.suppress(PenstockError):
        for _ in read_documents(path):
            pass
    with contextlib.suppress(PenstockError):
        list(FileSource(path, start, FORMAT).documents())
