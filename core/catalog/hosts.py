"""Which machine writes into a catalog's file: two that write at once would ruin it.

Locks hold between processes of one machine; between machines, on network file systems, they often
do not. So a machine that writes there leaves its name in the file, for some minutes beyond its last
write or until it closes the catalog, and another one does not write before that.
"""

from __future__ import annotations

import datetime
import functools
import socket
import sqlite3
import time
from pathlib import Path

from ..errors import CatalogError

__all__ = ["LEASE_SECONDS", "claim_writing", "machine_id", "release_writing"]

LEASE_SECONDS = 600
"""For so long after its last write a machine is taken to be writing."""
_RENEW_SECONDS = 60
_CLOCK_SECONDS = 3600
"""So far another machine's clock may be ahead; what is noted beyond it was no clock."""


@functools.cache
def machine_id() -> str:
    """Return what tells this machine from all others, also after it was started again.

    Examples
    --------
    >>> machine_id() == machine_id()
    True
    """
    try:
        return Path("/etc/machine-id").read_text(encoding="ascii").strip() or socket.gethostname()
    except (OSError, ValueError):
        return socket.gethostname()


def claim_writing(connection: sqlite3.Connection, where: str) -> None:
    """Note in the transaction under way that this machine writes.

    Raises
    ------
    CatalogError
        If another one does.

    Examples
    --------
    >>> connection = sqlite3.connect(":memory:")
    >>> _ = connection.execute("CREATE TABLE writer (id INTEGER PRIMARY KEY, machine, name, until)")
    >>> claim_writing(connection, "runs.db")
    >>> connection.close()
    """
    now = time.time()
    latest = now + LEASE_SECONDS + _CLOCK_SECONDS
    row = connection.execute("SELECT machine, name, until FROM writer").fetchone()
    if row is not None:
        machine, name, until = row
        if machine == machine_id():
            if now + LEASE_SECONDS - _RENEW_SECONDS < until <= now + LEASE_SECONDS:
                return
        elif now < until <= latest:
            when = datetime.datetime.fromtimestamp(until, datetime.UTC)
            raise CatalogError(
                f"the machine {name} is writing into this catalog",
                where=where,
                remedy="Close it there, or write from there; if nothing writes there any more, "
                f"it can be written from here after {when:%H:%M:%S} UTC.",
            )
    connection.execute(
        "INSERT OR REPLACE INTO writer (id, machine, name, until) VALUES (1, ?, ?, ?)",
        (machine_id(), socket.gethostname(), now + LEASE_SECONDS),
    )


def release_writing(connection: sqlite3.Connection) -> None:
    """Note in the transaction under way that this machine is done."""
    connection.execute("DELETE FROM writer WHERE machine = ?", (machine_id(),))
