"""What one look at the file system has found out about files: opened once, parsed once.

Matching reads a file's first bytes, a probe its headers, an ingestor its metadata, and then all
documents are drained. Within one observation they share the descriptor and the findings; of both,
the latest few are kept.
"""

from __future__ import annotations

import os
from collections import OrderedDict
from collections.abc import Callable, Hashable, Iterator
from contextlib import contextmanager
from typing import Any, TypeVar

from .observation import active_observation

__all__ = ["OpenFiles", "Recalled", "open_once", "real_path", "recall"]

MOST_OPEN = 8
MOST_RECALLED = 64
_FLAGS = os.O_RDONLY | getattr(os, "O_CLOEXEC", 0) | getattr(os, "O_NONBLOCK", 0)

_Found = TypeVar("_Found")


class OpenFiles:
    """Descriptors of the files opened last, until the observation ends."""

    def __init__(self) -> None:
        self._descriptors: OrderedDict[str, int] = OrderedDict()

    def open(self, path: str) -> int:
        """Return the descriptor of a file, opened now or before."""
        if path in self._descriptors:
            self._descriptors.move_to_end(path)
        else:
            self._descriptors[path] = os.open(path, _FLAGS)
            while len(self._descriptors) > MOST_OPEN:
                os.close(self._descriptors.popitem(last=False)[1])
        return self._descriptors[path]

    def close(self) -> None:
        """Close them all."""
        while self._descriptors:
            os.close(self._descriptors.popitem()[1])


class Recalled(OrderedDict[Hashable, Any]):
    """The latest findings."""

    def keep(self, key: Hashable, found: Any) -> None:
        """Keep a finding, and let go of the oldest."""
        self[key] = found
        while len(self) > MOST_RECALLED:
            self.popitem(last=False)


@contextmanager
def open_once(path: str) -> Iterator[int]:
    """Open a file for reading at offsets (`os.pread`); gives its descriptor, which stays ours.

    Within an observation, a file that was opened before is not opened again.

    Raises
    ------
    OSError
        If it cannot be opened. A FIFO in its place does not hang.

    Examples
    --------
    >>> with open_once(__file__) as descriptor:
    ...     os.pread(descriptor, 3, 0)
    b'\"\"\"'
    """
    observation = active_observation()
    if observation is not None:
        yield observation.part(OpenFiles).open(path)
        return
    descriptor = os.open(path, _FLAGS)
    try:
        yield descriptor
    finally:
        os.close(descriptor)


def recall(key: Hashable, find: Callable[[], _Found]) -> _Found:
    """Return what was found under `key` before in this observation, else find it out.

    Examples
    --------
    >>> recall("answer", lambda: 42)
    42
    """
    observation = active_observation()
    if observation is None:
        return find()
    recalled = observation.part(Recalled)
    if key not in recalled:
        recalled.keep(key, find())
    found: _Found = recalled[key]
    return found


def real_path(path: str) -> str:
    """Return a path without symbolic links; within an observation, it is followed once.

    Examples
    --------
    >>> real_path("/")
    '/'
    """
    return recall(("real", path), lambda: os.path.realpath(path))
