"""Reading a text file, or the beginning of one."""

from __future__ import annotations

import os
import stat

from ...core.errors import AssetError, MissingFileError, UnsupportedFileError
from ...core.places.open_files import open_once

__all__ = ["read_text"]


def read_text(path: str, most: int) -> tuple[str, bool]:
    r"""Return the text of a file, at most so many bytes of it, and whether that is all.

    It is UTF-8, or else the Latin-1 of older programs.

    Raises
    ------
    MissingFileError, AssetError, UnsupportedFileError
        If it is not there, cannot be read, or is no text.

    Examples
    --------
    >>> read_text(__file__, 11)[0][3:], read_text(__file__, 2**20)[1]
    ('Reading ', True)
    """
    try:
        with open_once(path) as descriptor:
            if not stat.S_ISREG(os.fstat(descriptor).st_mode):
                raise UnsupportedFileError("is no regular file", where=path)
            raw = b""
            while len(raw) <= most:
                piece = os.pread(descriptor, most + 1 - len(raw), len(raw))
                if not piece:
                    break
                raw += piece
    except FileNotFoundError:
        raise MissingFileError("no such file", where=path, remedy="Check the path.") from None
    except OSError as error:
        if isinstance(error, AssetError):
            raise
        reason = error.strerror or str(error)
        raise AssetError(f"cannot be read: {reason}", where=path) from error
    whole = len(raw) <= most
    raw = raw[:most]
    if b"\0" in raw:
        raise UnsupportedFileError("is no text: it holds zero bytes", where=path)
    try:
        return raw.decode("utf-8", "strict" if whole else "ignore"), whole
    except UnicodeDecodeError:
        return raw.decode("latin-1"), whole
