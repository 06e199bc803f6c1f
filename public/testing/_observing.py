"""Watching what a piece of code does to files, and whether it computes."""

from __future__ import annotations

import os
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import Any

import psutil
from dask.callbacks import Callback

__all__ = ["Observed", "observing"]

_SLACK = 400 * 1024
"""Bytes that anything may read: headers, some of them twice, and modules that come late."""

_active: list[Observed] = []
_is_installed = False


@dataclass
class Observed:
    """What was seen."""

    folder: str
    opened: dict[str, int] = field(default_factory=dict)
    """How often Python opened each file of the folder; what a library in C opens is not seen."""
    bytes_read: int = 0
    """What this process read, from whatever files; 0 where the system does not count it."""
    computed: int = 0
    """How often dask computed something."""

    def reads_too_much(self) -> bool:
        """Tell whether more was read than headers are: more than half of the files looked at."""
        paths = self.opened or [
            os.path.join(folder, name)
            for folder, _, names in os.walk(self.folder)
            for name in names
        ]
        return self.bytes_read > _SLACK + sum(map(os.path.getsize, paths)) / 2


@contextmanager
def observing(folder: str | os.PathLike[str]) -> Iterator[Observed]:
    """Watch this process while the block runs.

    Examples
    --------
    >>> with observing(os.path.dirname(__file__)) as seen:
    ...     _ = open(__file__).close()
    >>> seen.opened == {__file__: 1}, seen.computed
    (True, 0)
    """
    global _is_installed
    if not _is_installed:
        _is_installed = True
        sys.addaudithook(_note)
    seen = Observed(os.path.join(os.path.realpath(folder), ""))
    before = _bytes_read()
    _active.append(seen)
    try:
        with _Computing(seen):
            yield seen
    finally:
        _active.remove(seen)
        seen.bytes_read = _bytes_read() - before


def _note(event: str, arguments: tuple[Any, ...]) -> None:
    if event != "open" or not _active or not isinstance(arguments[0], str | bytes):
        return
    path = os.path.abspath(os.fsdecode(arguments[0]))
    for seen in _active:
        if path.startswith(seen.folder):
            seen.opened[path] = seen.opened.get(path, 0) + 1


def _bytes_read() -> int:
    try:
        counters: Any = psutil.Process().io_counters()
    except (AttributeError, psutil.Error, NotImplementedError):  # not on every system
        return 0
    return int(getattr(counters, "read_chars", 0))


class _Computing(Callback):
    def __init__(self, seen: Observed) -> None:
        super().__init__()  # type: ignore[no-untyped-call]  # dask annotates part of its functions
        self._seen = seen

    def _start(self, graph: Any) -> None:
        self._seen.computed += 1
