"""Listing runs in an order of values in their starts."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from typing import Any, TypeAlias

from ..mongo_operators import MISSING, order_key
from ..mongo_paths import lift_to
from .run_index import RunIndex

__all__ = ["Order", "elements_at", "sort_ids"]

Order: TypeAlias = tuple[tuple[str, int], ...]
"""Paths, each with 1 for the smallest first, or -1 for the largest."""

_LOWEST = (0,)
"""Where an empty list stands."""


def elements_at(path: str) -> Callable[[dict[str, Any]], list[Any]]:
    """Return what lists the values at a path, of a list its elements; or `MISSING`.

    Examples
    --------
    >>> elements_at("a.b")({"a": [{"b": 1}, {"b": [2, 3]}]})
    [1, 2, 3]
    """
    found: list[Any] = []
    visit = lift_to(path, "query")(found.append, False)  # type: ignore[arg-type]  # None is false

    def elements(document: dict[str, Any]) -> list[Any]:
        found.clear()
        visit(document)
        return [item for value in found for item in (value if type(value) is list else [value])]

    return elements


def sort_ids(index: RunIndex, ids: Iterable[int], order: Order) -> list[int]:
    """Sort runs as MongoDB would: by kind, then value; of a list the smallest or largest counts.

    Runs that are equal stay in their order; a field that is missing counts as null.
    """
    ways = [(elements_at(path), max if direction < 0 else min) for path, direction in order]
    keyed = []
    ids = list(ids)
    for id, _, start in index.documents(ids):
        keys = []
        for elements, choose in ways:
            values = [order_key(value) for value in elements(start)]
            keys.append(choose(values) if values else _LOWEST)
        keyed.append((keys, id))
    seen = {id for _, id in keyed}
    # Of those that cannot be read every field is missing.
    keyed += [([order_key(MISSING)] * len(order), id) for id in ids if id not in seen]
    for place, (_, direction) in reversed(list(enumerate(order))):
        keyed.sort(key=lambda pair, place=place: pair[0][place], reverse=direction < 0)  # type: ignore[misc]  # a lambda's default
    return [id for _, id in keyed]
