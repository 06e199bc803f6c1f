"""One look at the file system: within it, each folder is listed once and each file asked once.

On a network file system every listing and every stat is a journey. What an operation (matching a
selection, upserting a run) has seen once is remembered until it ends, by all that takes part in it.
"""

from __future__ import annotations

import os
import stat
from array import array
from collections.abc import Iterable, Iterator, Sequence
from contextlib import contextmanager
from contextvars import ContextVar
from typing import Any, NamedTuple, TypeVar

__all__ = [
    "FileStat",
    "Observation",
    "active_observation",
    "current_observation",
    "observe",
]


_Part = TypeVar("_Part")


class FileStat(NamedTuple):
    """What the file system says of one file."""

    size: int
    mtime_ns: int
    blocks: int
    """Blocks of 512 bytes on disk: 0 for a file that lies on tape."""
    ctime_ns: int = 0
    """When the file was last written, or its owner, rights or name changed."""

    @property
    def mtime(self) -> float:
        """When the file was last written, seconds since 1970-01-01 UTC."""
        return self.mtime_ns / 1e9

    @property
    def on_tape(self) -> bool:
        """Whether the file's content is not on disk: opening it would fetch it, slowly."""
        return self.size > 0 and self.blocks == 0


class Observation:
    """What has been seen of the file system so far."""

    def __init__(self) -> None:
        self._folders: dict[str, dict[str, os.DirEntry[str]] | OSError] = {}
        self._stats: dict[str, FileStat | None] = {}
        self._folder_stats: dict[str, tuple[Sequence[str], array[int]]] = {}
        self._stats_by_name: dict[str, dict[str, FileStat]] = {}
        self._places: dict[str, dict[str, int]] = {}
        self._real: dict[str, str] = {}
        self.selections: dict[Any, Any] = {}
        """What patterns and lists of paths were found to mean."""
        self._parts: dict[type, Any] = {}

    @property
    def is_new(self) -> bool:
        """Whether folders were listed at the most: no file was asked or opened yet."""
        return not (self._stats or self._folder_stats or self._parts)

    def part(self, kind: type[_Part]) -> _Part:
        """Return what others keep for as long as the observation lasts, made at first use."""
        if kind not in self._parts:
            self._parts[kind] = kind()
        found: _Part = self._parts[kind]
        return found

    def end(self) -> None:
        """Let go of what has to be closed."""
        for part in self._parts.values():
            if hasattr(part, "close"):
                part.close()

    def list_folder(self, folder: str) -> dict[str, os.DirEntry[str]]:
        """Return the entries of a folder by name; OSError if it cannot be listed."""
        known = self._folders.get(folder)
        if known is None:
            try:
                with os.scandir(folder) as entries:
                    known = {entry.name: entry for entry in entries}
            except OSError as error:
                known = error
            self._folders[folder] = known
        if isinstance(known, OSError):
            raise known.with_traceback(None)
        return known

    def stat(self, path: str) -> FileStat:
        """Return what the file system says of a file; OSError if it says nothing."""
        found = self.stats([path])[0]
        if found is None:
            os.stat(path)  # says why
            raise FileNotFoundError(path)
        return found

    def stats(self, paths: Iterable[str]) -> list[FileStat | None]:
        """Return what the file system says of files; None for one that it says nothing of."""
        known = self._stats
        result: list[FileStat | None] = []
        folder, entries = None, dict[str, os.DirEntry[str]]()
        together = dict[str, FileStat]()
        make = tuple.__new__  # takes a fifth of the time that FileStat(…) does
        for path in paths:
            if path in known:
                result.append(known[path])
                continue
            above, _, name = path.rpartition("/")
            if above != folder:
                folder, entries = above, self._entries_of(above)
                together = self._stats_of(above)
            entry = entries.get(name)
            seen = together.get(name)
            try:
                if seen is None:
                    # What a link leads to had to be asked before; its entry remembers the answer.
                    found = os.stat(path) if entry is None else entry.stat()
                    state = found.st_size, found.st_mtime_ns, found.st_blocks, found.st_ctime_ns
                    seen = make(FileStat, state)
            except OSError:
                pass  # None says so
            known[path] = seen
            result.append(seen)
        return result

    def stat_folder(self, folder: str, names: Sequence[str]) -> array[int]:
        """Return what the file system says of files in one folder; OSError if of one it does not.

        That is the values of `FileStat`, file by file, in one row: many files take little room so.
        """
        ask, row = os.stat, list[int]()
        # From the open folder the way to each file is short, however deep it lies.
        here = os.open(folder, os.O_RDONLY | getattr(os, "O_CLOEXEC", 0))
        try:
            for name in names:
                seen = ask(name, dir_fd=here)
                row += (seen.st_size, seen.st_mtime_ns, seen.st_blocks, seen.st_ctime_ns)
        finally:
            os.close(here)
        found = array("q", row)
        self._folder_stats[folder] = names, found
        self._stats_by_name.pop(folder, None)
        self._places.pop(folder, None)
        return found

    def states(self, paths: Sequence[str]) -> array[int]:
        """Return sizes and times, of writing and of change, file by file in one row.

        A file that cannot be asked has -1 for each, by which it is told from every one that can.
        """
        found = self._states_in_folder(paths)
        if found is None:
            gone = FileStat(-1, -1, 0, -1)
            stats = [seen or gone for seen in self.stats(paths)]
            found = array("q", [n for seen in stats for n in (seen[0], seen[1], seen[3])])
        return found

    def _states_in_folder(self, paths: Sequence[str]) -> array[int] | None:
        """Return the same of files that `stat_folder` has asked together; None if it has not."""
        folder = paths[0].rpartition("/")[0] if paths else ""
        names, found = self._folder_stats.get(folder, ((), array("q")))
        # Names are cut out of all paths at once, as there is a NUL in none: many are slow to loop.
        text, start = "\0".join(("", *paths)), f"\0{folder}/"
        if not names or text.count(start) < len(paths):
            return None
        if folder not in self._places:
            self._places[folder] = dict(zip(names, range(len(names)), strict=True))
        try:
            ours = text.replace(start, "\0").split("\0")
            places = list(map(self._places[folder].__getitem__, ours[1:]))
        except KeyError:
            return None
        states = array("q", bytes(24 * len(paths)))
        for number, column in enumerate((found[0::4], found[1::4], found[3::4])):
            states[number::3] = array("q", list(map(column.__getitem__, places)))
        return states

    def _stats_of(self, folder: str) -> dict[str, FileStat]:
        """Return what `stat_folder` found, by names: made when the first of them is asked for."""
        by_name = self._stats_by_name.get(folder)
        if by_name is None:
            names, found = self._folder_stats.get(folder, ((), array("q")))
            rows = zip(names, found[0::4], found[1::4], found[2::4], found[3::4], strict=True)
            by_name = {name: FileStat(*values) for name, *values in rows}
            self._stats_by_name[folder] = by_name
        return by_name

    def _entries_of(self, folder: str) -> dict[str, os.DirEntry[str]]:
        known = self._folders.get(folder)
        return known if isinstance(known, dict) else {}

    def real_folder(self, folder: str) -> str:
        """Return a folder's absolute path without symbolic links."""
        if folder not in self._real:
            real = self._real[folder] = os.path.realpath(folder)
            self._real[real] = real
        return self._real[folder]


_active: ContextVar[Observation | None] = ContextVar("penstock_observation", default=None)


def active_observation() -> Observation | None:
    """Return the observation that is under way; None if there is none."""
    return _active.get()


def current_observation() -> Observation:
    """Return the observation that is under way, or a fresh one for this call alone."""
    return _active.get() or Observation()


@contextmanager
def observe() -> Iterator[Observation]:
    """Look at the file system once for all that happens within.

    Examples
    --------
    >>> with observe() as outer, observe() as inner:
    ...     outer is inner
    True
    """
    active = _active.get()
    if active is not None:
        yield active
        return
    observation = Observation()
    token = _active.set(observation)
    try:
        yield observation
    finally:
        _active.reset(token)
        observation.end()


def is_regular(entry: os.DirEntry[str]) -> bool:
    """Tell whether an entry is a regular file, or a link to one."""
    try:
        return entry.is_file()
    except OSError:
        return False


def is_folder(entry: os.DirEntry[str]) -> bool:
    """Tell whether an entry is a folder, or a link to one."""
    try:
        return entry.is_dir()
    except OSError:
        return False


def is_regular_path(path: str) -> bool:
    """Tell whether a path is a regular file, or a link to one; OSError if it cannot be asked."""
    return stat.S_ISREG(os.stat(path).st_mode)
