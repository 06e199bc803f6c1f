"""Opening files of documents: regular ones only, and never waiting for a writer."""

from __future__ import annotations

import os
import stat
from typing import BinaryIO

from ..core.errors import UnsupportedFileError

__all__ = ["open_regular", "opened"]


class opened:
    """Open a file for reading, as a descriptor, if it is a regular one; close it afterwards.

    Files are opened by the ten thousand: a generator would take as long as the file system.

    Raises
    ------
    UnsupportedFileError
        If it is a pipe, which would keep its reader waiting, a socket, a device or a folder.

    Examples
    --------
    >>> with opened("/dev/null") as descriptor:
    ...     pass
    Traceback (most recent call last):
    penstock.core.errors.UnsupportedFileError: ...
    """

    __slots__ = ("_descriptor", "_path")

    def __init__(self, path: str) -> None:
        self._path = path

    def __enter__(self) -> int:
        self._descriptor = _open(self._path)
        return self._descriptor

    def __exit__(self, *_: object) -> None:
        os.close(self._descriptor)


def open_regular(path: str) -> BinaryIO:
    """Open a file for reading, if it is a regular one; see `opened`.

    Examples
    --------
    >>> open_regular("/dev/null")
    Traceback (most recent call last):
    penstock.core.errors.UnsupportedFileError: ...
    """
    return open(_open(path), "rb")


def _open(path: str) -> int:
    _require_regular(os.stat(path).st_mode, path)  # to open a device can do things already
    descriptor = os.open(path, os.O_RDONLY | os.O_CLOEXEC | os.O_NONBLOCK)
    try:
        _require_regular(os.fstat(descriptor).st_mode, path)
    except BaseException:
        os.close(descriptor)
        raise
    return descriptor


def _require_regular(mode: int, path: str) -> None:
    if not stat.S_ISREG(mode):
        raise UnsupportedFileError(
            "is no regular file", where=path, remedy="Move it out of the folder of copies."
        )
