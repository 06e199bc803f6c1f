"""Reading bytes of TIFF files: few calls, into place, nothing kept open."""

from __future__ import annotations

import os
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from typing import Any

import numpy as np
from numpy.typing import NDArray

from ....core.errors import AssetError, MissingFileError
from ....core.places.open_files import open_once

__all__ = ["Source", "as_bytes", "open_file", "read_into"]

FIRST_WINDOW = 1024
LARGEST_WINDOW = 64 * 1024
_MOST_BUFFERS = min(1024, os.sysconf("SC_IOV_MAX") if hasattr(os, "sysconf") else 16)


@contextmanager
def open_file(path: str, frame: int | None = None) -> Iterator[int]:
    """Open a file for one call's reads; gives its descriptor.

    A FIFO in the place of a file does not hang: it cannot be read at an offset.

    Raises
    ------
    AssetError
        (or a subclass) naming the file, and the frame if given, also for errors while reading.

    Examples
    --------
    >>> with open_file("nowhere.tif", 3):
    ...     pass
    Traceback (most recent call last):
    penstock.core.errors.MissingFileError: nowhere.tif: the file of frame 3 is missing...
    """
    of_frame = "" if frame is None else f" of frame {frame}"
    try:
        with open_once(path) as fd:
            yield fd
    except AssetError:
        raise
    except (FileNotFoundError, NotADirectoryError):
        raise MissingFileError(
            f"the file{of_frame} is missing",
            where=path,
            remedy="Put it back, or tell with root_map where the files are now.",
        ) from None
    except OSError as error:
        why = f"cannot be read: {error.strerror or error}"
        if os.path.exists(path) and not os.path.isfile(path):
            why = f"is {_kind_of(path)}, not a regular file"
        raise AssetError(f"the file{of_frame} {why}", where=path) from error


def _kind_of(path: str) -> str:
    return "a folder" if os.path.isdir(path) else "a FIFO, socket or device"


def as_bytes(array: NDArray[Any]) -> NDArray[np.uint8]:
    """Return the bytes of a C-contiguous array, not copied.

    Examples
    --------
    >>> as_bytes(np.zeros((2, 3), "u2")).shape
    (12,)
    """
    return array.reshape(-1).view(np.uint8)


def read_into(fd: int, offset: int, buffers: Sequence[Any]) -> int:
    """Fill buffers one after the other with the bytes at `offset`; return how many there were.

    Fewer than asked for means that the file ends there.

    Examples
    --------
    >>> import tempfile
    >>> with tempfile.TemporaryFile() as file:
    ...     _ = file.write(b"abcdef"), file.flush()
    ...     a, b = bytearray(2), bytearray(9)
    ...     count = read_into(file.fileno(), 1, [a, b])
    >>> count, bytes(a), bytes(b[:3])
    (5, b'bc', b'def')
    """
    total = 0
    waiting = [memoryview(buffer) for buffer in buffers if len(buffer)]
    while waiting:
        count = os.preadv(fd, waiting[:_MOST_BUFFERS], offset + total)
        if count == 0:
            break
        total += count
        done = 0
        while done < len(waiting) and count >= waiting[done].nbytes:
            count -= waiting[done].nbytes
            done += 1
        waiting = waiting[done:]
        if count:
            waiting[0] = waiting[0][count:]
    return total


class Source:
    """Small pieces of an open file, read in windows that grow while they prove useful.

    Parameters
    ----------
    fd
        Descriptor of the open file.
    windows
        Pieces that have been read already: offsets and bytes.
    """

    def __init__(self, fd: int, windows: Sequence[tuple[int, bytes | bytearray]] = ()) -> None:
        self.fd = fd
        self.asked: list[tuple[int, int]] = []
        """What has been read, as half-open ranges; emptied by who needs it."""
        self._given = [(start, data) for start, data in windows if data]
        self._start = 0
        self._window: bytes = b""
        self._ahead = FIRST_WINDOW

    def read(self, offset: int, count: int) -> bytes:
        """Return `count` bytes at `offset`, fewer where the file ends."""
        self.asked.append((offset, offset + count))
        at = offset - self._start
        if at >= 0 and at + count <= len(self._window):
            return self._window[at : at + count]
        for start, data in self._given:
            at = offset - start
            if at >= 0 and at + count <= len(data):
                return bytes(data[at : at + count])
        near = 0 <= offset - self._start <= len(self._window) + self._ahead
        self._ahead = min(2 * self._ahead, LARGEST_WINDOW) if near else FIRST_WINDOW
        self._start = offset
        self._window = os.pread(self.fd, max(count, self._ahead), offset)
        return self._window[:count]
