"""Files and folders that get their names when they are whole."""

from __future__ import annotations

import contextlib
import os
import secrets
import shutil
from collections.abc import Iterator

from ...core.places import prepare_folder
from .._writing import clear_leftovers, refuse_existing

__all__ = ["whole_file", "whole_folder"]


@contextlib.contextmanager
def whole_file(path: str, *, overwrite: bool = False) -> Iterator[str]:
    """Give the path of a temporary file, which gets its name when it is whole and on the disk.

    If anything goes wrong it is removed, and what had the name before is left as it was. A writer
    that is killed leaves the temporary file, which a later export into the folder removes.

    Parameters
    ----------
    path
        The name that the file is to have; its folder is made if needed.
    overwrite
        Whether a file that has that name is to be replaced.

    Raises
    ------
    TargetExistsError
        If there is something of that name, and it is not to be replaced. (A `FileExistsError`.)

    Examples
    --------
    >>> from pathlib import Path
    >>> with whole_file("out/a.txt") as temporary:
    ...     _ = Path(temporary).write_text("whole")
    >>> Path("out/a.txt").read_text()
    'whole'
    """
    path = os.path.abspath(path)
    folder = prepare_folder(os.path.dirname(path))
    refuse_existing(path, overwrite=overwrite)
    clear_leftovers(folder)
    # Not locked, as what `open_new` writes is: HDF5 takes that very lock itself.
    temporary = _temporary(path)
    os.close(os.open(temporary, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o666))
    try:
        yield temporary
        _sync_one(temporary)
        refuse_existing(path, overwrite=overwrite)  # somebody else may have been quicker
        os.replace(temporary, path)
    except BaseException:
        with contextlib.suppress(FileNotFoundError):
            os.unlink(temporary)
        raise


@contextlib.contextmanager
def whole_folder(path: str, *, overwrite: bool = False) -> Iterator[str]:
    """Give the path of a temporary folder, which gets its name when all in it is there.

    Parameters
    ----------
    path
        The name that the folder is to have. An empty folder of that name is taken.
    overwrite
        Whether a folder that has that name is to be replaced, with all that is in it.

    Raises
    ------
    TargetExistsError
        If there is something of that name, and it is not to be replaced. (A `FileExistsError`.)

    Examples
    --------
    >>> from pathlib import Path
    >>> with whole_folder("out/run") as temporary:
    ...     _ = Path(temporary, "a.txt").write_text("whole")
    >>> os.listdir("out/run")
    ['a.txt']
    """
    path = os.path.abspath(path)
    prepare_folder(os.path.dirname(path))
    refuse_existing(path, overwrite=overwrite, folder=True)
    temporary = _temporary(path)
    os.mkdir(temporary)
    try:
        yield temporary
        _sync(temporary)
        refuse_existing(path, overwrite=overwrite, folder=True)
        _take_place(temporary, path)
    except BaseException:
        shutil.rmtree(temporary, ignore_errors=True)
        raise


def _temporary(path: str) -> str:
    folder, name = os.path.split(path)
    return os.path.join(folder, f".{name[:100]}.{secrets.token_hex(8)}.partial")


def _sync(folder: str) -> None:
    for parent, _, names in os.walk(folder):
        for name in (*names, "."):
            _sync_one(os.path.join(parent, name))


def _sync_one(path: str) -> None:
    with contextlib.suppress(OSError):  # of a folder, where the file system cannot
        descriptor = os.open(path, os.O_RDONLY)
        try:
            os.fsync(descriptor)
        finally:
            os.close(descriptor)


def _take_place(temporary: str, path: str) -> None:
    """Rename a folder; one that had the name goes away when the new one has it."""
    if not os.path.isdir(path) or not os.listdir(path):
        os.replace(temporary, path)
        return
    old = f"{temporary}.old"
    os.rename(path, old)
    try:
        os.rename(temporary, path)
    except OSError:
        os.rename(old, path)
        raise
    shutil.rmtree(old, ignore_errors=True)
