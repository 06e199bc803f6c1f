"""The files of a selection: folders walked, globs expanded, links held inside the selection."""

from __future__ import annotations

import errno
import fnmatch
import glob
import os
import re
import stat
from collections.abc import Collection, Iterable
from dataclasses import dataclass, field

from ..places.globbing import Glob
from ..places.observation import current_observation, is_folder

__all__ = ["CHECK_ACCESS", "Obstacle", "Selection", "gather"]

CHECK_ACCESS = "Check its permissions and the file system."
"""What to do where the file system refuses something."""

_URL = re.compile(r"[A-Za-z][A-Za-z0-9+.-]+:/")
_NOT_THERE = (errno.ENOENT, errno.ENOTDIR)
_NO_SUCH_FILE = (*_NOT_THERE, errno.ENAMETOOLONG, errno.EACCES)
"""What the file system says of a path that may be a glob: one can be longer than a name can be."""


@dataclass(frozen=True)
class Obstacle:
    """A path of the selection that leads to no file.

    Examples
    --------
    >>> Obstacle("/a", "it does not exist").path
    '/a'
    """

    path: str
    reason: str
    remedy: str = ""
    is_error: bool = False
    """Whether the path was to be used and could not; otherwise it is passed over on purpose."""


@dataclass
class Selection:
    """The files of a selection by folder; each file once.

    Examples
    --------
    >>> Selection({"/data": ["a.tif", "b.tif"]}).count
    2
    """

    folders: dict[str, list[str]] = field(default_factory=dict)
    """For each real absolute folder, the names of its selected files."""
    obstacles: list[Obstacle] = field(default_factory=list)
    roots: list[str] = field(default_factory=list)
    """The folders of the selection, real and absolute: all that lies below them is in it."""

    @property
    def count(self) -> int:
        """How many files there are."""
        return sum(map(len, self.folders.values()))


def gather(
    paths: str | os.PathLike[str] | Iterable[str | os.PathLike[str]],
    *,
    ignored_folders: Collection[str] = (),
) -> Selection:
    """List the files that paths select.

    A folder stands for everything below it, except hidden files, hidden folders and
    `ignored_folders`. Links below it are followed while they stay inside of it, and told as
    obstacles where they leave it; a link that is named itself is followed. A path that does not
    exist and holds ``*``, ``?`` or ``[`` is a glob. What may not be searched or listed is an
    obstacle, and so is a folder that holds nothing.

    Examples
    --------
    >>> import tempfile, pathlib
    >>> folder = pathlib.Path(tempfile.mkdtemp())
    >>> _ = (folder / "a.tif").write_bytes(b"")
    >>> list(gather(folder).folders.values())
    [['a.tif']]
    """
    selection = Selection()
    named: dict[str, dict[str, None]] = {}
    walk = _Walk(named, selection.obstacles, frozenset(ignored_folders))
    for path in _paths_of(paths):
        walk.add(path)
    selection.folders = {folder: list(names) for folder, names in named.items() if names}
    selection.roots = list(walk.roots)
    return selection


def _paths_of(paths: object) -> list[str]:
    """Return paths as text; what is none is a mistake of the caller."""
    several = [paths] if isinstance(paths, str | bytes | os.PathLike) else paths
    if not isinstance(several, Iterable):
        raise TypeError(f"paths are needed (text, Path, or several of these), not {paths!r}")
    found = []
    for path in several:
        if not isinstance(path, str | os.PathLike):
            raise TypeError(f"a path is text or a Path, not {path!r}")
        found.append(os.fsdecode(path))
    return found


@dataclass
class _Walk:
    found: dict[str, dict[str, None]]
    obstacles: list[Obstacle]
    ignored: frozenset[str]
    real: dict[str, str] = field(default_factory=dict)
    """Real path of each folder that files were named in: one realpath a folder."""
    told: set[Obstacle] = field(default_factory=set)
    roots: dict[str, None] = field(default_factory=dict)

    def add(self, path: str) -> None:
        try:
            os.path.abspath(path)  # asks where a relative path begins
            mode = os.lstat(path).st_mode
        except ValueError as error:  # a NUL in it
            self.tell(path, f"it is no path: {error}")
        except OSError as error:
            if error.errno in _NO_SUCH_FILE and glob.has_magic(path) and _has_start(path):
                self.expand(path)
            else:
                self.tell_trouble(path, error)
        else:
            if stat.S_ISDIR(mode) or (stat.S_ISLNK(mode) and os.path.isdir(path)):
                self.add_folder(path)
            else:
                self.add_file(path)

    def add_folder(self, path: str) -> None:
        root = os.path.realpath(path)
        self.roots[root] = None
        before, seen = len(self.obstacles), set[str]()
        self.walk(root, root, seen)
        if len(self.obstacles) == before and not any(self.found[folder] for folder in seen):
            reason = "no files were found in this folder"
            self.obstacles.append(Obstacle(path, reason, "Hidden files are passed over."))

    def add_file(self, path: str) -> None:
        folder, name = os.path.split(os.path.abspath(path))
        if folder not in self.real:
            self.real[folder] = os.path.realpath(folder)
        self.found.setdefault(self.real[folder], {})[name] = None

    def expand(self, pattern: str) -> None:
        """Take the files and folders that a glob matches."""
        before, _, last = pattern.rstrip("/").rpartition("/")
        if last == "**":  # a folder stands for all that lies below it
            self.add(f"{before}/" if before or pattern.startswith("/") else ".")
            return
        observation = current_observation()
        parsed = Glob.of(pattern.rstrip("/"))
        matches: dict[str, os.DirEntry[str]] = {}
        # Of what it finds, the folders alone: their files are the regular ones, and here broken
        # links and FIFOs are told of, too.
        for folder in sorted({folder for folder, _ in parsed.find(observation)}):
            if folder not in parsed.obstacles:
                entries = observation.list_folder(folder)
                matches |= {entries[name].path: entries[name] for name in _match(entries, last)}
        if pattern.endswith("/"):
            matches = {path: entry for path, entry in matches.items() if is_folder(entry)}
        for path, entry in matches.items():
            if is_folder(entry):
                self.add_folder(path)
            else:
                self.found.setdefault(os.path.dirname(path), {})[entry.name] = None
        for folder, error in parsed.obstacles.items():
            self.tell_trouble(folder, error)
        if not matches and not parsed.obstacles:
            self.tell(pattern, "nothing matches", "Check the spelling.")

    def tell(self, path: str, reason: str, remedy: str = "") -> None:
        obstacle = Obstacle(path, reason, remedy, is_error=True)
        if obstacle not in self.told:
            self.told.add(obstacle)
            self.obstacles.append(obstacle)

    def tell_trouble(self, path: str, error: OSError) -> None:
        """Tell why the file system does not give what a path names."""
        if not _has_start(path):
            self.tell(path, "the working folder is gone", "Change to one that is there.")
        elif error.errno in _NOT_THERE:
            if _URL.match(path):
                self.tell(
                    path, "it is a URL, and only files are read", "Mount it, or copy it here."
                )
            else:
                self.tell(path, "it does not exist", "Check the spelling.")
        else:
            closed = _closed_folder(path) if error.errno == errno.EACCES else None
            at = f" on the folder {closed}" if closed not in (None, os.path.abspath(path)) else ""
            self.tell(path, f"{_told(error)}{at}", CHECK_ACCESS)

    def walk(self, folder: str, root: str, seen: set[str]) -> None:
        """Take the files below a real folder; each real folder once, whatever links lead to it."""
        waiting = [folder]
        while waiting:
            folder = waiting.pop()
            if folder in seen:
                continue
            seen.add(folder)
            names = self.found.setdefault(folder, {})
            try:
                entries = current_observation().list_folder(folder)
                below = self.take_all(entries, names, root)
            except OSError as error:
                self.tell(folder, _told(error), CHECK_ACCESS)
                continue
            waiting += sorted(below, reverse=True)

    def take_all(
        self, entries: dict[str, os.DirEntry[str]], names: dict[str, None], root: str
    ) -> list[str]:
        """Take the entries that are files; return the folders that others lead to."""
        below = []
        for name, entry in entries.items():
            if name[0] == ".":
                continue
            if entry.is_file(follow_symlinks=False):  # most are
                names[name] = None
            elif target := self.take(entry, names, root):
                below.append(target)
        return below

    def take(self, entry: os.DirEntry[str], names: dict[str, None], root: str) -> str | None:
        """Take an entry if it is no folder; return the folder that it leads to, if any."""
        if entry.is_symlink():
            return self.take_link(entry, names, root)
        if entry.is_dir(follow_symlinks=False):
            return None if entry.name in self.ignored else entry.path
        names[entry.name] = None
        return None

    def take_link(self, entry: os.DirEntry[str], names: dict[str, None], root: str) -> str | None:
        try:
            target = os.path.realpath(entry.path, strict=True)
        except OSError as error:
            reason = f"the link leads nowhere ({error.strerror})"
            self.obstacles.append(Obstacle(entry.path, reason))
            return None
        if os.path.commonpath([target, root]) != root:
            reason = f"the link leaves the selection: {target}"
            self.obstacles.append(Obstacle(entry.path, reason, "Select its target as well."))
            return None
        if os.path.isdir(target):
            return None if entry.name in self.ignored else target
        names[entry.name] = None
        return None


def _match(names: Collection[str], pattern: str) -> list[str]:
    """Return the names that the last part of a glob matches, hidden ones only if it says so."""
    if not glob.has_magic(pattern):
        return [pattern] if pattern in names else []
    found = sorted(fnmatch.filter(names, pattern))
    return found if pattern.startswith(".") else [name for name in found if name[0] != "."]


def _has_start(path: str) -> bool:
    """Tell whether there is a folder that a path begins in."""
    try:
        return bool(os.path.isabs(path) or os.getcwd())
    except FileNotFoundError:
        return False


def _told(error: OSError) -> str:
    return f"{type(error).__name__}: {error.strerror}"


def _closed_folder(path: str) -> str | None:
    """Return what can still be seen on the way to a path; None if nothing can."""
    place = os.path.abspath(path)
    while True:
        try:
            os.lstat(place)
        except OSError:
            above = os.path.dirname(place)
            if above == place:
                return None
            place = above
        else:
            return place
