"""Starts in SQLite: they come back equal, all or none go in, and threads share them."""

import contextlib
import os
import sqlite3
import threading

import pytest
from hypothesis import given, settings

from penstock.core.errors import CatalogError, DocumentError
from penstock.core.index.connections import Connections
from penstock.core.index.encoding import decode_document, encode_document
from penstock.core.index.run_index import RunIndex
from penstock.core.index.searching import Search
from penstock.core.mongo import Query

from .test_searching import documents, values


@pytest.fixture(params=["memory", "file"])
def index(request, tmp_path):
    def prepare(connection):
        connection.execute("PRAGMA journal_mode = WAL")

    path = ":memory:" if request.param == "memory" else tmp_path / "runs.db"
    index = RunIndex(Connections(path, prepare=prepare))
    yield index
    index.close()


def start(uid, time=0.0, **fields):
    return {"uid": uid, "time": time, **fields}


def repr_sorted(documents):
    return sorted(map(repr, documents))


@given(values)
def test_documents_come_back_equal(value):
    text, _ = encode_document({"value": value, "a.b": [value]})
    back = decode_document(text.decode("utf-8", "surrogatepass"))
    assert repr(back) == repr({"value": value, "a.b": [value]})  # NaN, -0.0 and 1.0 included


@settings(max_examples=50, deadline=None)
@given(documents)
def test_what_was_put_in_comes_out(documents):
    index = RunIndex()
    index.put_many(documents)
    assert repr_sorted(d for _, _, d in index.documents(range(99))) == repr_sorted(documents)
    assert [repr(index.start(each["uid"])) for each in documents] == list(map(repr, documents))


def test_lookups(index):
    index.put_many([start("6f2a", 5.0, scan_id=1), start("6f9b", 7.0, scan_id=1), start("7", 6)])
    assert list(index.uids()) == ["6f2a", "6f9b", "7"]
    assert index.with_prefix("6f") == ["6f2a", "6f9b"]
    assert index.with_prefix("6f", 1) == ["6f2a"]
    assert index.newest() == ["6f9b", "7", "6f2a"]
    assert index.newest(1, 1) == ["7"]
    assert list(index.with_scan_id(1)) == ["6f9b", "6f2a"]
    assert "7" in index
    assert "8" not in index
    assert len(index) == 3


@pytest.mark.parametrize("uid", ["\ud800", "a\x00b", "é", "a%b_", "x" * 5000, "'"])
def test_any_text_can_be_a_uid(index, uid):
    index.put(start(uid, n=1))
    index.put(start(uid, n=2))
    assert index.uids() == [uid]
    assert index.start(uid)["n"] == 2
    assert index.with_prefix(uid[:1]) == [uid]
    assert list(Search(index, Query({"uid": uid})).uids()) == [uid]
    index.remove(uid)
    assert index.uids() == []


@pytest.mark.parametrize("scan_id", [True, 1.0, "1", [1], None])
def test_only_integers_are_scan_ids(index, scan_id):
    index.put_many([start("a", scan_id=scan_id), start("b", scan_id=2**70)])
    assert list(index.with_scan_id(1)) == []
    assert list(index.with_scan_id(2**70)) == ["b"]
    assert list(index.with_scan_id(2**70 + 1)) == []


def test_a_scan_id_that_goes_away_meanwhile_is_not_found(index):
    index.put_many([start("a", scan_id=1), start("b", scan_id=1)])
    documents = index.documents

    def replaced_just_now(ids):
        index.put(start("b"))
        return documents(ids)

    index.documents = replaced_just_now
    assert list(index.with_scan_id(1)) == ["a"]


def test_time_and_uid_have_no_need_of_an_index(index):
    index.put(start("a"))
    assert [index.create_index(path) for path in ("time", "uid", "n")] == [False, False, True]
    assert sorted(index.indexes()) == ["n", "scan_id"]


def test_a_replaced_run_keeps_its_id_and_a_removed_one_leaves_its_own_behind(index):
    assert index.put_many([start("a"), start("b"), start("b", n=1)]) == {"a": 1, "b": 2}
    assert index.put(start("a", 9.0)) == 1
    assert index.remove("b") == 2
    assert index.put(start("c")) == 3
    assert index.uids() == ["a", "c"]
    with pytest.raises(KeyError):
        index.remove("b")
    with pytest.raises(KeyError):
        index.start("b")


def test_all_go_in_or_none(index):
    index.create_index("n")
    index.put(start("a", n=1))
    with pytest.raises(DocumentError, match="cannot be stored"):
        index.put_many([start("a", n=2), start("b"), start("c", n=10**5000)])
    with contextlib.suppress(InterruptedError), index.write():
        index.put_many([start("a", n=2), start("b")])
        assert index.uids() == ["a", "b"]  # seen by who writes
        raise InterruptedError
    assert index.uids() == ["a"]
    assert list(Search(index, Query({"n": 1})).uids()) == ["a"]
    assert len(index) == 1


def test_a_file_stays(tmp_path):
    path = tmp_path / "runs.db"
    index = RunIndex(path)
    index.create_index("sample.name")
    index.put_many([start("a", sample={"name": "Cu"}), start("b")])
    index.close()
    with pytest.raises(CatalogError, match="closed"):
        len(index)
    again = RunIndex(path)
    assert again.uids() == ["a", "b"]
    assert again.indexes() == {"scan_id": True, "sample.name": True}
    explanation = Search(again, Query({"sample.name": "Cu"})).explain()
    assert (explanation.found, explanation.looked_at) == (1, 0)
    again.close()


def test_what_must_not_be_written_is_read(tmp_path):
    path = tmp_path / "runs.db"
    index = RunIndex(path)
    index.put_many([start(f"u{n}", n=n) for n in range(600)])
    index.close()
    index = RunIndex(Connections(path, readonly=True))
    found = Search(index, Query({"n": {"$lt": 3}}))
    assert list(found.uids()) == ["u0", "u1", "u2"]
    assert found.explain().built == ()
    with pytest.raises(sqlite3.OperationalError, match="readonly"):
        index.put(start("a"))
    index.close()


def test_what_another_process_writes_is_seen(tmp_path):
    ours, theirs = RunIndex(tmp_path / "runs.db"), RunIndex(tmp_path / "runs.db")
    ours.put(start("a", n=1))
    found = Search(ours, Query({"n": {"$gte": 1}}))
    assert list(found.uids()) == ["a"]
    theirs.create_index("n")
    theirs.put(start("b", n=2))
    assert list(found.uids()) == ["a", "b"]
    ours.put(start("c", n=3))  # and enters the index that the other one made
    assert list(Search(theirs, Query({"n": 3})).uids()) == ["c"]
    ours.close()
    theirs.close()


def test_threads_read_while_one_writes(index):
    failures, done = [], threading.Event()

    def write():
        for first in range(0, 400, 10):
            index.put_many(
                [start(f"u{n:03d}", float(n), n=n, s=f"s{n % 5}") for n in range(first, first + 10)]
            )
            index.remove(f"u{first:03d}")

    def read():
        try:
            while not done.is_set():
                found = Search(index, Query({"s": "s1", "n": {"$gte": 0}}))
                uids = list(found.uids())
                assert uids == sorted(uids)
                # Ten go in at once, two of which are found.
                assert len(found) % 2 == 0
                for _, uid, document in index.documents(range(1, 50)):
                    assert document["uid"] == uid
                index.newest(5)
        except Exception as error:  # told to the test's own thread
            failures.append(error)

    index.create_index("s")
    readers = [threading.Thread(target=read) for _ in range(4)]
    writer = threading.Thread(target=write)
    for thread in [*readers, writer]:
        thread.start()
    writer.join(timeout=120)
    done.set()
    for thread in readers:
        thread.join(timeout=60)
    assert not failures
    assert len(index) == 360
    assert len(Search(index, Query({"s": "s1"}))) == 80


@pytest.mark.skipif(not hasattr(os, "fork"), reason="needs fork")
@pytest.mark.filterwarnings("ignore:.*fork.*:DeprecationWarning")
def test_readers_that_are_not_needed_give_their_memory_back(tmp_path):
    index = RunIndex(tmp_path / "runs.db")
    index.put(start("a"))
    with contextlib.ExitStack() as stack:
        held = [stack.enter_context(index.read()) for _ in range(24)]
        caches = [each.execute("PRAGMA cache_size").fetchone()[0] for each in held]
    assert set(caches) == {-8192}
    still_open = 0
    for connection in held:
        with contextlib.suppress(sqlite3.ProgrammingError):
            still_open += connection.execute("SELECT 1").fetchone()[0]
    assert still_open == 8
    index.close()


def test_a_forked_child_has_connections_of_its_own(index):
    index.put(start("a"))
    child = os.fork()
    if child == 0:
        try:
            index.put(start("b"))
            ok = index.uids() == ["a", "b"]
        finally:
            os._exit(0 if ok else 1)
    assert os.waitpid(child, 0)[1] == 0
    assert index.uids() == (["a"] if index.connections.in_memory else ["a", "b"])
    index.put(start("c"))


def test_other_sqlites_than_this_one_are_helped_out(monkeypatch):
    from penstock.core.index import paths

    monkeypatch.setattr(paths, "_SQL_READS_JSON", False)
    index = RunIndex()
    index.put_many([start("a", n=1), start("b", n=[1, float("nan")]), start("c")])
    index.create_index("n")
    assert list(Search(index, Query({"n": 1})).uids()) == ["a", "b"]
    assert Search(index, Query({"n": float("nan")})).explain().looked_at == 0
