"""What a catalog that stays keeps beside start documents: recipes, provenance, summaries."""

from __future__ import annotations

import json
import sqlite3
import time
from collections.abc import Collection, Iterable, Mapping
from dataclasses import dataclass, field
from typing import Any

from ..documents import normalise
from ..errors import CatalogError, DocumentError, RecipeError
from ..index.encoding import decode_document, encode_document, encode_text
from ..index.run_index import RunIndex, chunks
from ..matching.marks import Mark
from ..places import Fingerprint
from ..recipes import Recipe
from ..run.source import pull_start
from ..run.summary import RunSummary
from .store import Entry
from .stored import RecipeSource

__all__ = ["RecipeShelf", "Superseded", "check_storable"]

_CHUNK = 500
_PUT = """
INSERT OR REPLACE INTO calls (run, recipe, seal, provenance, rows, claim, state)
VALUES (?, ?, ?, ?, ?, ?, ?)
"""
_GET = """
SELECT starts.body, calls.recipe, calls.seal, calls.provenance, calls.rows, runs.id
FROM runs JOIN starts USING (id) JOIN calls ON calls.run = runs.id
WHERE runs.uid = CAST(? AS TEXT)
"""
_SUPERSEDE = """
INSERT INTO superseded (uid, start, recipe, seal, provenance, until, successor)
SELECT runs.uid, starts.body, calls.recipe, calls.seal, calls.provenance, ?, CAST(? AS TEXT)
FROM runs JOIN starts USING (id) LEFT JOIN calls ON calls.run = runs.id
WHERE runs.uid = CAST(? AS TEXT)
"""
_CLAIMED = """
SELECT calls.claim, calls.state, runs.uid, calls.recipe, calls.seal
FROM calls JOIN runs ON runs.id = calls.run WHERE calls.claim IN ({})
"""

_RUN = "(SELECT id FROM runs WHERE uid = CAST(? AS TEXT))"
_BODIES = f"""
SELECT body FROM starts WHERE id = {_RUN} UNION ALL SELECT body FROM documents WHERE run = {_RUN}
"""
_EMPTY = f"""
DELETE FROM entries WHERE path IN (SELECT id FROM paths WHERE name = 'start') AND id = {_RUN};
DELETE FROM entries WHERE (path, id) IN (
    SELECT paths.id, documents.id FROM documents JOIN paths USING (name) WHERE run = {_RUN});
DELETE FROM documents WHERE run = {_RUN};
UPDATE starts SET odd = 0, body = '{{}}' WHERE id = {_RUN}
""".split(";")
_LATER = "SELECT name, body FROM documents WHERE run = ? ORDER BY id"


@dataclass(frozen=True)
class Superseded:
    """What a run was before another one took its place.

    Examples
    --------
    >>> Superseded("6f2a", {"uid": "6f2a", "time": 0.0}, until=5.0, successor="6f2a").recipe is None
    True
    """

    uid: str
    start: dict[str, Any]
    until: float
    """When it was replaced, seconds since 1970-01-01 UTC."""
    successor: str
    """The uid of what took its place: the same one if the files changed where they are."""
    recipe: str | None = None
    """How it was got from its files, as JSON."""
    provenance: dict[str, Any] = field(default_factory=dict)


class RecipeShelf:
    """Keeps the recipes of runs in the file that holds their start documents.

    Parameters
    ----------
    index
        Of the file; what runs say later is kept there.
    """

    def __init__(self, index: RunIndex) -> None:
        self._index = index

    def put(self, connection: sqlite3.Connection, entries: Mapping[int, Entry]) -> None:
        """Keep entries of runs, whose sources must be of recipes, by id."""
        connection.executemany(_PUT, [(id, *_row_of(entry)) for id, entry in entries.items()])
        summaries = {id: getattr(entry.source, "summary", None) for id, entry in entries.items()}
        self._index.put_later_many(
            {id: _later_of(summary) for id, summary in summaries.items() if summary is not None}
        )

    def get(self, uid: str) -> Entry:
        """Return the entry of a run; KeyError if there is none."""
        with self._index.read() as connection:
            row = connection.execute(_GET, (encode_text(uid),)).fetchone()
            if row is None:
                raise KeyError(uid)
            *columns, id = row
            later = connection.execute(_LATER, (id,)).fetchall()
        return _entry_of((*columns, later), uid, self._index.connections.path)

    def remove(self, connection: sqlite3.Connection, id: int, uid: str) -> None:
        """Forget the entry of a run."""
        connection.execute("DELETE FROM calls WHERE run = ?", (id,))

    def put_rows(
        self, connection: sqlite3.Connection, rows: Mapping[int, Mapping[str, int]]
    ) -> None:
        """Keep how many rows runs have, by id and stream: they were read again."""
        connection.executemany(
            "UPDATE calls SET rows = ? WHERE run = ?",
            [(json.dumps(dict(counts)), id) for id, counts in rows.items()],
        )

    # Claims --------------------------------------------------------------------------------------

    def unchanged(self, marks: Collection[Mark]) -> dict[Mark, str]:
        """Return the uids of the runs that came of claims, where files were as they are now.

        Of what somebody else stored, nothing: their call is no reason not to store one's own.
        """
        wanted = set(marks)
        rows: list[Any] = []
        with self._index.read() as connection:
            for chunk in chunks([mark.key for mark in wanted], _CHUNK):
                rows += connection.execute(_CLAIMED.format(", ".join("?" * len(chunk))), chunk)
        return {
            Mark(key, state): str(uid)
            for key, state, uid, recipe, seal in rows
            if (key, state) in wanted
            and RecipeSource({"uid": str(uid)}, str(recipe), str(seal)).is_own
        }

    # What was ------------------------------------------------------------------------------------

    def supersede(self, uids: Iterable[tuple[str, str]]) -> None:
        """Keep what runs are now, as they are about to be replaced: pairs of uid and successor."""
        with self._index.write() as connection:
            connection.executemany(
                _SUPERSEDE,
                [(time.time(), encode_text(new), encode_text(old)) for old, new in uids],
            )

    def replaced(self, entries: Iterable[Entry]) -> tuple[list[str], list[str]]:
        """Return which runs will be others than they are here, and which are damaged here.

        One that grew is no other one. Within a transaction, this is what will be replaced in it.
        """
        others, damaged = [], []
        for entry in entries:
            uid = entry.start["uid"]
            try:
                before = self.get(uid)
            except KeyError:
                continue
            except CatalogError:
                before = None
            if before is None or self.is_damaged(uid):
                damaged.append(uid)
            elif not _is_same_or_grown(before, entry):
                others.append(uid)
        return others, damaged

    def is_damaged(self, uid: str) -> bool:
        """Tell whether a document of a run cannot be read."""
        with self._index.read() as connection:
            rows = connection.execute(_BODIES, (encode_text(uid),) * 2).fetchall()
        try:
            for (body,) in rows:
                decode_document(body)
        except (CatalogError, TypeError):
            return True
        return False

    def empty(self, connection: sqlite3.Connection, uid: str) -> None:
        """Forget what a run says, which nothing can read, so that it can be replaced or removed."""
        for statement in _EMPTY:
            connection.execute(statement, (encode_text(uid),))

    def superseded(self, uid: str) -> list[Superseded]:
        """Return what a run was before, the earliest first; also what it took the place of."""
        key = encode_text(uid)
        with self._index.read() as connection:
            rows = connection.execute(
                "SELECT uid, start, until, successor, recipe, provenance FROM superseded "
                "WHERE uid = CAST(? AS TEXT) OR successor = CAST(? AS TEXT) ORDER BY id",
                (key, key),
            ).fetchall()
        return [
            Superseded(old, decode_document(start), until, successor, recipe, _dict_of(provenance))
            for old, start, until, successor, recipe, provenance in rows
        ]


def _is_same_or_grown(before: Entry, now: Entry) -> bool:
    """Whether a run is what it was, but for more files behind those that were, or more rows.

    Of one file that is larger nothing tells whether its front is what it was; its start has to.
    """
    was, became = before.source, now.source
    if not isinstance(was, RecipeSource) or not isinstance(became, RecipeSource):
        return False
    old, new = was.recorded_fingerprint, became.recorded_fingerprint
    if old is None or new is None or old == new:
        return old == new and was.start == became.start and was.recipe == became.recipe
    is_grown = old.compare(new) == "extended" and _call_of(was) == _call_of(became)
    return is_grown and (new.count > old.count or was.start == became.start)


def _call_of(source: RecipeSource) -> tuple[Any, ...] | None:
    """Return what a recipe calls, but for the files; None if it is none."""
    try:
        recipe = Recipe.from_json(source.recipe)
    except RecipeError:
        return None
    return recipe.ingestor, recipe.version, recipe.kwargs


def _later_of(summary: RunSummary) -> list[tuple[str, dict[str, Any]]]:
    later = [("descriptor", doc) for doc in summary.descriptors]
    return later if summary.stop is None else [*later, ("stop", summary.stop)]


def check_storable(entry: Entry) -> None:
    """Write down all that a run says, to no avail but that it fails alone if it cannot be done.

    Raises
    ------
    DocumentError
        If a document cannot be stored.

    Examples
    --------
    >>> check_storable(Entry(RecipeSource({"uid": "6f2a", "time": 0.0}, "[]")))
    """
    encode_document(entry.start)
    _row_of(entry)
    summary = getattr(entry.source, "summary", None)
    for name, document in () if summary is None else _later_of(summary):
        encode_document(normalise(document, where=name))


def _row_of(entry: Entry) -> tuple[Any, ...]:
    source = entry.source
    if not isinstance(source, RecipeSource):
        raise TypeError(f"a {type(source).__name__} cannot be stored")
    claim, state = source.mark or (None, None)
    provenance = json.dumps(normalise(entry.provenance))
    rows = None if source.summary is None else json.dumps(source.summary.rows)
    return source.recipe, source.seal, provenance, rows, claim, state


def _entry_of(row: tuple[Any, ...], uid: str, where: str) -> Entry:
    """Return an entry of what a file says, which may be anything."""
    body, recipe, seal, provenance, rows, later = row
    try:
        start = pull_start([("start", decode_document(body))], where)
        if start["uid"] != uid or not isinstance(recipe, str):
            raise DocumentError("gave another run", where=where)
    except (ValueError, TypeError, CatalogError) as error:
        raise CatalogError(
            f"what it says of run {uid} cannot be read: {error}",
            where=where,
            remedy="Ingest its files again.",
        ) from error
    told = _dict_of(provenance)
    return Entry(
        RecipeSource(
            start,
            recipe,
            seal if isinstance(seal, str) else None,
            _fingerprint_of(told.get("fingerprint")),
            _summary_of(rows, later),
        ),
        told,
    )


def _dict_of(text: Any) -> dict[str, Any]:
    try:
        value = json.loads(text)
    except (ValueError, TypeError, RecursionError):
        return {}
    return value if isinstance(value, dict) else {}


def _fingerprint_of(stored: Any) -> Fingerprint | None:
    try:
        fingerprint = Fingerprint.from_dict(stored)
    except (KeyError, TypeError, AttributeError, RecursionError):
        return None
    numbers = (fingerprint.count, fingerprint.size, fingerprint.newest)
    last = (fingerprint.last_size, fingerprint.last_time)
    return fingerprint if all(type(number) is int for number in (*numbers, *last)) else None


def _summary_of(text: Any, later: Iterable[tuple[Any, Any]]) -> RunSummary | None:
    """Return a summary if it is one: runs are shown by it, so nothing in it may be missing."""
    rows = _dict_of(text) if text is not None else None
    if rows is None:
        return None
    documents = [(name, _dict_of(body)) for name, body in later]
    descriptors = [doc for name, doc in documents if name == "descriptor"]
    stops = [doc for name, doc in documents if name == "stop"]
    fits = (
        all(map(_is_descriptor, descriptors))
        and all(type(count) is int for count in rows.values())
        and rows.keys() == {doc.get("name", "primary") for doc in descriptors}
    )
    return RunSummary.of_documents(stops[0] if stops else None, descriptors, rows) if fits else None


def _is_descriptor(doc: Any) -> bool:
    return (
        isinstance(doc, dict)
        and isinstance(doc.get("uid"), str)
        and isinstance(doc.get("name", "primary"), str)
        and isinstance(doc.get("data_keys"), dict)
        and all(isinstance(key, dict) for key in doc["data_keys"].values())
    )
