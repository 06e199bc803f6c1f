"""What runs say later: stop documents and descriptors, asked for when a search first needs them."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass, field
from typing import Any, TypeAlias

from ..mongo import Query
from .choosing import build_indexes, choose
from .encoding import decode_document
from .run_index import RunIndex, chunks
from .sieve import sieve_of

__all__ = ["Ask", "LaterConditions"]

Ask: TypeAlias = Callable[[str], Iterable[tuple[str, dict[str, Any]]]]
"""Gives the later documents of the run of a uid, by name; the index keeps them."""

_CHUNK = 500


@dataclass
class LaterConditions:
    """Queries that documents which come after the start have to match.

    A run matches if, for each condition, some document of that name does. A run that has ended is
    asked once; one that has not, or that could not be asked, again with each search.

    Parameters
    ----------
    conditions
        Names of documents (``stop``, ``descriptor``), and queries.
    ask
        Called with the uid of a run that was not asked before.
    """

    conditions: tuple[tuple[str, Query], ...]
    ask: Ask
    problems: dict[str, str] = field(default_factory=dict)
    """The runs that could not be asked in the last search, and why."""
    looked_at: int = 0
    left: int = 0
    """The runs that will be asked again with the next search."""

    def among(self, index: RunIndex, ids: Sequence[int]) -> list[int]:
        """Return those of the runs that match, in their order."""
        self.problems, self.looked_at, self.left = {}, 0, 0
        self._ask_those_left(index, ids)
        for name, query in self.conditions:
            found = self._matching(index, name, query, ids)
            ids = [id for id in ids if id in found]
        return list(ids)

    def _ask_those_left(self, index: RunIndex, ids: Sequence[int]) -> None:
        for id, uid in index.not_asked(ids):
            self.left += 1
            try:
                index.put_later(id, list(self.ask(uid)))
            except Exception as error:  # noqa: BLE001 # an ingestor's code: one bad run stops no search
                self.problems[uid] = str(error) or type(error).__name__
        self.left = sum(1 for _ in index.not_asked(ids)) if self.left else 0

    def _matching(self, index: RunIndex, name: str, query: Query, ids: Sequence[int]) -> set[int]:
        sieve = sieve_of(query.definition)
        if len(ids) > _CHUNK:
            build_indexes(index, sieve, name)
            parts: Iterable[Sequence[int] | None] = [None]
        else:
            parts = chunks(ids, _CHUNK)
        found: set[int] = set()
        for part in parts:
            found.update(self._select(index, name, query, part))
        return found

    def _select(
        self, index: RunIndex, name: str, query: Query, ids: Sequence[int] | None
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
            self.looked_at += len(texts)
            yield from (run for run, text in texts if matches(decode_document(text)))
