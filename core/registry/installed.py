"""Entry points of installed distributions, read without importing `importlib.metadata`.

That module takes longer to import than fifty plug-ins to find, and reads the whole metadata of a
distribution to tell its version. Here a folder is listed once, and small text files are read. What
is not a plain folder of installed distributions (zip files, finders of others) is left to it.
"""

from __future__ import annotations

import importlib
import os
import sys
from collections.abc import Iterable, Iterator
from functools import lru_cache
from importlib.machinery import PathFinder
from typing import Any, NamedTuple

__all__ = [
    "InstalledEntryPoint",
    "installed_distributions",
    "read_entry_points",
    "without_extras",
]

_INFO = (".dist-info", ".egg-info")


class InstalledEntryPoint(NamedTuple):
    """An entry point, and the distribution that declares it.

    Examples
    --------
    >>> point = InstalledEntryPoint("penstock", "x", "json:dumps", "lab", "1.0")
    >>> point.load()([1]), point.origin
    ('[1]', 'lab 1.0')
    """

    group: str
    name: str
    value: str
    distribution: str = ""
    """Name of the distribution; empty where its metadata are damaged."""
    version: str = ""

    @property
    def origin(self) -> str:
        """Name and version of the distribution."""
        return " ".join(part for part in (self.distribution, self.version) if part)

    def load(self) -> Any:
        """Import what it names: a module, or something in one."""
        module, _, path = without_extras(self.value).partition(":")
        if not module.strip():
            raise ImportError(f"{self.value!r} names no module")
        value: Any = importlib.import_module(module.strip())
        for name in filter(None, path.strip().split(".")):
            value = getattr(value, name)
        return value


def without_extras(value: str) -> str:
    """Return what an entry point names, without the extras that it says it needs.

    Examples
    --------
    >>> without_extras("lab.tiff:ingest [fast]")
    'lab.tiff:ingest'
    """
    return value.partition("[")[0].strip()


def read_entry_points(groups: Iterable[str]) -> list[InstalledEntryPoint]:
    """Return the entry points of some groups that are installed, in the order of ``sys.path``.

    Of a distribution that is installed twice, the one that Python would import counts. Identical
    entry points of one distribution count once.

    Examples
    --------
    >>> sorted({point.group for point in read_entry_points(["penstock"])})
    ['penstock']
    """
    wanted = frozenset(groups)
    folders = _plain_folders()
    found = _ask_importlib(wanted) if folders is None else _scan(folders, wanted)
    return list(dict.fromkeys(found))


def installed_distributions() -> list[str]:
    """Return name and version of each distribution in the folders of ``sys.path``, in their order.

    Where the folders lie, and what else is in them, makes no difference: it is another one for each
    way in which Python is started.

    Examples
    --------
    >>> any(found.startswith("pluggy ") for found in installed_distributions())
    True
    """
    found: dict[str, str] = {}
    for folder in dict.fromkeys(entry or "." for entry in sys.path):
        try:
            state = os.stat(folder)
            listed = _distributions_in(os.path.abspath(folder), state.st_ino, state.st_mtime_ns)
        except OSError:
            continue
        for key, version in listed:
            found.setdefault(key, version)
    return [f"{key} {version}" for key, version in sorted(found.items())]


@lru_cache(maxsize=64)
def _distributions_in(folder: str, inode: int, mtime_ns: int) -> tuple[tuple[str, str], ...]:
    del inode, mtime_ns  # whoever installs something writes into the folder
    found = []
    for name in sorted(os.listdir(folder)):
        if name.endswith(_INFO):
            version = os.path.splitext(name)[0].partition("-")[2]
            version = version or _origin(os.path.join(folder, name))[1]  # of a source tree
            found.append((_distribution_key(name), version))
    return tuple(found)


def _plain_folders() -> list[str] | None:
    """Return the folders of ``sys.path``; None where it takes more than reading them."""
    finders = (finder for finder in sys.meta_path if hasattr(finder, "find_distributions"))
    if any(finder is not PathFinder for finder in finders):
        return None
    folders = [entry or "." for entry in sys.path]
    if any(entry.endswith(".egg") or os.path.isfile(entry) for entry in folders):
        # That Python lists its own library as a zip file that is mostly not there does no harm.
        return None
    return list(dict.fromkeys(folders))


def _scan(folders: Iterable[str], wanted: frozenset[str]) -> Iterator[InstalledEntryPoint]:
    seen: set[str] = set()
    for folder in folders:
        try:
            names = os.listdir(folder)
        except OSError:  # as Python itself does: a folder of sys.path need not be there
            continue
        for name in names:
            if name.endswith(_INFO) and (key := _distribution_key(name)) not in seen:
                seen.add(key)
                yield from _read_info(os.path.join(folder, name), wanted)


def _distribution_key(info: str) -> str:
    """Return the normalised name of the distribution whose folder of metadata this is."""
    stem = os.path.splitext(info)[0].partition("-")[0].lower().replace(".", "_")
    while "__" in stem:
        stem = stem.replace("__", "_")
    return stem


def _read_info(info: str, wanted: frozenset[str]) -> Iterator[InstalledEntryPoint]:
    text = _read(os.path.join(info, "entry_points.txt"))
    if not any(group in text for group in wanted):  # the most, without a look at their lines
        return
    points = [item for item in _parse(text) if item[0] in wanted]
    if points:
        origin = _origin(info)
        yield from (InstalledEntryPoint(*point, *origin) for point in points)


def _read(path: str) -> str:
    try:
        with open(path, encoding="utf-8", errors="replace") as file:
            return file.read()
    except OSError:  # it is not there, or not for us
        return ""


def _parse(text: str) -> Iterator[tuple[str, str, str]]:
    """Yield (group, name, value)."""
    group = ""
    for line in map(str.strip, text.splitlines()):
        if line.startswith("[") and line.endswith("]"):
            group = line[1:-1]
        elif line and not line.startswith("#") and "=" in line:
            name, _, value = line.partition("=")
            yield group, name.strip(), value.strip()


def _origin(info: str) -> tuple[str, str]:
    """Return name and version of a distribution: what the head of its metadata says."""
    text = _read(os.path.join(info, "METADATA")) or _read(os.path.join(info, "PKG-INFO"))
    found: dict[str, str] = {}
    for line in text.splitlines():
        if not line:  # the description follows
            break
        name, _, value = line.partition(":")
        found.setdefault(name, value.strip())
    return found.get("Name", ""), found.get("Version", "")


def _ask_importlib(wanted: frozenset[str]) -> Iterator[InstalledEntryPoint]:
    from importlib import metadata

    for group in sorted(wanted):
        for point in metadata.entry_points(group=group):
            name = version = ""
            if point.dist is not None:
                # Damaged metadata: the plug-in itself may still be good.
                head: Any = point.dist.metadata
                name, version = head.get("Name", ""), head.get("Version", "")
            yield InstalledEntryPoint(point.group, point.name, point.value, name, version)
