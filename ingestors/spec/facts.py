"""What a SPEC file records about its scans, found without parsing their values."""

from __future__ import annotations

import datetime
import re
from collections.abc import Iterator
from dataclasses import dataclass

from ...core.places.recalling import real_path
from ..times import configured_zone, parse_time
from .index import MOST_BYTES, ScanPlace, SpecIndex, decoded, index_file, read_bytes
from .lines import split_lines
from .zones import file_zone

__all__ = ["ScanFacts", "scans"]

_DATE = re.compile(rb"\n#D[ \t]+([^\r\n]*)")
_ROW = re.compile(rb"\n[ \t]*[^#@\s]")
_BLOCK = 2**20
_SPECTRA = re.compile(rb"\n@(?:[^\n]*\\\r?\n)*[^\n]*")


@dataclass(frozen=True)
class ScanFacts:
    """What tells which images belong to a scan."""

    number: int
    points: int | None
    """How many rows there are; how long each is was not looked at. None where a scan is `too_large`
    to be counted."""
    date: str
    """As it stands behind ``#D``: local time, no zone."""
    time: float | None
    """When it began, seconds since 1970-01-01 UTC; None where the file does not tell."""
    command: str
    too_large: str = ""
    """Why it cannot be ingested, if so: how much it takes."""


def scans(path: str) -> dict[str, ScanFacts]:
    r"""Return the number of points, the date and the command of each scan, by ``"number.order"``.

    Examples
    --------
    >>> import pathlib, tempfile
    >>> path = pathlib.Path(tempfile.mkdtemp(), "day1")
    >>> _ = path.write_text("#F day1\n#S 1 ct 1\n#D Sat Nov 14 15:03:25 2015\n#L a  b\n1 2\n")
    >>> scans(str(path))["1.1"]
    ScanFacts(number=1, points=1, date='Sat Nov 14 15:03:25 2015', time=..., command='ct 1', ...)
    """
    index = index_file(real_path(path))
    zones = {
        header: file_zone(split_lines(_beginning(index.path, *header))) or configured_zone()
        for header in {place.header for place in index.scans.values()}
        if header is not None
    }
    return {
        name: _look_at(index, place, zones[place.header] if place.header else configured_zone())
        for name, place in index.scans.items()
    }


def _look_at(index: SpecIndex, place: ScanPlace, zone: datetime.tzinfo | None) -> ScanFacts:
    match = _DATE.search(_beginning(index.path, place.begin, place.end))
    date = "" if match is None else decoded(match[1]).strip()
    time = parse_time(date, zone)
    header = place.header or (0, 0)
    size = max(place.end - place.begin, header[1] - header[0])
    return ScanFacts(
        place.number,
        _count_rows(index.path, place) if size <= MOST_BYTES else None,
        date,
        None if time is None else time[0],
        place.command,
        f"it takes {size / 2**20:.0f} MiB" if size > MOST_BYTES else "",
    )


def _beginning(path: str, begin: int, end: int) -> bytes:
    """Return the first lines of a block: what is said of a scan stands above its points."""
    return read_bytes(path, begin, min(end, begin + _BLOCK))


def _count_rows(path: str, place: ScanPlace) -> int:
    count, is_spectrum_open = 0, False
    for piece in _pieces(path, place.begin, place.end):
        rows = piece
        if is_spectrum_open:
            piece = rows = b"\n@" + piece[1:]  # the line that goes on with it
        if b"\n@" in piece:
            last = 0
            for match in _SPECTRA.finditer(piece):
                last = match.end()
            is_spectrum_open = last == len(piece) and piece.endswith((b"\\", b"\\\r"))
            rows = _SPECTRA.sub(b"", piece)
        count += sum(1 for _ in _ROW.finditer(rows))
    return count


def _pieces(path: str, begin: int, end: int) -> Iterator[bytes]:
    """Yield a block in pieces of whole lines, each with the line end in front of it."""
    kept = b""
    while begin < end:
        read = read_bytes(path, begin, min(end, begin + _BLOCK))
        if not read:
            break
        begin += len(read)
        data = kept + read
        cut = data.rfind(b"\n")
        if cut > 0:
            yield data[:cut]
        kept = data[max(cut, 0) :]
    yield kept
