"""The state of a run's files, small enough to keep beside it: tells stale from fresh."""

from __future__ import annotations

import hashlib
import sys
from array import array
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from typing import Any, Literal, TypeAlias
from zlib import crc32

from .identity import digest_of
from .observation import observe
from .selection import FileSet, Paths, select_files

__all__ = ["Change", "Fingerprint", "take_fingerprint"]

Change: TypeAlias = Literal["same", "extended", "changed"]
"""How files changed: not at all, by more of what there was, or otherwise.

*Extended* means that more files lie behind those that were, that the last of those has grown, or
both. A file has grown if it is larger and not older than it was: writers append, and what was in
front is taken to be there still. A file that is smaller, older, or newer at the same size was
written anew for all that can be told without reading it: *changed*. So was any file but the last.
"""


@dataclass(frozen=True)
class Fingerprint:
    """Count, sizes and times of a run's files, at one moment.

    Examples
    --------
    >>> before = Fingerprint.of([("a_1.tif", 10, 5)])
    >>> before.compare(Fingerprint.of([("a_1.tif", 10, 5), ("a_2.tif", 10, 6)]))
    'extended'
    >>> before.compare(Fingerprint.of([("a_1.tif", 12, 7)]))
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
    base: str
    """Of the names, sizes and times of all but the last, and of the name of the last."""
    last_size: int
    """Bytes in the last file, -1 where there is none."""
    last_time: int
    """When the last file was written, nanoseconds since 1970-01-01 UTC."""
    parts: tuple[Fingerprint, ...] = ()
    """Of the parts that a run was joined of; empty for files that are one."""
    _files: _Files | None = field(default=None, repr=False, compare=False)
    # By these a later fingerprint is known as an extension of an earlier one. Twenty bytes a file
    # are little beside a run in memory, and much in a document: not stored.

    @classmethod
    def of(cls, states: Iterable[tuple[str, int, int]]) -> Fingerprint:
        """Take the fingerprint of files, each given as (name, size, time of writing in ns)."""
        files = _Files.of(states)
        count = len(files.names)
        marks = files.marks(count)
        return cls(
            count=count,
            size=sum([max(size, 0) for size in files.sizes]),
            newest=max(files.times, default=0),
            digest=_digest(marks),
            base=files.base(marks),
            last_size=files.sizes[-1] if count else -1,
            last_time=files.times[-1] if count else 0,
            _files=files,
        )

    @classmethod
    def joined(cls, parts: Iterable[Fingerprint]) -> Fingerprint:
        """Return the fingerprint of a run that was joined of several.

        Examples
        --------
        >>> one, more = Fingerprint.of([("a", 1, 5)]), Fingerprint.of([("a", 1, 5), ("b", 1, 6)])
        >>> log = Fingerprint.of([("log", 9, 5)])
        >>> Fingerprint.joined([one, log]).compare(Fingerprint.joined([more, log]))
        'extended'
        """
        parts = tuple(parts)
        return cls(
            count=sum(part.count for part in parts),
            size=sum(part.size for part in parts),
            newest=max((part.newest for part in parts), default=0),
            digest=digest_of([part.digest for part in parts]),
            base=digest_of([part.base for part in parts]),
            last_size=-1,
            last_time=0,
            parts=parts,
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
        parts = tuple(cls.from_dict(part) for part in stored.get("parts", ()))
        return cls(**{name: stored[name] for name in _STORED}, parts=parts)

    def compare(self, now: Fingerprint) -> Change:
        """Tell how the files have changed since.

        A fingerprint that comes out of a store can be the earlier one, but as the later one it
        does not tell more files from another change.
        """
        if now == self:
            return "same"
        if self.parts or now.parts:
            return self._compare_parts(now)
        if now.count == self.count:
            grown = now.base == self.base and self._grown_to(now.last_size, now.last_time)
            return "extended" if grown else "changed"
        if now._files is None or now.count < self.count:
            return "changed"
        return "extended" if self._is_front_of(now._files) else "changed"

    def _compare_parts(self, now: Fingerprint) -> Change:
        if len(now.parts) != len(self.parts):
            return "changed"
        pairs = zip(self.parts, now.parts, strict=True)
        changes = {before.compare(after) for before, after in pairs}
        return "changed" if "changed" in changes else "extended"

    def _is_front_of(self, files: _Files) -> bool:
        marks = files.marks(self.count)
        if _digest(marks) == self.digest:
            return True
        last = self.count - 1
        return files.base(marks) == self.base and self._grown_to(
            files.sizes[last], files.times[last]
        )

    def _grown_to(self, size: int, time: int) -> bool:
        """Tell whether the last file, now of this size and time, may be the same and longer."""
        return 0 <= self.last_size < size and self.last_time <= time

    def to_dict(self) -> dict[str, Any]:
        """Return it as plain data."""
        plain = {name: getattr(self, name) for name in _STORED}
        return {**plain, "parts": [part.to_dict() for part in self.parts]} if self.parts else plain


_STORED = ("count", "size", "newest", "digest", "base", "last_size", "last_time")


@dataclass(frozen=True)
class _Files:
    """Checksums of the files' names, their sizes and times."""

    names: array[int]
    sizes: array[int]
    times: array[int]

    @classmethod
    def of(cls, states: Iterable[tuple[str, int, int]]) -> _Files:
        states = list(states)
        return cls(
            array("I", [crc32(name.encode("utf-8", "surrogatepass")) for name, _, _ in states]),
            array("q", [size for _, size, _ in states]),
            array("q", [time for _, _, time in states]),
        )

    def marks(self, count: int) -> array[int]:
        """Return a checksum of each of the first files."""
        rows = zip(self.names[:count], self.sizes, self.times, strict=False)
        return array("I", [crc32(b"%d %d" % (size, time), name) for name, size, time in rows])

    def base(self, marks: array[int]) -> str:
        """Return the digest of the first files, by their marks, but of the last by its name."""
        last = max(0, len(marks) - 1)
        return _digest(marks[:last] + self.names[last : len(marks)])


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
