"""Start documents of copies that were read before, remembered between sessions.

The index of a folder lies in the user's cache folder: data folders stay as they are, may be
read-only, and nobody else can write what this user is told about them. It is an optimisation and
nothing more: entries count only for the very size and time of writing that the file has now.
"""

from __future__ import annotations

import hashlib
import logging
import os
from typing import Any

import msgpack
import platformdirs

from ._writing import open_new

__all__ = ["StartIndex"]

_VERSION = 1
_WORTH_SAVING = 64
"""So many start documents are read faster than an index is written."""
_MAX_BYTES = 2**30

_log = logging.getLogger(__name__)


class StartIndex:
    """The start documents of the copies in one folder.

    Examples
    --------
    >>> index = StartIndex("/data/copies", ".msgpack")
    >>> index.put("6f2a.msgpack", 100, 5, {"uid": "6f2a", "time": 0.0})
    >>> index.get("6f2a.msgpack", 100, 5)["uid"], index.get("6f2a.msgpack", 101, 5)
    ('6f2a', None)
    """

    def __init__(self, folder: str, suffix: str) -> None:
        digest = hashlib.blake2b(f"{folder}\0{suffix}".encode("utf-8", "surrogatepass"))
        self._path = os.path.join(
            platformdirs.user_cache_dir("penstock"), "starts", f"{digest.hexdigest()[:32]}.msgpack"
        )
        self._folder = folder
        self._entries = self._load()
        self._unsaved = 0

    def get(self, name: str, size: int, mtime_ns: int) -> dict[str, Any] | None:
        """Return a start document, if it is known of the file in this state."""
        entry = self._entries.get(name)
        if entry is None or entry[0] != size or entry[1] != mtime_ns:
            return None
        start: dict[str, Any] = entry[2]
        return start

    def put(self, name: str, size: int, mtime_ns: int, start: dict[str, Any]) -> None:
        """Remember a start document."""
        self._entries[name] = [size, mtime_ns, start]
        self._unsaved += 1

    def save(self) -> None:
        """Write the index, where that is worth it."""
        if self._unsaved < _WORTH_SAVING:
            return
        self._unsaved = 0
        present = set(os.listdir(self._folder)) if os.path.isdir(self._folder) else ()
        self._entries = {name: e for name, e in self._entries.items() if name in present}
        try:
            os.makedirs(os.path.dirname(self._path), exist_ok=True)
            with open_new(self._path) as file:
                file.write(msgpack.packb([_VERSION, self._folder, self._entries]))
        except (OSError, ValueError, OverflowError) as error:
            # A full or read-only home must not keep anybody from listing copies.
            _log.debug("the index of %s was not written: %s", self._folder, error)

    def _load(self) -> dict[str, list[Any]]:
        try:
            if os.path.getsize(self._path) > _MAX_BYTES:
                return {}
            with open(self._path, "rb") as file:
                version, folder, entries = msgpack.unpackb(file.read(), raw=False)
            if version != _VERSION or folder != self._folder:
                return {}
            return {name: entry for name, entry in entries.items() if _is_entry(entry)}
        except (OSError, ValueError, TypeError, AttributeError, msgpack.UnpackException) as error:
            _log.debug("the index of %s is not used: %s", self._folder, error)
            return {}


def _is_entry(entry: Any) -> bool:
    return (
        isinstance(entry, list)
        and len(entry) == 3
        and isinstance(entry[2], dict)
        and isinstance(entry[2].get("uid"), str)
        and isinstance(entry[2].get("time"), int | float)
    )
