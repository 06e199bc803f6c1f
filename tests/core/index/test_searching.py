"""Indexes make searches faster, and nothing else: every answer is the matcher's."""

from __future__ import annotations

import pytest
from hypothesis import HealthCheck, example, given, settings
from hypothesis import strategies as st

from penstock.core.index import choosing
from penstock.core.index.run_index import RunIndex
from penstock.core.index.searching import Search
from penstock.core.mongo import Query

NAN = float("nan")
NAMES = ["a", "b", "0", "1", "a.b", "é", 'q"', "", "\ud800"]
PATHS = ["a", "b", "a.b", "a.0", "a.b.0", "b.a", "a.a", "0", "é", 'q"', "", "\ud800", "a.é"]

numbers = st.one_of(
    st.integers(-3, 3),
    st.sampled_from([0.0, -0.0, 0.5, 1.0, 2.5, NAN, float("inf"), -float("inf"), 0.1 + 0.2, 1e308]),
    st.sampled_from([2**53, 2**53 + 1, 2.0**53, 2**63 - 1, 2**63, 2**63 + 1, 2.0**63, -(2**63)]),
    st.sampled_from([-(2**63) - 1, 10**400, -(10**400), 2**70 + 1, 2.0**70]),
    st.floats(),
)
texts = st.one_of(
    st.sampled_from(["", "a", "b", "Cu", "cu", "é", "\x00", "a\x00b", "\ud800", "\ud800b"]),
    st.sampled_from(["\ud7ffz", "\ue000", "x" * 199, "x" * 200, "x" * 200 + "y", '"', "\\", "\n"]),
    st.text(max_size=3),
)
scalars = st.one_of(st.none(), st.booleans(), numbers, texts)
values = st.recursive(
    scalars,
    lambda inner: st.one_of(
        st.lists(inner, max_size=3), st.dictionaries(st.sampled_from(NAMES), inner, max_size=3)
    ),
    max_leaves=6,
)
fields = st.dictionaries(st.sampled_from(NAMES), values, max_size=4)
times = st.one_of(st.integers(-3, 3), numbers)

patterns = st.sampled_from(
    [
        "",
        "^a",
        "^Cu?",
        "^C*u",
        "^Cu|a",
        "^cu(?i)",
        "^x{200}y",
        "(?i)^cu",
        "u$",
        "C",
        "(?i)CU",
        "x{200}",
        "\ue000",
        ".",
    ]
)
conditions = st.deferred(
    lambda: st.one_of(
        values,
        st.fixed_dictionaries({"$eq": values}),
        st.fixed_dictionaries({"$ne": values}),
        st.dictionaries(st.sampled_from(["$gt", "$gte", "$lt", "$lte"]), values, min_size=1),
        st.fixed_dictionaries({"$in": st.lists(values, max_size=3)}),
        st.fixed_dictionaries({"$nin": st.lists(values, max_size=3)}),
        st.fixed_dictionaries({"$exists": st.booleans()}),
        st.fixed_dictionaries(
            {"$type": st.sampled_from(["number", "double", "int", "long", "string", "bool"])}
        ),
        st.fixed_dictionaries({"$type": st.sampled_from(["null", "array", "object"])}),
        st.fixed_dictionaries({"$mod": st.just([2, 1])}),
        st.fixed_dictionaries({"$size": st.integers(0, 3)}),
        st.fixed_dictionaries({"$all": st.lists(values, max_size=2)}),
        st.fixed_dictionaries({"$regex": patterns}),
        st.fixed_dictionaries({"$regex": patterns, "$options": st.sampled_from(["i", "s", ""])}),
        st.fixed_dictionaries({"$not": st.fixed_dictionaries({"$gt": values})}),
        st.fixed_dictionaries({"$not": st.fixed_dictionaries({"$in": st.lists(values)})}),
        st.fixed_dictionaries({"$elemMatch": st.fixed_dictionaries({"$gt": values})}),
        st.fixed_dictionaries({"$elemMatch": st.fixed_dictionaries({"b": values})}),
    )
)
terms = st.dictionaries(
    st.sampled_from([*PATHS, *PATHS, "time", "uid", "scan_id"]), conditions, min_size=1, max_size=2
)
queries = st.recursive(
    terms,
    lambda inner: st.one_of(
        st.fixed_dictionaries({"$and": st.lists(inner, min_size=1, max_size=3)}),
        st.fixed_dictionaries({"$or": st.lists(inner, min_size=1, max_size=3)}),
        st.fixed_dictionaries({"$nor": st.lists(inner, min_size=1, max_size=2)}),
    ),
    max_leaves=3,
)


def start(number, fields, time):
    return {**fields, "uid": f"u{number}", "time": time}


documents = st.lists(st.tuples(fields, times), max_size=6).map(
    lambda given: [start(number, *each) for number, each in enumerate(given)]
)


def in_python(documents, query):
    return [each["uid"] for each in documents if query.matches(each)]


def newest_first(held, uids):
    places = {uid: place for place, uid in enumerate(held)}
    times = {uid: held[uid]["time"] for uid in uids}

    def sort_key(uid):
        try:
            time = float(times[uid])
        except OverflowError:
            time = NAN
        return (time == time, time if time == time else 0.0, places[uid])

    return sorted(uids, key=sort_key, reverse=True)


def is_valid(definition):
    try:
        Query(definition)
    except ValueError:
        return False
    return True


def assert_same_answers(before, documents, paths, definitions):
    index = RunIndex()
    index.put_many(before)  # and replaced in part, so that indexes forget what they knew
    for path in paths[::2]:
        index.create_index(path)
    index.put_many(documents)
    for path in paths:
        index.create_index(path)
    held = {each["uid"]: each for each in [*before, *documents]}
    for definition in definitions:
        query = Query(definition)
        found = Search(index, query)
        expected = in_python(held.values(), query)
        assert list(found.uids()) == expected
        assert len(found) == len(expected)
        newest = newest_first(held, expected)
        in_order = found.in_order((("time", -1),))
        assert [list(in_order.uids(*part)) for part in ((0, 1), (1, 3))] == [
            newest[:1],
            newest[1:3],
        ]
        assert list(in_order.uids()) == newest
        assert [uid for uid in held if uid in found] == expected


@pytest.fixture(autouse=True, params=[0, 500], ids=["by indexes alone", "as chosen"])
def few(request, monkeypatch):
    """How few documents are looked at rather than narrowed further."""
    monkeypatch.setattr(choosing, "FEW", request.param)


lenient = settings(deadline=None, suppress_health_check=list(HealthCheck))


@pytest.mark.slow
@settings(lenient, max_examples=200)
@given(documents, documents, st.lists(queries.filter(is_valid), min_size=1, max_size=4))
def test_an_index_answers_what_the_matcher_answers(before, documents, definitions):
    assert_same_answers(before, documents, [path for path in PATHS if path != "b.a"], definitions)


few_values = st.sampled_from([0, 1, 2, 3, 4, None, True, "a", "b", "c"])
one_or_several = st.one_of(few_values, st.lists(few_values, max_size=3))
orders = st.sampled_from(["$gt", "$gte", "$lt", "$lte", "$eq", "$ne"])


@pytest.mark.slow
@settings(lenient, max_examples=300)
@given(
    st.lists(st.dictionaries(st.sampled_from(["a", "b"]), one_or_several), min_size=1),
    st.lists(
        st.dictionaries(
            st.sampled_from(["a", "b"]), st.dictionaries(orders, few_values, min_size=1), min_size=1
        ),
        max_size=5,
    ),
)
@example([{"a": [0, 4]}], [{"a": {"$gt": 1, "$lt": 3}}])
@example([{"a": ["a", "c"]}], [{"a": {"$lt": "b", "$gte": "b"}}])
def test_several_values_may_fulfil_several_conditions(given, definitions):
    documents = [start(number, fields, number) for number, fields in enumerate(given)]
    assert_same_answers([], documents, ["a", "b"], definitions)


@pytest.mark.parametrize("operator", ["$eq", "$gte", "$lte", "$gt", "$lt", "$ne"])
@pytest.mark.parametrize("operand", ["a\ue000", "a\ud800", "a\ud800b", "a\ud7ff", "a\ue000b"])
def test_surrogates_are_told_from_the_sign_that_stands_for_them(operator, operand):
    documents = [start(0, {"a": "a\ud800"}, 0), start(1, {"a": "a\ue000"}, 0)]
    assert_same_answers([], documents, ["a"], [{"a": {operator: operand}}])


hard_numbers = st.sampled_from(
    [n * sign for n in (2**53, 2**63 - 1, 2**63, 2**63 + 1, 10**400, NAN) for sign in (1, -1)]
    + [2.0**53, 2.0**63, -(2.0**63), float("inf"), -float("inf"), 2**53 + 1, 0.0, -0.0]
)
hard_texts = st.one_of(
    st.text(st.sampled_from("a\ud7ff\ud800\udfff\ue000\uffff\U00010000"), max_size=3),
    st.integers(198, 202).map(lambda size: "x" * size),
    st.sampled_from(["x" * 200 + "a", "x" * 199 + "\ud800", "x" * 199 + "\ue000", "\x00", "a\x00"]),
)


@pytest.mark.slow
@settings(lenient, max_examples=200)
@given(st.sampled_from([hard_numbers, hard_texts]), st.data())
def test_what_keys_cannot_tell_apart_is_told_apart(values, data):
    found = data.draw(st.lists(values, min_size=1))
    times = [value if isinstance(value, int | float) else 0 for value in found]
    fields = [{"a": value, "b": {"c": value}} for value in found]
    documents = [start(*each) for each in zip(range(len(found)), fields, times, strict=True)]
    conditions = st.dictionaries(orders, values, min_size=1, max_size=2)
    paths = st.sampled_from(["a", "b.c", "time", "uid"])
    definitions = data.draw(st.lists(st.dictionaries(paths, conditions, min_size=1), max_size=5))
    assert_same_answers([], documents, ["a", "b.c"], definitions)


def nested(depth):
    """Alternate operators, so that nothing can be merged."""
    query = {"a": 0}
    for level in range(depth):
        query = {"$nor" if level % 2 else "$or": [query, {"b": level % 3, "a": {"$ne": level}}]}
    return query


wide = st.builds(
    lambda operator, term, path, order, more: {
        operator: [term, *({path: {order: n}, **(more if n % 2 else {})} for n in range(1500))]
    },
    st.sampled_from(["$and", "$or", "$nor"]),
    terms.filter(is_valid),
    st.sampled_from(["a", "b", "a.b", "time"]),
    orders,
    st.sampled_from([{}, {"b": 1}, {"a": {"$gt": 1}}, {"uid": {"$gte": "u1", "$lt": "u2"}}]),
)


@pytest.mark.slow
@settings(lenient, max_examples=8)
@given(documents, wide)
def test_wide_queries_are_answered(documents, definition):
    assert_same_answers([], documents, ["a", "b", "a.b"], [definition])


@pytest.mark.slow
@pytest.mark.parametrize(
    "definition",
    [
        {"$or": [{"a": n, "b": n} for n in range(1500)]},
        {"$nor": [{"a": {"$gt": n, "$lt": n + 2}} for n in range(1500)]},
        {"$and": [{"a": {"$ne": n}, "b": {"$ne": n + 1}} for n in range(1500)]},
        {"$or": [{"uid": {"$gte": f"u{n}", "$lt": f"u{n}~"}} for n in range(1500)]},
        {"$or": [{path: {"$in": list(range(20_000))}} for path in ("a", "b", "time")]},
        {"$and": [{path: {"$in": list(range(20_000))}} for path in ("a", "b", "time")]},
        nested(25),
        nested(30),
        {"$and": [nested(28) for _ in range(40)]},
    ],
    ids=lambda definition: "-".join(definition),
)
def test_queries_beyond_what_a_statement_holds_are_answered(definition):
    given = [{"a": n, "b": n % 3} if n % 4 else {"a": [n, None]} for n in range(12)]
    documents = [start(number, fields, number) for number, fields in enumerate(given)]
    assert_same_answers([], documents, ["a", "b"], [definition])


def test_conditions_on_one_path_are_looked_up_as_one():
    index = RunIndex()
    index.put_many(start(n, {"a": n}, n) for n in range(10))
    index.create_index("a")
    for definition in (
        {"$or": [{"a": n} for n in range(0, 3000, 2)]},
        {"$nor": [{"a": n} for n in range(1, 3000, 2)]},
        {"$and": [{"a": {"$ne": n}} for n in range(1, 3000, 2)]},
        {"$or": [{"uid": {"$gte": f"u{n}", "$lt": f"u{n}~"}} for n in range(0, 3000, 2)]},
    ):
        explanation = Search(index, Query(definition)).explain()
        assert (explanation.found, explanation.looked_at) == (5, 0)
