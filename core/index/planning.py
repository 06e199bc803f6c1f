"""From conditions to SQL: which documents an index leaves to look at."""

from __future__ import annotations

import sqlite3
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, replace
from typing import Any

from .keys import FIRST_BLOB, FIRST_TEXT, MANY, MAX_TEXT, Key, Range
from .schema import COLUMNS, START, TEXT
from .sieve import Both, Either, Neither, Node, Values, Words

__all__ = ["Narrowing", "Planner", "paths_of", "tested_values"]

_MOST_PARAMETERS = 30_000
"""SQLite takes 32,766 in a statement."""

_MOST_RANGES = 200
"""SQLite takes 500 in the place of one condition."""

_MOST_CHARACTERS = 500_000
_MOST_DEEP = 25
"""SQLite's parser may have a stack of 100; a condition and its parentheses take a few places."""


@dataclass(frozen=True)
class Narrowing:
    """SQL that is true of all documents that match, and of no others if it is exact."""

    sql: str
    parameters: tuple[Any, ...]
    exact: bool
    paths: tuple[str, ...]
    select: str = ""
    """Gives the ids of these documents one by one, some twice; with the same parameters."""
    probe: str = ""
    """The same as `sql`, to be asked of runs one by one as they are gone through in an order."""
    depth: int = 0
    """How deep conditions are nested in it."""

    @property
    def fits(self) -> bool:
        """Whether it can be part of a statement."""
        return (
            len(self.parameters) <= _MOST_PARAMETERS
            and len(self.sql) <= _MOST_CHARACTERS
            and self.depth <= _MOST_DEEP
        )


def paths_of(node: Node) -> Iterator[str]:
    """Give the paths that an index could help with, each once or more.

    Examples
    --------
    >>> list(paths_of(Values("sample.name", (Range("Cu", "Cu"),), exact=True)))
    ['sample.name']
    """
    yield from (values.path for values in _values_in(node))


def tested_values(node: Node) -> list[Values]:
    """Return the conditions in which texts have to pass a test.

    Examples
    --------
    >>> tested_values(Values("sample.name", (Range("Cu", "Cu"),), exact=True))
    []
    """
    return [values for values in _values_in(node) if values.test is not None]


def _values_in(node: Node) -> Iterator[Values]:
    if isinstance(node, Values):
        yield node
    elif isinstance(node, Neither):
        yield from _values_in(node.part)
    elif isinstance(node, Both | Either):
        for part in node.parts:
            yield from _values_in(part)


class Planner:
    """Writes SQL for conditions, with the indexes that there are while the connection is held.

    Parameters
    ----------
    connection
        To look at indexes; nothing must change between planning and doing.
    name
        Whether starts are looked for, or later documents of this name.
    """

    def __init__(self, connection: sqlite3.Connection, name: str) -> None:
        self._connection = connection
        rows = connection.execute("SELECT path, id FROM paths WHERE name = ?", (name,))
        self.ids: dict[str, int] = dict(rows.fetchall())
        self._columns = COLUMNS if name == START else ()

    def is_indexed(self, path: str) -> bool:
        """Tell whether conditions on a path can be looked up."""
        return path in self.ids or path in self._columns

    def narrow(self, node: Node) -> Narrowing | None:
        """Return what narrows to the documents that a condition holds for; None if nothing does."""
        if isinstance(node, Values):
            return self._narrow_values(node)
        if isinstance(node, Both):
            return self._narrow_both(node)
        if isinstance(node, Either):
            return self._narrow_either(node)
        if isinstance(node, Neither):
            part = self.narrow(node.part)
            if part is None or not part.exact:
                return None
            negated = f"NOT ({part.sql})"
            found = Narrowing(negated, part.parameters, True, part.paths, depth=part.depth + 1)
            return found if found.fits else None
        return self._narrow_words(node)

    def _narrow_both(self, node: Both) -> Narrowing | None:
        parts = [self.narrow(part) for part in node.parts]
        found = [part for part in parts if part is not None]
        if not found and parts:
            return None
        return self.join(found, exact=len(found) == len(parts))

    @staticmethod
    def join(parts: list[Narrowing], *, exact: bool) -> Narrowing:
        """Return what narrows to the documents that all parts leave, as far as they fit."""
        if len(parts) == 1:
            return replace(parts[0], exact=exact and parts[0].exact)
        joined = _join(parts, " AND ", "1", exact=exact)
        while not joined.fits:
            parts = sorted(parts, key=lambda part: (part.depth, len(part.sql)))
            parts = parts[: len(parts) // 2]
            joined = _join(parts, " AND ", "1", exact=False)
        return joined

    def _narrow_either(self, node: Either) -> Narrowing | None:
        parts = [self.narrow(part) for part in node.parts]
        found = [part for part in parts if part is not None]
        if len(found) < len(parts):
            return None
        joined = _join(found, " OR ", "0", exact=True)
        return joined if joined.fits else None

    def _narrow_words(self, node: Words) -> Narrowing | None:
        if TEXT not in self.ids:
            return None
        select = "SELECT rowid AS id FROM words WHERE words MATCH ?"
        wanted = " ".join(f'"{word}"' for word in sorted(node.words))
        return Narrowing(f"id IN ({select})", (wanted,), True, (TEXT,), select)

    # Values ----------------------------------------------------------------------------------

    def _narrow_values(self, node: Values) -> Narrowing | None:
        if node.path in self._columns:
            return _narrow_column(node, self._connection)
        if node.path not in self.ids:
            return None
        index, exact, ranges = self.ids[node.path], node.exact, node.ranges
        if node.test is not None:
            if not node.test.known:
                return None
            ranges, exact = self._texts_that_pass(node)
        if node.merged and self._has_many(index):
            ranges, exact = (*ranges, Range(MANY, MANY)), False
        ranges, is_whole = _few_enough(ranges)
        selects, parameters = _select(ranges, index)
        sql, exact = f"id IN ({selects})" if selects else "0", exact and is_whole
        if node.missing:
            sql = f"(id NOT IN (SELECT id FROM entries WHERE path = {index}) OR {sql})"
            return Narrowing(sql, parameters, exact, (node.path,))
        probe = ""
        if selects and all(limits.is_point for limits in ranges):
            probe = f"EXISTS ({selects} AND entries.id = runs.id)"
        return Narrowing(sql, parameters, exact, (node.path,), selects, probe)

    def _has_many(self, index: int) -> bool:
        found = self._connection.execute(
            "SELECT 1 FROM entries WHERE path = ? AND value = ? LIMIT 1", (index, MANY)
        )
        return found.fetchone() is not None

    def texts_to_test(self, node: Values) -> list[str]:
        """Return the texts that are indexed, each once however many documents hold it."""
        if node.path not in self.ids:
            return []
        rows = self._connection.execute(
            "SELECT DISTINCT value FROM entries WHERE path = ? AND value >= ? AND value < ?",
            (self.ids[node.path], node.ranges[0].low, node.ranges[0].high),
        )
        return [text for (text,) in rows]

    def _texts_that_pass(self, node: Values) -> tuple[tuple[Range, ...], bool]:
        """Return the texts that passed the test, and those of which it cannot be told."""
        assert node.test is not None
        passed, exact = [], True
        for text in self.texts_to_test(node):
            passes = node.test.known.get(text)
            # What a key that was cut stands for may differ; others came just now.
            if passes is None or len(text) >= MAX_TEXT or text[-1:] == "\ue000":
                passed.append(Range(text, text))
                exact = False
            elif passes:
                passed.append(Range(text, text))
        return tuple(passed), exact


def _join(parts: list[Narrowing], word: str, nothing: str, *, exact: bool) -> Narrowing:
    return Narrowing(
        _balanced([f"({part.sql})" for part in parts], word) or nothing,
        tuple(parameter for part in parts for parameter in part.parameters),
        exact and all(part.exact for part in parts),
        tuple(dict.fromkeys(path for part in parts for path in part.paths)),
        depth=max((part.depth for part in parts), default=0) + len(parts).bit_length(),
    )


def _balanced(terms: list[str], word: str) -> str:
    """Join terms as a tree: SQLite nests a row of them, and is soon too deep in it."""
    while len(terms) > 2:
        pairs = [terms[first : first + 2] for first in range(0, len(terms), 2)]
        terms = [f"({word.join(pair)})" if len(pair) > 1 else pair[0] for pair in pairs]
    return word.join(terms)


def _few_enough(ranges: tuple[Range, ...]) -> tuple[tuple[Range, ...], bool]:
    """Return ranges that fit into a statement, and whether they are the same."""
    wide = sum(not limits.is_point for limits in ranges)
    if wide <= _MOST_RANGES and len(ranges) + wide <= _MOST_PARAMETERS:
        return ranges, True
    return (Range(None, None),), False


def _select(ranges: Iterable[Range], index: int) -> tuple[str, tuple[Any, ...]]:
    points = [limits.low for limits in ranges if limits.is_point]
    selects, parameters = [], []
    start = f"SELECT id FROM entries WHERE path = {index}"
    if points:
        selects.append(f"{start} AND value IN ({', '.join('?' * len(points))})")
        parameters += points
    for limits in ranges:
        if not limits.is_point:
            condition, bounds = _within("value", limits)
            selects.append(start + condition)
            parameters += bounds
    return " UNION ALL ".join(selects), tuple(parameters)


def _within(column: str, limits: Range) -> tuple[str, list[Key]]:
    condition, bounds = "", []
    if limits.low is not None:
        condition += f" AND {column} {'>=' if limits.with_low else '>'} ?"
        bounds.append(limits.low)
    if limits.high is not None:
        condition += f" AND {column} {'<=' if limits.with_high else '<'} ?"
        bounds.append(limits.high)
    return condition, bounds


# Columns -----------------------------------------------------------------------------------------

_TIMELESS = "SELECT 1 FROM runs WHERE time IS NULL LIMIT 1"

_MAX_EXACT = 2**53
"""Integers up to here are floats, too."""


def _narrow_column(node: Values, connection: sqlite3.Connection) -> Narrowing | None:
    name = node.path
    if node.test is not None:
        return None
    found = _uid_ranges(node) if name == "uid" else _time_ranges(node)
    if found is None:
        return None
    ranges, exact = found
    if len(ranges) > _MOST_PARAMETERS // 2:
        return None
    points = [limits.low for limits in ranges if limits.is_point]
    parts, parameters = [], []
    if points:
        parts.append(f"{name} IN ({', '.join('?' * len(points))})")
        parameters += points
    for limits in ranges:
        if not limits.is_point:
            condition, bounds = _within(name, limits)
            parts.append(condition.removeprefix(" AND ") or "1")
            parameters += bounds
    sql = _balanced([f"({part})" for part in parts], " OR ") or "0"
    if name == "time" and connection.execute(_TIMELESS).fetchone():
        sql, exact = f"time IS NULL OR {sql}", False
    return Narrowing(
        f"id IN (SELECT id FROM runs WHERE {sql})",
        tuple(parameters),
        exact,
        (name,),
        f"SELECT id FROM runs WHERE {sql}",
        sql,
        depth=len(parts).bit_length(),
    )


def _time_ranges(node: Values) -> tuple[list[Range], bool]:
    exact, ranges = node.exact, []
    for limits in node.ranges:
        if isinstance(limits.low, str | bytes):
            continue
        if isinstance(limits.high, str | bytes):
            limits = Range(limits.low, None, limits.with_low)
        bounds = [bound for bound in (limits.low, limits.high) if bound is not None]
        if not all(-_MAX_EXACT <= bound <= _MAX_EXACT for bound in bounds):  # type: ignore[operator]  # no text is left
            # The column is of floats, to which bounds are rounded as the times were.
            low, high = (None if b is None else float(b) for b in (limits.low, limits.high))
            limits, exact = Range(low, high), False
        ranges.append(limits)
    return ranges, exact


def _uid_ranges(node: Values) -> tuple[list[Range], bool] | None:
    if not node.exact:
        return None  # the column holds whole texts, of which an inexact bound is a part
    ranges = []
    for limits in node.ranges:
        texts = limits.intersect(Range(FIRST_TEXT, FIRST_BLOB, with_high=False))
        if isinstance(texts.low, str) and isinstance(texts.high, str):
            ranges.append(texts)
        elif isinstance(texts.low, str) and isinstance(texts.high, bytes):
            ranges.append(Range(texts.low, None, texts.with_low))
    return ranges, True
