"""The user's own folders: the configuration, what is remembered, and what can be made again."""

from __future__ import annotations

import os
from functools import lru_cache
from typing import Literal

__all__ = ["user_folder"]


def user_folder(kind: Literal["config", "state", "cache"]) -> str:
    """Return penstock's folder among those of the user, whether it is there or not.

    Examples
    --------
    >>> user_folder("state") == user_folder("cache")
    False
    """
    # Asked for with each run that is stored: ten times as fast as asking platformdirs.
    return _folder_of(kind, os.environ.get(f"XDG_{kind.upper()}_HOME"), os.environ.get("HOME"))


@lru_cache(maxsize=64)
def _folder_of(kind: str, named: str | None, home: str | None) -> str:
    """Look it up; the variables are what it depends on."""
    import platformdirs

    folder: str = getattr(platformdirs, f"user_{kind}_dir")("penstock", appauthor=False)
    return folder
