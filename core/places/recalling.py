"""Findings about files, made once within one look at the file system.

A probe parses a file, an ingestor asks the same of it, and then all documents are drained. Within
one observation they share what was found; the latest findings are kept, within a bound of bytes.
"""

from __future__ import annotations

import os
import sys
from collections import OrderedDict
from collections.abc import Callable, Hashable
from typing import Any, TypeVar

from .observation import active_observation

__all__ = ["MOST_BYTES", "MOST_RECALLED", "Recalled", "estimate_bytes", "real_path", "recall"]

MOST_RECALLED = 64
MOST_BYTES = 128 * 2**20
"""Of all findings together, as `estimate_bytes` has it."""

_LEAVES = frozenset((str, bytes, int, float, bool, type(None)))

_Found = TypeVar("_Found")


class Recalled:
    """The latest findings."""

    def __init__(self) -> None:
        self._found: OrderedDict[Hashable, tuple[Any, int]] = OrderedDict()
        self._bytes = 0

    def __contains__(self, key: Hashable) -> bool:
        return key in self._found

    def __getitem__(self, key: Hashable) -> Any:
        return self._found[key][0]

    def keep(self, key: Hashable, found: Any) -> None:
        """Keep a finding and let go of the oldest; one that is too large by itself is not kept."""
        size = estimate_bytes(found)
        if size > MOST_BYTES:
            return
        self._found[key] = (found, size)
        self._bytes += size
        while len(self._found) > MOST_RECALLED or self._bytes > MOST_BYTES:
            _, (_, freed) = self._found.popitem(last=False)
            self._bytes -= freed


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
    if key in recalled:
        kept: _Found = recalled[key]
        return kept
    found = find()
    recalled.keep(key, found)
    return found


def estimate_bytes(found: Any) -> int:
    """Return about how many bytes a finding holds: arrays, texts, and what they are kept in.

    Looks into dataclasses, dicts, lists, tuples and sets; other objects count little.

    Examples
    --------
    >>> import numpy as np
    >>> estimate_bytes({"times": np.zeros(1000)}) // 1000
    8
    """
    total = 0
    seen: set[int] = set()
    waiting: list[Any] = [found]
    while waiting:
        item = waiting.pop()
        if type(item) in _LEAVES:  # most items, and soon weighed
            total += sys.getsizeof(item)
            continue
        if id(item) in seen:
            continue
        seen.add(id(item))
        total += _own_bytes(item)
        if isinstance(item, dict):
            waiting += item.keys()
            waiting += item.values()
        elif isinstance(item, list | tuple | set | frozenset):
            waiting += item
        else:
            names = getattr(type(item), "__dataclass_fields__", ())
            waiting += [getattr(item, name, None) for name in names]
    return total


def _own_bytes(item: Any) -> int:
    numpy = sys.modules.get("numpy")  # where nobody has imported it, there are no arrays
    if numpy is not None and isinstance(item, numpy.ndarray):
        kept = item if item.base is None else item.base  # a view keeps all that it shows a part of
        return 128 + int(getattr(kept, "nbytes", item.nbytes))
    return sys.getsizeof(item, 64)


def real_path(path: str) -> str:
    """Return a path without symbolic links; within an observation, it is followed once.

    Examples
    --------
    >>> real_path("/")
    '/'
    """
    return recall(("real", path), lambda: os.path.realpath(path))
