"""The states of files: what tells a changed file from an unchanged one."""

from __future__ import annotations

import os
import struct
from collections.abc import Callable
from typing import TypeAlias

from ..core.report import ReportItem

__all__ = [
    "FileState",
    "changed_at",
    "identity_of",
    "is_settled",
    "list_states",
    "pack_state",
    "take_state",
    "written_at",
]

FileState: TypeAlias = bytes
"""Size, time of writing, time of change and inode, packed: there are ten thousands of them.

A file may be replaced by another one of the same size and time of writing, but not of the same
time of change, which nobody can set.
"""

_STATE = struct.Struct("<QQQQ")
_TIME = struct.Struct("<q")
_MASK = 2**64 - 1
_pack = _STATE.pack
_TICK_NS = 50_000_000
"""Times of change are as coarse as the kernel's clock: two changes in a tick look like one."""
_COARSE_TICK_NS = 2_500_000_000
"""… and on some file systems, which know whole seconds, coarser."""
_SECOND_NS = 1_000_000_000


def pack_state(size: int, written_ns: int, changed_ns: int, inode: int) -> FileState:
    """Return a state as it is kept.

    Examples
    --------
    >>> changed_at(pack_state(100, 5, 7, 1))
    7
    """
    return _pack(size, written_ns & _MASK, changed_ns & _MASK, inode)  # negative before 1970


def written_at(state: FileState) -> int:
    """Return the time of writing, in nanoseconds."""
    written: int = _TIME.unpack_from(state, 8)[0]
    return written


def changed_at(state: FileState) -> int:
    """Return the time of change, in nanoseconds."""
    changed: int = _TIME.unpack_from(state, 16)[0]
    return changed


def is_settled(state: FileState, looked_ns: int) -> bool:
    """Tell whether a file that was in a state will be in another one once it has been changed."""
    changed = changed_at(state)
    tick = _TICK_NS if changed % _SECOND_NS else _COARSE_TICK_NS
    return changed + tick < looked_ns


def identity_of(path: str, state: FileState) -> tuple[int, int]:
    """Return what is the same of one file under two names."""
    try:
        stat = os.stat(path)
    except OSError:
        return -1, int(_STATE.unpack(state)[3])
    return stat.st_dev, stat.st_ino


def take_state(path: str) -> FileState | None:
    """Return the state of a file; None if it cannot be looked at.

    Examples
    --------
    >>> print(take_state("/no/such/file"))
    None
    """
    try:
        stat = os.stat(path)
    except OSError:
        return None
    return pack_state(stat.st_size, stat.st_mtime_ns, stat.st_ctime_ns, stat.st_ino)


def list_states(
    folder: str, is_wanted: Callable[[str], object], told: list[ReportItem]
) -> dict[str, FileState]:
    """List a folder: the names of files that are wanted, and their states.

    Parameters
    ----------
    told
        What could not be looked at is added to it.
    """
    found: dict[str, FileState] = {}
    try:
        descriptor = os.open(folder, os.O_RDONLY | os.O_DIRECTORY | os.O_CLOEXEC)
    except OSError as error:
        told.append(ReportItem.from_error(folder, error))
        return found
    try:
        with os.scandir(descriptor) as entries:  # of a descriptor: paths are not looked up again
            for entry in entries:
                name = entry.name
                if is_wanted(name):
                    try:
                        stat = entry.stat()
                    except OSError as error:
                        _tell(entry, os.path.join(folder, name), error, told)
                        continue
                    # As `pack_state` does, without a call: so the kernel takes most of the time.
                    found[name] = _pack(
                        stat.st_size,
                        stat.st_mtime_ns & _MASK,
                        stat.st_ctime_ns & _MASK,
                        stat.st_ino,
                    )
    except OSError as error:
        told.append(ReportItem.from_error(folder, error))
    finally:
        os.close(descriptor)
    return found


def _tell(entry: os.DirEntry[str], path: str, error: OSError, told: list[ReportItem]) -> None:
    """Say what could not be looked at; nothing of what was deleted just now."""
    if not isinstance(error, FileNotFoundError):
        told.append(ReportItem.from_error(path, error))
    elif entry.is_symlink():
        why, remedy = "is a link to what is not there", "Remove it, or copy again."
        told.append(ReportItem(path, "failed", why, remedy))
