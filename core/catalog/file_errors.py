"""What errors of SQLite mean for a catalog in a file, and what to do about each."""

from __future__ import annotations

import sqlite3
from collections.abc import Iterator
from contextlib import contextmanager

from ..errors import CatalogError

__all__ = ["BUSY_SECONDS", "DAMAGED", "explained"]

BUSY_SECONDS = 30.0
"""So long others that write are waited for."""

_BUSY = (
    (
        f"somebody else has been writing for more than {BUSY_SECONDS:.0f} seconds: "
        "another process, or another opening of the same catalog"
    ),
    "Try again later; open a catalog once in a program, and share it among threads.",
)
DAMAGED = "Restore it from a backup, or ingest the files again into a new catalog."

_MEANINGS: dict[int, tuple[str, str]] = {
    sqlite3.SQLITE_BUSY: _BUSY,
    sqlite3.SQLITE_LOCKED: _BUSY,
    sqlite3.SQLITE_READONLY: (
        "it may not be written any more",
        "Check the permissions on it and on its folder, and open the catalog again.",
    ),
    sqlite3.SQLITE_PERM: ("it may not be opened", "Check the permissions on it and its folder."),
    sqlite3.SQLITE_CANTOPEN: (
        "it cannot be opened",
        "Check that its folder is there, and your permissions on it.",
    ),
    sqlite3.SQLITE_FULL: (
        "the disk is full: nothing of this was written",
        "Make room on the disk, and try again; the catalog is as it was before.",
    ),
    sqlite3.SQLITE_IOERR: (
        "the disk, or the way to it, fails: {error}",
        "Check the disk and the network; the catalog holds what was written before.",
    ),
    sqlite3.SQLITE_NOTADB: ("is no catalog", "Give a .db file that penstock has made."),
    sqlite3.SQLITE_CORRUPT: ("is damaged: {error}", DAMAGED),
}


@contextmanager
def explained(where: str) -> Iterator[None]:
    """Tell errors of SQLite as what they mean for a catalog.

    What no file can cause, such as SQL that is wrong, is passed as it is.

    Examples
    --------
    >>> with explained("runs.db"):
    ...     sqlite3.connect("/no/such/folder/runs.db")
    Traceback (most recent call last):
    ...
    penstock.core.errors.CatalogError: runs.db: it cannot be opened. Check that its folder ...
    """
    try:
        yield
    except CatalogError as error:
        error.where = error.where or where
        raise
    except sqlite3.Error as error:
        # Extended codes, which tell what of it failed, hold the plain one in their last byte.
        meaning = _MEANINGS.get(getattr(error, "sqlite_errorcode", 0) & 0xFF)
        if meaning is None:
            raise
        what, remedy = meaning
        raise CatalogError(what.format(error=error), where=where, remedy=remedy) from error
