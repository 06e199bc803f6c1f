"""Writing copies of runs into a folder: names, whole files or none, and what earlier ones left."""

from __future__ import annotations

import contextlib
import fcntl
import hashlib
import os
import re
import secrets
import shutil
import threading
import time
from collections.abc import Iterator
from typing import BinaryIO, Self

from ..core.errors import PenstockError, TargetExistsError, TooLargeError

__all__ = [
    "EarlySync",
    "check_space",
    "clear_leftovers",
    "copy_name",
    "find_copy",
    "open_new",
    "refuse_existing",
]

_PLAIN_NAME = re.compile(r"[A-Za-z0-9_][A-Za-z0-9_.=-]{0,99}")
_PLAIN_FILE_NAME = re.compile(r"[^/\0\ud800-\udfff]+")
"""What another exporter may have called a file by: a name that the file system can have."""
_LEFTOVER = re.compile(r"\..+\.[0-9a-f]{16}\.partial")
_EARLY_BYTES = 16 * 2**20
_SWEEP_SECONDS = 60.0
_LATELY_SECONDS = 600.0
_ATTEMPTS = 100
_MOST_RESERVED = 64 * 2**20
_RESERVED_SHARE = 100
"""One part in so many of a file system is left free, at most: others write there, too."""

_last_swept: dict[str, float] = {}


def copy_name(uid: str, suffix: str) -> str:
    """Return the name of a run's copy: its uid where that is a plain name, else a digest of it.

    Documents come from anywhere: a uid such as ``../x`` must not name a file elsewhere.

    Examples
    --------
    >>> copy_name("6f2a-77", ".msgpack")
    '6f2a-77.msgpack'
    >>> copy_name("../x", ".msgpack")
    'run-cb30934183596b27f3dd6063109fb374.msgpack'
    """
    return uid + suffix if _PLAIN_NAME.fullmatch(uid) else _digest_name(uid, suffix)


def _digest_name(uid: str, suffix: str) -> str:
    digest = hashlib.blake2b(uid.encode("utf-8", "surrogatepass"), digest_size=16)
    return f"run-{digest.hexdigest()}{suffix}"


def find_copy(directory: str, uid: str, suffix: str) -> str:
    """Return the path of a run's copy in a folder: where there is none, the one it would have.

    suitcase makes names of uids as they are. Where it has written there already, that is the place.

    Examples
    --------
    >>> find_copy("/nowhere", "6f2a", ".msgpack")
    '/nowhere/6f2a.msgpack'
    """
    ours = copy_name(uid, suffix)
    names = [ours, _digest_name(uid, suffix)]
    if _PLAIN_FILE_NAME.fullmatch(uid) and len((uid + suffix).encode()) < 255:
        names.append(uid + suffix)
    there = (name for name in names if os.path.lexists(os.path.join(directory, name)))
    return os.path.join(directory, next(there, ours))


def refuse_existing(path: str, *, overwrite: bool, folder: bool = False) -> None:
    """Raise `TargetExistsError` unless a name is free, or what has it may be replaced.

    An empty folder is as good as none.

    Parameters
    ----------
    overwrite
        Whether it may be replaced: a file by a file, a folder by a folder.
    folder
        Whether a folder is to be written.

    Examples
    --------
    >>> refuse_existing("/nowhere", overwrite=False)
    """
    if not os.path.lexists(path):
        return
    alike = os.path.isdir(path) if folder else os.path.isfile(path)
    if alike and (overwrite or (folder and not os.listdir(path))):
        return
    raise TargetExistsError(
        "is there already" if alike else "is there, and is something else",
        where=path,
        remedy="Choose another name" + (", or replace it (overwrite)." if alike else "."),
    )


def check_space(directory: str, needed: int) -> None:
    """Raise `TooLargeError` where a folder's file system has no room for so many bytes.

    Examples
    --------
    >>> check_space("/", 0)
    """
    usage = shutil.disk_usage(directory)
    free = usage.free
    reserve = min(_MOST_RESERVED, usage.total // _RESERVED_SHARE)
    if needed and needed + reserve > free:
        raise TooLargeError(
            f"the copy takes {_in_units(needed)}, {_in_units(free)} are free, and "
            f"{_in_units(reserve)} are to stay so",
            where=directory,
            remedy="Make room, or copy to another disk.",
        )


def _in_units(size: int) -> str:
    """Return a number of bytes in the unit that suits it."""
    number, unit = float(size), "bytes"
    for larger in ("kB", "MB", "GB", "TB"):
        if number < 1000:
            break
        number, unit = number / 1000, larger
    return f"{number:.3g} {unit}" if number < 1000 else f"{number:.0f} {unit}"


class EarlySync:
    """Has the disk take what was written while more is being written: little is left to the end.

    Examples
    --------
    >>> import tempfile
    >>> with tempfile.TemporaryFile() as file, EarlySync(file) as early:
    ...     _ = file.write(b"much")
    ...     early.note()
    """

    def __init__(self, file: BinaryIO) -> None:
        self._file = file
        self._begun = 0
        self._thread: threading.Thread | None = None

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        if self._thread is not None:
            self._thread.join()

    def note(self) -> None:
        """Begin, if much was written since it began before, and that is done."""
        written = self._file.tell()
        if written - self._begun < _EARLY_BYTES or (self._thread and self._thread.is_alive()):
            return
        self._begun = written
        self._file.flush()
        self._thread = threading.Thread(target=_sync_quietly, args=(self._file.fileno(),))
        self._thread.start()


def _sync_quietly(descriptor: int) -> None:
    with contextlib.suppress(OSError):  # the last sync says what is wrong
        os.fdatasync(descriptor)


@contextlib.contextmanager
def open_new(path: str, *, durable: bool = True, private: bool = False) -> Iterator[BinaryIO]:
    """Open a file that gets its name, and replaces what had it, when it is whole and on the disk.

    Until then it lies beside it under a temporary name. A writer that is killed leaves that file,
    unlocked; `clear_leftovers` removes it.

    Parameters
    ----------
    durable
        Whether it is to outlast a loss of power.
    private
        Whether nobody but its owner may read it.

    Examples
    --------
    >>> import tempfile
    >>> with tempfile.TemporaryDirectory() as folder:
    ...     with open_new(f"{folder}/a.txt") as file:
    ...         _ = file.write(b"whole")
    ...     os.listdir(folder)
    ['a.txt']
    """
    folder, name = os.path.split(path)
    temporary, file = _open_temporary(folder, name, 0o600 if private else 0o666)
    try:
        with file:
            yield file
            file.flush()
            if durable:
                os.fsync(file.fileno())
            _rename(temporary, path)
    except BaseException:
        with contextlib.suppress(FileNotFoundError):
            os.unlink(temporary)
        raise
    if durable:
        _sync_folder(folder)


def _rename(temporary: str, path: str) -> None:
    try:
        os.replace(temporary, path)
    except FileNotFoundError as error:
        raise PenstockError(
            "the temporary file was removed, or its folder, while it was written",
            where=path,
            remedy="Write it again.",
        ) from error


def _open_temporary(folder: str, name: str, mode: int) -> tuple[str, BinaryIO]:
    """Create a file that is locked as long as its writer lives.

    Only who holds a file's lock removes it as a leftover. Until it is locked a new file looks like
    one: if another process has the lock, or has had it and removed the file, the name is lost and
    another one is taken. Once it is locked here, and still has its name, nobody removes it.
    """
    for _ in range(_ATTEMPTS):
        temporary = os.path.join(folder, f".{name}.{secrets.token_hex(8)}.partial")
        file = open(temporary, "xb", opener=lambda path, flags: os.open(path, flags, mode))  # noqa: SIM115 # the caller closes it
        if _lock(file) and os.fstat(file.fileno()).st_nlink:
            return temporary, file
        file.close()
    raise PenstockError("temporary files disappear", where=folder)


def _lock(file: BinaryIO) -> bool:
    """Lock a file; False if another process has locked it."""
    try:
        fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        return False
    except OSError:  # a file system without locks: nobody can have it, and leftovers stay
        return True
    return True


def _sync_folder(folder: str) -> None:
    """Make a new name outlast a loss of power, where the file system can."""
    with contextlib.suppress(OSError):  # a folder may be written into and not be opened
        descriptor = os.open(folder, os.O_RDONLY)
        try:
            os.fsync(descriptor)
        finally:
            os.close(descriptor)


def clear_leftovers(directory: str, *, now: bool = False) -> list[str]:
    """Remove the temporary files of writers that are gone, and return their names.

    A folder is looked through once a minute at most, unless it is to be done `now`.

    Examples
    --------
    >>> import tempfile
    >>> with tempfile.TemporaryDirectory() as folder:
    ...     path = f"{folder}/.a.msgpack.0123456789abcdef.partial"
    ...     open(path, "wb").close()
    ...     os.utime(path, (0, 0))  # of long ago
    ...     clear_leftovers(folder)
    ['.a.msgpack.0123456789abcdef.partial']
    """
    began = time.monotonic()
    if not now and began - _last_swept.get(directory, -_SWEEP_SECONDS) < _SWEEP_SECONDS:
        return []
    _last_swept[directory] = began
    try:
        with os.scandir(directory) as entries:
            names = [entry.name for entry in entries if _LEFTOVER.fullmatch(entry.name)]
    except OSError:  # a folder may be written into and not be listed
        return []
    return [name for name in names if _remove_unlocked(os.path.join(directory, name))]


def _remove_unlocked(path: str) -> bool:
    """Remove a file unless somebody holds its lock, or has written into it lately.

    Locks need not be seen from other machines; that something was written is.
    """
    try:
        descriptor = os.open(path, os.O_RDWR | os.O_NOFOLLOW)
    except OSError:  # gone already, or not ours to touch
        return False
    try:
        fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
        if time.time() - os.fstat(descriptor).st_mtime < _LATELY_SECONDS:
            return False
        os.unlink(path)
    except OSError:
        return False
    finally:
        os.close(descriptor)
    return True
