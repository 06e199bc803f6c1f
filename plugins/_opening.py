"""Opening files of documents: regular ones only, and never waiting for a writer."""

from __future__ import annotations

import os
import stat
from typing import BinaryIO

from ..core.errors import UnsupportedFileError

__all__ = ["open_regular"]


def open_regular(path: str, *, buffering: int = -1) -> BinaryIO:
    """Open a file for reading, if it is a regular one: a pipe would keep its reader waiting.

    Raises
    ------
    UnsupportedFileError
        If it is a pipe, a socket, a device or a folder.

    Examples
    --------
    >>> open_regular("/dev/null")
    Traceback (most recent call last):
    penstock.core.errors.UnsupportedFileError: ...
    """
    _require_regular(os.stat(path).st_mode, path)  # to open a device can do things already
    descriptor = os.open(path, os.O_RDONLY | os.O_CLOEXEC | os.O_NONBLOCK)
    try:
        _require_regular(os.fstat(descriptor).st_mode, path)
        return open(descriptor, "rb", buffering=buffering)
    except BaseException:
        os.close(descriptor)
        raise


def _require_regular(mode: int, path: str) -> None:
    if not stat.S_ISREG(mode):
        raise UnsupportedFileError(
            "is no regular file", where=path, remedy="Move it out of the folder of copies."
        )
