"""Queries that are typed: terms and JSON."""

from __future__ import annotations

import json

import pytest
from hypothesis import given
from hypothesis import strategies as st

from penstock.commands.queries import parse_query
from penstock.core.errors import QueryError
from penstock.core.mongo import matches
from penstock.queries import TimeRange

NAMES = st.from_regex(r"[a-z_]+(\.[a-z_0-9]+)*", fullmatch=True)
VALUES = st.none() | st.booleans() | st.integers() | st.text() | st.lists(st.integers())


@given(NAMES.filter(lambda name: name != "time"), VALUES)
def test_a_value_in_json_is_that_value(name: str, value: object) -> None:
    assert parse_query([f"{name}={json.dumps(value)}"]) == {name: value}


@given(NAMES, st.integers(), st.integers())
def test_comparisons_compare(name: str, held: int, asked: int) -> None:
    document: object = held
    for part in reversed(name.split(".")):
        document = {part: document}
    assert isinstance(document, dict)
    told = {
        sign: matches(parse_query([f"{name}{sign}{asked}"]), document)
        for sign in ("=", "!=", "<", "<=", ">", ">=")
    }
    assert told == {
        "=": held == asked,
        "!=": held != asked,
        "<": held < asked,
        "<=": held <= asked,
        ">": held > asked,
        ">=": held >= asked,
    }


@pytest.mark.parametrize(
    ("term", "query"),
    [
        ("sample.name=copper foil", {"sample.name": "copper foil"}),
        ("sample.name=NaN", {"sample.name": "NaN"}),  # a word, no number
        ('scan_id="12"', {"scan_id": "12"}),
        ("a = 5", {"a": 5}),
        ("a=", {"a": ""}),
        ("url=http://x?y=1&z<2", {"url": "http://x?y=1&z<2"}),
        ("hdf5.@material=salol", {"hdf5.@material": "salol"}),
        ("time<1709643720", {"time": {"$lt": 1709643720}}),
        ("time>=2024-03-05T14:02:00+01:00", {"time": {"$gte": 1709643720.0}}),
        ("time>=2024-03-05 13:02", {"time": {"$gte": 1709643720.0}}),
        ("time=2024-03-05", {"time": {"$gte": 1709596800.0, "$lt": 1709683200.0}}),
        ("time=2024-03-05T00:00", {"time": {"$gte": 1709596800.0, "$lt": 1709596860.0}}),
        ("time=2024-02", {"time": {"$gte": 1706745600.0, "$lt": 1709251200.0}}),
        ("time>=2024-02", {"time": {"$gte": 1706745600.0}}),
        ("time=2030", {"time": {"$gte": 1893456000.0, "$lt": 1924992000.0}}),
        ("time<2030.0", {"time": {"$lt": 2030.0}}),  # seconds
        ("time=1709643720", {"time": 1709643720}),
        ("time!=1709643720", {"time": {"$ne": 1709643720}}),
        ("time>=2024-03-05 13:02:00.000 UTC", {"time": {"$gte": 1709643720.0}}),  # as it is listed
        ("sample.name~^[Cc]u", {"sample.name": {"$regex": "^[Cc]u"}}),
        ("sample.name!~=", {"sample.name": {"$not": {"$regex": "="}}}),
        ("path=/home/~ana", {"path": "/home/~ana"}),
        ("scan_id~12", {"scan_id": {"$regex": "12"}}),  # of texts, never of numbers
        ("day=2024-03-05", {"day": "2024-03-05"}),  # only `time` is a time
    ],
)
def test_terms(term: str, query: object) -> None:
    assert parse_query([term]) == query


@pytest.mark.parametrize(
    ("sign", "held"),
    [
        ("=", [False, True, True, False]),
        ("!=", [True, False, False, True]),
        ("<", [True, False, False, False]),
        ("<=", [True, True, False, False]),
        (">", [False, False, True, True]),
        (">=", [False, True, True, True]),
    ],
)
def test_a_date_equals_its_whole_day_and_is_ordered_by_its_beginning(
    sign: str, held: list[bool]
) -> None:
    query = parse_query([f"time{sign}2024-03-05"])
    times = [1709596799.9, 1709596800.0, 1709683199.9, 1709683200.0]
    assert [matches(query, {"time": time}) for time in times] == held


@pytest.mark.parametrize(
    "text",
    ["yesterday", "2024-13-45", "05/03/2024", "", "true", "null", '"2024"', "[1]", "NaN", "2024-"],
)
@pytest.mark.parametrize("sign", ["=", "!=", "<", ">="])
def test_a_time_that_is_none_is_told_with_what_is_accepted(sign: str, text: str) -> None:
    with pytest.raises(QueryError, match="is no time") as caught:
        parse_query([f"time{sign}{text}"])
    assert "seconds since 1970, or an ISO date" in caught.value.remedy


@pytest.mark.parametrize("text", ["2024", "2024-03", "2024-W10", "20240305", "2024-03-05T13", "90"])
def test_a_time_means_what_it_means_in_a_time_range(text: str) -> None:
    since = TimeRange(since=text).query
    assert parse_query([f"time>={text}"]) == since
    assert parse_query([f"time<{text}"]) == TimeRange(until=text).query


def test_parts_have_to_hold_together() -> None:
    assert parse_query([]) == {}
    assert parse_query(["a=1", '{"b": 2}', "a>0"]) == {
        "$and": [{"a": 1}, {"b": 2}, {"a": {"$gt": 0}}]
    }


@pytest.mark.parametrize("part", ["", "copper", "=5", " =5", "{", "{'a': 1}", "{" * 5000])
def test_what_is_no_query_is_told_with_a_remedy(part: str) -> None:
    with pytest.raises(QueryError) as caught:
        parse_query([part])
    assert caught.value.remedy
