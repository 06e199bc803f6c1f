"""The state of a run's files, small enough to keep beside it: tells stale from fresh."""

from __future__ import annotations

import hashlib
import sys
from array import array
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from typing import Any, Literal, TypeAlias
from zlib import crc32

from .observation import observe
from .selection import FileSet, Paths, select_files

__all__ = ["Change", "Fingerprint", "take_fingerprint"]

Change: TypeAlias = Literal["same", "extended", "changed"]
"""How files changed: not at all, by more of them behind those that were, or otherwise."""


@dataclass(frozen=True)
class Fingerprint:
    """Count, sizes and times of a run's files, at one moment.

    Examples
    --------
    >>> before = Fingerprint.of([("a_1.tif", 10, 5)])
    >>> before.compare(Fingerprint.of([("a_1.tif", 10, 5), ("a_2.tif", 10, 6)]))
    'extended'
    >>> before.compare(Fingerprint.of([("a_1.tif", 10, 7)]))
    'changed'
    """

    count: int
    """How many files."""
    size: int
    """Bytes in all of them."""
    newest: int
    """The latest time of writing, nanoseconds since 1970-01-01 UTC."""
    digest: str
    """Of the names, sizes and times of all, in order."""
    _marks: array[int] | None = field(default=None, repr=False, compare=False)
    # A checksum of each file, by which a later fingerprint is known as an extension of an earlier
    # one. Four bytes a file are little beside a run in memory, and much in a document: not stored.

    @classmethod
    def of(cls, states: Iterable[tuple[str, int, int]]) -> Fingerprint:
        """Take the fingerprint of files, each given as (name, size, time of writing in ns)."""
        states = list(states)
        marks = array(
            "I",
            [
                crc32(b"%d %d" % (size, mtime), crc32(name.encode("utf-8", "surrogatepass")))
                for name, size, mtime in states
            ],
        )
        return cls(
            count=len(states),
            size=sum([max(size, 0) for _, size, _ in states]),
            newest=max([mtime for _, _, mtime in states], default=0),
            digest=_digest(marks),
            _marks=marks,
        )

    @classmethod
    def from_dict(cls, stored: Mapping[str, Any]) -> Fingerprint:
        """Return the fingerprint that `to_dict` made plain data of.

        Examples
        --------
        >>> taken = Fingerprint.of([("a_1.tif", 10, 5)])
        >>> Fingerprint.from_dict(taken.to_dict()) == taken
        True
        """
        return cls(stored["count"], stored["size"], stored["newest"], stored["digest"])

    def compare(self, now: Fingerprint) -> Change:
        """Tell how the files have changed since.

        A fingerprint that comes out of a store can be the earlier one, but as the later one it
        does not tell an extension from another change.
        """
        if now == self:
            return "same"
        if now._marks is None or now.count <= self.count:
            return "changed"
        return "extended" if _digest(now._marks[: self.count]) == self.digest else "changed"

    def to_dict(self) -> dict[str, Any]:
        """Return it as plain data."""
        return {
            "count": self.count,
            "size": self.size,
            "newest": self.newest,
            "digest": self.digest,
        }


def take_fingerprint(paths: FileSet | Paths) -> Fingerprint:
    """Take the fingerprint of the files that a pattern or a list of paths means.

    A file that has gone since it was listed counts with size and time -1.

    Examples
    --------
    >>> import tempfile
    >>> with tempfile.NamedTemporaryFile() as file:
    ...     take_fingerprint(file.name).count
    1
    """
    with observe():
        files = paths if isinstance(paths, FileSet) else select_files(paths)
        stats = files.stats()
    return Fingerprint.of(
        (name, -1, -1) if stat is None else (name, stat.size, stat.mtime_ns)
        for name, stat in zip(files.names, stats, strict=True)
    )


def _digest(marks: array[int]) -> str:
    content = array("I", marks)
    if sys.byteorder == "big":
        content.byteswap()
    return hashlib.blake2b(content.tobytes(), digest_size=16).hexdigest()
