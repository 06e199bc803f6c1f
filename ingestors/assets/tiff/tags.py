"""Values of some tags of a TIFF page, read where they lie, without a parse of the page.

After "TIFF Revision 6.0" (Adobe, 1992) and the BigTIFF design (libtiff).
"""

from __future__ import annotations

import struct
from collections.abc import Collection
from functools import lru_cache
from typing import Any

from .bytes import Source
from .pages import Header

__all__ = ["LONGEST_VALUE", "LONGEST_VALUES", "read_tags", "tag_text"]

LONGEST_VALUE = 4 * 2**20
"""Bytes of a value: longer ones are left out."""
LONGEST_VALUES = 16 * 2**20
"""Of all values of a page together: what comes after is left out."""
_MOST_ENTRIES = 4096
_SHORT = 256
_FORMS = {1: "B", 2: "s", 3: "H", 4: "I", 6: "b", 7: "s", 8: "h", 9: "i", 11: "f", 12: "d"}
_FORMS |= {13: "I", 16: "Q", 17: "q", 18: "Q"}
_RATIOS = {5: "I", 10: "i"}
_BYTES = frozenset({1, 7})


def read_tags(
    source: Source, header: Header, offset: int, codes: Collection[int]
) -> dict[int, Any]:
    """Return the values of those of some tags that the page described at `offset` has.

    They are as tifffile gives them: ASCII a str without the NULs at its end; BYTE and UNDEFINED
    bytes; numbers a number, or a tuple of several; a ratio two numbers. What is longer than
    `LONGEST_VALUE`, of an unknown type or cut off is left out.

    Raises
    ------
    ValueError
        If no page is described there.

    Examples
    --------
    >>> import numpy as np, tifffile
    >>> from penstock.ingestors.assets.tiff.bytes import open_file
    >>> from penstock.ingestors.assets.tiff.pages import read_header
    >>> tifffile.imwrite("t.tif", np.zeros((4, 6), "u2"), software="camera 1")
    >>> with open_file("t.tif") as descriptor:
    ...     source = Source(descriptor)
    ...     header = read_header(source)
    ...     read_tags(source, header, header.first, {256, 305})
    {256: 6, 305: 'camera 1'}
    """
    order = header.order
    raw = source.read(offset, header.count_size)
    count = int.from_bytes(raw, "little" if order == "<" else "big")
    if not 0 < count <= _MOST_ENTRIES:
        raise ValueError(f"no page is described at {offset}")
    raw = source.read(offset + header.count_size, count * header.entry_size)
    if len(raw) < count * header.entry_size:
        raise ValueError("the file ends within the description of a page")
    form = struct.Struct(order + ("HHQ8s" if header.big else "HHI4s"))
    found: dict[int, Any] = {}
    left = LONGEST_VALUES
    for code, kind, length, inline in form.iter_unpack(raw):
        value_form = _form_of(header, kind, length) if code in codes else None
        if value_form is None or value_form.size > min(left, LONGEST_VALUE):
            continue
        left -= value_form.size
        value = _read_value(source, header, kind, length, inline, value_form)
        if value is not None:
            found[code] = value
    return found


def _form_of(header: Header, kind: int, length: int) -> struct.Struct | None:
    letter, values = (_RATIOS[kind], 2 * length) if kind in _RATIOS else (_FORMS.get(kind), length)
    if letter is None or not 0 < length <= LONGEST_VALUE:
        return None
    return struct.Struct(f"{header.order}{values}{letter}")


def _read_value(
    source: Source, header: Header, kind: int, length: int, inline: bytes, form: struct.Struct
) -> Any:
    if form.size <= len(inline):
        raw = inline[: form.size]
    else:
        raw = source.read(header.pointer.unpack(inline)[0], form.size)
        if len(raw) < form.size:
            return None
    if kind == 2:
        return tag_text(raw) if len(raw) > _SHORT else _short_text(raw)
    if kind in _BYTES:
        return raw
    numbers = form.unpack(raw)
    return numbers[0] if len(numbers) == 1 else numbers


@lru_cache(maxsize=4096)
def _short_text(raw: bytes) -> str:
    """Return the same object for what stands in the headers of thousands of frames alike."""
    return tag_text(raw)


def tag_text(raw: bytes) -> str:
    r"""Return the text of a tag, which should be ASCII, and is often UTF-8 or Latin-1.

    Examples
    --------
    >>> tag_text(b"caf\xe9\0"), tag_text("5 µm".encode())
    ('café', '5 µm')
    """
    raw = raw.rstrip(b"\0")
    try:
        return raw.decode("utf-8")
    except UnicodeDecodeError:
        return raw.decode("latin-1")
