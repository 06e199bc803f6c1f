"""Mongo queries: does a document match? Compiled once, with the answers that MongoDB gives.

The language is that of the package mongoquery, whose answers differ from MongoDB's in places;
``docs/explanations/search-semantics.md`` lists them, and what is decided here.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Mapping
from typing import Any

import mongoquery

from .errors import DocumentError, QueryError
from .mongo_operators import (
    LEAVES,
    MISSING,
    PLAIN,
    plain,
    unsupported,
    wants_existence,
)
from .mongo_paths import Lift, Test, lift_to
from .mongo_text import Leaf, build_regex, malformed, searched_words, words_of
from .queries import Condition

__all__ = ["OPERATORS", "Query", "matches"]

_MAX_DEPTH = 64

_LOGICAL = ["$and", "$nor", "$or"]
_COMMENT, _TEXT = "$comment", "$text"
_FIELD_OPERATORS = sorted(
    [*LEAVES, "$all", "$elemMatch", "$exists", "$ne", "$nin", "$not", "$options", "$regex"]
)
OPERATORS = sorted([*_LOGICAL, *_FIELD_OPERATORS, _COMMENT, _TEXT])
"""Every operator that a query can use."""


class Query(mongoquery.Query):  # type: ignore[misc]  # mongoquery has no annotations
    """A query in Mongo's language, checked and compiled once.

    Parameters
    ----------
    definition
        The query, or what `penstock.queries` makes. Regular expressions may be compiled; numpy
        values, dates and tuples are taken as the catalogs store them (dates as ISO 8601 text).

    Raises
    ------
    QueryError
        If an operator is unknown, an operand malformed or a regular expression bad.

    Examples
    --------
    >>> query = Query({"sample.name": "Cu", "time": {"$lt": 1558887100}})
    >>> query.matches({"sample": {"name": "Cu"}, "time": 1558887000.5})
    True
    >>> Query({"time": {"$before": 0}})
    Traceback (most recent call last):
    ...
    penstock.core.errors.QueryError: query.time.$before: $before is not an operator that can ...
    """

    def __init__(self, definition: Mapping[str, Any] | Condition) -> None:
        definition = _copied(definition)
        self._test = _compile_query(definition, "query")
        super().__init__(definition)

    @property
    def definition(self) -> Mapping[str, Any]:
        """The query as it was given."""
        definition: Mapping[str, Any] = self._definition
        return definition

    def matches(self, document: Mapping[str, Any]) -> bool:
        """Tell whether a document matches; this never raises on plain data.

        Examples
        --------
        >>> Query({"motors": "theta"}).matches({"motors": ["theta", "x"]})
        True
        """
        return self._test(document if type(document) is dict else _plain_document(document))

    match = matches  # mongoquery's name for it

    def __reduce__(self) -> tuple[object, ...]:
        return type(self), (self._definition,)

    def __repr__(self) -> str:
        return f"Query({self._definition!r})"


def matches(definition: Mapping[str, Any], document: Mapping[str, Any]) -> bool:
    """Tell whether a document matches a query.

    Raises
    ------
    QueryError
        If the query is not valid.

    Examples
    --------
    >>> matches({"scan_id": {"$gt": 3}}, {"scan_id": 4}), matches({}, {"anything": 1})
    (True, True)
    """
    return Query(definition).matches(document)


def _plain_document(document: Any) -> dict[str, Any]:
    document = plain(document)
    if not isinstance(document, dict):
        raise DocumentError("a query looks at mappings", remedy="Give one document.")
    return document


def _copied(value: Any, left: int = _MAX_DEPTH) -> Any:
    """Copy a query, refusing what would exhaust the stack (and so what holds itself)."""
    if left < 0:
        raise QueryError(f"nests more than {_MAX_DEPTH} deep", where="query")
    if isinstance(value, Condition):
        value = value.query
    if isinstance(value, Mapping):
        return {name: _copied(item, left - 1) for name, item in value.items()}
    if isinstance(value, list | tuple):
        return [_copied(item, left - 1) for item in value]
    return value


# Logic -------------------------------------------------------------------------------------------


def _compile_query(definition: Any, where: str) -> Test:
    if not isinstance(definition, Mapping):
        raise QueryError(
            f"is {type(definition).__name__}, not a mapping of field names to conditions",
            where=where,
            remedy='Write {"field": value}, or {} for everything.',
        )
    tests = []
    for name, condition in definition.items():
        if not isinstance(name, str):
            raise QueryError(f"{name!r} is not the name of a field", where=where)
        place = f"{where}.{name}"
        if name in _LOGICAL:
            tests.append(_compile_logical(name, condition, place))
        elif name == _TEXT:
            tests.append(_compile_text(condition, place))
        elif name in _FIELD_OPERATORS:
            raise malformed(place, "belongs to a field", f'Write {{"field": {{"{name}": …}}}}.')
        elif name.startswith("$") and name != _COMMENT:
            raise unsupported(name, place, [*_LOGICAL, _COMMENT, _TEXT])
        elif name != _COMMENT:
            tests.append(_compile_condition(condition, lift_to(name, place), place))
    return _all_of(tests)


def _compile_logical(name: str, conditions: Any, where: str) -> Test:
    if not isinstance(conditions, list | tuple) or not conditions:
        raise malformed(
            where, "needs a list of queries, not empty", f'Write {{"{name}": [{{…}}]}}.'
        )
    tests = [_compile_query(item, f"{where}[{i}]") for i, item in enumerate(conditions)]
    if name == "$and":
        return _all_of(tests)
    anything = _any_of(tests)
    return anything if name == "$or" else _negate(anything)


def _compile_text(operand: Any, where: str) -> Test:
    wanted = searched_words(operand, where)
    return lambda document: wanted <= words_of(document)


def _all_of(tests: Iterable[Test]) -> Test:
    tests = tuple(tests)
    if len(tests) == 1:
        return tests[0]

    return lambda value: all(test(value) for test in tests)


def _any_of(tests: Iterable[Test]) -> Test:
    tests = tuple(tests)
    return lambda value: any(test(value) for test in tests)


def _negate(test: Test) -> Test:
    return lambda value: not test(value)


# Conditions on one field -------------------------------------------------------------------------


def _compile_condition(condition: Any, lift: Lift, where: str) -> Test:
    if isinstance(condition, re.Pattern):
        return lift(build_regex(condition, None, f"{where}.$regex"), True)
    if _holds_operators(condition, where):
        return _compile_operators(condition, lift, where)
    return lift(LEAVES["$eq"](condition, f"{where}.$eq"), True)


def _holds_operators(condition: Any, where: str) -> bool:
    if not isinstance(condition, Mapping):
        return False
    are_operators = {str(name).startswith("$") for name in condition}
    if len(are_operators) == 2:
        raise QueryError(
            "mixes operators and fields",
            where=where,
            remedy='For fields of a sub-document write {"parent.field": …}.',
        )
    return are_operators == {True}


def _compile_operators(operators: Mapping[str, Any], lift: Lift, where: str) -> Test:
    tests = []
    for name, operand in operators.items():
        place = f"{where}.{name}"
        if name == "$regex":
            test = lift(build_regex(operand, operators.get("$options"), place), True)
        elif name == "$options":
            if "$regex" not in operators:
                raise malformed(place, "needs a $regex beside it", "Add one.")
            continue
        elif name in _STRUCTURAL:
            test = _STRUCTURAL[name](operand, lift, place)
        elif name in LEAVES:
            # The size of an array is its own, not that of the arrays in it.
            test = lift(LEAVES[name](operand, place), name != "$size")
        else:
            raise unsupported(name, place, _FIELD_OPERATORS)
        tests.append(test)
    return _all_of(tests)


def _not_equal(operand: Any, lift: Lift, where: str) -> Test:
    return _negate(lift(LEAVES["$eq"](operand, where), True))


def _not_in(operand: Any, lift: Lift, where: str) -> Test:
    return _negate(lift(LEAVES["$in"](operand, where), True))


def _exists(operand: Any, lift: Lift, where: str) -> Test:
    there = lift(lambda value: value is not MISSING, True)
    return there if wants_existence(operand, where) else _negate(there)


def _not(operand: Any, lift: Lift, where: str) -> Test:
    if not isinstance(operand, re.Pattern) and not _holds_operators(operand, where):
        raise malformed(where, "needs operators or a regular expression", "For a value use $ne.")
    return _negate(_compile_condition(operand, lift, where))


def _all(operand: Any, lift: Lift, where: str) -> Test:
    if not isinstance(operand, list | tuple):
        raise malformed(where, "needs a list", "Write [ ] around the values.")
    if not operand:
        return lambda value: False
    tests = []
    for i, item in enumerate(operand):
        place = f"{where}[{i}]"
        if _holds_operators(item, place) and set(item) != {"$elemMatch"}:
            raise malformed(where, "takes values and $elemMatch", "Put other operators in $and.")
        tests.append(_compile_condition(item, lift, place))
    return _all_of(tests)


def _elem_match(operand: Any, lift: Lift, where: str) -> Test:
    if not isinstance(operand, Mapping):
        raise malformed(where, "needs a query or operators", 'Write {"$elemMatch": {…}}.')
    if operand and all(str(name).startswith("$") and name not in _LOGICAL for name in operand):
        test = _compile_operators(operand, lambda leaf, _: leaf, where)
    else:
        test = _of_sub_document(_compile_query(operand, where))

    def leaf(value: Any) -> bool:
        return type(value) is list and any(
            test(item if type(item) in PLAIN else plain(item)) for item in value
        )

    return lift(leaf, False)


def _of_sub_document(test: Test) -> Leaf:
    def leaf(value: Any) -> bool:
        if type(value) is list:  # whose elements have their positions for names
            value = {str(i): item for i, item in enumerate(value)}
        return type(value) is dict and test(value)

    return leaf


_STRUCTURAL: dict[str, Callable[[Any, Lift, str], Test]] = {
    "$all": _all,
    "$elemMatch": _elem_match,
    "$exists": _exists,
    "$ne": _not_equal,
    "$nin": _not_in,
    "$not": _not,
}
