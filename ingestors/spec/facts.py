"""What a SPEC file records about its scans, found without parsing their values."""

from __future__ import annotations

import datetime
import re
from dataclasses import dataclass

from ...core.places.recalling import real_path
from ..times import configured_zone, parse_time
from .index import ScanPlace, SpecIndex, decoded, index_file, read_bytes
from .lines import split_lines
from .zones import file_zone

__all__ = ["ScanFacts", "scans"]

_DATE = re.compile(rb"\n#D[ \t]+([^\r\n]*)")
_ROW = re.compile(rb"\n[ \t]*[^#@\s]")
_SPECTRA = re.compile(rb"\n@(?:[^\n]*\\\r?\n)*[^\n]*")


@dataclass(frozen=True)
class ScanFacts:
    """What tells which images belong to a scan."""

    number: int
    points: int
    """How many rows there are; how long each is was not looked at."""
    date: str
    """As it stands behind ``#D``: local time, no zone."""
    time: float | None
    """When it began, seconds since 1970-01-01 UTC; None where the file does not tell."""
    command: str


def scans(path: str) -> dict[str, ScanFacts]:
    r"""Return the number of points, the date and the command of each scan, by ``"number.order"``.

    Examples
    --------
    >>> import pathlib, tempfile
    >>> path = pathlib.Path(tempfile.mkdtemp(), "day1")
    >>> _ = path.write_text("#F day1\n#S 1 ct 1\n#D Sat Nov 14 15:03:25 2015\n#L a  b\n1 2\n")
    >>> scans(str(path))["1.1"]
    ScanFacts(number=1, points=1, date='Sat Nov 14 15:03:25 2015', time=..., command='ct 1')
    """
    index = index_file(real_path(path))
    zones = {
        header: file_zone(split_lines(read_bytes(index.path, *header))) or configured_zone()
        for header in {place.header for place in index.scans.values()}
        if header is not None
    }
    return {
        name: _look_at(index, place, zones[place.header] if place.header else configured_zone())
        for name, place in index.scans.items()
    }


def _look_at(index: SpecIndex, place: ScanPlace, zone: datetime.tzinfo | None) -> ScanFacts:
    block = read_bytes(index.path, place.begin, place.end)
    match = _DATE.search(block)
    date = "" if match is None else decoded(match[1]).strip()
    time = parse_time(date, zone)
    rows = block if b"\n@" not in block else _SPECTRA.sub(b"", block)
    return ScanFacts(
        place.number,
        sum(1 for _ in _ROW.finditer(rows)),
        date,
        None if time is None else time[0],
        place.command,
    )
