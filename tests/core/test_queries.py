"""Queries in the field's terms: what each means is what its Mongo form means."""

import datetime
import functools
import operator
import pickle
from zoneinfo import ZoneInfo

import pytest

from penstock import queries
from penstock.core.catalog import BlueskyInMemoryCatalog
from penstock.core.errors import QueryError
from penstock.core.mongo import Query
from penstock.queries import (
    Comparison,
    Contains,
    Eq,
    Exists,
    FullText,
    In,
    Key,
    NotEq,
    NotIn,
    PartialUID,
    PlanName,
    Regex,
    ScanID,
    ScanIDRange,
    TimeRange,
)

START = {
    "uid": "6f2a41",
    "time": 1709640000.0,  # 2024-03-05T12:00Z
    "scan_id": 554,
    "plan_name": "scan",
    "sample": {"name": "Copper foil", "temperature": 293.5},
    "motors": ["theta", "x"],
}

MATCHING = [
    Eq("sample.name", "Copper foil"),
    Eq("sample", {"name": "Copper foil", "temperature": 293.5}),
    Eq("motors", ["theta", "x"]),
    Eq("proposal", None),
    NotEq("sample.name", "Ni"),
    In("scan_id", [1, 554]),
    NotIn("scan_id", range(5)),
    Comparison("lt", "scan_id", 555),
    Comparison(">=", "sample.temperature", 293.5),
    Key("scan_id") > 553,
    Key("scan_id") <= 554,
    Key("scan_id") != 5,
    Key("sample.name") == "Copper foil",
    Contains("motors", "theta"),
    Contains("sample.name", "foil"),
    Contains("scan_id", 554),
    Regex("sample.name", "^Cop"),
    Regex("sample.name", "FOIL$", case_sensitive=False),
    Exists("motors"),
    Exists("detectors", exists=False),
    FullText("foil"),
    FullText("COPPER theta"),
    ScanID(554),
    ScanID(1, 554),
    ScanIDRange(554, 555),
    PartialUID("6f"),
    PartialUID("zz", "6f2a41"),
    PartialUID(""),
    PlanName("count", "scan"),
    TimeRange(),
    TimeRange(since=1709640000),
    TimeRange("2024-03-05", "2024-03-06"),
    TimeRange("2024", "2025"),
    TimeRange("2024-03"),
    TimeRange(datetime.date(2024, 3, 5)),
    TimeRange("2024-03-05T13:00", timezone="Europe/Zurich"),
    TimeRange(until="2024-03-05T13:01+01:00"),
    TimeRange(datetime.datetime(2024, 3, 5, 13, tzinfo=ZoneInfo("Europe/Zurich"))),
    Eq("scan_id", 554) & Exists("motors"),
    Eq("scan_id", 554) & {"plan_name": "scan"},
    {"plan_name": "scan"} & Eq("scan_id", 554),
    Eq("scan_id", 5) | Exists("motors"),
    {"scan_id": 5} | Exists("motors"),
    Exists("motors") | {"scan_id": 5},
    ~Eq("scan_id", 5),
    ~(Eq("scan_id", 554) & Eq("plan_name", "count")),
]
NOT_MATCHING = [
    Eq("sample", {"name": "Copper foil"}),
    NotEq("motors", "theta"),
    Contains("sample.name", "."),
    Contains("motors", "z"),
    Contains("motors", "eta"),
    Regex("sample.name", "FOIL$"),
    FullText("copper zinc"),
    FullText("copp"),
    ScanIDRange(500, 554),
    PartialUID("2a"),
    TimeRange(until=1709640000),
    TimeRange("2024-03-05T13:01", timezone="Europe/Zurich"),
    ~Exists("motors"),
]


@pytest.mark.parametrize("condition", MATCHING, ids=repr)
def test_what_matches(condition):
    assert Query(condition.query).matches(START)
    assert Query(condition).matches(START)


@pytest.mark.parametrize("condition", NOT_MATCHING, ids=repr)
def test_what_does_not(condition):
    assert not Query(condition.query).matches(START)


@pytest.mark.parametrize("condition", [*MATCHING, *NOT_MATCHING], ids=repr)
def test_catalogs_take_them_beside_dicts_and_they_can_be_pickled(condition):
    catalog = BlueskyInMemoryCatalog()
    catalog.upsert(lambda: iter([("start", START)]))
    copy = pickle.loads(pickle.dumps(condition))
    assert copy == condition
    assert repr(copy) == repr(condition)
    assert len(catalog.search(copy)) == (condition in MATCHING)
    assert list(catalog.search({"$or": [copy, {"scan_id": 1}]})) == list(catalog.search(copy))
    assert BlueskyInMemoryCatalog(query=copy).query == condition.query


@pytest.mark.parametrize(
    ("make", "message"),
    [
        (lambda: In("sample.name", "Cu"), "'Cu' is one value, not several"),
        (lambda: NotIn("sample.name", "Cu"), "is one value"),
        (lambda: Comparison("~", "a", 5), "'~' is no comparison"),
        (lambda: TimeRange("yesterday"), "'yesterday' is no time"),
        (lambda: TimeRange(True), "True is no time"),
        (lambda: TimeRange(2024, timezone="Mars"), "'Mars' is no time zone"),
        (lambda: Query(FullText("?")), "needs words"),
        (lambda: Query(Regex("a", "(")), "bad regular expression"),
    ],
)
def test_what_is_no_condition_is_refused(make, message):
    with pytest.raises(QueryError, match=message):
        make()


def test_only_queries_join():
    with pytest.raises(TypeError):
        Eq("a", 1) & 5
    with pytest.raises(TypeError):
        5 | Eq("a", 1)


def test_the_public_module_hands_on_all_of_them():
    from penstock.core import queries as core

    assert set(queries.__all__) == set(core.__all__) - {"mapping_of"}


@pytest.mark.parametrize(
    "lose", [lambda: 3 < Key("a") < 5, lambda: Eq("a", 1) and Eq("b", 2), lambda: not Eq("a", 1)]
)
def test_what_would_silently_lose_a_condition_is_refused(lose):
    with pytest.raises(QueryError, match="Join conditions with & and |"):
        lose()


def test_many_conditions_join_flat():
    conditions = [Eq("scan_id", number) for number in range(200)]
    joined = functools.reduce(operator.or_, conditions)
    assert joined.query == {"$or": [condition.query for condition in conditions]}
    assert (Eq("a", 1) & (Eq("b", 2) | Eq("c", 3)) & Eq("d", 4)).query == {
        "$and": [{"a": 1}, {"$or": [{"b": 2}, {"c": 3}]}, {"d": 4}]
    }


def test_arguments_that_mean_nothing_are_refused():
    with pytest.raises(QueryError, match="case_sensitive is 'i'"):
        Regex("a", "^x", "i")
    with pytest.raises(QueryError, match="'3' is no scan_id"):
        ScanID("3")
