"""The DateTime tags of all pages of a TIFF file, without parsing the pages."""

from __future__ import annotations

import struct

import numpy as np
from numpy.typing import NDArray

from ..assets.tiff.bytes import Source, open_file
from ..assets.tiff.pages import Header, read_header
from .metadata import TiffFacts, parse_datetime

__all__ = ["page_dates"]

DATE_TIME = 306
LONGEST = 64


def page_dates(facts: TiffFacts) -> NDArray[np.float64] | None:
    """Return the time of each page, seconds since 1970-01-01 UTC; None unless every page tells it.

    Examples
    --------
    >>> import tifffile
    >>> from penstock.ingestors.tiff.metadata import inspect_file
    >>> with tifffile.TiffWriter("dated.tif") as file:
    ...     for second in "12":
    ...         file.write(np.zeros((4, 6), "u2"), datetime=f"2020:01:02 03:04:0{second}")
    >>> np.diff(page_dates(inspect_file("dated.tif"))).tolist()
    [1.0]
    """
    ifds = facts.directory.ifds
    if len(np.unique(ifds)) < len(ifds):
        return None  # one page stands for many
    known: dict[bytes, float | None] = {}
    times = np.empty(len(ifds))
    with open_file(facts.path) as fd:
        source = Source(fd)
        header = read_header(source)
        if header is None:
            return None
        for number, offset in enumerate(ifds.tolist()):
            raw = _date_of(source, header, offset)
            if raw is None:
                return None
            if raw not in known:
                known[raw] = parse_datetime(raw.decode("latin-1").strip("\0 "))
            time = known[raw]
            if time is None:
                return None
            times[number] = time
    return times


def _date_of(source: Source, header: Header, offset: int) -> bytes | None:
    """Return the bytes of the DateTime tag of the page described at `offset`."""
    endian: str = "little" if header.order == "<" else "big"
    raw = source.read(offset, header.count_size)
    count = int.from_bytes(raw, endian)  # type: ignore[arg-type]  # one of the two words
    if not 0 < count <= 4096:
        return None
    raw = source.read(offset + header.count_size, count * header.entry_size)
    if len(raw) < count * header.entry_size:
        return None
    form = struct.Struct(header.order + ("HHQ" if header.big else "HHI"))
    for at in range(0, len(raw), header.entry_size):
        code, kind, length = form.unpack_from(raw, at)
        if code == DATE_TIME and kind == 2 and 8 < length <= LONGEST:
            (place,) = header.pointer.unpack_from(raw, at + form.size)
            return source.read(place, length)
    return None
