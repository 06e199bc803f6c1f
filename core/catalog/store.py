"""Where a catalog keeps its runs: starts in an index, and beside them what gives the rest."""

from __future__ import annotations

import sqlite3
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from typing import Any, Protocol

from ..garbage import garbage_left
from ..index.later import Said
from ..index.run_index import RunIndex
from ..index.searching import Search
from ..mongo import Query
from ..run.source import RunSource

__all__ = ["Entry", "MemoryShelf", "RunStore", "Shelf"]


@dataclass(frozen=True)
class Entry:
    """One run of a catalog."""

    source: RunSource
    provenance: dict[str, Any] = field(default_factory=dict)

    @property
    def start(self) -> dict[str, Any]:
        """The run's start document."""
        return self.source.start


class Shelf(Protocol):
    """Keeps what belongs to runs beside their start documents.

    What is written goes into the transaction that is open on the connection; the id of a run is
    that of its row in ``runs``. A run that is replaced is put again, under the same id.
    """

    def put(self, connection: sqlite3.Connection, entries: Mapping[int, Entry]) -> None:
        """Keep entries of runs, by id."""

    def get(self, uid: str) -> Entry:
        """Return the entry of a run; KeyError if there is none."""

    def remove(self, connection: sqlite3.Connection, id: int, uid: str) -> None:
        """Forget the entry of a run."""

    def put_rows(
        self, connection: sqlite3.Connection, rows: Mapping[int, Mapping[str, int]]
    ) -> None:
        """Keep how many rows runs have, by id and stream: they were read again."""


class MemoryShelf:
    """Keeps entries as the Python objects that they are."""

    def __init__(self) -> None:
        self._entries: dict[str, Entry] = {}

    def put(self, connection: sqlite3.Connection, entries: Mapping[int, Entry]) -> None:
        """Keep entries of runs."""
        self._entries.update((entry.start["uid"], entry) for entry in entries.values())

    def get(self, uid: str) -> Entry:
        """Return the entry of a run; KeyError if there is none."""
        return self._entries[uid]

    def remove(self, connection: sqlite3.Connection, id: int, uid: str) -> None:
        """Forget the entry of a run."""
        del self._entries[uid]

    def put_rows(
        self, connection: sqlite3.Connection, rows: Mapping[int, Mapping[str, int]]
    ) -> None:
        """Do nothing: only its source tells what a run has."""


class RunStore:
    """Runs by uid and by query; safe under threads.

    Runs are listed in the order in which they first came.

    Parameters
    ----------
    index
        Where start documents are kept and searched; one in memory unless given.
    shelf
        Where the rest is kept.

    Examples
    --------
    >>> from penstock.core.run.samples import count_run
    >>> store = RunStore()
    >>> store.put(Entry(count_run(1, uid="6f2a")))
    >>> store.put(Entry(count_run(2, uid="7000", time=5.0, scan_id=3)))
    >>> list(store.search().uids()), store.get("7000").start["scan_id"]
    (['6f2a', '7000'], 3)
    """

    def __init__(self, index: RunIndex | None = None, shelf: Shelf | None = None) -> None:
        self.index = RunIndex() if index is None else index
        self.shelf: Shelf = MemoryShelf() if shelf is None else shelf

    def put(self, entry: Entry) -> None:
        """Add a run, or replace the one of the same uid."""
        self.put_many([entry])

    def put_many(self, entries: Iterable[Entry]) -> None:
        """Add runs, or replace those of the same uid: all of them, or none."""
        by_uid = {entry.start["uid"]: entry for entry in entries}
        with garbage_left(), self.index.write() as connection:
            ids = self.index.put_many(entry.start for entry in by_uid.values())
            self.shelf.put(connection, {ids[uid]: entry for uid, entry in by_uid.items()})

    def put_later(self, later: Mapping[int, Said]) -> None:
        """Keep what runs said when they were asked, by id, in place of what was known of them."""
        with self.index.write() as connection:
            self.index.put_later_many({id: said.documents for id, said in later.items()})
            self.shelf.put_rows(connection, {id: said.rows for id, said in later.items()})

    def remove(self, uid: str) -> None:
        """Take a run out; KeyError if there is none."""
        with self.index.write() as connection:
            self.shelf.remove(connection, self.index.remove(uid), uid)

    # Looking up ------------------------------------------------------------------------------

    def get(self, uid: str) -> Entry:
        """Return a run's entry; KeyError if there is none."""
        return self.shelf.get(uid)

    def search(self, query: Query | None = None) -> Search:
        """Return the runs that match, whenever it is asked; all of them without a query."""
        return Search(self.index, query)
