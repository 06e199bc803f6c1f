"""Finding the items of a msgpack file without reading what is large in them.

A walk reads the headers of values, checks every declared length against the size of the file, and
steps over large payloads. Only what it has found whole, shallow and small is decoded afterwards.

A list or a map takes one byte in a file and 64 or more in memory: they are counted, in all
documents together. So a file cannot make its reader allocate more than some 300 MB for lists and
empty maps, or 600 MB for others, and a few times the bytes that it has; small texts and numbers
take up to 25 times their own bytes. `benchmarks/hostile.py` measures it.
"""

from __future__ import annotations

import os
from collections.abc import Iterator
from dataclasses import dataclass

from ...core.documents.normalising import MAX_DEPTH
from ...core.errors import TruncatedFileError, UnsupportedFileError
from .._limits import ANY, BYTES_A_CONTAINER, CONTAINERS, DEPTH, MAP, SMALL_ARRAY, START, Limits
from .._mark import DOCUMENT_NAMES

__all__ = ["Item", "Payload", "limits_at", "walk_items"]

_WINDOW = 4 * 1024
_LARGEST_WINDOW = 1024 * 1024
_STRETCH = 256
"""Elements of one kind that are stepped over at once."""


@dataclass(frozen=True)
class Payload:
    """Bytes of a ``bin`` value that are left in the file."""

    header: int
    """Where the value begins."""
    offset: int
    """Where its bytes begin."""
    size: int


@dataclass(frozen=True)
class Item:
    """One value at the top of a file."""

    start: int
    stop: int
    payloads: tuple[Payload, ...]


def _fixed_sizes() -> list[int]:
    """Sizes of values by their first byte; 0 where it alone does not tell, or has no size."""
    sizes = [0] * 256
    for first in [*range(0x80), *range(0xE0, 0x100), 0xC0, 0xC2, 0xC3]:
        sizes[first] = 1
    for first in range(0xA0, 0xC0):
        sizes[first] = 1 + (first & 0x1F)
    sizes[0xCA] = 5
    sizes[0xCB] = 9
    for power in range(4):
        sizes[0xCC + power] = sizes[0xD0 + power] = 1 + 2**power
    return sizes


_HEADS = tuple(bytes([0x92, 0xA0 + len(name)]) + name.encode() for name in DOCUMENT_NAMES)
"""How the items of a copy begin: a list of two, the first of them a name."""
_LONGEST_HEAD = max(map(len, _HEADS))

_FIXED = _fixed_sizes()
_TEXT = {0xD9: 1, 0xDA: 2, 0xDB: 4}
_BYTES = {0xC4: 1, 0xC5: 2, 0xC6: 4}
_LISTS = {0xDC: 2, 0xDD: 4}
_MAPS = {0xDE: 2, 0xDF: 4}


def limits_at(position: int) -> Limits:
    """Return how much may stand in the item that begins at a position: the first is a start.

    Examples
    --------
    >>> limits_at(0) == START
    True
    """
    return ANY if position else START


def walk_items(descriptor: int, path: str) -> Iterator[Item]:
    """Yield where the items of an open file lie.

    Raises
    ------
    TruncatedFileError
        If the file ends within an item; the items before it have been yielded.
    UnsupportedFileError
        If it is no msgpack, nests too deep, or holds too much besides arrays.

    Examples
    --------
    >>> import tempfile, msgpack
    >>> with tempfile.TemporaryFile() as file:
    ...     _ = file.write(msgpack.packb(["start", {"raw": bytes(5000)}]))
    ...     file.flush()
    ...     list(walk_items(file.fileno(), "here"))
    [Item(start=0, stop=5015, payloads=(Payload(header=12, offset=15, size=5000),))]
    """
    size = os.fstat(descriptor).st_size
    walker = _Walker(descriptor, path, size)
    position = 0
    while position < size:
        item = walker.walk(position)
        yield item
        position = item.stop


class _Walker:
    def __init__(self, descriptor: int, path: str, size: int) -> None:
        self.descriptor = descriptor
        self.path = path
        self.size = size
        self.base = 0
        self.window = b""
        self.containers = CONTAINERS + size // BYTES_A_CONTAINER
        """How many more there may be."""

    def walk(self, start: int) -> Item:
        """Step over one value."""
        self.payloads: list[Payload] = []
        self.large = 0
        limits = limits_at(start)
        values = 0
        open_counts: list[int] = []
        remaining = 1
        at = self._refill(start, start)
        self._check_name(at, start)
        while True:
            try:
                while remaining:
                    first = self.window[at]
                    size = _FIXED[first]
                    if size:
                        stretch = self._stretch(at, size, remaining) if remaining > 8 else 1
                        at += size * stretch
                        remaining -= stretch
                        continue
                    count, after = self._header(at, first)
                    if count is None:
                        stretch = self._texts(at, first, remaining)
                        if stretch:
                            at += stretch * (after - at)
                            remaining -= stretch
                        else:
                            at = after
                            remaining -= 1
                        continue
                    if len(open_counts) >= DEPTH:
                        raise self._unsupported(at, f"nests more than {MAX_DEPTH} deep")
                    if count > self.size - self.base - after:
                        raise self._truncated(start)
                    self._count_container(at, first, count)
                    values += count
                    if values > limits.values:
                        raise self._unsupported(at, f"it holds more than {limits.values} values")
                    open_counts.append(remaining - 1)
                    remaining, at = count, after
            except IndexError:
                # A header lies across the end of the window, or beyond it.
                at = self._refill(self.base + at, start)
                continue
            if not open_counts:
                break
            remaining = open_counts.pop()
        stop = self.base + at
        if stop > self.size:
            raise self._truncated(start)
        self._check_structure(start, stop)
        return Item(start, stop, tuple(self.payloads))

    def _count_container(self, at: int, first: int, count: int) -> None:
        is_map = first < 0x90 or first in _MAPS
        self.containers -= MAP if is_map and count else 1
        if self.containers < 0:
            raise self._unsupported(at, "it holds too many lists and maps")

    def _check_name(self, at: int, start: int) -> None:
        """Refuse at once what begins no document: a byte of junk may be an item of its own."""
        head = self.window[at : at + _LONGEST_HEAD]
        if not head.startswith(_HEADS):
            if any(known.startswith(head) for known in _HEADS):
                raise self._truncated(start)
            raise self._unsupported(at, "no document begins")

    def _refill(self, position: int, start: int) -> int:
        """Read on from a position; return where in the window that is."""
        if position >= self.size:
            raise self._truncated(start)
        self._check_structure(start, position)
        at = position - self.base
        if at >= 0 and len(self.window) - at >= 64:
            return at
        # What is read on and on has many small values; what is jumped to is a header.
        onwards = position - self.base <= len(self.window)
        wanted = min(_LARGEST_WINDOW, max(_WINDOW, 16 * len(self.window))) if onwards else _WINDOW
        window = os.pread(self.descriptor, wanted, position)
        if len(window) < min(64, self.size - position):
            raise self._truncated(start)  # it is being cut short right now
        if at == 0 and len(window) <= len(self.window):
            raise self._truncated(start)
        self.base, self.window = position, window
        return 0

    def _check_structure(self, start: int, position: int) -> None:
        limit = limits_at(start).size
        if position - start - self.large > limit:
            raise UnsupportedFileError(
                f"the document at byte {start} holds more than {limit >> 20} MiB beside its arrays",
                where=self.path,
            )

    def _header(self, at: int, first: int) -> tuple[int | None, int]:
        """Return how many values a container holds (None: it is none) and where they begin."""
        if first < 0x90:
            return 2 * (first & 0x0F), at + 1
        if first < 0xA0:
            return first & 0x0F, at + 1
        if first in _TEXT:
            size, after = self._length(at, _TEXT[first])
            return None, after + size
        if first in _BYTES:
            size, after = self._length(at, _BYTES[first])
            if size >= SMALL_ARRAY:
                offset = self.base + after
                self.payloads.append(Payload(self.base + at, offset, size))
                self.large += size
            return None, after + size
        if first in _LISTS:
            return self._length(at, _LISTS[first])
        if first in _MAPS:
            size, after = self._length(at, _MAPS[first])
            return 2 * size, after
        raise self._unsupported(at, f"byte 0x{first:02x} begins nothing that copies hold")

    def _length(self, at: int, width: int) -> tuple[int, int]:
        field = self.window[at + 1 : at + 1 + width]
        if len(field) < width:
            raise IndexError
        return int.from_bytes(field, "big"), at + 1 + width

    def _stretch(self, at: int, size: int, remaining: int) -> int:
        """Return how many of the next values begin with the same byte, and so are as long."""
        window = self.window
        first = window[at : at + 1]
        if window[at + size : at + size + 1] != first:
            return 1
        heads = window[at : at + size * min(remaining, _STRETCH) : size]
        return len(heads) - len(heads.lstrip(first))

    def _texts(self, at: int, first: int, remaining: int) -> int:
        """Return how many of the next values are texts of one length below 256; 0 if unknown."""
        if first != 0xD9 or remaining <= 8:
            return 0
        window = self.window
        size = 2 + window[at + 1]
        stop = at + size * min(remaining, _STRETCH)
        heads, lengths = window[at:stop:size], window[at + 1 : stop : size]
        alike = len(heads) - len(heads.lstrip(b"\xd9"))
        return min(alike, len(lengths) - len(lengths.lstrip(window[at + 1 : at + 2])))

    def _truncated(self, start: int) -> TruncatedFileError:
        return TruncatedFileError(
            f"ends at byte {self.size}, within the document that begins at byte {start}",
            where=self.path,
            remedy="Copy the run again.",
        )

    def _unsupported(self, at: int, what: str) -> UnsupportedFileError:
        return UnsupportedFileError(
            f"is no copy of a run: at byte {self.base + at}, {what}", where=self.path
        )
