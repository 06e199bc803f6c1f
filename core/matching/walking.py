"""The files of a selection: folders walked, globs expanded, links held inside the selection."""

from __future__ import annotations

import glob
import os
from collections.abc import Collection, Iterable
from dataclasses import dataclass, field

from ..places.observation import current_observation

__all__ = ["Obstacle", "Selection", "gather"]


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
    exist and holds ``*``, ``?`` or ``[`` is a glob.

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
    for path in [paths] if isinstance(paths, str | os.PathLike) else paths:
        walk.add(os.fspath(path))
    selection.folders = {folder: list(names) for folder, names in named.items() if names}
    return selection


@dataclass
class _Walk:
    found: dict[str, dict[str, None]]
    obstacles: list[Obstacle]
    ignored: frozenset[str]
    real: dict[str, str] = field(default_factory=dict)
    """Real path of each folder that files were named in: one realpath a folder."""

    def add(self, path: str) -> None:
        if os.path.isdir(path):
            root = os.path.realpath(path)
            self.walk(root, root, set())
        elif os.path.lexists(path):
            folder, name = os.path.split(os.path.abspath(path))
            if folder not in self.real:
                self.real[folder] = os.path.realpath(folder)
            self.found.setdefault(self.real[folder], {})[name] = None
        elif glob.has_magic(path) and (matches := sorted(glob.glob(path, recursive=True))):
            for match in matches:
                self.add(match)
        else:
            reason = "nothing matches" if glob.has_magic(path) else "it does not exist"
            self.obstacles.append(Obstacle(path, reason, "Check the spelling.", is_error=True))

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
                entries = current_observation().list_folder(folder).values()
                below = [target for entry in entries if (target := self.take(entry, names, root))]
            except OSError as error:
                reason = f"{type(error).__name__}: {error.strerror}"
                self.obstacles.append(Obstacle(folder, reason, is_error=True))
                continue
            waiting += sorted(below, reverse=True)

    def take(self, entry: os.DirEntry[str], names: dict[str, None], root: str) -> str | None:
        """Take an entry if it is a file; return the folder that it leads to, if any."""
        if entry.name.startswith("."):
            return None
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
