"""Files opened once within one look at the file system.

Matching reads a file's first bytes, a probe its headers, an ingestor its metadata: within one
observation they share the descriptor; the latest few stay open.
"""

from __future__ import annotations

import os
from collections import OrderedDict
from collections.abc import Iterator
from contextlib import contextmanager

from .observation import active_observation

__all__ = ["MOST_OPEN", "OpenFiles", "open_once"]

MOST_OPEN = 8
_FLAGS = os.O_RDONLY | getattr(os, "O_CLOEXEC", 0) | getattr(os, "O_NONBLOCK", 0)


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
