"""Looking runs up by what people remember of them."""

import pytest

from penstock.core.catalog.lookup import find_uid
from penstock.core.catalog.store import Entry, RunStore
from penstock.core.errors import AmbiguousRunError, RunNotFoundError, RunOutOfRangeError
from penstock.core.mongo import Query
from penstock.core.run.samples import count_run
from penstock.core.run.source import DocumentsSource


def find(store, key, query=None):
    return find_uid(store.index, store.search(query and Query(query)), key)


@pytest.fixture
def store():
    store = RunStore()
    for uid, time, scan_id in [
        ("6f2a", 30.0, 5),
        ("6f9b", 10.0, 5),
        ("12345", 20.0, 12),
        ("77", 40.0, None),
    ]:
        more = {} if scan_id is None else {"scan_id": scan_id}
        store.put(Entry(count_run(1, uid=uid, time=time, **more)))
    return store


@pytest.mark.parametrize(
    ("key", "uid"),
    [
        ("6f2a", "6f2a"),
        ("6f2", "6f2a"),
        (5, "6f2a"),  # the newest with that scan_id
        ("5", "6f2a"),
        (12, "12345"),
        ("12345", "12345"),  # digits that are a uid stay one
        ("123", "12345"),  # … or the beginning of one
        (-1, "77"),
        (-2, "6f2a"),
        (-4, "6f9b"),
        ("-1", "77"),
    ],
)
def test_finds(store, key, uid):
    assert find(store, key) == uid


@pytest.mark.parametrize(
    ("key", "error", "builtin"),
    [
        ("zz", RunNotFoundError, KeyError),
        ("", RunNotFoundError, KeyError),
        (99, RunNotFoundError, KeyError),
        (True, RunNotFoundError, KeyError),
        (1.0, RunNotFoundError, KeyError),
        (None, RunNotFoundError, KeyError),
        (-5, RunOutOfRangeError, IndexError),
        ("6f", AmbiguousRunError, ValueError),
    ],
)
def test_says_why_not(store, key, error, builtin):
    with pytest.raises(error) as caught:
        find(store, key)
    assert isinstance(caught.value, builtin)


def test_the_ambiguous_are_listed(store):
    with pytest.raises(AmbiguousRunError, match="6f2a, 6f9b"):
        find(store, "6f")


def test_only_what_a_view_admits_is_found(store):
    assert find(store, "6f", {"uid": {"$ne": "6f2a"}}) == "6f9b"
    assert find(store, -1, {"uid": {"$regex": "^6"}}) == "6f2a"
    assert find(store, 5, {"uid": "6f9b"}) == "6f9b"


def test_replacing_a_run_moves_it_in_time_not_in_the_list(store):
    store.put(Entry(count_run(1, uid="6f9b", time=99.0, scan_id=6)))
    assert store.index.uids() == ["6f2a", "6f9b", "12345", "77"]
    assert find(store, -1) == "6f9b"
    assert find(store, 5) == "6f2a"


def test_runs_of_unusable_time_are_the_oldest(store):
    store.put(Entry(count_run(1, uid="nan", time=float("nan"))))
    assert find(store, -5) == "nan"
    store.remove("nan")
    huge = DocumentsSource([("start", {"uid": "huge", "time": 10**400})])
    for _ in range(2):
        store.put(Entry(huge))
        assert find(store, -5) == "huge"
    assert len(store.index) == 5
