"""The folder that is written into: made, and tried before anything is read for it."""

from __future__ import annotations

import os
import tempfile

from ..errors import UnusableFolderError

__all__ = ["prepare_folder"]

_REMEDIES = (
    (FileExistsError, "A file has that name: give a folder."),
    (NotADirectoryError, "One of its parents is a file: give a folder."),
    (PermissionError, "Have its owner let you write there, or give another folder."),
)


def prepare_folder(directory: str | os.PathLike[str]) -> str:
    """Make a folder where there is none, try to write into it, and return its real path.

    Raises
    ------
    UnusableFolderError
        If it is a file, cannot be made, or cannot be written into; or if its name is empty.

    Examples
    --------
    >>> prepare_folder("/dev/null/copies")
    Traceback (most recent call last):
    penstock.core.errors.UnusableFolderError: /dev/null/copies: cannot be written into: Not a ...
    """
    if not os.fspath(directory):
        raise UnusableFolderError(
            "no folder is named", where="''", remedy="Give one; the current one is called '.'."
        )
    path = os.path.realpath(directory)
    try:
        os.makedirs(path, exist_ok=True)
        # Permissions, access lists and mounts together are only known by trying.
        with tempfile.TemporaryFile(dir=path):
            return path
    except OSError as error:
        reason = error.strerror or str(error)
        remedies = (text for kind, text in _REMEDIES if isinstance(error, kind))
        raise UnusableFolderError(
            f"cannot be written into: {reason}",
            where=directory,
            remedy=next(remedies, "Give another folder."),
        ) from error
