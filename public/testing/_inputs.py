"""What ingestors are called with: as text, elsewhere, and cut."""

from __future__ import annotations

import os
from pathlib import Path
from typing import Any

__all__ = ["as_text", "cuts", "relocate"]


def as_text(paths: Any) -> Any:
    """Return a path, or a list of paths, as text; anything else as it is.

    Examples
    --------
    >>> as_text([Path("/a"), "/b"])
    ['/a', '/b']
    """
    if isinstance(paths, os.PathLike):
        return os.fspath(paths)
    return [as_text(path) for path in paths] if isinstance(paths, list | tuple) else paths


def relocate(paths: Any, old: Path, new: Path) -> Any:
    """Return paths below one folder as they are below another.

    Examples
    --------
    >>> relocate(["/a/x.tif"], Path("/a"), Path("b"))
    ['b/x.tif']
    """
    if isinstance(paths, list):
        return [relocate(path, old, new) for path in paths]
    before = os.fspath(old)
    return os.fspath(new) + paths[len(before) :] if paths.startswith(before) else paths


def cuts(size: int) -> list[int]:
    """Return where to cut a file of that size: in its head, on the way, and just before its end.

    Examples
    --------
    >>> cuts(100)
    [1, 4, 8, 16, 25, 50, 64, 75, 99]
    """
    places = {1, 4, 8, 16, 64, 512, size // 4, size // 2, 3 * size // 4, size - 1}
    return sorted(place for place in places if 0 < place < size)
