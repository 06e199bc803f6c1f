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
from contextlib import suppress

import platformdirs

__all__ = ["is_sealed", "seal"]

_KEY_BYTES = 32

_lock = threading.Lock()
_keys: dict[str, bytes] = {}


def seal(text: str) -> str:
    """Return this user's seal on a text.

    Examples
    --------
    >>> is_sealed("a", seal("a")), is_sealed("b", seal("a"))
    (True, False)
    """
    return hashlib.blake2b(text.encode(), key=_key(), digest_size=32).hexdigest()


def is_sealed(text: str, sealed: object) -> bool:
    """Tell whether this is the user's seal on that text."""
    return isinstance(sealed, str) and hmac.compare_digest(seal(text).encode(), sealed.encode())


def _key() -> bytes:
    path = os.path.join(platformdirs.user_state_dir("penstock", appauthor=False), "seal.key")
    with _lock:
        if path not in _keys:
            _keys[path] = _read_key(path) or _make_key(path)
        return _keys[path]


def _read_key(path: str) -> bytes | None:
    """Return the key; None if there is none that this user alone can have written."""
    try:
        with open(path, "rb") as file:
            state = os.fstat(file.fileno())
            key = file.read(_KEY_BYTES)
    except OSError:
        return None
    is_own = state.st_uid == os.geteuid() and not state.st_mode & 0o077
    return key if is_own and len(key) == _KEY_BYTES else None


def _make_key(path: str) -> bytes:
    """Make a key; where the state folder takes none, it lasts as long as the process."""
    key = secrets.token_bytes(_KEY_BYTES)
    draft = f"{path}.{os.getpid()}.{secrets.token_hex(4)}"
    try:
        os.makedirs(os.path.dirname(path), mode=0o700, exist_ok=True)
        descriptor = os.open(draft, os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_CLOEXEC, 0o600)
        try:
            with open(descriptor, "wb") as file:
                file.write(key)
                file.flush()
                os.fsync(descriptor)
            with suppress(FileExistsError):  # another process was quicker: its key counts
                os.link(draft, path)
        finally:
            os.unlink(draft)
    except OSError:
        return key
    return _read_key(path) or key
