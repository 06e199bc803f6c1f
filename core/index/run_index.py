"""Runs by uid, beginning of a uid, time and scan_id, and their start documents."""

from __future__ import annotations

import itertools
import math
import os
import sqlite3
from collections.abc import Iterable, Iterator, Mapping, Sequence
from contextlib import AbstractContextManager
from typing import Any, TypeVar

from ..documents import normalise
from ..errors import CatalogError, QueryError
from ..mongo_paths import lift_to
from .connections import Connections
from .encoding import decode_document, encode_document, encode_text
from .keys import key_of
from .paths import add_entries, fill_index, indexes_of, remove_entries
from .schema import COLUMNS, START, TEXT, create_tables

__all__ = ["RunIndex", "chunks", "total_of"]

_T = TypeVar("_T")

_CHUNK = 500
_FETCHED = 200
"""So many documents are fetched at once; readers of others wait as long."""

_INSERT_RUN = "INSERT INTO runs (id, uid, time) VALUES (?, CAST(? AS TEXT), ?)"
_BODIES = "SELECT body FROM starts WHERE id = ? UNION ALL SELECT body FROM documents WHERE run = ?"
_INSERT_START = "INSERT INTO starts (id, odd, body) VALUES (?, ?, CAST(? AS TEXT))"


class RunIndex:
    """The start documents of runs, in SQLite.

    Documents have to be plain data, as `normalise` gives it, with a str for ``uid`` and a number
    for ``time``; they come back equal. Runs have an id, which counts them in the order in which
    they first came, and which a run that replaces one takes over.

    Parameters
    ----------
    path
        A file, or ``":memory:"``; or connections to one.

    Examples
    --------
    >>> index = RunIndex()
    >>> index.put_many([{"uid": "6f2a", "time": 0.0}, {"uid": "7000", "time": 5.0, "scan_id": 3}])
    {'6f2a': 1, '7000': 2}
    >>> index.with_prefix("6"), index.newest(), list(index.with_scan_id(3)), len(index)
    (['6f2a'], ['7000', '6f2a'], ['7000'], 2)
    """

    def __init__(self, path: str | os.PathLike[str] | Connections = ":memory:") -> None:
        self._damaged: dict[int, str] = {}
        self.connections = path if isinstance(path, Connections) else Connections(path)
        if not (self.connections.readonly or self.connections.has_tables):
            with self.connections.write() as connection:
                create_tables(connection)

    def read(self) -> AbstractContextManager[sqlite3.Connection]:
        """Give a connection on which nothing changes meanwhile: see `Connections.read`."""
        return self.connections.read()

    def write(self) -> AbstractContextManager[sqlite3.Connection]:
        """Give a connection in a transaction: see `Connections.write`."""
        return self.connections.write()

    def close(self) -> None:
        """Let go of the database."""
        self.connections.close()

    # Writing ---------------------------------------------------------------------------------

    def put(self, start: dict[str, Any]) -> int:
        """Add a run, or replace the one of the same uid, and return its id."""
        return self.put_many([start])[start["uid"]]

    def put_many(self, starts: Iterable[dict[str, Any]]) -> dict[str, int]:
        """Add runs, or replace those of the same uid, all or none, and return uids and ids."""
        documents = {start["uid"]: start for start in starts}  # the last one of a uid
        rows = [
            (encode_text(uid), _time_of(start), *encode_document(start))
            for uid, start in documents.items()
        ]
        with self.write() as connection:
            known = self._ids(connection, [row[0] for row in rows])
            if known:
                self._forget(connection, list(known.values()))
            last = total_of(connection, "last_run")
            fresh = itertools.count(last + 1)
            ids = [known.get(row[0]) or next(fresh) for row in rows]
            new = len(rows) - len(known)
            connection.executemany(
                _INSERT_RUN, ((id, row[0], row[1]) for id, row in zip(ids, rows, strict=True))
            )
            connection.executemany(
                _INSERT_START, ((id, row[3], row[2]) for id, row in zip(ids, rows, strict=True))
            )
            entered = list(zip(ids, documents.values(), strict=True))
            add_entries(connection, indexes_of(connection, START), entered)
            _add_to_totals(connection, runs=new, last_run=new)
        return dict(zip(documents, ids, strict=True))

    def remove(self, uid: str) -> int:
        """Take a run out and return its id; KeyError if there is none."""
        with self.write() as connection:
            known = self._ids(connection, [encode_text(uid)])
            if not known:
                raise KeyError(uid)
            (id,) = known.values()
            self._forget(connection, [id])
            _add_to_totals(connection, runs=-1)
        return id

    def _forget(self, connection: sqlite3.Connection, ids: list[int]) -> None:
        """Delete what is known of runs, which may be put in again under their ids."""
        for chunk in chunks(ids, _CHUNK):
            marks = ", ".join("?" * len(chunk))
            rows = connection.execute(f"SELECT id, body FROM starts WHERE id IN ({marks})", chunk)
            starts = [(id, decode_document(text)) for id, text in rows]
            remove_entries(connection, indexes_of(connection, START), starts)
            for table in ("runs", "starts"):
                connection.execute(f"DELETE FROM {table} WHERE id IN ({marks})", chunk)
            self._forget_later(connection, chunk)

    @staticmethod
    def _forget_later(connection: sqlite3.Connection, ids: Sequence[int]) -> None:
        marks = ", ".join("?" * len(ids))
        rows = connection.execute(
            f"SELECT name, id, body FROM documents WHERE run IN ({marks})", ids
        ).fetchall()
        for name in {name for name, _, _ in rows}:
            documents = [(id, decode_document(text)) for of, id, text in rows if of == name]
            remove_entries(connection, indexes_of(connection, name), documents)
        if rows:
            connection.execute(f"DELETE FROM documents WHERE run IN ({marks})", ids)

    @staticmethod
    def _ids(connection: sqlite3.Connection, uids: Sequence[bytes]) -> dict[bytes, int]:
        found: dict[bytes, int] = {}
        for chunk in chunks(uids, _CHUNK):
            marks = ", ".join(["CAST(? AS TEXT)"] * len(chunk))
            rows = connection.execute(f"SELECT uid, id FROM runs WHERE uid IN ({marks})", chunk)
            found.update((encode_text(uid), id) for uid, id in rows)
        return found

    # Later documents -------------------------------------------------------------------------

    def put_later(self, id: int, documents: Iterable[tuple[str, dict[str, Any]]]) -> None:
        """Keep what a run says later, by name, in place of what was kept of it before.

        A run that has a ``stop`` has said all.

        Examples
        --------
        >>> index = RunIndex()
        >>> id = index.put({"uid": "6f2a", "time": 0.0})
        >>> index.put_later(id, [("stop", {"exit_status": "success"})])
        >>> list(index.not_asked([id]))
        []
        """
        self.put_later_many({id: documents})

    def put_later_many(self, later: Mapping[int, Iterable[tuple[str, dict[str, Any]]]]) -> None:
        """Keep what runs say later, by id: see `put_later`. Those that are gone are left out."""
        given = {
            id: [(name, normalise(document, where=name)) for name, document in documents]
            for id, documents in later.items()
        }
        with self.write() as connection:
            there: set[int] = set()
            for chunk in chunks(list(given), _CHUNK):
                self._forget_later(connection, chunk)
                marks = ", ".join("?" * len(chunk))
                rows = connection.execute(f"SELECT id FROM runs WHERE id IN ({marks})", chunk)
                there.update(id for (id,) in rows)
            (last,) = connection.execute("SELECT coalesce(max(id), 0) FROM documents").fetchone()
            kept = [(run, *item) for run, items in given.items() if run in there for item in items]
            numbered = list(enumerate(kept, last + 1))
            connection.executemany(
                "INSERT INTO documents (id, run, name, body, odd) "
                "VALUES (?, ?, ?, CAST(? AS TEXT), ?)",
                ((id, run, name, *encode_document(doc)) for id, (run, name, doc) in numbered),
            )
            for name in {name for _, name, _ in kept}:
                entered = [(id, doc) for id, (_, of, doc) in numbered if of == name]
                add_entries(connection, indexes_of(connection, name), entered)
            connection.executemany(
                "UPDATE runs SET asked = ? WHERE id = ?",
                ((any(name == "stop" for name, _ in items), id) for id, items in given.items()),
            )
            _add_to_totals(connection)

    def not_asked(self, ids: Sequence[int]) -> Iterator[tuple[int, str]]:
        """Give ids and uids of those runs of which not all later documents are kept."""
        for chunk in chunks(ids, _CHUNK):
            marks = ", ".join("?" * len(chunk))
            with self.read() as connection:
                rows = connection.execute(
                    f"SELECT id, uid FROM runs WHERE asked = 0 AND id IN ({marks})", chunk
                ).fetchall()
            yield from rows

    # Looking up ------------------------------------------------------------------------------

    def __len__(self) -> int:
        with self.read() as connection:
            return total_of(connection, "runs")

    @property
    def version(self) -> int:
        """A number that changes whenever runs come, go or change, in whichever process."""
        with self.read() as connection:
            return total_of(connection, "changes")

    def __contains__(self, uid: object) -> bool:
        return isinstance(uid, str) and self.id_of(uid) is not None

    def __bool__(self) -> bool:
        return True

    def id_of(self, uid: str) -> int | None:
        """Return the id of a run, None if there is none of that uid."""
        with self.read() as connection:
            row = connection.execute(
                "SELECT id FROM runs WHERE uid = CAST(? AS TEXT)", (encode_text(uid),)
            ).fetchone()
        return None if row is None else int(row[0])

    def uids(self) -> list[str]:
        """Return all uids, in the order in which the runs first came."""
        return self._texts("SELECT uid FROM runs ORDER BY id")

    def start(self, uid: str) -> dict[str, Any]:
        """Return a start document; KeyError if there is none."""
        with self.read() as connection:
            row = connection.execute(
                "SELECT body FROM starts WHERE id = "
                "(SELECT id FROM runs WHERE uid = CAST(? AS TEXT))",
                (encode_text(uid),),
            ).fetchone()
        if row is None:
            raise KeyError(uid)
        return decode_document(row[0])

    def with_prefix(self, prefix: str, limit: int | None = None) -> list[str]:
        """Return the uids that begin with `prefix`, sorted; so many at most."""
        first = encode_text(prefix)
        return self._texts(
            "SELECT uid FROM runs WHERE uid >= CAST(? AS TEXT) AND uid < CAST(? AS TEXT) "
            "ORDER BY uid LIMIT ?",
            (
                first,
                first + b"\xff",
                -1 if limit is None else limit,
            ),  # no text in UTF-8 holds this byte
        )

    def newest(self, limit: int = -1, offset: int = 0) -> list[str]:
        """Return uids, the newest run first, leaving out as many as `offset`.

        Of runs of one time the later came later; runs without a usable time count as the oldest.
        """
        return self._texts(
            "SELECT uid FROM runs ORDER BY time DESC, id DESC LIMIT ? OFFSET ?", (limit, offset)
        )

    def with_scan_id(self, scan_id: int) -> Iterator[str]:
        """Give the uids of the runs that have this scan_id, the newest first."""
        with self.read() as connection:
            rows = connection.execute(
                "SELECT id FROM runs WHERE id IN (SELECT id FROM entries WHERE value = ? "
                "AND path = (SELECT id FROM paths WHERE name = ? AND path = 'scan_id')) "
                # With the sign no index is used to sort: those of a number are few.
                "ORDER BY +time DESC, id DESC",
                (key_of(scan_id), START),
            )
            ids = [id for (id,) in rows]
        for _, uid, start in self.documents(ids):
            found = start.get("scan_id")  # another thread may have replaced the run meanwhile
            if type(found) is int and found == scan_id:  # not one of a list
                yield uid

    def _texts(self, sql: str, parameters: Sequence[Any] = ()) -> list[str]:
        with self.read() as connection:
            return [text for (text,) in connection.execute(sql, parameters)]

    def documents(self, ids: Iterable[int]) -> Iterator[tuple[int, str, dict[str, Any]]]:
        """Give ids, uids and start documents in the order of the ids.

        Without runs that went, and those that are damaged, which are noted.
        """
        for chunk in chunks(list(ids), _FETCHED):
            marks = ", ".join("?" * len(chunk))
            with self.read() as connection:
                rows = connection.execute(
                    f"SELECT id, uid, body FROM runs JOIN starts USING (id) WHERE id IN ({marks})",
                    chunk,
                ).fetchall()
            found = {id: (uid, text) for id, uid, text in rows}
            for id in chunk:
                if id in found:
                    uid, text = found[id]
                    document = self.decoded(id, text)
                    if document is not None:
                        yield id, uid, document

    def uids_of(self, ids: Sequence[int]) -> list[str]:
        """Return the uids of ids, in their order, without runs that went; some hundreds at once."""
        marks = ", ".join("?" * len(ids))
        with self.read() as connection:
            rows = connection.execute(f"SELECT id, uid FROM runs WHERE id IN ({marks})", ids)
            found = dict(rows.fetchall())
        return [found[id] for id in ids if id in found]

    def documents_of(self, uids: Iterable[str]) -> Iterator[tuple[int, str, dict[str, Any]]]:
        """Give the same for uids, in their order."""
        names = [encode_text(uid) for uid in uids]
        with self.read() as connection:
            ids = self._ids(connection, names)
        return self.documents(ids[name] for name in names if name in ids)

    # Damage ----------------------------------------------------------------------------------

    def decoded(self, id: int, text: str) -> dict[str, Any] | None:
        """Return a document of a run; None, and note it, if nobody can read it."""
        try:
            return decode_document(text)
        except CatalogError as error:
            self._damaged[id] = error.what
            return None

    def damaged(self) -> dict[str, str]:
        """Return the runs that were met whose documents cannot be read, and why: by uid."""
        found = {}
        for id in list(self._damaged):
            with self.read() as connection:
                texts = connection.execute(_BODIES, (id, id)).fetchall()
            why = self._damaged.pop(id)  # it may have been mended
            if any(self.decoded(id, text) is None for (text,) in texts):
                found.update(dict.fromkeys(self.uids_of([id]), why))
        return found

    # Indexes of paths ------------------------------------------------------------------------

    def create_index(self, path: str, *, name: str = START, declared: bool = True) -> bool:
        """Index a path of start documents, or of later ones, and tell whether it was not before.

        ``"$text"`` in the place of a path is the index of the words in all texts of starts. Time
        and uid of starts have no need of one.
        """
        if name == START and path in COLUMNS:
            return False
        if (name, path) != (START, TEXT):
            lift_to(path, path)  # raises where it is none
            if path.startswith("$"):
                raise QueryError("is not the name of a field", where=path)
        with self.write() as connection:
            known = {index.path: index for index in indexes_of(connection, name)}
            if path not in known:
                fill_index(connection, name, path, declared=declared)
                return True
            if declared:
                connection.execute("UPDATE paths SET declared = 1 WHERE id = ?", (known[path].id,))
        return False

    def drop_index(self, path: str, *, name: str = START) -> bool:
        """Forget an index, and tell whether there was one. That of scan_id stays."""
        if (name, path) == (START, "scan_id"):
            return False
        with self.write() as connection:
            known = {index.path: index.id for index in indexes_of(connection, name)}
            if path in known:
                if path == TEXT:
                    connection.execute("DROP TABLE words")
                connection.execute("DELETE FROM entries WHERE path = ?", (known[path],))
                connection.execute("DELETE FROM paths WHERE id = ?", (known[path],))
        return path in known

    def indexes(self, name: str = START) -> dict[str, bool]:
        """Return the indexed paths, and whether somebody asked for each."""
        with self.read() as connection:
            return {index.path: index.declared for index in indexes_of(connection, name)}


def chunks(items: Sequence[_T], size: int) -> Iterator[Sequence[_T]]:
    """Cut a sequence into parts of a size; the last may be shorter.

    Examples
    --------
    >>> list(chunks([1, 2, 3], 2))
    [[1, 2], [3]]
    """
    return (items[first : first + size] for first in range(0, len(items), size))


def total_of(connection: sqlite3.Connection, name: str) -> int:
    """Return what would have to be counted.

    Examples
    --------
    >>> with RunIndex().read() as connection:
    ...     total_of(connection, "runs")
    0
    """
    row = connection.execute("SELECT value FROM totals WHERE name = ?", (name,)).fetchone()
    if row is None or type(row[0]) is not int:
        raise CatalogError(
            f"is damaged: its number of {name} is gone",
            remedy="Restore it from a backup, or ingest the files again into a new one.",
        )
    return row[0]


def _add_to_totals(connection: sqlite3.Connection, runs: int = 0, last_run: int = 0) -> None:
    connection.execute(
        "UPDATE totals SET value = value + "
        "CASE name WHEN 'changes' THEN 1 WHEN 'runs' THEN ? WHEN 'last_run' THEN ? ELSE 0 END",
        (runs, last_run),
    )


def _time_of(start: dict[str, Any]) -> float | None:
    """Return the time as the column has it, which is NULL where it cannot be used."""
    try:
        time = float(start["time"])
    except OverflowError:  # an integer of hundreds of digits
        return None
    return None if math.isnan(time) else time
