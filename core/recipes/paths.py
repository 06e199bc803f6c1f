"""Paths as recipes hold them: below a named root, so that they stay true where it is mounted."""

from __future__ import annotations

import glob
import os
from typing import Any, TypeAlias

from ..config import get_config
from ..errors import RecipeError
from ..places.globbing import Glob
from ..places.observation import current_observation

__all__ = ["StoredPath", "canonical_path", "open_path", "opened_roots", "root_folder", "store_path"]

StoredPath: TypeAlias = tuple[str, str]
"""Name of a root and the path below it; ("", absolute path) where no root holds it."""


def canonical_path(path: str) -> str:
    """Return a path or glob without symbolic links among its folders, absolute.

    A link to a file stays a link; of a glob, the folder before its magic is followed.

    Examples
    --------
    >>> canonical_path("/usr/../tmp/a_*.tif"), canonical_path("/a.h5")
    ('/tmp/a_*.tif', '/a.h5')
    """
    observation = current_observation()
    if glob.has_magic(path) and not os.path.lexists(path):
        pattern = Glob.of(path)
        folder = observation.real_folder(pattern.base)
        # The folder may hold magic of its own, now that it is spelled out.
        return os.path.join(glob.escape(folder), pattern.tail)
    folder, name = os.path.split(path)
    if name in ("", ".", ".."):
        return os.path.realpath(path)
    return os.path.join(observation.real_folder(folder or "."), name)


def opened_roots() -> dict[str, str]:
    """Return the folders that the configuration names, without symbolic links, by name."""
    observation = current_observation()
    return {name: observation.real_folder(root) for name, root in get_config().roots.items()}


def store_path(path: str) -> StoredPath:
    """Return a canonical path as it is stored: below the innermost root that holds it.

    Examples
    --------
    >>> from penstock.core.config import Config, use_config
    >>> with use_config(Config(roots={"data": "/mnt/data"})):
    ...     store_path("/mnt/data/a_*.tif"), store_path("/mnt/data2/b.h5")
    (('data', 'a_*.tif'), ('', '/mnt/data2/b.h5'))
    """
    best: StoredPath = ("", path)
    longest = -1
    for name, base in opened_roots().items():
        rest = _below(path, base)
        if rest is not None and len(base) > longest:
            longest, best = len(base), (name, rest or ".")
    return best


def open_path(stored: Any) -> str:
    """Return the path on this machine of a stored one.

    Raises
    ------
    RecipeError
        If it is no stored path, or the configuration does not name its root.

    Examples
    --------
    >>> from penstock.core.config import Config, use_config
    >>> with use_config(Config(roots={"data": "/media/usb"})):
    ...     open_path(["data", "a_*.tif"])
    '/media/usb/a_*.tif'
    """
    match stored:
        case [str(root), str(rest)] if rest and "\0" not in rest:
            pass
        case _:
            raise RecipeError(f"{stored!r} is no stored path")
    if not root:
        if not os.path.isabs(rest):
            raise RecipeError(f"{rest!r} is stored without a root, and is not absolute")
        return rest
    if os.path.isabs(rest):
        raise RecipeError(f"{rest!r} is stored below root {root!r}, and is absolute")
    folder = root_folder(root)
    return folder if rest == "." else os.path.join(folder, rest)


def root_folder(name: str) -> str:
    """Return the folder that the configuration names so; `RecipeError` if it names none."""
    try:
        return opened_roots()[name]
    except KeyError:
        raise RecipeError(
            f"its files lie below the root {name!r}, which has no folder here",
            remedy=f'Name it in the configuration: [roots] {name} = "/where/it/is".',
        ) from None


def _below(path: str, base: str) -> str | None:
    """Return what of a path follows a folder that holds it; None if the folder does not."""
    if path == base:
        return ""
    front = base.rstrip("/") + "/"
    return path[len(front) :] if path.startswith(front) else None
