"""Choosing what narrows: what leaves few documents alone, or else all that can; new indexes."""

from __future__ import annotations

import sqlite3
from dataclasses import dataclass, replace

from ..errors import CatalogError
from .keys import MAX_TEXT
from .planning import Narrowing, Planner, paths_of, tested_values
from .run_index import RunIndex
from .schema import START
from .sieve import Both, Node

__all__ = ["EVERYTHING", "Choice", "build_index", "build_indexes", "choose", "count_matches"]

FEW = 500
"""So many documents are looked at rather than that an index is made for them."""

MOST_INDEXES = 64
"""So many paths are indexed because of queries; more have to be declared."""

EVERYTHING = Narrowing("1", (), True, ())


@dataclass(frozen=True)
class Choice:
    """What was chosen."""

    narrowing: Narrowing
    missing: tuple[str, ...]
    """Paths of the query that are not indexed."""
    at_least: int
    """How many documents are left; counted a little further than `FEW`."""


def choose(connection: sqlite3.Connection, sieve: Node, name: str = START) -> Choice:
    """Choose what narrows, with the indexes there are while the connection is held.

    Examples
    --------
    >>> index = RunIndex()
    >>> id = index.put({"uid": "6f2a", "time": 0.0, "scan_id": 3})
    >>> from .sieve import sieve_of
    >>> with index.read() as connection:
    ...     choose(connection, sieve_of({"scan_id": 3, "plan_name": "count"})).missing
    ('plan_name',)
    """
    planner = Planner(connection, name)
    parts = sieve.parts if isinstance(sieve, Both) else (sieve,)
    found = [part for part in map(planner.narrow, parts) if part is not None]
    missing = tuple(path for path in paths_of(sieve) if not planner.is_indexed(path))
    if len(found) > 1:
        counts = [_count_few(connection, part, name) for part in found]
        least = min(range(len(found)), key=counts.__getitem__)
        if counts[least] <= FEW:
            return Choice(replace(found[least], exact=False), missing, counts[least])
    narrowing = planner.join(found, exact=len(found) == len(parts))
    return Choice(narrowing, missing, _count_few(connection, narrowing, name))


def build_indexes(index: RunIndex, sieve: Node, name: str = START) -> tuple[str, ...]:
    """Index one path of a query after the other, until few documents are left to look at."""
    built: list[str] = []
    while True:
        look_at_texts(index, sieve, name)
        with index.read() as connection:
            choice = choose(connection, sieve, name)
        if choice.narrowing.exact or not choice.missing or choice.at_least <= FEW:
            break
        if not build_index(index, choice.missing[0], name):
            break
        built.append(choice.missing[0])
    return tuple(built)


def look_at_texts(index: RunIndex, sieve: Node, name: str) -> None:
    """Test the texts that are indexed, while nobody waits for the connection.

    Those that come before it is held again are taken to pass, and looked at in their documents.
    """
    for values in tested_values(sieve):
        with index.read() as connection:
            texts = Planner(connection, name).texts_to_test(values)
        assert values.test is not None
        values.test.look_at(text for text in texts if len(text) < MAX_TEXT)


def build_index(index: RunIndex, path: str, name: str = START) -> bool:
    """Index a path because somebody asks about it, and tell whether that could be done.

    Not where it would take waiting for others that write, or keep them from it.
    """
    if not index.connections.takes_indexes:
        return False
    if sum(not declared for declared in index.indexes(name).values()) >= MOST_INDEXES:
        return False
    try:
        with index.connections.hurrying():
            return index.create_index(path, name=name, declared=False)
    except (sqlite3.OperationalError, CatalogError):  # others write, or the disk is full
        return False


def _count_few(connection: sqlite3.Connection, narrowing: Narrowing, name: str) -> int:
    """Count how many are left, a little further than matters; what is hard to count is many."""
    if narrowing.sql == "0":
        return 0
    if not narrowing.select and narrowing.sql != "1":
        return FEW + 1
    inner = narrowing.select or (
        "SELECT 1 FROM runs" if name == START else "SELECT 1 FROM documents"
    )
    (count,) = connection.execute(
        f"SELECT count(*) FROM ({inner} LIMIT {FEW + 1})", narrowing.parameters
    ).fetchone()
    return int(count)


def count_matches(connection: sqlite3.Connection, narrowing: Narrowing) -> int:
    """Count the runs that an exact narrowing leaves."""
    if narrowing.select:
        sql = f"SELECT count(DISTINCT id) FROM ({narrowing.select})"
    else:
        sql = f"SELECT count(*) FROM runs WHERE {narrowing.sql}"
    (count,) = connection.execute(sql, narrowing.parameters).fetchone()
    return int(count)
