"""Seals: by them a user's own recipes are known from those that somebody else wrote.

A recipe is sealed with a key that only this user has, in the user's state folder. What carries the
seal was stored by this user, and is as good as a call of theirs; everything else is held to what
`bounds` allows. Who loses the key loses nothing but that: named roots go on working.
"""

from __future__ import annotations

import hashlib
import hmac
import os
import secrets
import threading
import warnings
from contextlib import suppress
from typing import NamedTuple

from ..folders import user_folder

__all__ = ["is_sealed", "seal"]

_KEY_BYTES = 32

_lock = threading.Lock()
_keys: dict[str, _Key] = {}


def seal(text: str) -> str:
    """Return this user's seal on a text.

    Where the key for it cannot be kept, a warning says that nobody will know the seal later.

    Examples
    --------
    >>> is_sealed("a", seal("a")), is_sealed("b", seal("a"))
    (True, False)
    """
    key = _key()
    if key.trouble:
        warnings.warn(
            f"the key by which your own runs are known cannot be kept ({key.trouble}): later "
            "processes will treat what is stored now as somebody else's. Make the folder "
            "writable, or move the file away, and start again.",
            stacklevel=2,
        )
    return _seal_with(key, text)


def is_sealed(text: str, sealed: object) -> bool:
    """Tell whether this is the user's seal on that text."""
    return isinstance(sealed, str) and hmac.compare_digest(
        _seal_with(_key(), text).encode(), sealed.encode()
    )


class _Key(NamedTuple):
    content: bytes
    trouble: str = ""
    """Why it is gone with the process."""


def _seal_with(key: _Key, text: str) -> str:
    return hashlib.blake2b(text.encode(), key=key.content, digest_size=32).hexdigest()


def _key() -> _Key:
    path = os.path.join(user_folder("state"), "seal.key")
    with _lock:
        if path not in _keys:
            _keys[path] = _read_key(path) or _make_key(path)
        return _keys[path]


def _read_key(path: str) -> _Key | None:
    """Return the key; None if there is none that this user alone can have written.

    One that others could read, as after a copy of the home, is made this user's alone.
    """
    try:
        with open(path, "rb") as file:
            state = os.fstat(file.fileno())
            content = file.read(_KEY_BYTES)
            is_own = state.st_uid == os.geteuid() and not state.st_mode & 0o022
            if not is_own or len(content) != _KEY_BYTES:
                return None
            if state.st_mode & 0o077:
                with suppress(OSError):
                    os.fchmod(file.fileno(), 0o600)
            return _Key(content)
    except OSError:
        return None


def _make_key(path: str) -> _Key:
    """Make a key; where the state folder takes none, it lasts as long as the process."""
    content = secrets.token_bytes(_KEY_BYTES)
    draft = f"{path}.{os.getpid()}.{secrets.token_hex(4)}"
    try:
        os.makedirs(os.path.dirname(path), mode=0o700, exist_ok=True)
        descriptor = os.open(draft, os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_CLOEXEC, 0o600)
        try:
            with open(descriptor, "wb") as file:
                file.write(content)
                file.flush()
                os.fsync(descriptor)
            with suppress(FileExistsError):  # another process was quicker: its key counts
                os.link(draft, path)
        finally:
            os.unlink(draft)
    except OSError as error:
        return _Key(content, f"{path}: {error.strerror}")
    return _read_key(path) or _Key(content, f"{path} can be written by others, or is no key")
