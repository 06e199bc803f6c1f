"""The state of a run's files, small enough to keep beside it: tells stale from fresh."""

from __future__ import annotations

import hashlib
from array import array
from collections.abc import Sequence
from dataclasses import asdict, dataclass
from typing import Any, Literal

from .selection import Paths, select_files

__all__ = ["Fingerprint", "file_states", "take_fingerprint"]


@dataclass(frozen=True)
class Fingerprint:
    """Count, sizes and times of a run's files, at one moment.

    Examples
    --------
    >>> before = Fingerprint.of([("a_1.tif", 10, 5)])
    >>> before.compare([("a_1.tif", 10, 5)])
    'same'
    >>> before.compare([("a_1.tif", 10, 5), ("a_2.tif", 10, 6)])
    'extended'
    >>> before.compare([("a_1.tif", 10, 7)])
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

    @classmethod
    def of(cls, states: Sequence[tuple[str, int, int]]) -> Fingerprint:
        """Take the fingerprint of files, each given as (name, size, time of writing in ns)."""
        return cls(
            count=len(states),
            size=sum(size for _, size, _ in states),
            newest=max((mtime for _, _, mtime in states), default=0),
            digest=_digest(states),
        )

    def compare(
        self, states: Sequence[tuple[str, int, int]]
    ) -> Literal["same", "extended", "changed"]:
        """Tell how files changed: not at all, by more files behind those that were, or else."""
        if _digest(states[: self.count]) != self.digest:
            return "changed"
        return "same" if len(states) == self.count else "extended"

    def to_dict(self) -> dict[str, Any]:
        """Return it as plain data."""
        return asdict(self)


def _digest(states: Sequence[tuple[str, int, int]]) -> str:
    names = "\0".join(name for name, _, _ in states)  # no name of a file holds a NUL
    digest = hashlib.blake2b(names.encode("utf-8", "surrogatepass"), digest_size=16)
    digest.update(b"\0\0")
    for column in (1, 2):
        digest.update(array("q", [state[column] for state in states]).tobytes())
    return digest.hexdigest()


def file_states(paths: Paths) -> list[tuple[str, int, int]]:
    """Return name, size and time of writing of each file, in order; of one that is gone, -1."""
    files = select_files(paths)
    return [
        (name, -1, -1) if stat is None else (name, stat.size, stat.mtime_ns)
        for name, stat in zip(files.names, files.stats(), strict=True)
    ]


def take_fingerprint(paths: Paths) -> Fingerprint:
    """Take the fingerprint of the files that a pattern or a list of paths means.

    Examples
    --------
    >>> import tempfile
    >>> with tempfile.NamedTemporaryFile() as file:
    ...     take_fingerprint(file.name).count
    1
    """
    return Fingerprint.of(file_states(paths))
