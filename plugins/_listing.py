"""Which copies lie in folders, and their start documents: read once, noticed when they change."""

from __future__ import annotations

import fnmatch
import glob
import os
import re
import threading
import time
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from typing import Any, TypeAlias

from ..core.catalog.store import Entry, RunStore
from ..core.errors import NoDataError, PenstockError
from ..core.report import Report, ReportItem
from ..core.run.source import RunSource
from ._index import StartIndex

__all__ = ["CopyListing", "FileState", "Paths"]

Paths = str | os.PathLike[str] | Iterable[str | os.PathLike[str]]

_TRUST_SECONDS = 1.0
"""For so long a folder whose own time has not changed is taken to hold what it held."""
_TICK_NS = 50_000_000
"""Times of folders are as coarse as the kernel's clock: two changes in a tick look like one."""


FileState: TypeAlias = tuple[int, int]
"""Size and time of writing: what tells a changed file from an unchanged one."""


@dataclass(slots=True)
class _Copy:
    state: FileState
    start: dict[str, Any] | None
    problem: ReportItem | None = None


class CopyListing:
    """The copies in some folders, as a store of runs that follows what happens to the files.

    Parameters
    ----------
    paths
        Folders, globs of files, or files.
    suffix
        How the names of copies end, where a folder is given.
    read_start
        Reads the start document of a file, or raises.
    make_source
        Makes the source of a run's documents: ``make_source(path, start)``.
    """

    def __init__(
        self,
        paths: Paths,
        *,
        suffix: str,
        read_start: Callable[[str], dict[str, Any]],
        make_source: Callable[[str, dict[str, Any]], RunSource],
    ) -> None:
        self.store = RunStore()
        self._patterns = [_pattern(path, suffix) for path in _listed(paths)]
        self._read_start = read_start
        self._make_source = make_source
        self._suffix = suffix
        self._lock = threading.RLock()
        self._copies: dict[str, _Copy] = {}
        self._indexes: dict[str, StartIndex] = {}
        self._unlisted: list[ReportItem] = []
        self._rivals: list[ReportItem] = []
        self._path_of: dict[str, str] = {}
        self._folder_times: dict[str, int] = {}
        self._looked_ns = 0
        self._looked = -_TRUST_SECONDS

    def path_of(self, uid: str) -> str:
        """Return the file that holds a run; KeyError if none does."""
        return self._path_of[uid]

    @property
    def problems(self) -> Report:
        """The files that could not be taken, each with the reason."""
        with self._lock:
            self.refresh()
            faulty = [copy.problem for copy in self._copies.values() if copy.problem is not None]
            return Report([*self._unlisted, *faulty, *self._rivals])

    # Following the files ----------------------------------------------------------------------

    def refresh(self) -> None:
        """Take note of new, changed and deleted files: one listing of each folder.

        It is left out for a second where the folders' own times say that no file came or went;
        a file that is written into where it lies is noticed after that.
        """
        with self._lock:
            if not self._is_trusted():
                self._look()

    def refresh_run(self, uid: str) -> None:
        """Take note of what happened to one run, if that is cheaper than looking at all."""
        with self._lock:
            path = self._path_of.get(uid)
            if path is None or not self._are_folders_unchanged():
                self.refresh()
                return
            try:
                stat = os.stat(path)
                state = (stat.st_size, stat.st_mtime_ns)
            except OSError:
                state = None
            if state != self._copies[path].state:
                self._look()

    def _is_trusted(self) -> bool:
        fresh = time.monotonic() - self._looked < _TRUST_SECONDS
        return fresh and self._are_folders_unchanged()

    def _are_folders_unchanged(self) -> bool:
        if not self._folder_times or any(named.is_glob for named in self._patterns):
            return False
        return all(
            _folder_time(folder) == known and self._looked_ns - known > _TICK_NS
            for folder, known in self._folder_times.items()
        )

    def _look(self) -> None:
        self._looked, self._looked_ns = time.monotonic(), time.time_ns()
        self._unlisted = []
        found: dict[str, FileState] = {}
        folders: dict[str, list[str]] = {}
        for named in self._patterns:
            for path in named.folders():
                folders.setdefault(path, []).append(named.names)
        self._folder_times = {folder: _folder_time(folder) for folder in folders}
        for folder, patterns in folders.items():
            found.update(self._list(folder, _any_of(patterns)))
        self._take(found)

    def _list(self, folder: str, is_wanted: Callable[[str], object]) -> dict[str, FileState]:
        found = {}
        try:
            with os.scandir(folder) as entries:
                for entry in entries:
                    name = entry.name
                    if name[0] != "." and is_wanted(name):
                        try:
                            stat = entry.stat()
                        except OSError as error:
                            gone = isinstance(error, FileNotFoundError)
                            if not gone or entry.is_symlink():  # else it was deleted just now
                                self._unlisted.append(ReportItem.from_error(entry.path, error))
                            continue
                        found[entry.path] = (stat.st_size, stat.st_mtime_ns)
        except OSError as error:
            self._unlisted.append(ReportItem.from_error(folder, error))
        return found

    def _take(self, found: dict[str, FileState]) -> None:
        changed = False
        for path in self._copies.keys() - found.keys():
            del self._copies[path]
            changed = True
        news = [
            path
            for path, state in found.items()
            if path not in self._copies or self._copies[path].state != state
        ]
        for path in sorted(news):
            self._copies[path] = self._read(path, found[path])
            changed = True
        if changed:
            self._arrange()
            for index in self._indexes.values():
                index.save()

    def _read(self, path: str, state: FileState) -> _Copy:
        folder, _, name = path.rpartition(os.sep)
        index = self._indexes.get(folder)
        if index is None:
            index = self._indexes[folder] = StartIndex(folder, self._suffix)
        start = index.get(name, *state)
        if start is not None:
            return _Copy(state, start)
        try:
            start = self._read_start(path)
        except (PenstockError, OSError) as error:
            return _Copy(state, None, ReportItem.from_error(path, error))
        index.put(name, *state, start)
        return _Copy(state, start)

    def _arrange(self) -> None:
        """Put one file a run into the store: the one last written, where several hold it."""
        owners: dict[str, str] = {}
        self._rivals = []
        for path, copy in self._copies.items():
            if copy.start is None:
                continue
            uid = copy.start["uid"]
            rival = owners.get(uid)
            if rival is None or self._copies[rival].state[1] < copy.state[1]:
                owners[uid], path = path, rival or path
            if rival is not None:
                why = f"another file holds run {uid} too, and was written later"
                self._rivals.append(
                    ReportItem(path, "skipped", why, "Remove one of them.", uid=uid)
                )
        for uid in self._path_of.keys() - owners.keys():
            self.store.remove(uid)
            del self._path_of[uid]
        entries = []
        for uid, path in owners.items():
            start = self._copies[path].start
            known = self._path_of.get(uid)
            if start is None or (known == path and self.store.get(uid).start is start):
                continue
            entries.append(Entry(self._make_source(path, start)))
            self._path_of[uid] = path
        self.store.put_many(entries)


def _listed(paths: Paths) -> list[str]:
    if isinstance(paths, str | os.PathLike):
        return [os.fspath(paths)]
    return [os.fspath(path) for path in paths]


@dataclass(frozen=True, slots=True)
class _Pattern:
    folder: str
    """A folder, or a glob of folders."""
    is_glob: bool
    names: str
    """A glob of the names in it."""

    def folders(self) -> list[str]:
        return glob.glob(self.folder, recursive=True) if self.is_glob else [self.folder]


def _pattern(path: str, suffix: str) -> _Pattern:
    """Return the folder(s) and names that a path means; what is there is no glob."""
    if os.path.isdir(path):
        return _Pattern(os.path.realpath(path), False, f"*{suffix}")
    folder, name = os.path.split(path)
    if os.path.isdir(folder or "."):
        if os.path.lexists(path):
            name = glob.escape(name)
        elif not glob.has_magic(name):
            raise NoDataError(
                "there is no such file or folder", where=path, remedy=f"Copies end in {suffix}."
            )
        return _Pattern(os.path.realpath(folder or "."), False, name)
    if not glob.has_magic(folder):
        raise NoDataError(
            "there is no such folder", where=path, remedy="Give a folder of copies, or a glob."
        )
    return _Pattern(_escaped_where_there(os.path.abspath(folder)), True, name or f"*{suffix}")


def _escaped_where_there(folder: str) -> str:
    """Escape the leading folders of a glob that are there under that very name."""
    there, rest = folder, ""
    while not os.path.isdir(there):
        there, name = os.path.split(there)
        rest = os.path.join(name, rest) if rest else name
    return os.path.join(glob.escape(there), rest)


def _any_of(patterns: list[str]) -> Callable[[str], object]:
    """Return what tells whether a name fits one of several patterns."""
    (pattern, *others) = patterns
    if not others and pattern[0] == "*" and not glob.has_magic(pattern[1:]):
        suffix = pattern[1:]
        return lambda name: name.endswith(suffix)
    return re.compile("|".join(fnmatch.translate(pattern) for pattern in patterns)).match


def _folder_time(folder: str) -> int:
    try:
        return os.stat(folder).st_mtime_ns
    except OSError:
        return -1
