"""NDTiff data sets: stacks of TIFF, and an index that tells where each image lies.

After the NDTiff specification, versions 2 and 3 (github.com/micro-manager/NDTiffStorage).
"""

from __future__ import annotations

import json
import os
import struct
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from ...core.errors import UnsupportedFileError
from ..assets.tiff.bytes import open_file

__all__ = ["INDEX", "Entry", "Index", "read_index"]

INDEX = "NDTiff.index"
LARGEST_INDEX = 2**30
_LONGEST_NAME = 2**16
_NUMBERS = struct.Struct("<8I")
_LENGTH = struct.Struct("<I")


class Entry(NamedTuple):
    """One image."""

    point: Mapping[str, Any]
    """Its position by the names of axes."""
    file: str
    pixels: int
    """Where they begin in the file."""


@dataclass(frozen=True)
class Index:
    """All images that were written, in that order."""

    entries: tuple[Entry, ...]
    problem: str = ""
    """Why the index ends before its file does."""

    def pages(self) -> NDArray[np.int64]:
        """Return which page of its file each image is: files hold them in the order of pixels.

        Examples
        --------
        >>> Index((Entry({}, "a", 500), Entry({}, "b", 500), Entry({}, "a", 900))).pages().tolist()
        [0, 0, 1]
        """
        pages = np.zeros(len(self.entries), np.int64)
        rows: dict[str, list[int]] = {}
        for row, entry in enumerate(self.entries):
            rows.setdefault(entry.file, []).append(row)
        for of_file in rows.values():
            of_file.sort(key=lambda row: self.entries[row].pixels)
            pages[of_file] = np.arange(len(of_file))
        return pages

    def latest(self) -> list[int]:
        """Return the numbers of entries that stand: of one position, the one written last.

        Examples
        --------
        >>> Index((Entry({"z": 0}, "a", 9), Entry({"z": 0}, "a", 99))).latest()
        [1]
        """
        last = {
            json.dumps(entry.point, sort_keys=True): row for row, entry in enumerate(self.entries)
        }
        return sorted(last.values())


def read_index(folder: str) -> Index:
    """Read the index of a data set.

    Raises
    ------
    AssetError
        If it cannot be opened.
    UnsupportedFileError
        If it tells of no image.
    """
    path = os.path.join(folder, INDEX)
    with open_file(path) as descriptor:
        size = os.fstat(descriptor).st_size
        if size > LARGEST_INDEX:
            raise UnsupportedFileError(f"an index of {size} bytes is none", where=path)
        raw = b"".join(_pieces(descriptor, size))
    entries: list[Entry] = []
    problem = ""
    at = 0
    while at < len(raw):
        try:
            entry, at = _entry(raw, at)
        except (struct.error, ValueError, RecursionError):
            problem = f"the index cannot be read beyond image {len(entries)}"
            break
        entries.append(entry)
    if not entries:
        raise UnsupportedFileError("the index tells of no image", where=path)
    return Index(tuple(entries), problem)


def _pieces(descriptor: int, size: int) -> Iterator[bytes]:
    at = 0
    while at < size and (piece := os.pread(descriptor, min(size - at, 2**24), at)):
        yield piece
        at += len(piece)


def _entry(raw: bytes, at: int) -> tuple[Entry, int]:
    axes, at = _text(raw, at)
    name, at = _text(raw, at)
    numbers: Sequence[int] = _NUMBERS.unpack_from(raw, at)
    point = json.loads(axes)
    if not isinstance(point, dict):
        raise ValueError("axes that are none")
    return Entry(point, name, numbers[0]), at + _NUMBERS.size


def _text(raw: bytes, at: int) -> tuple[str, int]:
    (length,) = _LENGTH.unpack_from(raw, at)
    at += _LENGTH.size
    if length > _LONGEST_NAME or at + length > len(raw):
        raise ValueError("a text that ends behind the index")
    return raw[at : at + length].decode("utf-8", "replace"), at + length
