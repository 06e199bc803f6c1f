"""Start documents of copies that were read before, remembered between sessions.

The index of a folder lies in the user's cache folder: data folders stay as they are, may be
read-only, and nobody else can write what this user is told about them. It is an optimisation and
nothing more: what it says of a file counts only while the file is in the very state that it was in.
"""

from __future__ import annotations

import contextlib
import hashlib
import logging
import os
import time
from collections.abc import Iterable
from dataclasses import dataclass, field
from typing import Any

import msgpack
import platformdirs

from ._states import FileState
from ._writing import clear_leftovers, open_new

__all__ = ["Remembered", "load_index", "pack_start", "save_index", "unpack_start"]

_VERSION = 4
_MAX_BYTES = 2**30
_UNUSED_SECONDS = 90 * 24 * 3600

_log = logging.getLogger(__name__)


@dataclass(frozen=True)
class Remembered:
    """What is known of the files in a folder, each by its name, in the order of the names.

    The start documents stay packed until they are used: to list the runs, their uids are enough.
    """

    states: dict[str, FileState] = field(default_factory=dict)
    uids: dict[str, str] = field(default_factory=dict)
    starts: dict[str, bytes] = field(default_factory=dict)
    ranks: dict[str, int] = field(default_factory=dict)
    """How whole they are, of those that this was asked of."""
    cuts: dict[str, str] = field(default_factory=dict)
    """What is missing of those that are not whole."""


def load_index(folder: str, suffix: str) -> Remembered:
    """Return what is remembered of a folder: nothing, if there is no index or it is damaged.

    Examples
    --------
    >>> load_index("/no/such/folder", ".msgpack")
    Remembered(states={}, uids={}, starts={}, ranks={}, cuts={})
    """
    path = _path(folder, suffix)
    try:
        if os.path.getsize(path) > _MAX_BYTES:
            return Remembered()
        with open(path, "rb") as file:
            content = file.read()
        with contextlib.suppress(OSError):
            os.utime(path)  # it is in use: see `_clear_unused`
        loaded = msgpack.unpackb(content, use_list=False, unicode_errors="surrogatepass")
        version, of_folder, names, states, uids, starts, ranks, cuts = loaded
        if version != _VERSION or of_folder != folder:
            return Remembered()
        _check_columns(names, states, uids, starts)
        return Remembered(
            dict(zip(names, states, strict=True)),
            dict(zip(names, uids, strict=True)),
            dict(zip(names, starts, strict=True)),
            dict(ranks),
            dict(cuts),
        )
    except (OSError, ValueError, TypeError, AttributeError, msgpack.UnpackException) as error:
        _log.debug("the index of %s is not used: %s", folder, error)
        return Remembered()


def _check_columns(names: Any, states: Any, uids: Any, starts: Any) -> None:
    kinds = ((names, str), (states, bytes), (uids, str), (starts, bytes))
    if not all(set(map(type, column)) <= {kind} for column, kind in kinds):
        raise TypeError("something else than names, states, uids and start documents")


def save_index(folder: str, suffix: str, known: Remembered) -> None:
    """Remember what is known of a folder; where that cannot be written, it is not.

    Examples
    --------
    >>> known = Remembered({"6f2a.msgpack": bytes(32)}, {"6f2a.msgpack": "6f2a"},
    ...                    {"6f2a.msgpack": pack_start({"uid": "6f2a", "time": 0.0})})
    >>> save_index("/data/copies", ".msgpack", known)
    >>> unpack_start(load_index("/data/copies", ".msgpack").starts["6f2a.msgpack"])
    {'uid': '6f2a', 'time': 0.0}
    """
    path = _path(folder, suffix)
    names = sorted(known.states)
    content = [
        _VERSION,
        folder,
        names,
        _column(known.states, names),
        _column(known.uids, names),
        _column(known.starts, names),
        list(known.ranks.items()),
        list(known.cuts.items()),
    ]
    try:
        indexes = os.path.dirname(path)
        os.makedirs(indexes, exist_ok=True)
        os.chmod(indexes, 0o700)  # it tells of folders that others may not look into
        _clear_unused(indexes)
        with open_new(path, durable=False, private=True) as file:
            file.write(msgpack.packb(content, unicode_errors="surrogatepass"))
    except (OSError, ValueError, OverflowError) as error:
        # A full or read-only home must not keep anybody from listing copies.
        _log.debug("the index of %s was not written: %s", folder, error)


def _clear_unused(indexes: str) -> None:
    """Remove what killed writers left, and indexes that were not read for long.

    Their folders are gone, or it costs one reading of their files.
    """
    clear_leftovers(indexes)
    with os.scandir(indexes) as entries:
        for entry in entries:
            if time.time() - entry.stat(follow_symlinks=False).st_mtime > _UNUSED_SECONDS:
                with contextlib.suppress(FileNotFoundError):
                    os.unlink(entry.path)


def _column(values: dict[str, Any], names: Iterable[str]) -> list[Any]:
    return [values[name] for name in names]


def pack_start(start: dict[str, Any]) -> bytes:
    """Return a start document as bytes.

    Examples
    --------
    >>> unpack_start(pack_start({"uid": "6f2a"}))
    {'uid': '6f2a'}
    """
    packed: bytes = msgpack.packb(start, unicode_errors="surrogatepass")
    return packed


def unpack_start(packed: bytes) -> dict[str, Any]:
    r"""Return the start document that `pack_start` made bytes of.

    Examples
    --------
    >>> unpack_start(b"\x80")
    {}
    """
    start: dict[str, Any] = msgpack.unpackb(packed, unicode_errors="surrogatepass")
    return start


def _path(folder: str, suffix: str) -> str:
    digest = hashlib.blake2b(f"{folder}\0{suffix}".encode("utf-8", "surrogatepass"))
    cache = platformdirs.user_cache_dir("penstock")
    return os.path.join(cache, "starts", f"{digest.hexdigest()[:32]}.msgpack")
