"""Finding files that have moved: the same names, sizes and times, elsewhere below one root."""

from __future__ import annotations

import fnmatch
import glob
import os
from collections import defaultdict
from collections.abc import Callable, Set
from typing import NamedTuple

from ..config import get_config
from ..errors import NoDataError
from ..places import FileSet, Fingerprint, observe, select_files, take_fingerprint
from ..places.globbing import Glob
from ..places.observation import current_observation
from ..recipes.paths import opened_roots

__all__ = ["Finder", "Found"]

_MOST_ENTRIES = 1_000_000
_MOST_CANDIDATES = 100


class Found(NamedTuple):
    """What the paths of files that are gone would have to be now, for each place."""

    exact: list[str | list[str]]
    """Where names, sizes and times of writing are those of before."""
    alike: list[str | list[str]]
    """Where names and sizes are, as those of another run of the same detector may be."""


class Finder:
    """Looks for files that have moved; each folder is listed once, whatever is looked for.

    They are sought below the named root that held them; without one, below the nearest folder
    above them that is still there, unless that is the root of the file system.

    Parameters
    ----------
    taken
        Gives files of other runs, which are none that have moved; asked once, if at all.

    Examples
    --------
    >>> Finder().find("/no/such/file.h5", Fingerprint.of([("file.h5", 3, 0)]))
    Found(exact=[], alike=[])
    """

    def __init__(self, taken: Callable[[], Set[str]] = frozenset) -> None:
        self._listed: dict[str, dict[str, list[str]]] = {}
        self._ask_taken = taken
        self._taken: Set[str] | None = None

    def find(self, paths: str | list[str], before: Fingerprint) -> Found:
        """Look for places that the files may have moved to."""
        found = Found([], [])
        base, tails = _split(paths)
        top = _search_root(base)
        if top is None:
            return found
        for folder in self._candidates(top, tails[0].split("/")[0]):
            if folder == base:
                continue
            moved = _joined(folder, tails, paths)
            try:
                with observe():
                    files = select_files(moved)
                    now = take_fingerprint(files)
            except (NoDataError, OSError):
                continue
            if (now.count, now.size) == (before.count, before.size) and self._is_free(files):
                (found.exact if now.digest == before.digest else found.alike).append(moved)
        return found

    def _is_free(self, files: FileSet) -> bool:
        if self._taken is None:
            self._taken = self._ask_taken()
        return self._taken.isdisjoint(files.paths)

    def _candidates(self, top: str, name: str) -> list[str]:
        """Return folders that hold something of that name, or that the pattern matches."""
        if top not in self._listed:
            self._listed[top] = _list_below(top)
        folders_of = self._listed[top]
        if not glob.has_magic(name):
            return folders_of.get(name, [])[:_MOST_CANDIDATES]
        names = fnmatch.filter(folders_of, name)
        folders = dict.fromkeys(folder for match in names for folder in folders_of[match])
        return list(folders)[:_MOST_CANDIDATES]


def _split(paths: str | list[str]) -> tuple[str, list[str]]:
    """Return the folder that may have moved, and what follows it in each path."""
    if isinstance(paths, list):
        absolute = [os.path.abspath(path) for path in paths]
        base = os.path.commonpath([os.path.dirname(path) for path in absolute])
        return base, [os.path.relpath(path, base) for path in absolute]
    if glob.has_magic(paths):
        pattern = Glob.of(paths)
        return pattern.base, [pattern.tail]
    base, name = os.path.split(paths)
    return base, [name]


def _joined(folder: str, tails: list[str], like: str | list[str]) -> str | list[str]:
    if isinstance(like, list):
        return [os.path.join(folder, tail) for tail in tails]
    front = glob.escape(folder) if glob.has_magic(tails[0]) else folder
    return os.path.join(front, tails[0])


def _search_root(base: str) -> str | None:
    real = os.path.realpath(base)
    roots = [
        root
        for root in opened_roots().values()
        if real == root or real.startswith(root.rstrip("/") + "/")
    ]
    if roots:
        return max(roots, key=len)
    above = os.path.dirname(real)
    while above != "/" and not os.path.isdir(above):
        above = os.path.dirname(above)
    return None if above == "/" else above


def _list_below(top: str) -> dict[str, list[str]]:
    """Return, for each name below a folder, the folders that hold it."""
    ignored = set(get_config().ignored_folders)
    observation = current_observation()
    folders_of: dict[str, list[str]] = defaultdict(list)
    waiting, count = [top], 0
    while waiting and count < _MOST_ENTRIES:
        folder = waiting.pop()
        try:
            entries = observation.list_folder(folder)
        except OSError:
            continue
        count += len(entries)
        for name, entry in entries.items():
            if name.startswith("."):
                continue
            folders_of[name].append(folder)
            if name not in ignored and entry.is_dir(follow_symlinks=False):
                waiting.append(entry.path)
    return folders_of
