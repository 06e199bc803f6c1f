"""Finding the values at a path of a document, as MongoDB does: through arrays, and by position."""

from __future__ import annotations

import re
from collections.abc import Callable
from typing import Any, TypeAlias

from .errors import QueryError
from .mongo_operators import MISSING, PLAIN, plain
from .mongo_text import Leaf

__all__ = ["Lift", "Test", "lift_to"]

Test: TypeAlias = Callable[[Any], bool]
"""A test of a document, or of an element of an array."""

Lift: TypeAlias = Callable[[Leaf, bool], Test]
"""Takes a test of one value to where values are found; the flag: to an array's elements as well."""

_MAX_PATH = 200

_INDEX = re.compile(r"0|[1-9][0-9]{0,17}", re.ASCII)


def lift_to(path: str, where: str) -> Lift:
    """Make what takes tests of values to a path of documents.

    Examples
    --------
    >>> lift = lift_to("sample.name", "query")
    >>> lift(lambda value: value == "Cu", True)({"sample": [{"name": "Cu"}]})
    True
    """
    parts = path.split(".")
    if len(parts) > _MAX_PATH:
        raise QueryError(f"the path has more than {_MAX_PATH} parts", where=where[:80])
    if len(parts) == 1:
        return lambda leaf, into_arrays: _field_test(path, leaf, into_arrays)
    return lambda leaf, into_arrays: _path_test(parts, leaf, into_arrays)


def _field_test(name: str, leaf: Leaf, into_arrays: bool) -> Test:
    def test(document: dict[str, Any]) -> bool:
        value = document.get(name, MISSING)
        if type(value) not in PLAIN:
            value = plain(value)
        if into_arrays and type(value) is list and _any_element(value, leaf):
            return True
        return leaf(value)

    return test


def _any_element(values: list[Any], leaf: Leaf) -> bool:
    return any(leaf(value if type(value) in PLAIN else plain(value)) for value in values)


def _path_test(parts: list[str], leaf: Leaf, into_arrays: bool) -> Test:
    """Test the values at a path, as MongoDB finds them.

    A path goes through an array into each sub-document in it, and by position into the element of
    that number. Nothing is found in an array without either, not even a missing value. A name that
    itself holds dots is taken before the path is split there.
    """
    end = len(parts)
    names = [
        [(".".join(parts[start:stop]), stop) for stop in range(end, start, -1)]
        for start in range(end)
    ]
    positions = [int(part) if _INDEX.fullmatch(part) else None for part in parts]

    def of_document(document: dict[str, Any], start: int) -> bool:
        for name, stop in names[start]:
            if name in document:
                return of_value(document[name], stop)
        return leaf(MISSING)

    def of_value(value: Any, start: int) -> bool:
        if type(value) not in PLAIN:
            value = plain(value)
        if start == end:
            if into_arrays and type(value) is list and _any_element(value, leaf):
                return True
            return leaf(value)
        if type(value) is dict:
            return of_document(value, start)
        return of_array(value, start) if type(value) is list else leaf(MISSING)

    def of_array(values: list[Any], start: int) -> bool:
        for value in values:
            item = value if type(value) in PLAIN else plain(value)
            if type(item) is dict and of_document(item, start):
                return True
        position = positions[start]
        if position is None or position >= len(values):
            return False
        item = values[position] if type(values[position]) in PLAIN else plain(values[position])
        if start + 1 == end:
            return leaf(item)
        if type(item) is dict:
            return of_document(item, start + 1)
        return type(item) is list and of_array(item, start + 1)

    return lambda document: of_document(document, 0)
