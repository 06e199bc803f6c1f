"""Searching what runs say after their start: asked once, when it is first needed."""

import pytest

from penstock import BlueskyInMemoryCatalog
from penstock.core.index.run_index import RunIndex
from penstock.queries import Eq


def ingest(log, uid, exit_status="success", keys=("x",), shape=()):
    log.append(uid)
    yield "start", {"uid": uid, "time": float(len(log)), "scan_id": len(log)}
    data_keys = {key: {"dtype": "number", "shape": list(shape), "source": "s"} for key in keys}
    yield (
        "descriptor",
        {
            "uid": f"d-{uid}", "run_start": uid, "time": 0.0, "name": "primary",
            "data_keys": data_keys, "object_keys": {}, "configuration": {}, "hints": {},
        },
    )  # fmt: skip
    log.append(f"{uid} went on")
    if exit_status == "fails":
        raise OSError("the file is gone")
    if exit_status is not None:
        yield "stop", {"uid": f"s-{uid}", "run_start": uid, "time": 0.0, "exit_status": exit_status}


class Log(list):
    """A list that catalogs do not copy, as they copy those among arguments."""


@pytest.fixture
def log():
    return Log()


@pytest.fixture
def catalog(log):
    catalog = BlueskyInMemoryCatalog()
    catalog.upsert(ingest, (log, "good"))
    catalog.upsert(ingest, (log, "bad", "abort"), {"keys": ("x", "image"), "shape": (8, 8)})
    catalog.upsert(ingest, (log, "open", None))
    log.clear()
    return catalog


def test_stop_documents_are_searched(catalog):
    assert list(catalog.search(stop={"exit_status": "abort"})) == ["bad"]
    assert list(catalog.search(stop=Eq("exit_status", "success"))) == ["good"]
    assert list(catalog.search({"scan_id": {"$gt": 99}}, stop={})) == []


def test_a_run_without_a_stop_matches_no_query_about_it(catalog):
    assert list(catalog.search(stop={"exit_status": {"$ne": "abort"}})) == ["good"]
    assert list(catalog.search(stop={})) == ["good", "bad"]


def test_descriptors_are_searched(catalog):
    assert list(catalog.search(descriptor={"data_keys.image": {"$exists": True}})) == ["bad"]
    assert list(catalog.search(descriptor={"data_keys.x.shape": 8})) == ["bad"]


def test_conditions_on_one_document_hold_for_the_same_one():
    def two_streams():
        yield "start", {"uid": "6f2a", "time": 0.0}
        for number, name in enumerate(("primary", "baseline")):
            yield (
                "descriptor",
                {
                    "uid": name, "run_start": "6f2a", "time": 0.0, "name": name, "number": number,
                    "data_keys": {}, "object_keys": {}, "configuration": {}, "hints": {},
                },
            )  # fmt: skip

    catalog = BlueskyInMemoryCatalog()
    catalog.upsert(two_streams)
    mixed = {"name": "primary", "number": 1}
    assert len(catalog.search(descriptor=mixed)) == 0
    for path in mixed:
        catalog._store.index.create_index(path, name="descriptor")
    assert len(catalog.search(descriptor=mixed)) == 0
    one_each = catalog.search(descriptor={"name": "primary"}).search(descriptor={"number": 1})
    assert len(one_each) == 1


def test_searches_of_all_kinds_nest_and_are_catalogs(catalog):
    found = catalog.search({"scan_id": {"$lte": 3}}, stop={"exit_status": "abort"})
    nested = found.search(descriptor={"name": "primary"}).search({"uid": "bad"})
    assert list(nested) == ["bad"]
    assert len(nested) == 1
    assert nested[-1].uid == nested["b"].uid == "bad"
    assert "good" not in nested
    assert [run.uid for run in nested.values()[:5]] == ["bad"]
    assert catalog.search(stop={}).distinct("scan_id") == [1, 2]


def test_only_runs_that_match_the_rest_are_asked_and_only_once(catalog, log):
    found = catalog.search({"uid": "good"}, stop={"exit_status": "success"})
    assert log == []
    assert list(found) == list(found) == ["good"]
    assert log == ["good", "good went on"]
    assert len(catalog.search(stop={"exit_status": "abort"})) == 1
    assert log.count("good") == 1


def test_a_run_in_progress_is_asked_again(catalog, log):
    for _ in range(2):
        assert len(catalog.search({"uid": "open"}, stop={})) == 0
    assert log.count("open") == 2


def test_a_run_that_is_upserted_again_is_asked_again(catalog, log):
    assert list(catalog.search(stop={"exit_status": "abort"})) == ["bad"]
    catalog.upsert(ingest, (log, "bad"), {})
    assert list(catalog.search(stop={"exit_status": "abort"})) == []
    assert list(catalog.search(stop={"exit_status": "success"})) == ["good", "bad"]


def test_a_run_that_cannot_be_asked_stops_no_search_and_is_told(catalog, log):
    catalog.upsert(ingest, (log, "gone", "fails"), {})
    assert list(catalog.search(stop={})) == ["good", "bad"]
    explanation = catalog.explain(stop={})
    assert "run gone was not asked: the file is gone" in explanation.notes
    assert "gone was not asked" in str(explanation)


def test_indexes_of_later_documents_answer_what_the_matcher_answers(monkeypatch):
    from penstock.core.index import choosing, later

    index = RunIndex()
    ids = index.put_many({"uid": f"u{n}", "time": 0.0} for n in range(50))
    for uid, id in ids.items():
        index.put_later(id, [("stop", {"n": id % 7, "uid": uid}), ("descriptor", {"n": id})])
    conditions = (("stop", later.Query({"n": {"$gt": 2, "$lt": 5}})),)
    ask = later.LaterConditions(
        conditions, lambda uid: pytest.fail("all were asked"), lambda said: None
    )
    answer = ask.among(index, list(ids.values()))
    scanned = answer.ids
    assert answer.looked_at == 50
    monkeypatch.setattr(choosing, "FEW", 0)
    monkeypatch.setattr(later, "_CHUNK", 10)
    answer = ask.among(index, list(ids.values()))
    assert answer.ids == scanned
    assert scanned == [n for n in range(51) if n % 7 in (3, 4)]
    assert index.indexes("stop") == {"n": False}
    assert answer.looked_at == 0
    for uid in list(ids)[:25]:
        index.remove(uid)
    left = [id for id in scanned if id > 25]
    assert ask.among(index, list(ids.values())).ids == left
    with index.read() as connection:
        (rows,) = connection.execute("SELECT count(*) FROM entries WHERE path != 1").fetchone()
    assert rows == 25
