"""The files of snapshots: in the user's cache folder, whole or not there, and not too many."""

from __future__ import annotations

import contextlib
import hashlib
import os
import stat
import tempfile
from collections.abc import Iterator

from ..folders import user_folder

__all__ = ["MOST_BYTES", "digest_of", "file_for", "read_snapshot", "write_snapshot"]

MOST_BYTES = 256 * 2**20
"""Of one snapshot."""
MOST_SNAPSHOTS = 200

_MAGIC = b"penstock snapshot 1\n"
_DIGEST_BYTES = 16


def digest_of(content: bytes) -> bytes:
    """Return a digest of bytes.

    Examples
    --------
    >>> digest_of(b"").hex()
    'cae66941d9efbd404e4d88758ea67670'
    """
    return hashlib.blake2b(content, digest_size=_DIGEST_BYTES).digest()


def file_for(root: str) -> str:
    """Return where the snapshot of what lies below a folder is kept.

    Examples
    --------
    >>> file_for("/data") == file_for("/data/scan")
    False
    """
    name = digest_of(root.encode("utf-8", "surrogatepass")).hex()
    return os.path.join(user_folder("cache"), "matching", f"{name}.snapshot")


def read_snapshot(path: str) -> bytes:
    """Return the content of a snapshot, if it is whole and nobody else can have written it.

    Raises
    ------
    OSError
        It cannot be read.
    ValueError
        It is damaged, too large, of another version, or others may write it.
    """
    with open(path, "rb") as file:
        status = os.fstat(file.fileno())
        if not stat.S_ISREG(status.st_mode) or status.st_size > MOST_BYTES + 1024:
            raise ValueError("it is too large, or no file")
        if status.st_uid != os.geteuid() or status.st_mode & 0o022:
            raise ValueError("others may write it")
        found = file.read()
    start = len(_MAGIC) + _DIGEST_BYTES
    content = found[start:]
    if not found.startswith(_MAGIC) or found[len(_MAGIC) : start] != digest_of(content):
        raise ValueError("it is damaged, or of another version")
    with contextlib.suppress(OSError):
        os.utime(path)  # it is in use: those used longest ago are cleared away
    return content


def write_snapshot(path: str, content: bytes) -> None:
    """Write a snapshot, which has its name only once it is whole; and clear away the oldest.

    Raises
    ------
    OSError
        It cannot be written.
    """
    folder = os.path.dirname(path)
    os.makedirs(folder, mode=0o700, exist_ok=True)
    is_new = not os.path.exists(path)
    descriptor, temporary = tempfile.mkstemp(dir=folder, suffix=".partial")
    try:
        with open(descriptor, "wb") as file:
            file.write(_MAGIC + digest_of(content))
            file.write(content)
        os.replace(temporary, path)
    except BaseException:
        with contextlib.suppress(OSError):
            os.unlink(temporary)
        raise
    if is_new:
        _clear(folder)


def _clear(folder: str) -> None:
    for _, path in sorted(_ages(folder), reverse=True)[MOST_SNAPSHOTS:]:
        with contextlib.suppress(OSError):
            os.unlink(path)


def _ages(folder: str) -> Iterator[tuple[int, str]]:
    with os.scandir(folder) as entries:
        for entry in entries:
            with contextlib.suppress(OSError):
                yield entry.stat().st_mtime_ns, entry.path
