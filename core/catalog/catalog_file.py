"""The file of a catalog that stays: opened on any medium, made private, and kept from harm."""

from __future__ import annotations

import functools
import os
import sqlite3
import stat
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import closing, contextmanager, suppress
from pathlib import Path
from typing import NamedTuple

from ..errors import CatalogError
from ..index.connections import Connections
from ..index.encoding import decode_text
from ..index.schema import CREATE_WORDS, create_tables
from .file_errors import BUSY_SECONDS, DAMAGED, explained
from .file_systems import is_frozen, is_network, is_read_only
from .hosts import claim_writing, release_writing

__all__ = ["APPLICATION_ID", "MIGRATIONS", "CatalogFile", "version_of_tables"]

APPLICATION_ID = 0x706E7374
"""By this the file is known as a catalog of penstock's."""

_PATIENCE = 100

_making = threading.Lock()

_TABLES = """
-- How each run is got from its files.
CREATE TABLE IF NOT EXISTS calls (
    run INTEGER PRIMARY KEY,    -- id of the run
    recipe TEXT NOT NULL,       -- JSON
    seal TEXT,                  -- of the user who stored it
    provenance TEXT NOT NULL,   -- JSON
    rows TEXT,                  -- JSON: how many in which stream; NULL: ask the ingestor
    claim BLOB,                 -- which claim it was ingested from
    state BLOB                  -- what the claim's files were then
);
CREATE INDEX IF NOT EXISTS calls_by_claim ON calls (claim) WHERE claim IS NOT NULL;

-- What runs were before they were replaced by others.
CREATE TABLE IF NOT EXISTS superseded (
    id INTEGER PRIMARY KEY,
    uid TEXT NOT NULL,
    start TEXT NOT NULL,
    recipe TEXT,
    seal TEXT,
    provenance TEXT,
    until REAL NOT NULL,        -- seconds since 1970
    successor TEXT NOT NULL     -- uid of what took its place
);
CREATE INDEX IF NOT EXISTS superseded_by_uid ON superseded (uid);

-- Which machine writes.
CREATE TABLE IF NOT EXISTS writer (
    id INTEGER PRIMARY KEY CHECK (id = 1),
    machine TEXT NOT NULL,
    name TEXT NOT NULL,
    until REAL NOT NULL
);
"""


def _create_all(connection: sqlite3.Connection) -> None:
    create_tables(connection)
    for statement in _TABLES.split(";\n"):
        if statement.strip():
            connection.execute(statement)


MIGRATIONS: list[Callable[[sqlite3.Connection], None]] = [_create_all]
"""What brings the tables from each version to the next, the first from none."""


def version_of_tables() -> int:
    """Return the version of the tables that this penstock makes."""
    return len(MIGRATIONS)


class CatalogFile(Connections):
    """Connections to the file of a catalog, which is made if it is not there.

    On a disk of this machine the file is in WAL mode: readers and a writer do not wait for each
    other. On a network's, where that cannot work, it has a rollback journal. A medium that takes no
    writing is read as it is. Only the user can read a new file.

    Parameters
    ----------
    path
        The file.

    Raises
    ------
    CatalogError
        If it cannot be opened, is no catalog, or one of a later penstock.
    """

    _mode = "rw"  # it was made: one that is gone meanwhile is not made anew

    def __init__(self, path: str | os.PathLike[str]) -> None:
        if os.fspath(path) in (":memory:", ""):
            raise CatalogError(
                f"{os.fspath(path)!r} is no file, in which a catalog could stay",
                remedy="Use BlueskyInMemoryCatalog(), or give the path of a .db file.",
            )
        where = os.path.abspath(os.fspath(path))
        state = _look_at(where)
        self._identity = state.st_dev, state.st_ino
        readonly = is_read_only(where) or not os.access(where, os.W_OK)
        self._is_network = is_network(where)
        self._seen = _still_state(where) if readonly else None
        self._claimed_by: int | None = None
        super().__init__(where, readonly=readonly, seconds=BUSY_SECONDS, prepare=_harden)
        try:
            with explained(where):
                self._set_up(state.st_size == 0)
            self.has_tables = True
        except BaseException:
            self.close()
            raise

    @property
    def takes_indexes(self) -> bool:
        """Whether a search may write an index: not where that would keep other machines out."""
        has_claimed = self._claimed_by == os.getpid()
        return not self.readonly and (has_claimed or not self._is_network)

    def _set_up(self, is_new: bool) -> None:
        if not self.readonly:
            self._choose_journal(is_new)
        with super().read() as connection:
            version = _check_identity(connection, self.path)
            if version == version_of_tables():
                _check_columns(connection, self.path)
                return
        if self.readonly:
            raise CatalogError(
                f"its tables are of version {version}, and it may not be written",
                where=self.path,
                remedy="Open it once where it may be: that brings it up to date.",
            )
        with super().write() as connection:
            # Another process may have been quicker.
            (version,) = connection.execute("PRAGMA user_version").fetchone()
            for migrate in MIGRATIONS[version:]:
                migrate(connection)
            connection.execute(f"PRAGMA application_id = {APPLICATION_ID}")
            connection.execute(f"PRAGMA user_version = {version_of_tables()}")

    def _choose_journal(self, is_new: bool) -> None:
        network = self._is_network
        wanted = "delete" if network else "wal"
        if not is_new and not network:
            return
        connection = self._open()
        try:
            for _ in range(_PATIENCE):  # SQLite does not wait here by itself
                with suppress(sqlite3.OperationalError):
                    (mode,) = connection.execute(f"PRAGMA journal_mode = {wanted}").fetchone()
                    if mode == wanted:
                        return
                time.sleep(0.05)
        finally:
            connection.close()
        if network:
            raise CatalogError(
                "it is open elsewhere in a way that cannot work on a network's file system",
                where=self.path,
                remedy="Close it there, and open it again.",
            )

    def _open(self) -> sqlite3.Connection:
        if self._seen is None:
            return super()._open()
        uri = Path(self.path).as_uri() + "?mode=ro&immutable=1"
        connection = sqlite3.connect(uri, uri=True, isolation_level=None, check_same_thread=False)
        connection.text_factory = decode_text
        try:
            _harden(connection)
        except BaseException:
            connection.close()
            raise
        return connection

    @contextmanager
    def write(self) -> Iterator[sqlite3.Connection]:
        """Give the writing connection, if no other machine writes: see `Connections.write`."""
        if self.readonly:
            raise CatalogError(
                "this catalog may only be read",
                where=self.path,
                remedy="Copy the file to where you may write, or ask for the permission.",
            )
        self._check_there()
        with explained(self.path), super().write() as connection:
            if self._depth == 1 and self._is_network:
                claim_writing(connection, self.path)
                self._claimed_by = os.getpid()
            yield connection

    @contextmanager
    def read(self) -> Iterator[sqlite3.Connection]:
        """Give a connection to read from: see `Connections.read`."""
        self._check_there()
        self._check_still()
        try:
            with explained(self.path), super().read() as connection:
                yield connection
        except CatalogError:
            self._check_still()  # what looks like damage may be that somebody writes
            raise
        self._check_still()

    def _check_there(self) -> None:
        """Raise if the file is another one now, or gone: what is written would be lost with it."""
        try:
            found = os.stat(self.path)
        except FileNotFoundError:
            what = "the file was removed while it was open"
        except OSError as error:
            what = f"the file cannot be reached any more: {error.strerror}"
        else:
            if (found.st_dev, found.st_ino) == self._identity:
                return
            what = "another file has taken its place while it was open"
        raise CatalogError(
            what,
            where=self.path,
            remedy="Put it back, or restore it from a backup; then open the catalog again.",
        )

    def _check_still(self) -> None:
        """Raise if a file was written that is read without locks, as SQLite cannot lock it."""
        if self._seen is not None and self._seen != _state_of(self.path):
            raise CatalogError(
                "it was written while it was read from a folder in which you may not write",
                where=self.path,
                remedy="Open it again; where that is refused, ask for permission to write in the "
                "folder, or copy the file while nobody writes into it.",
            )

    def close(self) -> None:
        """Let other machines write, and close all connections."""
        # A child that was forked leaves to its parent what the parent has noted.
        if self._claimed_by == os.getpid() and not self._closed:
            self._claimed_by = None
            with suppress(sqlite3.Error, CatalogError), super().write() as connection:
                release_writing(connection)
        super().close()


def _look_at(path: str) -> os.stat_result:
    """Make the file if it is not there, and return what it is.

    A file that is there is opened by SQLite alone: as any descriptor of a file is closed, POSIX
    drops all locks that the process has on it, those of other connections too.
    """
    try:
        with _making:  # nobody here has a file open that another thread is about to close
            if not os.path.exists(path):
                flags = os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_CLOEXEC
                with suppress(FileExistsError):  # another process was quicker
                    os.close(os.open(path, flags, 0o600))
        state = os.stat(path)
    except OSError as error:
        raise CatalogError(
            f"cannot be opened: {error.strerror}",
            where=path,
            remedy="Check the folder, and your permissions on it.",
        ) from error
    if not stat.S_ISREG(state.st_mode):
        raise CatalogError("is no file", where=path, remedy="Give the path of a .db file.")
    if not os.access(path, os.R_OK):
        raise CatalogError(
            "may not be read", where=path, remedy="Check the folder, and your permissions on it."
        )
    return state


def _still_state(path: str) -> _State | None:
    """Return the state of a file that must be taken to hold still, as SQLite cannot lock it.

    To read a file in WAL mode, SQLite writes beside it. Where it cannot, it has to be told that
    nobody writes: on a frozen medium nobody does, elsewhere the state tells whether somebody did.

    Raises
    ------
    CatalogError
        If the last runs are in a journal that cannot be read from here.
    """
    if not is_frozen(path) and (_may_write_beside(path) or _opens_with_locks(path)):
        return None
    state = _state_of(path)
    if state.journal > 0:
        raise CatalogError(
            "what was written last is in its journal, which cannot be read in this folder",
            where=path,
            remedy=f"Close the catalog where it is written; or copy it, with {path}-wal, into a "
            "folder in which you may write.",
        )
    return state


def _may_write_beside(path: str) -> bool:
    return not is_read_only(path) and os.access(os.path.dirname(path), os.W_OK)


def _opens_with_locks(path: str) -> bool:
    """Tell whether SQLite can read a file without writing beside it.

    It can if the file has a rollback journal, or is in WAL mode and somebody has it open.
    """
    try:
        with closing(sqlite3.connect(f"{Path(path).as_uri()}?mode=ro", uri=True)) as connection:
            connection.execute("SELECT count(*) FROM sqlite_schema").fetchone()
    except sqlite3.OperationalError as error:
        return "unable to open" not in str(error) and "readonly" not in str(error)
    except sqlite3.Error:
        return True  # it is told when it is read
    return True


class _State(NamedTuple):
    """By what it is seen that somebody has written into a file."""

    device: int
    inode: int
    size: int
    time: int
    journal: int
    """Bytes in the journal that WAL mode has."""


def _state_of(path: str) -> _State:
    found = os.stat(path)
    try:
        journal = os.path.getsize(f"{path}-wal")
    except OSError:
        journal = 0
    return _State(found.st_dev, found.st_ino, found.st_size, found.st_mtime_ns, journal)


def _harden(connection: sqlite3.Connection) -> None:
    """Let nothing that a crafted file says be taken at its word."""
    connection.execute("PRAGMA trusted_schema = OFF")
    connection.execute("PRAGMA cell_size_check = ON")
    connection.execute("PRAGMA mmap_size = 0")


def _check_identity(connection: sqlite3.Connection, where: str) -> int:
    """Return the version of the tables; raise if they are not a catalog's."""
    (application,) = connection.execute("PRAGMA application_id").fetchone()
    (version,) = connection.execute("PRAGMA user_version").fetchone()
    (count,) = connection.execute("SELECT count(*) FROM sqlite_schema").fetchone()
    if application != APPLICATION_ID and (application or version or count):
        raise CatalogError(
            "is a database, but no catalog of penstock's",
            where=where,
            remedy="Give a .db file that penstock has made.",
        )
    if version > version_of_tables():
        raise CatalogError(
            f"was written by a later penstock (its tables are of version {version})",
            where=where,
            remedy="Update penstock.",
        )
    odd = _special(connection)
    if odd and odd != _words():
        kind, name, _ = sorted(odd - _words() or odd)[0]
        raise CatalogError(
            f"has a {kind} ({name}), which no catalog has: somebody has tampered with it",
            where=where,
            remedy="Ask for an untouched one, or ingest the files again.",
        )
    return int(version)


def _check_columns(connection: sqlite3.Connection, where: str) -> None:
    """Raise if a table, or a column of one, is not there."""
    lacking = _columns(tuple(MIGRATIONS)) - _columns_of(connection)
    if lacking:
        raise CatalogError(
            f"lacks {' of '.join(reversed(min(lacking)))}, which every catalog has: it is damaged",
            where=where,
            remedy=DAMAGED,
        )


def _columns_of(connection: sqlite3.Connection) -> frozenset[tuple[str, str]]:
    return frozenset(
        connection.execute(
            "SELECT tables.name, columns.name FROM sqlite_schema AS tables "
            "JOIN pragma_table_info(tables.name) AS columns WHERE tables.type = 'table'"
        )
    )


@functools.cache
def _columns(
    migrations: tuple[Callable[[sqlite3.Connection], None], ...],
) -> frozenset[tuple[str, str]]:
    """Return the tables that migrations make, and their columns."""
    with closing(sqlite3.connect(":memory:")) as connection:
        for migrate in migrations:
            migrate(connection)
        return _columns_of(connection)


def _special(connection: sqlite3.Connection) -> frozenset[tuple[str, str, str]]:
    """Return what of a schema could do more than hold rows, with all that belongs to it."""
    return frozenset(
        connection.execute(
            "SELECT type, name, sql FROM sqlite_schema WHERE type IN ('trigger', 'view') "
            "OR sql LIKE 'create virtual%' OR name = 'words' OR name LIKE 'words\\_%' ESCAPE '\\'"
        )
    )


@functools.cache
def _words() -> frozenset[tuple[str, str, str]]:
    """Return what the index of all words has in a schema: it alone may be of a special kind."""
    with closing(sqlite3.connect(":memory:")) as connection:
        connection.execute(CREATE_WORDS)
        return _special(connection)
