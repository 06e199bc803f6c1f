"""Which values there are at a path, and how many runs have each."""

from __future__ import annotations

import json
import sqlite3
from collections.abc import Iterable
from typing import Any

from ..mongo_operators import MISSING, order_key
from .choosing import FEW, build_index
from .encoding import encode_text
from .keys import FALSE, FIRST_BLOB, MAX_TEXT, NAN, NESTED, NULL, SUB_DOCUMENTS, TRUE
from .run_index import RunIndex
from .schema import START
from .searching import Search
from .sorting import elements_at

__all__ = ["count_values"]

_PLAIN_BLOBS = {NAN: float("nan"), NULL: None, FALSE: False, TRUE: True}


def count_values(found: Search, path: str) -> list[tuple[Any, int]]:
    """Return the values at a path in starts, in Mongo's order, and how many runs have each.

    Of a list each element counts, in each run once. A field that is missing counts nowhere.

    Examples
    --------
    >>> index = RunIndex()
    >>> _ = index.put_many({"uid": str(n), "time": 0.0, "motors": ["x", "y"][:n]} for n in (1, 2))
    >>> count_values(Search(index), "motors")
    [('x', 2), ('y', 1)]
    """
    index = found.index
    ids = found.ids() if found.is_narrowed else None
    runs = len(index) if ids is None else len(ids)
    if runs > FEW and path not in index.indexes():
        build_index(index, path)
    counted, left = _count_by_index(index, path, ids)
    _count_in_documents(index, left, path, counted)
    return [counted[key] for key in sorted(counted)]


_Counted = dict[tuple[Any, ...], tuple[Any, int]]


def _count_by_index(
    index: RunIndex, path: str, ids: list[int] | None
) -> tuple[_Counted, Iterable[int]]:
    """Count what the index tells, and return the runs that have to be looked at."""
    counted: _Counted = {}
    with index.read() as connection:
        row = connection.execute(
            "SELECT id FROM paths WHERE name = ? AND path = CAST(? AS TEXT)",
            (START, encode_text(path)),
        ).fetchone()
        if row is None:
            if ids is None:
                ids = [id for (id,) in connection.execute("SELECT id FROM runs")]
            return counted, ids
        among, parameters = "path = ?", [row[0]]
        if ids is not None:
            among += " AND id IN (SELECT value FROM json_each(?))"
            parameters.append(json.dumps(ids))
        left = _select_unclear(connection, among, parameters)
        if left:
            among += " AND id NOT IN (SELECT value FROM json_each(?))"
            parameters.append(json.dumps(left))
        rows = connection.execute(
            f"SELECT value, count(*) FROM entries WHERE {among} GROUP BY value", parameters
        )
        for key, count in rows:
            if type(key) is not bytes or key in _PLAIN_BLOBS:
                value = _PLAIN_BLOBS[key] if type(key) is bytes else key
                counted[order_key(value)] = value, count
    return counted, left


def _select_unclear(connection: sqlite3.Connection, among: str, parameters: list[Any]) -> list[int]:
    """Return the runs with values of which keys do not tell all."""
    rows = connection.execute(
        f"SELECT DISTINCT id FROM entries WHERE {among} AND ("
        f"(value >= '' AND value < ? AND (length(value) >= {MAX_TEXT} OR value LIKE '%\ue000')) "
        f"OR value <= -9223372036854775807 OR (value >= 9223372036854775807 AND value < '') "
        "OR (value >= ? AND value < ?) OR value = ?)",
        [*parameters, FIRST_BLOB, SUB_DOCUMENTS.low, SUB_DOCUMENTS.high, NESTED],
    )
    return [id for (id,) in rows]


def _count_in_documents(index: RunIndex, ids: Iterable[int], path: str, counted: _Counted) -> None:
    elements = elements_at(path)
    for _, _, start in index.documents(ids):
        values = {order_key(value): value for value in elements(start) if value is not MISSING}
        for key, value in values.items():
            first, count = counted.get(key, (value, 0))
            counted[key] = first, count + 1
