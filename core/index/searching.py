"""Answering queries: indexes narrow, the matcher decides, and nobody can tell but by the time."""

from __future__ import annotations

import sqlite3
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field, replace

from ..mongo import Query
from .explaining import Explanation
from .planning import Narrowing, Planner, paths_of
from .run_index import RunIndex
from .schema import START
from .sieve import Both, Node, sieve_of

__all__ = ["Search"]

_FEW = 500
"""So many documents are looked at rather than that an index is made for them."""

_MOST_INDEXES = 64
"""So many paths are indexed because of queries; more have to be declared."""

_EVERYTHING = Narrowing("1", (), True, ())

_NEWEST_FIRST = "ORDER BY time DESC, id DESC"
_IN_ORDER = "ORDER BY id"


class Search:
    """The runs whose start documents match a query, whenever it is asked.

    Parameters
    ----------
    index
        Where the runs are.
    query
        None for all runs.

    Examples
    --------
    >>> index = RunIndex()
    >>> _ = index.put_many([{"uid": "a", "time": 0.0, "n": 1}, {"uid": "b", "time": 5.0, "n": 2}])
    >>> found = Search(index, Query({"n": {"$lt": 3}}))
    >>> found.uids(), len(found), list(found.newest()), "c" in found
    (['a', 'b'], 2, ['b', 'a'], False)
    """

    def __init__(self, index: RunIndex, query: Query | None = None) -> None:
        self._index = index
        self._query = query
        self._sieve: Node = Both(()) if query is None else sieve_of(query.definition)

    # Asking ----------------------------------------------------------------------------------

    def __len__(self) -> int:
        if self._query is None:
            return len(self._index)
        self._build_indexes()
        with self._index.read() as connection:
            plan = self._plan(connection)
            if plan.narrowing.exact:
                return _count(connection, plan.narrowing)
        return sum(1 for _ in self._matching(_IN_ORDER))

    def __bool__(self) -> bool:
        return True

    def __contains__(self, uid: object) -> bool:
        if not isinstance(uid, str):
            return False
        if self._query is None:
            return uid in self._index
        try:
            return bool(self._query.matches(self._index.start(uid)))
        except KeyError:
            return False

    @property
    def is_narrowed(self) -> bool:
        """Whether there is a query."""
        return self._query is not None

    def among(self, uids: Iterable[str]) -> Iterator[str]:
        """Give those of some uids that match, as they are asked for."""
        if self._query is None:
            return iter(uids)
        return (uid for uid in uids if uid in self)

    def uids(self) -> list[str]:
        """Return the uids, in the order in which the runs first came."""
        return self._index.uids() if self._query is None else list(self._matching(_IN_ORDER))

    def newest(self) -> Iterator[str]:
        """Give the uids, the newest run first."""
        return iter(self._index.newest()) if self._query is None else self._matching(_NEWEST_FIRST)

    def nth_newest(self, number: int) -> str | None:
        """Return the uid of the newest run but so many; None if there are not as many."""
        if self._query is None:
            found = self._index.newest(1, number)
            return found[0] if found else None
        for place, uid in enumerate(self._matching(_NEWEST_FIRST)):
            if place == number:
                return uid
        return None

    def explain(self) -> Explanation:
        """Return what was narrowed by which index, and how many documents were looked at."""
        tally = _Tally()
        found = sum(1 for _ in self._matching(_IN_ORDER, tally))
        return Explanation(
            query={} if self._query is None else dict(self._query.definition),
            runs=len(self._index),
            candidates=tally.candidates,
            looked_at=tally.looked_at,
            found=found,
            indexes=tally.narrowing.paths,
            built=tally.built,
        )

    def _matching(self, order: str, tally: _Tally | None = None) -> Iterator[str]:
        built = self._build_indexes()
        with self._index.read() as connection:
            narrowing = self._plan(connection).narrowing
            rows = connection.execute(
                f"SELECT id, uid FROM runs WHERE {narrowing.sql} {order}"
                if narrowing.exact
                else f"SELECT id FROM runs WHERE {narrowing.sql} {order}",
                narrowing.parameters,
            ).fetchall()
        if tally is not None:
            tally.narrowing, tally.candidates, tally.built = narrowing, len(rows), built
        if narrowing.exact or self._query is None:
            return (uid for _, uid in rows)
        return self._decide([id for (id,) in rows], tally or _Tally())

    def _decide(self, ids: list[int], tally: _Tally) -> Iterator[str]:
        assert self._query is not None
        # Compiled anew: what a regular expression may take is counted from here.
        matches = Query(self._query.definition).matches
        for _, uid, start in self._index.documents(ids):
            tally.looked_at += 1
            if matches(start):
                yield uid

    # Planning --------------------------------------------------------------------------------

    def _plan(self, connection: sqlite3.Connection) -> _Plan:
        """Choose what narrows: what leaves few runs alone, or else all that can."""
        planner = Planner(connection, START)
        parts = self._sieve.parts if isinstance(self._sieve, Both) else (self._sieve,)
        found = [part for part in map(planner.narrow, parts) if part is not None]
        exact = len(found) == len(parts) and all(part.exact for part in found)
        missing = [path for path in paths_of(self._sieve) if not planner.is_indexed(path)]
        if len(found) > 1:
            counts = [_count_few(connection, part) for part in found]
            least = min(range(len(found)), key=counts.__getitem__)
            if counts[least] <= _FEW:
                return _Plan(replace(found[least], exact=False), missing, counts[least])
        narrowing = planner.join(found, exact=exact) if found else _EVERYTHING
        if not found and parts:
            narrowing = Narrowing("1", (), False, ())
        return _Plan(narrowing, missing, _count_few(connection, narrowing))

    def _build_indexes(self) -> tuple[str, ...]:
        """Index a path of the query after the other, until few runs are left to look at."""
        built: list[str] = []
        while self._query is not None and not self._index.connections.readonly:
            with self._index.read() as connection:
                plan = self._plan(connection)
            if plan.narrowing.exact or not plan.missing or plan.at_least <= _FEW:
                break
            automatic = [path for path, declared in self._index.indexes().items() if not declared]
            if len(automatic) >= _MOST_INDEXES:
                break
            try:
                self._index.create_index(plan.missing[0], declared=False)
            except sqlite3.OperationalError:  # another process writes, or the disk is full
                break
            built.append(plan.missing[0])
        return tuple(built)


@dataclass
class _Plan:
    narrowing: Narrowing
    missing: list[str]
    """Paths of the query that are not indexed."""
    at_least: int
    """How many runs are left; counted a little further than `_FEW`."""


@dataclass
class _Tally:
    narrowing: Narrowing = field(default_factory=lambda: _EVERYTHING)
    candidates: int = 0
    looked_at: int = 0
    built: tuple[str, ...] = ()


def _count_few(connection: sqlite3.Connection, narrowing: Narrowing) -> int:
    """Count how many are left, a little further than matters; what is hard to count is many."""
    if narrowing.select:
        inner = narrowing.select
    elif narrowing.sql == "1":
        inner = "SELECT id FROM runs"
    elif narrowing.sql == "0":
        return 0
    else:
        return _FEW + 1
    (count,) = connection.execute(
        f"SELECT count(*) FROM ({inner} LIMIT {_FEW + 1})", narrowing.parameters
    ).fetchone()
    return int(count)


def _count(connection: sqlite3.Connection, narrowing: Narrowing) -> int:
    if narrowing.select:
        sql = f"SELECT count(DISTINCT id) FROM ({narrowing.select})"
    else:
        sql = f"SELECT count(*) FROM runs WHERE {narrowing.sql}"
    (count,) = connection.execute(sql, narrowing.parameters).fetchone()
    return int(count)
