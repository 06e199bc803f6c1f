"""Patterns of paths, expanded as the standard library's `glob` does, but listing a folder once."""

from __future__ import annotations

import errno
import fnmatch
import glob
import os
from collections.abc import Iterator
from dataclasses import dataclass, field

from .observation import Observation, is_folder, is_regular

__all__ = ["Glob"]


@dataclass
class Glob:
    """A pattern with ``*``, ``?``, ``[…]`` or ``**``, and what could not be listed for it.

    Examples
    --------
    >>> pattern = Glob.of("/data/scan_*/img_*.tif")
    >>> pattern.base, pattern.tail
    ('/data', 'scan_*/img_*.tif')
    """

    base: str
    """The folder before the first part that holds magic."""
    tail: str
    """The rest."""
    obstacles: dict[str, OSError] = field(default_factory=dict)
    """Folders that could not be listed though they are there."""

    @classmethod
    def of(cls, pattern: str) -> Glob:
        """Cut a pattern, which must hold magic, where its magic begins."""
        parts = pattern.split("/")
        first = next(number for number, part in enumerate(parts) if glob.has_magic(part))
        return cls("/".join(parts[:first]) or ("/" if first else "."), "/".join(parts[first:]))

    def find(self, observation: Observation) -> Iterator[tuple[str, list[str]]]:
        """Find the regular files that match, as real folders and names.

        A folder can come more than once, with the same names or others.
        """
        parts = self.tail.split("/")
        if parts[-1]:  # a pattern that ends in "/" means folders
            base = observation.real_folder(self.base)
            yield from self._walk(base, [part for part in parts if part], observation)

    def _walk(
        self, folder: str, parts: list[str], observation: Observation
    ) -> Iterator[tuple[str, list[str]]]:
        head, *rest = parts
        if head == "**":
            # As the last part it means every file below; before others, every folder.
            for below in self._descend(folder, observation):
                yield from self._walk(below, rest or ["*"], observation)
        elif rest and not glob.has_magic(head):
            below = observation.real_folder(os.path.join(folder, head))
            yield from self._walk(below, rest, observation)
        else:
            entries = self._list(folder, observation)
            names = _match(entries, head)
            if not rest:
                yield folder, _pick_files(entries, names)
                return
            for name in names:
                if is_folder(entries[name]):
                    yield from self._walk(_enter(entries[name], observation), rest, observation)

    def _descend(self, folder: str, observation: Observation) -> Iterator[str]:
        """Return a folder and those below it, each once whatever leads to it; none is hidden."""
        waiting = [folder]
        seen = set()
        while waiting:
            folder = waiting.pop()
            if folder in seen:
                continue
            seen.add(folder)
            yield folder
            waiting += [
                _enter(entry, observation)
                for name, entry in self._list(folder, observation).items()
                if not name.startswith(".") and is_folder(entry)
            ]

    def _list(self, folder: str, observation: Observation) -> dict[str, os.DirEntry[str]]:
        try:
            return observation.list_folder(folder)
        except OSError as error:
            if error.errno not in (errno.ENOENT, errno.ENOTDIR):
                self.obstacles[folder] = error
            return {}


def _match(names: dict[str, os.DirEntry[str]], pattern: str) -> list[str]:
    if not glob.has_magic(pattern):
        return [pattern] if pattern in names else []
    matching = fnmatch.filter(names, pattern)
    if pattern.startswith("."):
        return matching
    return [name for name in matching if not name.startswith(".")]


def _pick_files(entries: dict[str, os.DirEntry[str]], names: list[str]) -> list[str]:
    try:
        return [name for name in names if entries[name].is_file()]
    except OSError:  # for the sake of one, each is asked on its own
        return [name for name in names if is_regular(entries[name])]


def _enter(entry: os.DirEntry[str], observation: Observation) -> str:
    # The folder that was listed is real: only a link can lead out of it.
    return observation.real_folder(entry.path) if entry.is_symlink() else entry.path
