"""Answering queries: indexes narrow, the matcher decides, and nobody can tell but by the time."""

from __future__ import annotations

import itertools
import sqlite3
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field

from ..mongo import Query
from .choosing import EVERYTHING, build_indexes, choose, count_matches
from .explaining import Explanation
from .later import LaterConditions
from .planning import Narrowing
from .run_index import RunIndex, total_of
from .sieve import Both, Node, sieve_of
from .sorting import Order, sort_ids

__all__ = ["Search"]

_NEWEST_FIRST: Order = (("time", -1),)


@dataclass
class _Tally:
    narrowing: Narrowing = EVERYTHING
    candidates: int = 0
    looked_at: int = 0
    built: tuple[str, ...] = ()
    notes: list[str] = field(default_factory=list)
    is_final: bool = True
    """Whether asking again gives the same, if nothing changes."""


class Search:
    """The runs whose documents match a query, whenever it is asked.

    Parameters
    ----------
    index
        Where the runs are.
    query
        What their starts have to match; None for all runs.
    later
        What their later documents have to match.
    order
        In which order the runs are listed: paths, each with 1 or -1. Without any, in the order in
        which they first came.

    Examples
    --------
    >>> index = RunIndex()
    >>> _ = index.put_many([{"uid": "a", "time": 0.0, "n": 1}, {"uid": "b", "time": 5.0, "n": 2}])
    >>> found = Search(index, Query({"n": {"$lt": 3}}))
    >>> list(found.uids()), len(found), found.nth_newest(0), "c" in found
    (['a', 'b'], 2, 'b', False)
    """

    def __init__(
        self,
        index: RunIndex,
        query: Query | None = None,
        later: LaterConditions | None = None,
        order: Order = (),
    ) -> None:
        self.index = index
        self.query = query
        self.later = later
        self.order = order
        self._decided: tuple[int, list[int]] | None = None
        self._sieve: Node = Both(()) if query is None else sieve_of(query.definition)

    @property
    def is_narrowed(self) -> bool:
        """Whether there is any condition."""
        return self.query is not None or self.later is not None

    def in_order(self, order: Order) -> Search:
        """Return the same, listed in another order."""
        return Search(self.index, self.query, self.later, order)

    # Asking ----------------------------------------------------------------------------------

    def __len__(self) -> int:
        if not self.is_narrowed:
            return len(self.index)
        if self.later is None:
            build_indexes(self.index, self._sieve)
            with self.index.read() as connection:
                narrowing = choose(connection, self._sieve).narrowing
                if narrowing.exact:
                    return count_matches(connection, narrowing)
        return len(self._all_ids(_Tally()))

    def __bool__(self) -> bool:
        return True

    def __contains__(self, uid: object) -> bool:
        if not isinstance(uid, str):
            return False
        id = self.index.id_of(uid)
        if id is None:
            return False
        if self.query is not None:
            starts = [start for _, _, start in self.index.documents([id])]
            if not starts or not self.query.matches(starts[0]):
                return False
        return self.later is None or bool(self.later.among(self.index, [id]).ids)

    def among(self, uids: Iterable[str]) -> Iterator[str]:
        """Give those of some uids that match, as they are asked for."""
        return (uid for uid in uids if uid in self) if self.is_narrowed else iter(uids)

    def uids(self, first: int = 0, end: int | None = None) -> Iterator[str]:
        """Give the uids, or those from one place in the order to another."""
        return self._uids(first, end, _Tally())

    def ids(self) -> list[int]:
        """Return the ids of the runs, in the order in which they first came."""
        return list(self._decide(*self._candidates((), _Tally()), _Tally()))

    def nth_newest(self, number: int) -> str | None:
        """Return the uid of the newest run but so many; None if there are not as many."""
        return next(self.in_order(_NEWEST_FIRST).uids(number, number + 1), None)

    def explain(self) -> Explanation:
        """Return what was narrowed by which index, and how many documents were looked at."""
        tally = _Tally()
        found = sum(1 for _ in self.in_order(())._uids(0, None, tally))
        return Explanation(
            query={} if self.query is None else dict(self.query.definition),
            runs=len(self.index),
            candidates=tally.candidates,
            looked_at=tally.looked_at,
            found=found,
            indexes=tally.narrowing.paths,
            built=tally.built,
            notes=tuple(tally.notes),
        )

    # Doing it --------------------------------------------------------------------------------

    def _uids(self, first: int, end: int | None, tally: _Tally) -> Iterator[str]:
        if _is_of_columns(self.order) and self._remembered() is None:
            narrowing, rows = self._candidates(self.order, tally, (first, end))
            if narrowing.exact and self.later is None:
                return (uid for _, uid in rows)
            if end is not None:  # no more runs are looked at than have to be
                found = itertools.islice(self._decide(narrowing, rows, tally), first, end)
                return self._uids_of(found)
        return self._uids_of(self._all_ids(tally)[first:end])

    def _uids_of(self, ids: Iterable[int]) -> Iterator[str]:
        return itertools.chain.from_iterable(map(self.index.uids_of, _parts(ids)))

    def _all_ids(self, tally: _Tally) -> list[int]:
        """Return the ids in their order, and remember them until something changes."""
        ids = self._remembered()
        if ids is None:
            version = self.index.version
            in_sql = _is_of_columns(self.order)
            found = self._candidates(self.order if in_sql else (), tally)
            ids = list(self._decide(*found, tally))
            if not in_sql:
                ids = sort_ids(self.index, ids, self.order)
            if tally.is_final:
                self._decided = version, ids
        return ids

    def _remembered(self) -> list[int] | None:
        if self._decided is None or self._decided[0] != self.index.version:
            return None
        return self._decided[1]

    def _candidates(
        self, order: Order, tally: _Tally, part: tuple[int, int | None] | None = None
    ) -> tuple[Narrowing, list[tuple[int, str]]]:
        """Ask SQL; what it leaves is all, or the part that was asked for where it can decide."""
        if self.query is not None:
            tally.built = build_indexes(self.index, self._sieve)
        with self.index.read() as connection:
            narrowing = choose(connection, self._sieve).narrowing
            if part is None or not narrowing.exact or self.later is not None:
                sql = f"SELECT id, NULL FROM runs WHERE {narrowing.sql} {_sorted(order, '+')}"
            else:
                sql = _page(connection, narrowing, order, *part)
            rows = connection.execute(sql, narrowing.parameters).fetchall()
        tally.narrowing, tally.candidates = narrowing, len(rows)
        return narrowing, rows

    def _decide(
        self, narrowing: Narrowing, rows: list[tuple[int, str]], tally: _Tally
    ) -> Iterator[int]:
        ids: Iterable[int] = (id for id, _ in rows)
        if not narrowing.exact:
            ids = self._matching(ids, tally)
        if self.later is not None:
            answer = self.later.among(self.index, list(ids))
            ids = answer.ids
            tally.is_final = not answer.left
            tally.notes.append(f"{answer.looked_at} later documents were looked at")
            tally.notes += [
                f"run {uid} was not asked: {why}" for uid, why in answer.problems.items()
            ]
        return iter(ids)

    def _matching(self, ids: Iterable[int], tally: _Tally) -> Iterator[int]:
        assert self.query is not None
        # Compiled anew: what a regular expression may take is counted from here.
        matches = Query(self.query.definition).matches
        for id, _, start in self.index.documents(ids):
            tally.looked_at += 1
            if matches(start):
                yield id


def _is_of_columns(order: Order) -> bool:
    """Tell whether SQL can sort, or the documents have to be read for it."""
    return all(path in ("time", "uid") for path, _ in order)


def _sorted(order: Order, sign: str = "") -> str:
    """Write an order; with a + no index is used to sort, where others narrow."""
    terms = [f"{sign}{path} {'DESC' if direction < 0 else 'ASC'}" for path, direction in order]
    last = "id DESC" if order and order[-1][1] < 0 else "id"
    return f"ORDER BY {', '.join([*terms, last])}"


def _page(
    connection: sqlite3.Connection,
    narrowing: Narrowing,
    order: Order,
    first: int,
    end: int | None,
) -> str:
    """Write what gives a part of an order, in the way that goes through fewer runs."""
    sql, sign = narrowing.sql, "+" if narrowing.paths else ""
    if narrowing.probe and order and end is not None:
        found = count_matches(connection, narrowing)
        runs = total_of(connection, "runs")
        # Gone through until enough are met, or all found ones sorted.
        if end * runs < found * found:
            sql, sign = narrowing.probe, ""
    limits = f"LIMIT {-1 if end is None else max(end - first, 0)} OFFSET {first}"
    return f"SELECT id, uid FROM runs WHERE {sql} {_sorted(order, sign)} {limits}"


def _parts(ids: Iterable[int]) -> Iterator[list[int]]:
    """Cut into parts that grow: who wants few should not wait for many."""
    iterator = iter(ids)
    size = 16
    while part := list(itertools.islice(iterator, size)):
        yield part
        size = min(size * 2, 500)
