"""What core itself finds out about one file, with one stat and at most one read."""

from __future__ import annotations

import os
import stat
from collections import OrderedDict
from dataclasses import dataclass
from functools import cached_property

from ..formats import HEAD_BYTES, identify
from ..places.observation import FileStat, active_observation, current_observation
from ..places.open_files import open_once
from .caveats import doubt

__all__ = ["FileFacts", "facts_of"]

_MOST_LOOKED = 512
"""Files whose first bytes are kept at a time: 32 MiB at the most."""


@dataclass(frozen=True)
class FileFacts:
    """One file, looked at as little as possible and never twice.

    Only regular files that have blocks on disk are opened: opening a FIFO would hang, opening a
    migrated file would call it back from tape.

    Examples
    --------
    >>> FileFacts("/no/such/file").trouble
    'FileNotFoundError: No such file or directory'
    >>> FileFacts(__file__).format, FileFacts(__file__).trouble
    ('text', None)
    """

    path: str

    @cached_property
    def is_link(self) -> bool:
        """Whether the path itself is a symbolic link."""
        return os.path.islink(self.path)

    @cached_property
    def _stat(self) -> FileStat | OSError:
        try:
            return current_observation().stat(self.path)
        except OSError as error:
            return error

    @property
    def stat(self) -> FileStat | None:
        """What the file system says of it, None where it says nothing."""
        return self._stat if isinstance(self._stat, FileStat) else None

    @property
    def is_on_tape(self) -> bool:
        """Whether the file has a size but no blocks on disk: it was migrated."""
        return self.stat is not None and self.stat.on_tape

    @cached_property
    def _head(self) -> bytes | str:
        """The first bytes, or the reason why there are none."""
        head = self._look()
        if isinstance(head, str):
            doubt(self.path)
        return head

    def _look(self) -> bytes | str:
        found = self._stat
        if isinstance(found, OSError):
            return _tell(found)
        if self.is_on_tape:
            return "it has no blocks on disk (migrated to tape?), so it is not opened"
        try:
            # FIFOs, sockets and devices have no size, and must not even be opened.
            if found.size == 0 and not stat.S_ISREG(mode := os.stat(self.path).st_mode):
                return _not_regular(mode)
            return _read_head(self.path) if found.size else b""
        except OSError as error:
            return _tell(error)

    @property
    def head(self) -> bytes | None:
        """Its first 64 KiB at most, read once; None where it cannot or must not be opened."""
        return self._head if isinstance(self._head, bytes) else None

    @property
    def trouble(self) -> str | None:
        """Why there is no `head`; None where all is well."""
        return self._head if isinstance(self._head, str) else None

    @cached_property
    def format(self) -> str | None:
        """The id of its format; None where it is not known or cannot be looked at."""
        return None if self.head is None else identify(self.head)


def _read_head(path: str) -> bytes:
    # Between stat and open the path may have become a FIFO: do not block, and look again.
    with open_once(path) as descriptor:
        mode = os.fstat(descriptor).st_mode
        if not stat.S_ISREG(mode):
            raise OSError(_not_regular(mode))
        return os.pread(descriptor, HEAD_BYTES, 0)


def _tell(error: OSError) -> str:
    return f"{type(error).__name__}: {error.strerror or error}"


def _not_regular(mode: int) -> str:
    tests = {
        "folder": stat.S_ISDIR,
        "FIFO": stat.S_ISFIFO,
        "socket": stat.S_ISSOCK,
        "character device": stat.S_ISCHR,
        "block device": stat.S_ISBLK,
    }
    kind = next((name for name, test in tests.items() if test(mode)), "special file")
    return f"it is no regular file but a {kind}"


class _Looked:
    """The files looked at last: who judges a group again need not open them again."""

    def __init__(self) -> None:
        self.facts: OrderedDict[str, FileFacts] = OrderedDict()


def facts_of(path: str) -> FileFacts:
    """Return the facts of a file, the same within one look at the file system if asked again soon.

    Examples
    --------
    >>> facts_of(__file__).format
    'text'
    """
    observation = active_observation()
    if observation is None:
        return FileFacts(path)
    facts = observation.part(_Looked).facts
    found = facts.get(path)
    if found is None:
        found = facts[path] = FileFacts(path)
        if len(facts) > _MOST_LOOKED:
            facts.popitem(last=False)
    return found
