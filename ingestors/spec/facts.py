"""What a SPEC file records about its scans, found without parsing their values."""

from __future__ import annotations

import re
from dataclasses import dataclass

from ...core.places.recalling import real_path
from .index import ScanPlace, SpecIndex, decoded, index_file, read_bytes

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
    command: str


def scans(path: str) -> dict[str, ScanFacts]:
    r"""Return the number of points, the date and the command of each scan, by ``"number.order"``.

    Examples
    --------
    >>> import pathlib, tempfile
    >>> path = pathlib.Path(tempfile.mkdtemp(), "day1")
    >>> _ = path.write_text("#F day1\n#S 1 ct 1\n#D Sat Nov 14 15:03:25 2015\n#L a  b\n1 2\n")
    >>> scans(str(path))["1.1"]
    ScanFacts(number=1, points=1, date='Sat Nov 14 15:03:25 2015', command='ct 1')
    """
    index = index_file(real_path(path))
    return {name: _look_at(index, place) for name, place in index.scans.items()}


def _look_at(index: SpecIndex, place: ScanPlace) -> ScanFacts:
    block = read_bytes(index.path, place.begin, place.end)
    date = _DATE.search(block)
    rows = block if b"\n@" not in block else _SPECTRA.sub(b"", block)
    return ScanFacts(
        place.number,
        sum(1 for _ in _ROW.finditer(rows)),
        "" if date is None else decoded(date[1]).strip(),
        place.command,
    )
