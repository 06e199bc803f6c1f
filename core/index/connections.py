"""Connections to one database, shared by threads: many that read, one that writes."""

from __future__ import annotations

import os
import sqlite3
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

from ..errors import CatalogError
from .encoding import decode_text

__all__ = ["Connections"]

_PAGE_BYTES = 16384
_READER_KIB = 8192
_WRITER_KIB = 65536  # it fills indexes, page by page in their order
_MOST_IDLE = 8
"""So many readers wait for the next thread; others are closed, and give their caches back."""


class Connections:
    """Connections to a database in memory or in a file.

    In memory there is one connection, which threads take in turns. To a file each reader has one
    of its own, from a pool, and one writer at a time another.

    Parameters
    ----------
    path
        A file, or ``":memory:"``.
    readonly
        Whether the file must not be written.
    seconds
        How long to wait for another process that writes.
    prepare
        Called with each new connection.

    Examples
    --------
    >>> connections = Connections(":memory:")
    >>> with connections.write() as connection:
    ...     cursor = connection.execute("CREATE TABLE t (x)")
    >>> with connections.read() as connection:
    ...     connection.execute("SELECT count(*) FROM t").fetchone()
    (0,)
    """

    _mode = "rwc"
    """How a file is opened that may be written: as SQLite's URIs say it."""

    def __init__(
        self,
        path: str | os.PathLike[str],
        *,
        readonly: bool = False,
        seconds: float = 30.0,
        prepare: Callable[[sqlite3.Connection], None] = lambda connection: None,
    ) -> None:
        self.path = os.fspath(path)
        self.readonly = readonly
        self.has_tables = False
        """Whether who made the connections has made the tables of an index, too."""
        self._seconds = seconds
        self._prepare = prepare
        self._reset()

    @property
    def takes_indexes(self) -> bool:
        """Whether a search may write an index that will help the next ones."""
        return not self.readonly

    @property
    def in_memory(self) -> bool:
        """Whether the database goes with the process."""
        return self.path == ":memory:"

    def _reset(self) -> None:
        self._pid = os.getpid()
        self._local = threading.local()
        self._lock = threading.RLock()
        self._idle: list[sqlite3.Connection] = []
        self._writer: sqlite3.Connection | None = None
        self._closed = False
        self._depth = 0  # of transactions, held by the thread that has the lock

    def _open(self) -> sqlite3.Connection:
        if self.in_memory:
            name, uri = self.path, False
        else:
            name, uri = Path(self.path).absolute().as_uri(), True
            name += f"?mode={'ro' if self.readonly else self._mode}"
        connection = sqlite3.connect(
            name,
            timeout=self._seconds,
            isolation_level=None,  # transactions begin where `write` and `read` say so
            check_same_thread=False,
            uri=uri,
        )
        connection.text_factory = decode_text
        try:
            # Of a file that is new: a page holds a dozen starts.
            connection.execute(f"PRAGMA page_size = {_PAGE_BYTES}")
            connection.execute(f"PRAGMA cache_size = -{_READER_KIB}")
            connection.execute("PRAGMA temp_store = MEMORY")
            self._prepare(connection)
        except BaseException:
            connection.close()
            raise
        return connection

    def _check(self) -> None:
        if self._pid != os.getpid():
            # A forked child must not touch its parent's connections, not even to close them.
            _left_to_parent.append((self._idle, self._writer))
            writer = self._writer
            self._reset()
            if self.in_memory:
                self._writer = writer  # a copy of the parent's, and the child's own
        if self._closed:
            raise CatalogError("the catalog is closed", where=self.path, remedy="Open it again.")

    @contextmanager
    def write(self) -> Iterator[sqlite3.Connection]:
        """Give the writing connection, in a transaction that is kept whole or not at all.

        Within one, further calls of the same thread belong to it.
        """
        self._check()
        hurries = not self.in_memory and getattr(self._local, "hurries", False)
        if not self._lock.acquire(blocking=not hurries):
            raise CatalogError(
                "another thread is writing", where=self.path, remedy="Try again later."
            )
        try:
            connection = self._writing()
            if self._depth == 0:
                self._begin(connection, hurries=hurries)
            self._depth += 1
            try:
                yield connection
            except BaseException:
                if self._depth == 1:
                    connection.execute("ROLLBACK")
                raise
            else:
                if self._depth == 1:
                    _commit(connection)
            finally:
                self._depth -= 1
        finally:
            self._lock.release()

    def _begin(self, connection: sqlite3.Connection, *, hurries: bool) -> None:
        if hurries:
            connection.execute("PRAGMA busy_timeout = 0")
        try:
            connection.execute("BEGIN IMMEDIATE")
        finally:
            if hurries:
                connection.execute(f"PRAGMA busy_timeout = {int(1000 * self._seconds)}")

    @contextmanager
    def hurrying(self) -> Iterator[None]:
        """Let writing fail at once where somebody else writes a file, instead of waiting."""
        before = getattr(self._local, "hurries", False)
        self._local.hurries = True
        try:
            yield
        finally:
            self._local.hurries = before

    @contextmanager
    def read(self) -> Iterator[sqlite3.Connection]:
        """Give a connection to read from, on which nothing changes meanwhile.

        Do not leave to others while holding it: fetch, and go.
        """
        self._check()
        if self.in_memory or self._is_writing():
            with self._lock:
                yield self._writing()
            return
        try:
            connection = self._idle.pop()
        except IndexError:
            connection = self._open()
        try:
            connection.execute("BEGIN")
            try:
                yield connection
            finally:
                connection.execute("ROLLBACK")  # nothing was written, and this never fails
        finally:
            if self._closed or len(self._idle) >= _MOST_IDLE:
                connection.close()
            else:
                self._idle.append(connection)

    def _writing(self) -> sqlite3.Connection:
        """Return the writing connection, for the thread that has the lock."""
        if self._writer is None:
            self._writer = self._open()
            self._writer.execute(f"PRAGMA cache_size = -{_WRITER_KIB}")
        return self._writer

    def _is_writing(self) -> bool:
        """Whether this thread is in a transaction, whose changes it has to see."""
        if not self._lock.acquire(blocking=False):
            return False
        try:
            return self._depth > 0
        finally:
            self._lock.release()

    def close(self) -> None:
        """Close all connections; those that are in use when they are given back."""
        if self._pid != os.getpid():
            return
        with self._lock:
            self._closed = True
            while self._idle:
                self._idle.pop().close()
            if self._writer is not None:
                self._writer.close()
                self._writer = None

    def __del__(self) -> None:
        if not getattr(self, "_closed", True):
            self.close()


_left_to_parent: list[object] = []


def _commit(connection: sqlite3.Connection) -> None:
    try:
        connection.execute("COMMIT")
    except BaseException:
        if connection.in_transaction:
            connection.execute("ROLLBACK")
        raise
