"""What decides where a TIFF page's pixels lie, and finding it again in other pages and files.

The pages of a series or stack are alike: the bytes that describe them (the *image file directory*,
IFD) differ in the place of the pixels and in what is written about them (description, date,
attributes). A `PageTemplate` is one page's IFD with those parts masked: a page that equals it needs
no parse of its own. Everything else is left to tifffile.

After "TIFF Revision 6.0" (Adobe, 1992) and the BigTIFF design (libtiff).
"""

from __future__ import annotations

import math
import struct
from dataclasses import dataclass
from typing import Any

import numpy as np
import tifffile

from .bytes import Source

__all__ = ["Header", "PageKind", "PageTemplate", "read_header", "starts_like_tiff"]

OFFSET_TAGS = frozenset({273, 324})
COUNT_TAGS = frozenset({279, 325})
LAYOUT_TAGS = frozenset(
    {
        # size, bits, compression, photometric, fill order
        *(255, 256, 257, 258, 259, 262, 266),
        # samples, rows per strip, planar configuration, CCITT options, predictor
        *(277, 278, 284, 292, 293, 317),
        # tiles, extra samples, sample format, JPEG tables and old-style JPEG, YCbCr
        *(322, 323, 338, 339, 347, *range(512, 522), 530),
        # depth of image and tile, MetaMorph planes, Zeiss LSM, GDAL's missing value
        *(32997, 32998, 33628, 33629, 34412, 42113),
        *OFFSET_TAGS,
        *COUNT_TAGS,
    }
)
"""Tags that decide where and how pixels lie; all others only describe the image."""

_SIZES = {1: 1, 2: 1, 3: 2, 4: 4, 5: 8, 6: 1, 7: 1, 8: 2, 9: 4, 10: 8, 11: 4, 12: 8, 13: 4}
_SIZES |= {16: 8, 17: 8, 18: 8}
_INTEGERS = {1: "B", 3: "H", 4: "I", 13: "I", 16: "Q", 18: "Q"}


@dataclass(frozen=True)
class Header:
    """How a TIFF file is written, and where its first page is described."""

    order: str
    """``"<"`` or ``">"``."""
    big: bool
    """BigTIFF: offsets have 64 bits."""
    first: int
    """Offset of the first IFD."""

    @property
    def count_size(self) -> int:
        """Bytes of an IFD's number of entries."""
        return 8 if self.big else 2

    @property
    def entry_size(self) -> int:
        """Bytes of one entry of an IFD."""
        return 20 if self.big else 12

    @property
    def pointer(self) -> struct.Struct:
        """How an offset in the file is stored."""
        return _POINTERS[self.order, self.big]


_POINTERS = {
    (order, big): struct.Struct(order + ("Q" if big else "I"))
    for order in "<>"
    for big in (False, True)
}
_HEADERS = {
    b"II*\0": ("<", False, 4),
    b"MM\0*": (">", False, 4),
    b"II+\0": ("<", True, 8),
    b"MM\0+": (">", True, 8),
}


def starts_like_tiff(head: bytes) -> bool:
    """Tell whether a file that begins with these bytes may be a TIFF file, be it cut short.

    Examples
    --------
    >>> [starts_like_tiff(head) for head in (b"II*", b"MM", b"", b"II, a text")]
    [True, True, True, False]
    """
    return any(known.startswith(head[:4]) for known in _HEADERS)


def read_header(source: Source) -> Header | None:
    """Return the header of a TIFF file; None if it is none (or none that follows the rules)."""
    raw = source.read(0, 16)
    known = _HEADERS.get(raw[:4])
    if known is None:
        return None
    order, big, at = known
    pointer = _POINTERS[order, big]
    if len(raw) < at + pointer.size:
        return None
    return Header(order, big, pointer.unpack_from(raw, at)[0])


@dataclass(frozen=True)
class PageKind:
    """What is the same in pages that are alike."""

    shape: tuple[int, ...]
    dtype: np.dtype[Any]
    """As stored, with its byte order."""
    axes: str
    """One letter an axis, as tifffile has them: ``YX``, ``YXS``, ``SYX``, ``ZYX``."""
    plain: bool
    """Whether the pixels lie in the file as they are in memory, uncompressed and in one piece."""

    @property
    def nbytes(self) -> int:
        """Bytes of one page in memory."""
        return math.prod(self.shape) * self.dtype.itemsize

    @property
    def native(self) -> np.dtype[Any]:
        """The dtype in this machine's byte order."""
        return self.dtype.newbyteorder("=")

    @classmethod
    def of(cls, page: tifffile.TiffPage, order: str) -> PageKind | None:
        """Return the kind of a page that tifffile has parsed; None if it has no pixels."""
        if page.dtype is None or not page.shape or 0 in page.shape or not page.dataoffsets:
            return None
        plain = bool(page.is_final) and int(page.dataoffsets[0]) > 0
        return cls(
            tuple(int(size) for size in page.shape),
            page.dtype.newbyteorder(order),  # type: ignore[arg-type]  # "<" or ">"
            str(page.axes),
            plain,
        )


@dataclass(frozen=True)
class _Entry:
    """One entry of an IFD that decides about the layout."""

    code: int
    kind: int
    count: int
    at: int
    """Where its value, or the pointer to it, stands in the IFD."""

    @property
    def nbytes(self) -> int:
        return self.count * _SIZES.get(self.kind, 1)


class PageTemplate:
    """One page's IFD with everything masked that says nothing of the layout of its pixels.

    Parameters
    ----------
    header
        Of the file.
    source
        The file.
    offset
        Where the IFD lies.
    kind
        What tifffile found there.

    Raises
    ------
    ValueError
        If the IFD does not follow the rules.
    """

    def __init__(self, header: Header, source: Source, offset: int, kind: PageKind) -> None:
        self.kind = kind
        self.order, self.big = header.order, header.big
        self._pointer = header.pointer
        raw = _read_ifd(header, source, offset)
        self.length = len(raw)
        mask = bytearray(b"\xff" * self.length)
        mask[-self._pointer.size :] = bytes(self._pointer.size)  # where the next page is described
        self._arrays: list[tuple[int, bytes]] = []
        self._places: _Entry | None = None
        for entry, entry_at in _entries(header, raw):
            value_end = entry.at + self._pointer.size
            if entry.code not in LAYOUT_TAGS:
                mask[entry_at + 2 : value_end] = bytes(value_end - entry_at - 2)
            elif entry.code in OFFSET_TAGS or (entry.code in COUNT_TAGS and not kind.plain):
                mask[entry.at : value_end] = bytes(self._pointer.size)
                if entry.code in OFFSET_TAGS and kind.plain:
                    self._places = entry
            elif entry.nbytes > self._pointer.size:
                mask[entry.at : value_end] = bytes(self._pointer.size)
                self._arrays.append((entry.at, self._array(source, raw, entry.at, entry.nbytes)))
        self._mask = int.from_bytes(mask, "little")
        self._expected = int.from_bytes(raw, "little") & self._mask
        self._steps: np.ndarray[Any, Any] | None = None
        if kind.plain:
            if self._places is None or self._places.kind not in _INTEGERS:
                raise ValueError("no offsets of strips or tiles")
            if self._places.count > 1:
                places = self._place_values(source, raw, self._places)
                self._steps = places - places[0]

    def fits(self, header: Header) -> bool:
        """Whether pages of a file with that header can equal this one."""
        return header.order == self.order and header.big == self.big

    def find(self, source: Source, offset: int) -> tuple[int, int] | None:
        """Compare the IFD at `offset`.

        Returns
        -------
        pixels, following
            Offsets of the page's pixels (-1 where they must be decoded) and of the next IFD (0 if
            none); None if the page is not like this one.
        """
        raw = source.read(offset, self.length)
        if (
            len(raw) != self.length
            or int.from_bytes(raw, "little") & self._mask != self._expected
            or any(self._array(source, raw, at, len(array)) != array for at, array in self._arrays)
        ):
            return None
        following = self._pointer.unpack_from(raw, self.length - self._pointer.size)[0]
        if self._places is None:
            return -1, following
        if self._steps is None:
            first = struct.unpack_from(
                self.order + _INTEGERS[self._places.kind], raw, self._places.at
            )[0]
        else:
            places = self._place_values(source, raw, self._places)
            if len(places) != len(self._steps) or np.any(places - places[0] != self._steps):
                return None
            first = int(places[0])
        return (first, following) if first > 0 else None

    def _array(self, source: Source, raw: bytes, at: int, nbytes: int) -> bytes:
        return source.read(self._pointer.unpack_from(raw, at)[0], nbytes)

    def _place_values(
        self, source: Source, raw: bytes, entry: _Entry
    ) -> np.ndarray[Any, np.dtype[np.int64]]:
        if entry.nbytes > self._pointer.size:
            data = self._array(source, raw, entry.at, entry.nbytes)
        else:
            data = raw[entry.at : entry.at + entry.nbytes]
        dtype = np.dtype(self.order + _INTEGERS[entry.kind])
        return np.frombuffer(data, dtype, len(data) // dtype.itemsize).astype(np.int64)


def _read_ifd(header: Header, source: Source, offset: int) -> bytes:
    raw = source.read(offset, header.count_size)
    if len(raw) < header.count_size:
        raise ValueError("the file ends before the IFD")
    count = int.from_bytes(raw, "little" if header.order == "<" else "big")
    if not 0 < count <= 4096:
        raise ValueError(f"an IFD of {count} entries")
    length = header.count_size + count * header.entry_size + header.pointer.size
    raw = source.read(offset, length)
    if len(raw) < length:
        raise ValueError("the file ends within the IFD")
    return raw


def _entries(header: Header, raw: bytes) -> list[tuple[_Entry, int]]:
    form = struct.Struct(header.order + ("HHQ" if header.big else "HHI"))
    stop = len(raw) - header.pointer.size
    found = []
    for at in range(header.count_size, stop, header.entry_size):
        code, kind, count = form.unpack_from(raw, at)
        found.append((_Entry(code, kind, count, at + form.size), at))
    return found
