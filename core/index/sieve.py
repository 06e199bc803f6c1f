"""What SQL can look for: a Mongo query as conditions on the keys that documents are indexed by.

Each condition holds for every document that matches its part of the query, and often for others;
``exact`` says where it holds for no others.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, replace
from typing import Any, TypeAlias

from ..mongo_operators import list_of, plain_operand, types_of, wants_existence
from ..mongo_text import build_regex, searched_words
from .keys import (
    FALSE,
    FIRST_BLOB,
    FIRST_TEXT,
    LISTS,
    MAX_TEXT,
    MISSING_KEY,
    NAN,
    NULL,
    SUB_DOCUMENTS,
    TRUE,
    Range,
    is_rounded,
    key_of,
    key_of_list,
)

__all__ = ["Both", "Either", "Neither", "Node", "TextTest", "Values", "Words", "sieve_of"]

NUMBERS = Range(None, FIRST_TEXT, with_high=False)
TEXTS = Range(FIRST_TEXT, FIRST_BLOB, with_high=False)
_BOOLEANS = Range(FALSE, TRUE)
_THERE = Range(None, MISSING_KEY, with_high=False)


_MOST_KNOWN = 200_000


class TextTest:
    """A test of texts that may take long: made once of each, while nobody waits.

    Parameters
    ----------
    build
        Makes the test anew, whenever there are texts that are not known yet: what it may take is
        counted from there.

    Examples
    --------
    >>> test = TextTest(lambda: str.isupper)
    >>> test.look_at(["A", "b"])
    >>> test.known
    {'A': True, 'b': False}
    """

    def __init__(self, build: Callable[[], Callable[[Any], bool]]) -> None:
        self._build = build
        self.known: dict[str, bool] = {}

    def look_at(self, texts: Iterable[str]) -> None:
        """Test those texts that are not known yet."""
        known = self.known
        left = [text for text in texts if text not in known]
        if not left:
            return
        if len(known) > _MOST_KNOWN:
            known = {}
        test = self._build()
        for text in left:
            known[text] = test(text)
        self.known = known


@dataclass(frozen=True)
class Values:
    """A path leads to some key in one of the ranges."""

    path: str
    ranges: tuple[Range, ...]
    exact: bool
    missing: bool = False
    """Whether documents in which the path leads to nothing but a missing field are meant too."""
    test: TextTest | None = None
    """Texts have to pass this, too."""
    merged: bool = False
    """Whether it stands for several conditions, which different values may fulfil."""


@dataclass(frozen=True)
class Words:
    """All these words are in the document's texts."""

    words: frozenset[str]


@dataclass(frozen=True)
class Both:
    """All parts hold; with none, it holds everywhere."""

    parts: tuple[Node, ...]


@dataclass(frozen=True)
class Either:
    """Some part holds."""

    parts: tuple[Node, ...]


@dataclass(frozen=True)
class Neither:
    """The part does not hold."""

    part: Node


Node: TypeAlias = Values | Words | Both | Either | Neither


def sieve_of(definition: Mapping[str, Any]) -> Node:
    """Return the conditions of a query, which `core.mongo.Query` has found valid.

    Examples
    --------
    >>> sieve_of({"scan_id": {"$gt": 5}}).ranges[0].low
    5
    """
    return _both(_of_query(definition))


def _of_query(definition: Mapping[str, Any]) -> Iterable[Node]:
    for name, condition in definition.items():
        if name == "$and":
            yield from (part for item in condition for part in _of_query(item))
        elif name == "$or":
            yield _either(sieve_of(item) for item in condition)
        elif name == "$nor":
            yield Neither(_either(sieve_of(item) for item in condition))
        elif name == "$text":
            yield Words(searched_words(condition, "query"))
        elif name != "$comment":
            yield from _of_condition(name, condition)


def _of_condition(path: str, condition: Any) -> Iterable[Node]:
    if isinstance(condition, re.Pattern):
        yield _matching(path, condition, None)
    elif _holds_operators(condition):
        for operator, operand in condition.items():
            if operator == "$regex":
                yield _matching(path, operand, condition.get("$options"))
            elif operator != "$options":
                yield _of_operator(path, operator, operand)
    else:
        yield _equal(path, condition)


def _holds_operators(condition: Any) -> bool:
    return (
        isinstance(condition, Mapping)
        and len(condition) > 0
        and all(str(name).startswith("$") for name in condition)
    )


def _of_operator(path: str, operator: str, operand: Any) -> Node:
    if operator == "$not":
        return Neither(_both(_of_condition(path, operand)))
    if operator == "$ne":
        return Neither(_equal(path, operand))
    if operator == "$nin":
        return Neither(_in(path, operand))
    return _OPERATORS[operator](path, operand)


# Operators of one field --------------------------------------------------------------------------


def _nothing(path: str) -> Values:
    return Values(path, (), exact=True)


def _equal(path: str, operand: Any) -> Values:
    operand = plain_operand(operand, "query")
    if operand is None:
        # A missing field is null, too.
        return Values(path, (_point(NULL), _point(MISSING_KEY)), exact=True, missing=True)
    return Values(path, (_point(key_of(operand)),), exact=not is_rounded(operand))


def _point(key: Any) -> Range:
    return Range(key, key)


def _compare(is_above: bool, or_equal: bool) -> Callable[[str, Any], Node]:
    def build(path: str, operand: Any) -> Node:
        operand = plain_operand(operand, "query")
        if operand is None or key_of(operand) == NAN:
            return _equal(path, operand) if or_equal else _nothing(path)
        kind = type(operand)
        if kind is dict or kind is list:
            return Values(path, (LISTS if kind is list else SUB_DOCUMENTS,), exact=False)
        whole = _BOOLEANS if kind is bool else TEXTS if kind is str else NUMBERS
        key, exact = key_of(operand), not is_rounded(operand)
        bound = or_equal or not exact
        if is_above:
            limits = replace(whole, low=key, with_low=bound)
        else:
            limits = replace(whole, high=key, with_high=bound)
        return Values(path, (limits,), exact)

    return build


def _in(path: str, operand: Any) -> Values:
    values = []
    for item in list_of(operand, "query"):
        if isinstance(item, re.Pattern):
            values.append(Values(path, (TEXTS,), exact=False))
        else:
            values.append(_equal(path, item))
    return Values(
        path,
        tuple({limits: None for value in values for limits in value.ranges}),
        exact=all(value.exact for value in values),
        missing=any(value.missing for value in values),
    )


def _all(path: str, operand: Any) -> Node:
    if not operand:
        return _nothing(path)
    return _both(part for item in operand for part in _of_condition(path, item))


def _exists(path: str, operand: Any) -> Node:
    there = Values(path, (_THERE,), exact=True)
    return there if wants_existence(operand, "query") else Neither(there)


def _matching(path: str, pattern: Any, options: str | None) -> Values:
    begin = "" if options or not isinstance(pattern, str) else _beginning(pattern)
    texts = TEXTS if not begin else Range(begin, begin[:-1] + chr(ord(begin[-1]) + 1))
    return Values(
        path, (texts,), exact=False, test=TextTest(lambda: build_regex(pattern, options, "query"))
    )


_BEGINNING = re.compile(r"\^([A-Za-z0-9_/ -]+)")


def _beginning(pattern: str) -> str:
    """Return what every text that fits a regular expression begins with, as far as it is plain."""
    found = _BEGINNING.match(pattern)
    if found is None or "|" in pattern or "(?" in pattern:
        return ""
    follows = pattern[found.end() : found.end() + 1]
    begin = found[1][:-1] if follows in ("*", "?", "{") else found[1]
    return begin[:MAX_TEXT]


_NUMBER_TYPES = frozenset({"double", "int", "long"})
_RANGES_OF_TYPES = {
    "string": TEXTS,
    "object": SUB_DOCUMENTS,
    "array": LISTS,
    "bool": _BOOLEANS,
    "null": _point(NULL),
}


def _type(path: str, operand: Any) -> Node:
    wanted = types_of(operand, "query")
    numbers = wanted & _NUMBER_TYPES
    ranges = [limits for name, limits in _RANGES_OF_TYPES.items() if name in wanted]
    if numbers:
        ranges += [NUMBERS, _point(NAN)]
    return Values(path, tuple(ranges), exact=not numbers or numbers == _NUMBER_TYPES)


def _size(path: str, operand: Any) -> Node:
    size = int(plain_operand(operand, "query"))
    if size >= 2**32:
        return _nothing(path)
    # Elements that are arrays are indexed too, and do not count.
    return Values(path, (_point(key_of_list(size)),), exact=False)


_OPERATORS: dict[str, Callable[[str, Any], Node]] = {
    "$all": _all,
    "$elemMatch": lambda path, operand: Values(path, (LISTS,), exact=False),
    "$eq": _equal,
    "$exists": _exists,
    "$gt": _compare(is_above=True, or_equal=False),
    "$gte": _compare(is_above=True, or_equal=True),
    "$in": _in,
    "$lt": _compare(is_above=False, or_equal=False),
    "$lte": _compare(is_above=False, or_equal=True),
    "$mod": lambda path, operand: Values(path, (NUMBERS,), exact=False),
    "$size": _size,
    "$type": _type,
}


# Joining -----------------------------------------------------------------------------------------


def _both(parts: Iterable[Node]) -> Node:
    """Join conditions, and merge what bounds the numbers or the texts of one path."""
    joined: list[Node] = []
    excluded: list[Node] = []
    bounds: dict[tuple[str, bool], int] = {}
    for part in _flat(parts):
        if isinstance(part, Neither) and _can_stand_for_many(part.part):
            excluded.append(part.part)
            continue
        if isinstance(part, Values) and _is_bound(part):
            place = part.path, _is_of_texts(part.ranges[0])
            if place in bounds:
                joined[bounds[place]] = _merge(joined[bounds[place]], part)
                continue
            bounds[place] = len(joined)
        joined.append(part)
    joined += map(Neither, _united(excluded))
    return joined[0] if len(joined) == 1 else Both(tuple(joined))


def _either(parts: Iterable[Node]) -> Node:
    """Join conditions of which one has to hold."""
    united = _united(parts)
    return united[0] if len(united) == 1 else Either(tuple(united))


def _united(parts: Iterable[Node]) -> list[Node]:
    """Make one condition of those on one path that are as exact: their ranges side by side."""
    united: dict[object, list[Node]] = {}
    for part in parts:
        if _can_stand_for_many(part):
            assert isinstance(part, Values)
            united.setdefault((part.path, part.exact, part.merged), []).append(part)
        else:
            united[len(united), "alone"] = [part]
    return [_unite(group) for group in united.values()]


def _can_stand_for_many(part: Node) -> bool:
    return isinstance(part, Values) and part.test is None


def _unite(group: list[Node]) -> Node:
    values = [part for part in group if isinstance(part, Values)]
    if len(group) == 1:
        return group[0]
    ranges = dict.fromkeys(limits for part in values for limits in part.ranges)
    return replace(values[0], ranges=tuple(ranges), missing=any(part.missing for part in values))


def _flat(parts: Iterable[Node]) -> Iterable[Node]:
    for part in parts:
        if isinstance(part, Both):
            yield from part.parts
        else:
            yield part


def _is_bound(values: Values) -> bool:
    if len(values.ranges) != 1 or values.test or values.ranges[0].is_point:
        return False
    high = values.ranges[0].high
    return type(high) is not bytes or high == FIRST_BLOB


def _is_of_texts(limits: Range) -> bool:
    return type(limits.low) is str


def _merge(one: Node, other: Values) -> Values:
    assert isinstance(one, Values)
    return replace(
        one,
        ranges=(one.ranges[0].intersect(other.ranges[0]),),
        exact=one.exact and other.exact,
        merged=True,
    )
