"""Opening HDF5 files that others wrote, and may still be writing, without harm to either side."""

from __future__ import annotations

import os
import stat
from collections.abc import Iterator
from contextlib import contextmanager

import h5py

from ....core.errors import (
    AssetError,
    MissingFileError,
    PenstockError,
    TruncatedFileError,
    UnsupportedFileError,
)

__all__ = ["check_regular", "open_file", "translate_error"]

_SIGNATURE = b"\x89HDF\r\n\x1a\n"
_OTHERS = {
    b"\x0e\x03\x13\x01": "an HDF4 file, which HDF5 libraries cannot read",
    b"version https://git-lfs": "a Git LFS pointer; the data themselves were not downloaded",
    b"CDF\x01": "a netCDF 3 file",
    b"CDF\x02": "a netCDF 3 file",
    b"II*\0": "a TIFF file",
    b"MM\0*": "a TIFF file",
    b"<": "an XML or HTML text",
    b"PK\x03\x04": "a ZIP archive",
    b"\x1f\x8b": "a gzip archive",
    b"\x89HDF": "an HDF5 file whose line ends were changed, as by a text transfer",
}
_REMEDIES = {
    b"\x0e\x03\x13\x01": "Convert it with h4toh5.",
    b"version https://git-lfs": "Run git lfs pull in its repository.",
}
_LONGEST_USER_BLOCK = 2**20


@contextmanager
def open_file(path: str, *, swmr: bool = False) -> Iterator[h5py.File]:
    """Open an HDF5 file for reading, as a guest: without a lock, so that a writer can go on.

    Only regular files are opened, so that a FIFO cannot hang the caller. A file that a writer holds
    open in SWMR mode is read in that mode, whether asked or not.

    Raises
    ------
    MissingFileError, TruncatedFileError, UnsupportedFileError, AssetError
        That say what is wrong with the file.

    Examples
    --------
    >>> import os, tempfile
    >>> path = os.path.join(tempfile.mkdtemp(), "a.h5")
    >>> with h5py.File(path, "w") as file:
    ...     file["x"] = 1
    >>> with open_file(path) as file:
    ...     list(file)
    ['x']
    """
    check_regular(path)
    try:
        file = _open(path, swmr)
    except (OSError, RuntimeError) as error:
        raise _explain(path, error) from error
    try:
        yield file
    finally:
        file.close()


def check_regular(path: str) -> os.stat_result:
    """Return the `stat` of a regular file, or raise an error that says what is there instead."""
    try:
        status = os.stat(path)
    except OSError as error:
        raise translate_error(error, path) from error
    if not stat.S_ISREG(status.st_mode):
        kind = "a folder" if stat.S_ISDIR(status.st_mode) else "a FIFO, socket or device"
        raise UnsupportedFileError(f"is {kind}, not a file", where=path)
    if status.st_size == 0:
        raise TruncatedFileError(
            "is empty", where=path, remedy="Copy it again, or wait for its writer."
        )
    return status


def _open(path: str, swmr: bool) -> h5py.File:
    first: Exception | None = None
    for mode in (swmr, not swmr):
        try:
            return _open_as(path, mode)
        except (OSError, RuntimeError) as error:
            first = first or error
            # "already open for write": its writer may be in SWMR mode, which must be matched
            if "already open for write" not in str(error) and "SWMR" not in str(error):
                break
    assert first is not None
    raise first


def _open_as(path: str, swmr: bool) -> h5py.File:
    # Without a chunk cache, chunks that are not compressed are read straight into the array.
    try:
        return h5py.File(path, "r", swmr=swmr, locking=False, rdcc_nbytes=0)
    except OSError as error:
        if "locking flag" not in str(error):
            raise
    # Somebody in this process has it open: HDF5 insists on their locking, and takes no new lock.
    return h5py.File(path, "r", rdcc_nbytes=0)


def _explain(path: str, error: Exception) -> PenstockError:
    """Turn what HDF5 said into what is wrong with the file."""
    if isinstance(error, OSError) and error.errno:
        return translate_error(error, path)
    text = str(error)
    if "already open for write" in text or "SWMR" in text:
        return AssetError(
            "is open for writing, or its writer died before closing it",
            where=path,
            remedy="Wait for the writer; if there is none, run h5clear --status on a copy.",
        )
    if "truncated file" in text:
        return TruncatedFileError(
            "ends before its data do", where=path, remedy="Copy it again, or wait for its writer."
        )
    try:
        signature = _find_other_format(path)
    except OSError as reading:
        return translate_error(reading, path)
    if signature is not None:
        return UnsupportedFileError(
            f"is not HDF5 but {_OTHERS.get(signature, 'something else')}",
            where=path,
            remedy=_REMEDIES.get(signature),
        )
    return UnsupportedFileError(f"is damaged: HDF5 says {text!r}", where=path)


def _find_other_format(path: str) -> bytes | None:
    """Return the signature of what is not HDF5 (empty if unknown), None where it is HDF5."""
    descriptor = os.open(path, os.O_RDONLY | os.O_NONBLOCK)
    try:
        head = os.pread(descriptor, 64, 0)
        offset = 0
        while offset <= _LONGEST_USER_BLOCK:
            if os.pread(descriptor, len(_SIGNATURE), offset) == _SIGNATURE:
                return None
            offset = max(512, 2 * offset)
    finally:
        os.close(descriptor)
    return next((known for known in _OTHERS if head.startswith(known)), b"")


def translate_error(error: OSError, path: str) -> PenstockError:
    """Return the error of ours that says what the operating system said of a file.

    Examples
    --------
    >>> print(translate_error(PermissionError(13, "Permission denied"), "a.h5"))
    a.h5: may not be read by this user. Ask its owner for permission.
    """
    if isinstance(error, FileNotFoundError | NotADirectoryError):
        return MissingFileError("is not there", where=path)
    if isinstance(error, PermissionError):
        return AssetError(
            "may not be read by this user", where=path, remedy="Ask its owner for permission."
        )
    if isinstance(error, IsADirectoryError):
        return UnsupportedFileError("is a folder, not a file", where=path)
    return AssetError(f"cannot be read: {error.strerror or error}", where=path)
