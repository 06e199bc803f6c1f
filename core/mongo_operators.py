"""The tests that Mongo's operators make of one value; `core.mongo` takes them to the values."""

from __future__ import annotations

import math
import re
from collections.abc import Callable, Mapping
from typing import Any

import mongoquery

from .errors import DocumentError, QueryError
from .mongo_text import Leaf, build_regex, malformed

__all__ = [
    "LEAVES",
    "MISSING",
    "PLAIN",
    "list_of",
    "order_key",
    "plain",
    "plain_operand",
    "types_of",
    "unsupported",
    "wants_existence",
]


class _Marker:
    """A value that no document can hold."""


MISSING = _Marker()
"""Stands for a field that a document does not have."""

_OPAQUE = _Marker()
"""Stands for a value that is no data: it exists, and equals nothing."""

PLAIN = frozenset({dict, list, str, int, float, bool, type(None), _Marker})
"""The exact types that leaves are given; `plain` turns others into these."""

_NUMBERS = frozenset({int, float})

_MAX_DEPTH = 80
"""Deeper than any operand nests, so what lies below cannot be equal to one."""


def plain(value: Any) -> Any:
    """Return a value of a document as the catalogs would have stored it."""
    from .documents.normalising import normalise

    try:
        return normalise(value)
    except DocumentError:
        return _OPAQUE


def plain_operand(operand: Any, where: str) -> Any:
    """Return an operand as the catalogs would have stored it, or say that it is none."""
    # Normalising needs numpy, which a query in plain JSON should not cost.
    if _is_plain(operand):
        return operand
    if isinstance(operand, re.Pattern):
        raise malformed(where, "takes no regular expression", "Use $regex.")
    from .documents.normalising import normalise

    try:
        return normalise(operand, where=where)
    except DocumentError as error:
        raise QueryError(error.what, where=error.where, remedy=error.remedy) from error


def _is_plain(value: Any) -> bool:
    kind = type(value)
    if kind is dict:
        return all(type(key) is str and _is_plain(item) for key, item in value.items())
    if kind is list:
        return all(map(_is_plain, value))
    return kind in PLAIN


# Errors ------------------------------------------------------------------------------------------


def unsupported(name: str, where: str, known: list[str]) -> QueryError:
    """Say that an operator is not known here, and which are."""
    return QueryError(
        f"{name} is not an operator that can stand here",
        where=where,
        remedy=f"Supported here: {', '.join(sorted(known))}.",
    )


# Equality and order ------------------------------------------------------------------------------


def order_key(value: Any, depth: int = 0) -> tuple[Any, ...]:
    """Return what compares as MongoDB compares values: by kind first, NaN below every number.

    Fields of sub-documents are sorted: their order is no part of their value.
    """
    kind = type(value)
    if kind is str:
        return 3, value
    if kind in _NUMBERS:
        return (2, False) if _is_nan(value) else (2, True, value)
    if kind is bool:
        return 8, value
    if value is None or value is MISSING:
        return (1,)
    if value is _OPAQUE or depth > _MAX_DEPTH:
        return (99,)
    if kind is list:
        return 5, tuple(order_key(item, depth + 1) for item in value)
    if kind is dict:
        fields = ((str(name), order_key(item, depth + 1)) for name, item in value.items())
        return 4, tuple((key[0], name, key) for name, key in sorted(fields))
    return order_key(plain(value), depth)


def _equal(operand: Any, where: str) -> Leaf:
    operand = plain_operand(operand, where)
    if operand is None:
        return lambda value: value is None or value is MISSING
    if isinstance(operand, bool):
        return lambda value: value is operand
    if isinstance(operand, str):
        return lambda value: bool(value == operand)
    if isinstance(operand, int | float):
        if _is_nan(operand):
            return _is_nan
        return lambda value: value == operand and type(value) is not bool
    kind, size, key = type(operand), len(operand), order_key(operand)
    return lambda value: type(value) is kind and len(value) == size and order_key(value) == key


def _is_nan(value: Any) -> bool:
    return type(value) is float and math.isnan(value)


def _compare(compare: Callable[[Any, Any], bool], or_equal: bool) -> Callable[[Any, str], Leaf]:
    """Make a builder of order tests, which hold only between values of one kind."""

    def build(operand: Any, where: str) -> Leaf:
        operand = plain_operand(operand, where)
        kind = type(operand)
        if operand is None or _is_nan(operand):
            return _equal(operand, where) if or_equal else lambda value: False
        if kind in _NUMBERS:
            return lambda value: type(value) in _NUMBERS and compare(operand, value)
        if kind is str or kind is bool:
            return lambda value: type(value) is kind and compare(operand, value)
        key = order_key(operand)
        return lambda value: type(value) is kind and compare(key, order_key(value))

    return build


def _in(operand: Any, where: str) -> Leaf:
    patterns: list[Leaf] = []
    values = []
    for i, item in enumerate(list_of(operand, where)):
        if isinstance(item, re.Pattern):
            patterns.append(build_regex(item, None, f"{where}[{i}]"))
            continue
        if isinstance(item, Mapping) and any(str(name).startswith("$") for name in item):
            raise malformed(where, "takes values, not operators", "Use $or.")
        values.append(plain_operand(item, f"{where}[{i}]"))
    texts = frozenset(value for value in values if type(value) is str)
    keys = frozenset(map(order_key, values))

    def leaf(value: Any) -> bool:
        if type(value) is str:
            return value in texts or any(pattern(value) for pattern in patterns)
        return order_key(value) in keys

    return leaf


def list_of(operand: Any, where: str) -> list[Any]:
    """Return the items of an operand that has to be a list."""
    if isinstance(operand, list | tuple | set | frozenset):
        return list(operand)
    operand = plain_operand(operand, where)
    if not isinstance(operand, list):
        raise malformed(where, "needs a list", "Write [ ] around the values.")
    return operand


# Kinds, numbers and sizes ------------------------------------------------------------------------

_TYPE_NAMES = {
    1: "double", 2: "string", 3: "object", 4: "array", 5: "binData", 6: "undefined",
    7: "objectId", 8: "bool", 9: "date", 10: "null", 11: "regex", 12: "dbPointer",
    13: "javascript", 14: "symbol", 15: "javascriptWithScope", 16: "int", 17: "timestamp",
    18: "long", 19: "decimal", -1: "minKey", 127: "maxKey",
}  # fmt: skip
_TYPES_OF_PYTHON = {
    float: "double", str: "string", dict: "object", list: "array", bool: "bool",
    type(None): "null",
}  # fmt: skip


def types_of(operand: Any, where: str) -> set[str]:
    """Read the operand of ``$type``: the names of the types that it asks for."""
    operand = plain_operand(operand, where)
    wanted: set[str] = set()
    for item in operand if isinstance(operand, list) else [operand]:
        name = item
        if type(item) in _NUMBERS:
            name = _TYPE_NAMES.get(item)
        if name == "number":
            wanted |= {"double", "int", "long"}
        elif isinstance(name, str) and name in _TYPE_NAMES.values():
            wanted.add(name)
        else:
            known = ", ".join(["number", *_TYPE_NAMES.values()])
            raise malformed(where, f"does not know the type {item!r}", f"Known: {known}.")
    return wanted


def _type(operand: Any, where: str) -> Leaf:
    wanted = types_of(operand, where)

    def leaf(value: Any) -> bool:
        kind = type(value)
        if kind is int:
            return ("int" if -(2**31) <= value < 2**31 else "long") in wanted
        return _TYPES_OF_PYTHON.get(kind) in wanted

    return leaf


def _mod(operand: Any, where: str) -> Leaf:
    numbers = plain_operand(operand, where)
    if not isinstance(numbers, list) or len(numbers) != 2 or None in map(_integer, numbers):
        raise malformed(where, "needs two finite numbers", "Write [divisor, remainder].")
    divisor, remainder = int(numbers[0]), int(numbers[1])
    if divisor == 0:
        raise malformed(where, "cannot divide by 0", "Choose another divisor.")

    def leaf(value: Any) -> bool:
        dividend = _integer(value)
        if dividend is None:
            return False
        rest = abs(dividend) % abs(divisor)
        return (rest if dividend >= 0 else -rest) == remainder

    return leaf


def _integer(value: Any) -> int | None:
    """Return a number cut to an integer, None for what is no number of 64 bits."""
    if type(value) not in _NUMBERS or not -(2.0**63) <= value < 2.0**63:
        return None
    return int(value)


def _size(operand: Any, where: str) -> Leaf:
    size = plain_operand(operand, where)
    if _integer(size) is None or size != int(size) or size < 0:
        raise malformed(where, "needs a whole number, 0 or more", 'Write {"$size": 3}.')
    test: Callable[[Any, Any], bool] = mongoquery.Query._size
    return lambda value: test(int(size), value)


def wants_existence(operand: Any, where: str) -> bool:
    """Read the operand of ``$exists``: MongoDB takes 0 and null for false."""
    if not isinstance(operand, bool | int | float | None):
        raise malformed(where, "needs true or false", 'Write {"$exists": true}.')
    return bool(operand)


LEAVES: dict[str, Callable[[Any, str], Leaf]] = {
    "$eq": _equal,
    # Between two values of one kind mongoquery and MongoDB agree.
    "$gt": _compare(mongoquery.Query._gt, or_equal=False),
    "$gte": _compare(mongoquery.Query._gte, or_equal=True),
    "$in": _in,
    "$lt": _compare(mongoquery.Query._lt, or_equal=False),
    "$lte": _compare(mongoquery.Query._lte, or_equal=True),
    "$mod": _mod,
    "$size": _size,
    "$type": _type,
}
