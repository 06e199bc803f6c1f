"""Where the scans of a SPEC file lie: found by their first lines, nothing else is parsed.

After "Standard Data File Format" in the manual of SPEC: a block of lines for the file (``#F``) and
one for each scan (``#S``), appended as they were taken. A file that was opened again has further
blocks for the file; each is about the scans behind it.
"""

from __future__ import annotations

import os
import re
import stat
from collections.abc import Iterator
from dataclasses import dataclass
from functools import lru_cache

from ...core.errors import (
    AmbiguousDataError,
    AssetError,
    MissingFileError,
    NoDataError,
    TooLargeError,
    UnsupportedFileError,
)
from ...core.places.open_files import open_once

__all__ = [
    "MOST_BYTES",
    "ScanPlace",
    "SpecIndex",
    "decoded",
    "find_scan",
    "index_file",
    "read_bytes",
]

MOST_BYTES = 256 * 2**20
"""Of one scan: it is parsed as a whole."""

_BLOCK = 8 * 2**20
_MOST_SCANS = 1_000_000
_LINE = re.compile(rb"\n#(?:S[ \t]+(\d{1,15})(?!\d)([^\n]*)|F[ \t])")


@dataclass(frozen=True)
class ScanPlace:
    """Where one scan lies in its file.

    Examples
    --------
    >>> ScanPlace(5, 2, "ascan th 0 1 10 1", 100, 900, (0, 100)).name
    '5.2'
    """

    number: int
    """As the file has it."""
    order: int
    """Which of the scans with this number, from 1."""
    command: str
    """What was typed to take it."""
    begin: int
    end: int
    header: tuple[int, int] | None
    """Where the block for the file lies that is about this scan."""

    @property
    def name(self) -> str:
        """Number and order, which stay as they are when more is appended."""
        return f"{self.number}.{self.order}"


@dataclass(frozen=True)
class SpecIndex:
    """The scans of a file, in its order."""

    path: str
    scans: dict[str, ScanPlace]
    mtime: float


def index_file(path: str) -> SpecIndex:
    r"""Find the scans of a file.

    Raises
    ------
    NoDataError
        If there is none.
    UnsupportedFileError, AssetError, MissingFileError
        If it is no text of lines, or cannot be opened.

    Examples
    --------
    >>> import pathlib, tempfile
    >>> path = pathlib.Path(tempfile.mkdtemp(), "day1")
    >>> _ = path.write_text("#F day1\n#S 1 ct 1\n#S 2 ct 1\n#S 2 ct 1\n")
    >>> list(index_file(str(path)).scans)
    ['1.1', '2.1', '2.2']
    """
    try:
        with open_once(path) as descriptor:
            status = os.fstat(descriptor)
            if not stat.S_ISREG(status.st_mode):
                raise UnsupportedFileError("is no regular file", where=path)
            # Each run of a file is a call of its own, and the file the same for all.
            return _index(path, status.st_size, status.st_mtime_ns, status.st_ino)
    except FileNotFoundError as error:
        if isinstance(error, MissingFileError):
            raise
        raise MissingFileError("no such file", where=path, remedy="Check the path.") from None
    except OSError as error:
        if isinstance(error, AssetError):
            raise
        reason = error.strerror or str(error)
        raise AssetError(f"cannot be read: {reason}", where=path) from error


@lru_cache(maxsize=8)
def _index(path: str, size: int, mtime_ns: int, inode: int) -> SpecIndex:
    del inode  # part of what tells one file from the next
    found: list[tuple[int, int, str]] = []
    headers: list[int] = []
    marks: list[int] = []
    for offset, match in _first_lines(path, size):
        begin = offset + match.start() + 1
        marks.append(begin)
        if match[1] is None:
            headers.append(begin)
            continue
        found.append((begin, int(match[1]), decoded(match[2]).strip()))
        if len(found) > _MOST_SCANS:
            raise UnsupportedFileError(f"holds more than {_MOST_SCANS} scans", where=path)
    if not found:
        raise NoDataError(
            "holds no scan (no line that starts with #S and a number)",
            where=path,
            remedy="Wait until the first scan has begun, or check that it is a SPEC file.",
        )
    ends = dict(zip(marks, [*marks[1:], size], strict=True))
    return SpecIndex(path, _named(found, headers, ends), mtime_ns / 1e9)


def _named(
    found: list[tuple[int, int, str]], headers: list[int], ends: dict[int, int]
) -> dict[str, ScanPlace]:
    scans: dict[str, ScanPlace] = {}
    times: dict[int, int] = {}
    waiting = iter([*headers, None])
    upcoming, header = next(waiting), None
    for begin, number, command in found:
        while upcoming is not None and upcoming < begin:
            header, upcoming = (upcoming, ends[upcoming]), next(waiting)
        times[number] = times.get(number, 0) + 1
        place = ScanPlace(number, times[number], command, begin, ends[begin], header)
        scans[place.name] = place
    return scans


def _first_lines(path: str, size: int) -> Iterator[tuple[int, re.Match[bytes]]]:
    """Yield the first lines of all blocks, each with the offset of the bytes it was found in."""
    with open_once(path) as descriptor:
        offset, kept = -1, b"\n"  # every line begins behind a line end, the first one too
        position = 0
        while position < size:
            block = os.pread(descriptor, min(_BLOCK, size - position), position)
            if not block:
                break
            position += len(block)
            data = kept + block
            cut = len(data) if position >= size else data.rfind(b"\n")
            if cut <= 0 and len(data) > 2 * _BLOCK:
                raise UnsupportedFileError(
                    f"has a line of more than {_BLOCK} bytes", where=path, remedy="Is it text?"
                )
            for match in _LINE.finditer(data, 0, max(cut, 0)):
                yield offset, match
            if cut > 0:
                offset, kept = offset + cut, data[cut:]
            else:
                kept = data


def find_scan(index: SpecIndex, scan: str | int | None) -> ScanPlace:
    r"""Return the scan that is asked for: by number and order (``"5.2"``), or by number alone.

    Raises
    ------
    NoDataError
        If it is not there.
    AmbiguousDataError
        If there are several such.

    Examples
    --------
    >>> import pathlib, tempfile
    >>> path = pathlib.Path(tempfile.mkdtemp(), "day1")
    >>> _ = path.write_text("#F day1\n#S 1 ct 1\n")
    >>> find_scan(index_file(str(path)), 1).name
    '1.1'
    """
    asked = None if scan is None else str(scan)
    if asked in index.scans:
        return index.scans[asked]
    fitting = [
        place for place in index.scans.values() if asked is None or str(place.number) == asked
    ]
    if len(fitting) == 1:
        return fitting[0]
    names = list(index.scans) if asked is None or not fitting else [p.name for p in fitting]
    told = ", ".join(names[:10]) + (f", … ({len(names)} in all)" if len(names) > 10 else "")
    if fitting:
        raise AmbiguousDataError(
            f"holds several scans{'' if asked is None else f' with the number {asked}'}: {told}",
            where=index.path,
            remedy=f"Choose one with scan={names[0]!r}.",
        )
    raise NoDataError(f"holds no scan {asked}", where=index.path, remedy=f"It holds {told}.")


def read_bytes(path: str, begin: int, end: int) -> bytes:
    """Return a piece of a file, as far as it is there.

    Raises
    ------
    TooLargeError
        If it is larger than `MOST_BYTES`.
    AssetError
        If the file cannot be read.

    Examples
    --------
    >>> read_bytes(__file__, 0, 3)
    b'\"\"\"'
    """
    if end - begin > MOST_BYTES:
        raise TooLargeError(
            f"a scan takes {(end - begin) / 2**20:.0f} MiB, and {MOST_BYTES // 2**20} are read",
            where=path,
            remedy="Split the file, or keep spectra in files of their own.",
        )
    try:
        with open_once(path) as descriptor:
            pieces, position = [], begin
            while position < end:
                piece = os.pread(descriptor, end - position, position)
                if not piece:
                    break
                pieces.append(piece)
                position += len(piece)
            return b"".join(pieces)
    except OSError as error:
        reason = error.strerror or str(error)
        raise AssetError(f"cannot be read: {reason}", where=path) from error


def decoded(raw: bytes) -> str:
    r"""Return text that is UTF-8, or else the Latin-1 of older programs.

    Examples
    --------
    >>> decoded("µm".encode()), decoded(b"\xb5m")
    ('µm', 'µm')
    """
    try:
        return raw.decode()
    except UnicodeDecodeError:
        return raw.decode("latin-1")
