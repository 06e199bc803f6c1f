"""How much is read at once: blocks of some tens of MiB, within a budget that workers share."""

from __future__ import annotations

import math
import os
from pathlib import Path

import psutil

__all__ = ["available_memory", "block_rows", "worker_count"]

BLOCK_BYTES = 32 * 2**20
"""Aimed at: large enough that per-block costs vanish, small enough that several fit anywhere."""
MAX_BLOCK_BYTES = 64 * 2**20
_CGROUP = Path("/sys/fs/cgroup")
_SHARE = 16
"""No block is larger than this fraction of the memory at hand, over the number of workers."""


def worker_count() -> int:
    """Return how many threads read at once: the cores that this process may use.

    Examples
    --------
    >>> worker_count() >= 1
    True
    """
    return len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1


def available_memory() -> int:
    """Return the bytes of memory that can be used without swapping, container limits included.

    Examples
    --------
    >>> available_memory() > 0
    True
    """
    available = int(psutil.virtual_memory().available)
    limit, usage = _cgroup("memory.max"), _cgroup("memory.current")
    if limit is not None and usage is not None:
        available = min(available, max(0, limit - max(0, usage - _page_cache())))
    return available


def _cgroup(name: str) -> int | None:
    try:
        return int((_CGROUP / name).read_text())
    except (OSError, ValueError):  # no container, no version 2 control group, or "max"
        return None


def _page_cache() -> int:
    """Return the bytes that count as used and are given back when needed: of files read before."""
    try:
        lines = (_CGROUP / "memory.stat").read_text().splitlines()
        return sum(int(line.split()[1]) for line in lines if line.startswith("inactive_file "))
    except (OSError, ValueError, IndexError):
        return 0


def block_rows(row_bytes: int, multiple: int = 1) -> int:
    """Return how many rows make a block.

    Parameters
    ----------
    row_bytes
        Bytes of one row's arrays.
    multiple
        Rows that lie in one unit of storage; a block is a multiple of it where that fits.

    Examples
    --------
    >>> block_rows(2**20) <= 64
    True
    >>> block_rows(2**40)
    1
    """
    budget = min(BLOCK_BYTES, max(2**20, available_memory() // _SHARE // worker_count()))
    rows = max(1, budget // max(1, row_bytes))
    if multiple > 1:
        aligned = math.ceil(rows / multiple) * multiple
        rows = aligned if aligned * row_bytes <= MAX_BLOCK_BYTES else max(1, rows)
    return rows
