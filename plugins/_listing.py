"""Which runs lie in folders of copies: noticed when files come, change or go."""

from __future__ import annotations

import fnmatch
import glob
import os
import re
import threading
import time
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from typing import TypeAlias

from ..core.catalog.store import Entry, RunStore
from ..core.errors import NoDataError, PenstockError
from ..core.report import Report, ReportItem
from ._file_source import FileSource
from ._folder import WHOLE, Folder
from ._format import CopyFormat
from ._states import FileState, identity_of, list_states, take_state, written_at

__all__ = ["CopyListing", "Paths"]

Paths = str | os.PathLike[str] | Iterable[str | os.PathLike[str]]

_TRUST_SECONDS = 1.0
"""For so long a folder whose own time has not changed is taken to hold what it held."""
_TICK_NS = 50_000_000
"""Times of folders are as coarse as the kernel's clock: two changes in a tick look like one."""

_Version: TypeAlias = tuple[str, FileState, int]
"""What a run was read from: the path, the state that the file was in, and how often it has been
read, for what changed in one tick of the clock has the state that it had."""


class CopyListing:
    """The copies in some folders, as a store of runs that follows what happens to the files.

    Parameters
    ----------
    paths
        Folders, globs of files, or files.
    files
        Their format.
    """

    def __init__(self, paths: Paths, files: CopyFormat) -> None:
        self.store = RunStore()
        self._patterns = [_pattern(path, files.suffix) for path in _listed(paths)]
        self._format = files
        self._lock = threading.RLock()
        self._folders: dict[str, Folder] = {}
        self._rows: dict[_Version, int] = {}
        self._unlisted: list[ReportItem] = []
        self._rivals: list[ReportItem] = []
        self._places: dict[str, str] = {}
        self._stored: dict[str, _Version] = {}
        self._removed: dict[str, None] = {}
        self._is_stored = True
        self._folder_times: dict[str, int] = {}
        self._unarranged = True
        self._looked_ns = 0
        self._looked = -_TRUST_SECONDS

    @property
    def problems(self) -> Report:
        """The files that could not be taken, or are not whole, each with the reason."""
        with self._lock:
            self.refresh()
            faulty = [item for known in self._folders.values() for item in known.problems.values()]
            passed_over = {item.subject for item in self._rivals}
            cut = [
                item
                for known in self._folders.values()
                for item in _cut_items(known)
                if item.subject not in passed_over
            ]
            return Report([*self._unlisted, *faulty, *self._rivals, *cut])

    def uids(self) -> list[str]:
        """Return the uids of the runs, without a look at their start documents."""
        with self._lock:
            self.refresh()
            return list(self._places)

    def holds(self, uid: str) -> bool:
        """Tell whether there is a run, as far as was looked."""
        return uid in self._places

    def source(self, uid: str) -> FileSource:
        """Return what gives a run's documents; KeyError if there is none."""
        with self._lock:
            return self._source(self._places[uid])

    def path_of(self, uid: str) -> str:
        """Return the file that holds a run; KeyError if none does."""
        return self._places[uid]

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
            path = self._places.get(uid)
            if path is None or not self._are_folders_unchanged():
                self.refresh()
                return
            folder, name = self._locate(path)
            if take_state(path) != folder.states[name] or not folder.is_settled(name):
                self._look()

    def _is_trusted(self) -> bool:
        fresh = time.monotonic() - self._looked < _TRUST_SECONDS
        return fresh and self._are_folders_unchanged()

    def _are_folders_unchanged(self) -> bool:
        if (
            self._unarranged
            or not self._folder_times
            or any(named.is_glob for named in self._patterns)
        ):
            return False
        return all(
            _folder_time(folder) == known and self._looked_ns - known > _TICK_NS
            for folder, known in self._folder_times.items()
        )

    def _look(self) -> None:
        """Look at all folders; who is interrupted in it looks again the next time."""
        looked, looked_ns = time.monotonic(), time.time_ns()
        has_changed, self._unarranged = self._unarranged, True
        wanted: dict[str, list[str]] = {}
        for named in self._patterns:
            for path in named.folders():
                wanted.setdefault(path, []).append(named.names)
        folder_times = {folder: _folder_time(folder) for folder in wanted}
        has_changed |= bool(self._folders.keys() - wanted.keys())
        for path in self._folders.keys() - wanted.keys():
            del self._folders[path]
        unlisted: list[ReportItem] = []
        for path, patterns in wanted.items():
            if path not in self._folders:
                self._folders[path] = Folder(path, self._format)
            found = list_states(path, _any_of(patterns), unlisted)
            has_changed |= self._folders[path].update(found, looked_ns)
        if has_changed:
            self._arrange()
        self._unlisted, self._folder_times = unlisted, folder_times
        self._looked, self._looked_ns, self._unarranged = looked, looked_ns, False
        if has_changed:
            for known in self._folders.values():
                known.save()

    def _locate(self, path: str) -> tuple[Folder, str]:
        """Return the folder of a file that is known, and its name there."""
        folder, name = os.path.split(path)
        return self._folders[folder], name

    def _version(self, path: str) -> _Version:
        folder, name = self._locate(path)
        return path, folder.states[name], folder.readings.get(name, 0)

    def _arrange(self) -> None:
        """Find the file of each run: the best, where several hold it."""
        places: dict[str, str] = {}
        held = 0
        for folder in self._folders.values():
            paths = list(map(folder.file, folder.uids))
            places.update(zip(folder.uids.values(), paths, strict=True))
            held += len(paths)
        told: list[ReportItem] = []
        if held > len(places):
            places |= self._choose_of_rivals(told)
        # Runs are listed in the order in which they first came.
        kept = {uid: path for uid in self._places if (path := places.get(uid)) is not None}
        # Places change last: until then the change is seen again by who was interrupted.
        self._is_stored = False
        self._removed |= dict.fromkeys(uid for uid in self._places if uid not in kept)
        self._rivals, self._places = told, kept | places

    def _choose_of_rivals(self, told: list[ReportItem]) -> dict[str, str]:
        """Return the files that are shown, of runs that several files hold, and tell of others."""
        paths: dict[str, list[str]] = {}
        for folder in self._folders.values():
            for name, uid in folder.uids.items():
                paths.setdefault(uid, []).append(folder.file(name))
        chosen: dict[str, str] = {}
        for uid, (first, *others) in paths.items():
            if others:
                different: dict[tuple[int, int], str] = {}
                for path in (first, *others):
                    different.setdefault(identity_of(path, self._version(path)[1]), path)
                chosen[uid] = self._choose(uid, list(different.values()), told)
        return chosen

    def _choose(self, uid: str, paths: list[str], told: list[ReportItem]) -> str:
        """Return the file that is shown, and tell of the others."""
        if len(paths) == 1:  # one file under several names
            return paths[0]
        ranks = {path: self._rank(path) for path in paths}
        best = max(paths, key=ranks.__getitem__)
        for path in paths:
            if path != best:
                later = ranks[path][:-1] == ranks[best][:-1]
                better = "was written later" if later else "holds more of it"
                why = f"another file holds run {uid} too, and {better}"
                told.append(ReportItem(path, "skipped", why, "Remove one of them.", uid=uid))
        return best

    def _rank(self, path: str) -> tuple[int, int, int, int]:
        """Whole copies come first, then those that hold more, then later ones."""
        folder, name = self._locate(path)
        rank, written = folder.rank(name), written_at(folder.states[name])
        if rank == WHOLE:
            return rank, 0, 0, written
        return min(rank, 1), self._count_rows(path), rank, written

    def _count_rows(self, path: str) -> int:
        """Return how many rows there are in a copy that is not whole; each is read once."""
        version = self._version(path)
        if version not in self._rows:
            rows = 0
            try:
                for kind, doc in self._source(path).documents():
                    if kind in ("event", "event_page"):
                        rows += len(doc["seq_num"]) if kind == "event_page" else 1
            except (PenstockError, OSError):
                pass  # so far it can be read
            self._rows[version] = rows
        return self._rows[version]

    def fill_store(self) -> None:
        """Bring the store up to date.

        To index start documents takes ten times as long as to list what is remembered of them: it
        is left to who searches.
        """
        with self._lock:
            if self._is_stored:
                return
            for uid in self._removed:
                self._stored.pop(uid, None)
                if uid in self.store.index:
                    self.store.remove(uid)
            self._removed = {}
            versions = {uid: self._version(path) for uid, path in self._places.items()}
            news = [uid for uid, version in versions.items() if self._stored.get(uid) != version]
            if news:
                self.store.put_many(Entry(self._source(self._places[uid])) for uid in news)
            self._stored, self._is_stored = versions, True

    def _source(self, path: str) -> FileSource:
        folder, name = self._locate(path)
        return FileSource(path, folder.start(name), self._format)


def _cut_items(folder: Folder) -> Iterator[ReportItem]:
    for name, cut in folder.cuts.items():
        yield ReportItem(
            folder.file(name), "partial", cut, "Copy the run again.", uid=folder.uids[name]
        )


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
        if not self.is_glob:
            return [self.folder]
        # Linked folders are one folder: what is in it has no rivals there.
        found = glob.glob(self.folder, recursive=True)
        return list(dict.fromkeys(map(os.path.realpath, found)))


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
    """Return what tells whether a name fits one of several patterns, as in a shell.

    A hidden name fits only what begins with a dot itself.
    """
    (pattern, *others) = patterns
    if not others and pattern[0] == "*" and not glob.has_magic(pattern[1:]):
        suffix = pattern[1:]
        return lambda name: name.endswith(suffix) and name[0] != "."
    return re.compile("|".join(map(_as_expression, patterns))).match


def _as_expression(pattern: str) -> str:
    return ("" if pattern[:1] == "." else r"(?!\.)") + fnmatch.translate(pattern)


def _folder_time(folder: str) -> int:
    try:
        return os.stat(folder).st_mtime_ns
    except OSError:
        return -1
