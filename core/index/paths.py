"""Indexes of paths: every value that a Mongo path leads to in a document, and whose it is.

What a path leads to is asked of the matcher itself (`core.mongo_paths`), or, where the documents
are plain along the path, of SQLite, which reads them ten times faster than Python.
"""

from __future__ import annotations

import functools
import re
import sqlite3
from collections.abc import Callable, Iterable, Iterator
from contextlib import suppress
from typing import Any

from ..errors import CatalogError
from ..mongo_paths import lift_to
from ..mongo_text import words_of
from .encoding import decode_document, decode_value, encode_text
from .keys import FALSE, MANY, MAX_TEXT, MISSING_KEY, NESTED, NOTHING, NULL, TRUE, Key, key_of
from .schema import CREATE_WORDS, START, TEXT, table_of

__all__ = [
    "PathIndex",
    "add_entries",
    "fill_index",
    "indexes_of",
    "remove_entries",
    "values_at",
]

_SLICE = 50_000
"""So many documents are indexed before what SQL left over is looked at."""

_TEXTS = 1000

_SQL_READS_JSON = sqlite3.sqlite_version_info >= (3, 38)
# Names that SQLite finds in JSON as they are written there.
_PLAIN_PART = re.compile(r'[^"\\\x00-\x1f\ud800-\udfff]+')

_INSERT = "INSERT OR IGNORE INTO entries (path, value, id) VALUES (?, ?, ?)"
_DELETE = "DELETE FROM entries WHERE path = ? AND value = ? AND id = ?"


def values_at(path: str) -> Callable[[dict[str, Any]], list[Any]]:
    """Return what lists the values that tests of this path are asked about; for one thread.

    Examples
    --------
    >>> values_at("a.b")({"a": [{"b": 1}, {"b": [2]}]})
    [1, 2, [2]]
    """
    found: list[Any] = []
    # A test that fails everywhere is taken everywhere.
    visit = lift_to(path, "query")(found.append, True)  # type: ignore[arg-type]  # None is false

    def values(document: dict[str, Any]) -> list[Any]:
        found.clear()
        visit(document)
        return list(found)

    return values


def _keys_of(values: list[Any]) -> set[Key]:
    """Return the keys by which a document is found; none where only a missing field is found."""
    keys = {key_of(value) for value in values}
    if not keys:
        return {NOTHING}
    if keys == {MISSING_KEY}:
        return set()
    if len(values) > 1 and sum(type(key) is not bytes for key in keys) > 1:
        keys.add(MANY)
    lists = sum(type(value) is list for value in values)
    if lists and (lists > 1 or not _are_elements(values[:-1], values[-1])):
        keys.add(NESTED)
    return keys


def _are_elements(values: list[Any], of: Any) -> bool:
    """Tell whether these are all the elements of a list, and it is one."""
    return (
        type(of) is list
        and len(of) == len(values)
        and all(item is value for item, value in zip(of, values, strict=True))
    )


class PathIndex:
    """An index that is there: for the thread that asked for it."""

    def __init__(self, id: int, name: str, path: str, declared: bool) -> None:
        self.id = id
        self.name = name
        self.path = path
        self.declared = declared
        self._values = values_at(path)

    def rows(self, document: dict[str, Any], id: int) -> Iterator[tuple[int, Key, int]]:
        """Give the rows of a document."""
        for key in _keys_of(self._values(document)):
            yield self.id, key, id


class TextIndex(PathIndex):
    """The index of the words in all texts."""

    def words(self, document: dict[str, Any]) -> str:
        """Return what the table of words is told of a document."""
        return " ".join(sorted(words_of(document)))


def indexes_of(connection: sqlite3.Connection, name: str) -> list[PathIndex]:
    """Return the indexes of starts, or of later documents of a name."""
    rows = connection.execute("SELECT id, name, path, declared FROM paths WHERE name = ?", (name,))
    return [
        (TextIndex if path == TEXT else PathIndex)(id, name, path, bool(declared))
        for id, name, path, declared in rows
    ]


def add_entries(
    connection: sqlite3.Connection,
    indexes: Iterable[PathIndex],
    documents: Iterable[tuple[int, dict[str, Any]]],
) -> None:
    """Enter documents, with their ids, into indexes."""
    documents = list(documents)
    for index in indexes:
        if isinstance(index, TextIndex):
            connection.executemany(
                "INSERT INTO words (rowid, word) VALUES (?, ?)",
                ((id, index.words(document)) for id, document in documents),
            )
            continue
        connection.executemany(
            _INSERT, (row for id, document in documents for row in index.rows(document, id))
        )


def remove_entries(
    connection: sqlite3.Connection,
    indexes: Iterable[PathIndex],
    documents: Iterable[tuple[int, dict[str, Any]]],
) -> None:
    """Take documents, as they were entered, out of indexes."""
    documents = list(documents)
    for index in indexes:
        if isinstance(index, TextIndex):
            connection.executemany(
                "INSERT INTO words (words, rowid, word) VALUES ('delete', ?, ?)",
                ((id, index.words(document)) for id, document in documents),
            )
            continue
        connection.executemany(
            _DELETE, (row for id, document in documents for row in index.rows(document, id))
        )


# A new index -------------------------------------------------------------------------------------


def fill_index(connection: sqlite3.Connection, name: str, path: str, *, declared: bool) -> None:
    """Make an index of all documents that there are, in the transaction that is open."""
    cursor = connection.execute(
        "INSERT INTO paths (name, path, declared) VALUES (?, CAST(? AS TEXT), ?)",
        (name, encode_text(path), declared),
    )
    id = int(cursor.lastrowid or 0)
    table = table_of(name)
    (last,) = connection.execute(f"SELECT max(id) FROM {table}").fetchone()
    if path == TEXT:
        _fill_words(connection, TextIndex(id, name, path, declared), last or 0)
        return
    index = PathIndex(id, name, path, declared)
    left = _Left(index)
    statement = _select_keys(index, table) if _SQL_READS_JSON else None
    if statement is not None:
        connection.create_function("penstock_later", 1, left.take)
        connection.create_function("penstock_array", 2, left.take_array)
        connection.create_function("penstock_float", 1, float, deterministic=True)
        connection.create_function("penstock_key", 1, _key_of_json, deterministic=True)
    connection.execute("CREATE TEMP TABLE staged (value NOT NULL, id INTEGER NOT NULL)")
    for first in range(0, (last or 0) + 1, _SLICE):
        where = f"id >= {first} AND id < {first + _SLICE}"
        if name != START:
            where += f" AND name = {_quoted(name)}"
        if statement is None:
            left.take_all(connection, table, where)
        else:
            try:
                connection.execute(
                    f"INSERT OR IGNORE INTO staged (value, id) {statement} WHERE {where}"
                )
            except sqlite3.OperationalError as error:
                if error.sqlite_errorcode != sqlite3.SQLITE_ERROR:
                    raise
                left.take_all(connection, table, where)  # a document that is no JSON
        left.stage(connection, table)
    # In order: a tree that grows at its end is written once, and full.
    connection.execute(
        f"INSERT OR IGNORE INTO entries SELECT {index.id}, value, id FROM staged ORDER BY 2, 3"
    )
    connection.execute("DROP TABLE staged")


def _fill_words(connection: sqlite3.Connection, index: TextIndex, last: int) -> None:
    connection.execute(CREATE_WORDS)
    for first in range(0, last + 1, _TEXTS):
        rows = connection.execute(
            "SELECT id, body FROM starts WHERE id >= ? AND id < ?", (first, first + _TEXTS)
        ).fetchall()
        for id, text in rows:
            with suppress(CatalogError):
                add_entries(connection, [index], [(id, decode_document(text))])


class _Left:
    """What SQL leaves for Python to stage; it must not hold the connection, which holds it."""

    def __init__(self, index: PathIndex) -> None:
        self._index = index
        self._rows: list[tuple[Key, int]] = []
        self.ids: list[int] = []

    def take(self, id: int) -> None:
        self.ids.append(id)

    def take_all(self, connection: sqlite3.Connection, table: str, where: str) -> None:
        self._rows.clear()
        self.ids = [id for (id,) in connection.execute(f"SELECT id FROM {table} WHERE {where}")]

    def take_array(self, id: int, text: str) -> None:
        self._rows += [(key, id) for key in _keys_of_array(text)]

    def stage(self, connection: sqlite3.Connection, table: str) -> None:
        for start in range(0, len(self.ids), 500):
            ids = self.ids[start : start + 500]
            marks = ", ".join("?" * len(ids))
            found = connection.execute(f"SELECT id, body FROM {table} WHERE id IN ({marks})", ids)
            for id, text in found.fetchall():
                try:
                    rows = self._index.rows(decode_document(text), id)
                except CatalogError:  # nothing is said of it, not even that a field is missing
                    self._rows.append((NOTHING, id))
                    continue
                self._rows += [(key, id) for _, key, id in rows]
        connection.executemany("INSERT INTO staged (value, id) VALUES (?, ?)", self._rows)
        self.ids.clear()
        self._rows.clear()


def _select_keys(index: PathIndex, table: str) -> str | None:
    """Write what gives the key of each document, NULL where it is entered otherwise.

    NULL violates a constraint, and such rows are ignored. None if SQL cannot follow the path.
    """
    parts = index.path.split(".")
    if not all(_PLAIN_PART.fullmatch(part) for part in parts):
        return None
    places = [
        _quoted("$" + "".join(f'."{part}"' for part in parts[:length]))
        for length in range(1, len(parts) + 1)
    ]
    at = places[-1]
    through_arrays = " OR ".join(f"json_type(body, {place}) = 'array'" for place in places[:-1])
    missing = f"CASE WHEN {through_arrays} THEN penstock_later(id) END" if places[1:] else "NULL"
    return f"""
        SELECT CASE WHEN odd THEN penstock_later(id) ELSE
            CASE json_type(body, {at})
                WHEN 'text' THEN substr(json_extract(body, {at}), 1, {MAX_TEXT})
                WHEN 'integer' THEN CASE typeof(json_extract(body, {at}))
                    WHEN 'integer' THEN json_extract(body, {at})
                    ELSE penstock_key(body -> {at}) END
                WHEN 'true' THEN {_blob(TRUE)}
                WHEN 'false' THEN {_blob(FALSE)}
                WHEN 'null' THEN {_blob(NULL)}
                WHEN 'array' THEN penstock_array(id, body -> {at})
                -- SQLite reads decimals to the last digit but one.
                WHEN 'real' THEN penstock_float(body -> {at})
                WHEN 'object' THEN penstock_key(body -> {at})
                ELSE {missing} END
            END, id
        FROM {table}"""


@functools.lru_cache(maxsize=4096)  # the same lists of motors and detectors come over and over
def _keys_of_array(text: str) -> tuple[Key, ...]:
    return tuple(_keys_of(values_at("value")({"value": decode_value(text)})))


def _key_of_json(text: str) -> Key:
    return key_of(decode_value(text))


def _quoted(text: str) -> str:
    return "'" + text.replace("'", "''") + "'"


def _blob(key: bytes) -> str:
    return f"x'{key.hex()}'"
