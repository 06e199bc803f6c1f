"""What runs say later: stop documents and descriptors, asked for when a search first needs them."""

from __future__ import annotations

import sqlite3
import time
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, TypeAlias

from ..documents import normalise
from ..errors import CatalogError
from ..mongo import Query
from .choosing import build_indexes, choose
from .run_index import RunIndex, chunks
from .sieve import sieve_of

__all__ = ["Answer", "Ask", "Keep", "LaterConditions", "Said"]


@dataclass(frozen=True)
class Said:
    """What a run says after its start."""

    documents: list[tuple[str, dict[str, Any]]]
    """Stop and descriptors, with the names of documents."""
    rows: Mapping[str, int] = field(default_factory=dict)
    """How many it has in which stream."""


Ask: TypeAlias = Callable[[str], Said]
"""Asks the run of a uid."""

Keep: TypeAlias = Callable[[Mapping[int, Said]], None]
"""Keeps what runs said, by id, in the index and wherever else it is told."""

_CHUNK = 500
_MOST_KEPT = 200
_MOST_SECONDS = 2.0
"""What was asked is kept so many runs at a time, or after so long."""


@dataclass
class Answer:
    """Which runs matched, and what it took to tell."""

    ids: list[int] = field(default_factory=list)
    looked_at: int = 0
    """So many documents."""
    left: int = 0
    """So many runs may say something else when they are asked again."""
    problems: dict[str, str] = field(default_factory=dict)
    """The runs that could not be asked, and why."""


@dataclass(frozen=True)
class LaterConditions:
    """Queries that documents which come after the start have to match.

    A run matches if, for each condition, some document of that name does. A run that has ended is
    asked once, if what it says can be kept; one that has not, or that could not be asked, again
    with each search.

    Parameters
    ----------
    conditions
        Names of documents (``stop``, ``descriptor``), and queries.
    ask
        Called with the uid of a run that was not asked before.
    keep
        Called with what runs said, if the index may be written.
    """

    conditions: tuple[tuple[str, Query], ...]
    ask: Ask
    keep: Keep

    def among(self, index: RunIndex, ids: Sequence[int]) -> Answer:
        """Tell which of the runs match, in their order."""
        answer = Answer()
        matching = self._ask_those_left(index, ids, answer)
        known = [id for id in ids if id not in matching]
        for name, query in self.conditions:
            found = _matching(index, name, query, known, answer)
            known = [id for id in known if id in found]
        found = {*known, *(id for id, matches in matching.items() if matches)}
        answer.ids = [id for id in ids if id in found]
        return answer

    def _ask_those_left(
        self, index: RunIndex, ids: Sequence[int], answer: Answer
    ) -> dict[int, bool]:
        """Ask the runs of which not all is kept, and tell whether each matches by what it said."""
        conditions = [(name, Query(query.definition).matches) for name, query in self.conditions]
        matching: dict[int, bool] = {}
        keeping = _Keeping(index, self.keep)
        for id, uid in index.not_asked(ids):
            try:
                said = _normalised(self.ask(uid))
            except Exception as error:  # noqa: BLE001 # an ingestor's code: one bad run stops no search
                answer.problems[uid] = str(error) or type(error).__name__
                answer.left += 1
                continue
            answer.looked_at += len(said.documents)
            answer.left += not any(name == "stop" for name, _ in said.documents)
            matching[id] = all(
                any(of == name and matches(doc) for of, doc in said.documents)
                for name, matches in conditions
            )
            keeping.add(id, said)
        keeping.flush()
        return matching


def _normalised(said: Said) -> Said:
    return Said([(name, normalise(doc, where=name)) for name, doc in said.documents], said.rows)


class _Keeping:
    """Keeps what runs say, as long as nothing is in the way: the answer does not depend on it."""

    def __init__(self, index: RunIndex, keep: Keep) -> None:
        self._connections = index.connections
        self._keep: Keep | None = keep if index.connections.takes_indexes else None
        self._waiting: dict[int, Said] = {}
        self._since = 0.0

    def add(self, id: int, said: Said) -> None:
        if self._keep is None:
            return
        if not self._waiting:
            self._since = time.monotonic()
        self._waiting[id] = said
        if len(self._waiting) >= _MOST_KEPT or time.monotonic() - self._since > _MOST_SECONDS:
            self.flush()

    def flush(self) -> None:
        if self._keep is None or not self._waiting:
            return
        try:
            with self._connections.hurrying():
                self._keep(self._waiting)
        except (sqlite3.OperationalError, CatalogError):  # others write, or the disk is full
            self._keep = None
        self._waiting = {}


def _matching(
    index: RunIndex, name: str, query: Query, ids: Sequence[int], answer: Answer
) -> set[int]:
    if len(ids) > _CHUNK:
        build_indexes(index, sieve_of(query.definition), name)
        parts: Iterable[Sequence[int] | None] = [None]
    else:
        parts = chunks(ids, _CHUNK)
    found: set[int] = set()
    for part in parts:
        found.update(_select(index, name, query, part, answer))
    return found


def _select(
    index: RunIndex, name: str, query: Query, ids: Sequence[int] | None, answer: Answer
) -> Iterator[int]:
    sieve = sieve_of(query.definition)
    among = "" if ids is None else f" AND run IN ({', '.join('?' * len(ids))})"
    with index.read() as connection:
        narrowing = choose(connection, sieve, name).narrowing
        rows = connection.execute(
            f"SELECT run, {'NULL' if narrowing.exact else 'id'} FROM documents "
            f"WHERE name = ? AND ({narrowing.sql}){among}",
            (name, *narrowing.parameters, *(ids or ())),
        ).fetchall()
    if narrowing.exact:
        yield from (run for run, _ in rows)
        return
    matches = Query(query.definition).matches
    for part in chunks(rows, _CHUNK):
        with index.read() as connection:
            texts = connection.execute(
                "SELECT run, body FROM documents WHERE name = ? "
                f"AND id IN ({', '.join('?' * len(part))})",
                (name, *(id for _, id in part)),
            ).fetchall()
        answer.looked_at += len(texts)
        for run, text in texts:
            document = index.decoded(run, text)
            if document is not None and matches(document):
                yield run
