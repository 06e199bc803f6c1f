"""What is found is a catalog: it is cut, sorted, counted, indexed and explained."""

import itertools
from concurrent.futures import ThreadPoolExecutor
from types import SimpleNamespace

import pytest

from penstock import BlueskyInMemoryCatalog
from penstock.core import mongo_text
from penstock.core.catalog.store import Entry
from penstock.core.errors import QueryError, RunOutOfRangeError
from penstock.core.index import choosing, sieve
from penstock.core.run.samples import count_run

SAMPLES = ["Cu", "Ni", None, "Cu", ["Cu", "Ti"], 5, "Ni", []]


def make_catalog(starts):
    catalog = BlueskyInMemoryCatalog()
    catalog._store.put_many(
        Entry(count_run(1, uid=f"u{number:03d}", **{"time": float(number % 7), **start}))
        for number, start in enumerate(starts)
    )
    return catalog


@pytest.fixture
def catalog():
    samples = [{} if sample is None else {"sample": {"name": sample}} for sample in SAMPLES]
    return make_catalog(samples)


def test_views_are_cut_like_lists(catalog):
    uids = list(catalog)
    for first, end, step in itertools.product(
        [None, 0, 3, -2, 99], [None, 5, -1, 0], [None, 2, -1]
    ):
        cut = slice(first, end, step)
        assert catalog.keys()[cut] == uids[cut]
        assert [run.uid for run in catalog.values()[cut]] == uids[cut]
        assert [uid for uid, run in catalog.items()[cut]] == uids[cut]
    assert catalog.keys()[0] == catalog.values()[0].uid == catalog.items()[0][0] == uids[0]
    assert catalog.keys()[-1] == uids[-1]
    for place in (8, -9):
        with pytest.raises(RunOutOfRangeError):
            catalog.keys()[place]


def test_they_are_listed_newest_first_where_asked(catalog):
    newest = sorted(catalog, key=lambda uid: (catalog[uid].metadata["start"]["time"], uid))[::-1]
    assert list(catalog.sort(("time", -1))) == newest
    assert [run.uid for run in catalog.newest(3)] == newest[:3]
    copper = catalog.search({"sample.name": "Cu"})
    assert list(copper.sort(("time", -1))) == [uid for uid in newest if uid in copper]
    assert copper.sort("time").keys()[:1] == list(copper.sort("time"))[:1]
    assert copper.sort(("time", -1)).search({"time": {"$lt": 4}}).keys()[0] == "u003"


def test_they_are_sorted_by_fields_as_mongodb_would(catalog):
    # An empty list, missing, numbers, texts; of a list the smallest or the largest counts.
    order = ["u007", "u002", "u005", "u000", "u003", "u004", "u001", "u006"]
    assert list(catalog.sort("sample.name")) == order
    assert list(catalog.sort(("sample.name", -1))) == [
        "u004", "u001", "u006", "u000", "u003", "u005", "u002", "u007",
    ]  # fmt: skip
    assert list(catalog.sort("sample.name", ("time", -1)))[3:6] == ["u004", "u003", "u000"]


@pytest.mark.parametrize("order", [("time", 2), ("time",), (5, 1), ("a", 1, 1)])
def test_what_is_no_order_is_refused(catalog, order):
    with pytest.raises(QueryError, match="is no order"):
        catalog.sort(order)


@pytest.mark.parametrize("few", [0, 500])
def test_values_are_counted_with_and_without_an_index(catalog, monkeypatch, few):
    from penstock.core.index import counting

    monkeypatch.setattr(counting, "FEW", few)
    assert catalog.distinct("sample.name") == [5, "Cu", "Ni", "Ti"]
    assert catalog.facets("sample.name", "nothing") == {
        "sample.name": [("Cu", 3), ("Ni", 2), (5, 1), ("Ti", 1)],
        "nothing": [],
    }
    found = catalog.search({"time": {"$gte": 3}})
    assert found.facets("sample.name")["sample.name"] == [("Cu", 2), (5, 1), ("Ni", 1), ("Ti", 1)]
    assert ("sample.name" in catalog.indexes) == (few == 0)


HARD = [
    None, True, False, 0, 1, 1.0, 0.0, float("nan"), 2**63, 2**70 + 1, -(2**63), float("inf"),
    "x" * 199, "x" * 200, "x" * 300, "x" * 300 + "y", "\ud800", "\ue000", "",
    {"a": 1}, {"a": 2}, [[1, 2], 3], [[1, 2]], [1, 1, 2], [], [{"a": 1}], "é",
]  # fmt: skip


def test_an_index_counts_what_documents_say(monkeypatch):

    catalog = make_catalog([{"value": value, "in": [{"b": value}, {"b": 1}]} for value in HARD])
    for path in ("value", "in.b", "in.0", "value.0", "in"):
        counted = repr(catalog.facets(path))
        catalog.create_index(path)
        assert repr(catalog.facets(path)) == counted
        assert len(catalog.distinct(path)) > 1


def test_fields_are_indexed_when_they_are_asked_for_in_many_runs():
    catalog = make_catalog({"n": number, "m": number % 3} for number in range(choosing.FEW + 2))
    assert catalog.indexes == ["scan_id"]
    explanation = catalog.explain({"n": {"$gte": 500}})
    assert explanation.to_dict() == {
        "query": {"n": {"$gte": 500}}, "runs": 502, "candidates": 2, "looked_at": 0, "found": 2,
        "indexes": ("n",), "built": ("n",), "notes": (),
    }  # fmt: skip
    assert str(explanation) == "2 of 502 runs match: index of n left 2; indexed now: n"
    few = catalog.explain({"n": {"$lt": 10}, "m": 0})
    assert (few.candidates, few.looked_at, few.built) == (10, 10, ())
    assert catalog.indexes == ["n", "scan_id"]


def test_few_runs_are_looked_at_without_an_index(catalog):
    explanation = catalog.explain({"sample.name": "Cu"})
    assert str(explanation) == "3 of 8 runs match: no index helped, 8 were looked at"
    assert catalog.search({"sample.name": "Cu"}).explain() == explanation


def test_no_more_than_so_many_fields_are_indexed_unasked(monkeypatch):
    monkeypatch.setattr(choosing, "MOST_INDEXES", 2)
    monkeypatch.setattr(choosing, "FEW", 0)
    catalog = make_catalog([{"n": 1}] * 3)
    for number in range(4):
        assert len(catalog.search({f"field{number}": None})) == 3
    assert catalog.indexes == ["field0", "field1", "scan_id"]
    assert catalog.create_index("n")


def test_indexes_are_declared_and_dropped(catalog):
    assert catalog.create_index("sample.name")
    assert not catalog.create_index("sample.name")
    assert catalog.explain({"sample.name": "Cu"}).looked_at == 0
    assert catalog.drop_index("sample.name")
    assert not catalog.drop_index("sample.name")
    assert not catalog.drop_index("scan_id")
    assert catalog.explain({"sample.name": "Cu"}).looked_at == 8
    for path in ("$where", "a" + ".a" * 200):
        with pytest.raises(QueryError):
            catalog.create_index(path)


def test_words_are_indexed_when_that_is_declared():
    texts = ["Copper foil", "copper wire", "Müller's FOIL", "foil_01"]
    texts += ["", "ß", "日本 copper", "\ud800 foil"]
    catalog = make_catalog({"title": text, "more": [{"note": "x1"}]} for text in texts)
    searches = ["copper", "foil copper", "MÜLLER", "01", "ss", "日本", "x1 foil"]
    searches += ["wire foil", "oil"]
    queries = [{"$text": {"$search": text}} for text in searches]
    expected = [list(catalog.search(query)) for query in queries]
    assert [len(found) for found in expected] == [3, 1, 1, 1, 1, 1, 4, 0, 0]
    catalog.create_index("$text")
    assert [list(catalog.search(query)) for query in queries] == expected
    assert catalog.explain(queries[0]).looked_at == 0
    assert len(catalog.search({"$nor": [queries[0]]})) == 5
    catalog._store.put(Entry(count_run(1, uid="u000", time=0.0, title="zinc")))
    catalog.remove("u001")
    assert [len(catalog.search(query)) for query in queries] == [1, 0, 1, 1, 1, 1, 3, 0, 0]
    assert list(catalog.search({"$text": {"$search": "zinc"}})) == ["u000"]
    assert catalog.drop_index("$text")
    assert list(catalog.search({"$text": {"$search": "zinc"}})) == ["u000"]
    assert catalog.create_index("$text")


@pytest.mark.parametrize("indexed", [False, True])
def test_a_view_can_be_asked_again_and_again_about_slow_texts(indexed, monkeypatch):
    clock = itertools.count(0.0, 0.4)  # each text takes 0.4 of the 2 seconds that all may
    monkeypatch.setattr(mongo_text, "time", SimpleNamespace(perf_counter=lambda: next(clock)))
    catalog = make_catalog([{"title": f"x{number}"} for number in range(3)])
    if indexed:
        catalog.create_index("title")
    found = catalog.search({"title": {"$regex": "x[12]"}})
    for number in range(3):
        assert len(found) == len(list(found)) == 2
        catalog._store.put(Entry(count_run(1, uid=f"new{number}")))


def test_nobody_waits_while_an_expression_is_asked_about_texts_and_it_is_asked_once(monkeypatch):
    catalog = make_catalog([{"title": "x"}, {"title": "y"}])
    catalog.create_index("title")
    asked = []

    def build_test(pattern, options, where):
        def test(text):
            with ThreadPoolExecutor(1) as pool:  # another thread gets the connection meanwhile
                assert pool.submit(len, catalog).result(timeout=5) == 2
            asked.append(text)
            return text == "x"

        return test

    monkeypatch.setattr(sieve, "build_regex", build_test)
    found = catalog.search({"title": {"$regex": "x"}})
    assert list(found) == ["u000"]
    assert len(found) == 1
    assert asked == ["x", "y"]


@pytest.mark.parametrize("indexed", [False, True])
def test_an_expression_that_would_run_for_ever_ends_the_search(indexed):
    catalog = make_catalog([{"title": "x" * 5000}] * 3)
    if indexed:
        catalog.create_index("title")
    with pytest.raises(QueryError, match="takes more than"):
        len(catalog.search({"title": {"$regex": "(x+x+)+y"}}))
    assert len(catalog.search({"title": {"$regex": "^x+$"}})) == 3
