"""How much may stand in one document of a copy: what is beyond is neither written nor read.

A value takes one byte in a file and up to a hundred in memory: values are counted, and bytes too.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from ..core.errors import TooLargeError

__all__ = ["ANY", "SMALL_ARRAY", "START", "Limits", "fitting_pages", "growing_pages"]

SMALL_ARRAY = 4096
"""Arrays of fewer bytes are read with the document in which they stand, larger ones when used."""
_FIRST_PAGE = 16 * 1024
_GROWTH = 8
_NUMBER_BYTES = 25
_KIND_OF_NUMBERS = frozenset({int, float, bool, type(None)})


@dataclass(frozen=True)
class Limits:
    """How much a document may hold."""

    values: int
    """Values, containers and keys as well; those in arrays are none."""
    size: int
    """Bytes beside its large arrays."""


START = Limits(values=2**18, size=16 * 2**20)
"""Of a start document, of which thousands are held at once. MongoDB has that size, too."""
ANY = Limits(values=2**22, size=256 * 2**20)
"""Of any other document."""


def fitting_pages(
    name: str, doc: dict[str, Any], *, arrays_as_lists: bool = False
) -> Iterator[dict[str, Any]]:
    """Yield a document, an event page in as many parts as it takes to keep within the limits.

    Parameters
    ----------
    arrays_as_lists
        Whether the format has no arrays, so that each number in one is a value.

    Raises
    ------
    TooLargeError
        If a document, or one row of a page, is beyond them.

    Examples
    --------
    >>> [doc] = fitting_pages("stop", {"uid": "6f2a"})
    """
    limits = START if name == "start" else ANY
    values, size = _measure(doc, arrays_as_lists)
    rows = len(doc["seq_num"]) if name == "event_page" else 1
    # Sizes are estimates: there is room for them to be wrong.
    if rows > 1 and (values > limits.values // 4 or size > limits.size // 4):
        for half in (slice(0, rows // 2), slice(rows // 2, rows)):
            yield from fitting_pages(name, _rows(doc, half), arrays_as_lists=arrays_as_lists)
    elif values > limits.values or size > limits.size:
        raise TooLargeError(
            f"a {name} document holds {values} values and about {size / 2**20:.0f} MiB, where "
            f"{limits.values} and {limits.size >> 20} MiB are the most",
            where=f"run {doc.get('run_start', doc.get('uid'))}",
            remedy="Put long lists into arrays, or into the data of events.",
        )
    else:
        yield doc


def growing_pages(page: dict[str, Any], written: Callable[[], int]) -> Iterator[dict[str, Any]]:
    """Yield an event page in parts of at most an eighth of what was written before, or a row.

    A file that is cut short loses the page in which it ends: this much and no more. Pages grow as
    the file does, so that they stay few.

    Parameters
    ----------
    written
        Tells how many bytes were written so far.

    Examples
    --------
    >>> page = {key: [1, 2, 3] for key in ("uid", "seq_num", "time")}
    >>> page |= {"data": {"image": [bytes(20_000)] * 3}, "timestamps": {}}
    >>> [len(part["seq_num"]) for part in growing_pages(page, lambda: 300_000)]
    [1, 1, 1]
    >>> [len(part["seq_num"]) for part in growing_pages(page, lambda: 600_000)]
    [3]
    """
    rows = len(page["seq_num"])
    row_bytes = max(1, _bytes_in_file(page) // max(1, rows))
    row = 0
    while row < rows:
        end = row + max(1, max(_FIRST_PAGE, written() // _GROWTH) // row_bytes)
        yield page if row == 0 and end >= rows else _rows(page, slice(row, min(end, rows)))
        row = end
    if not rows:
        yield page


def _bytes_in_file(page: Mapping[str, Any]) -> int:
    return _measure(page, False)[1] + sum(map(_large_bytes, page["data"].values()))


def _large_bytes(column: Any) -> int:
    """Return how many bytes there are in arrays that `_measure` leaves out."""
    if isinstance(column, list):
        return sum(map(_large_bytes, column))
    size = int(getattr(column, "nbytes", 0))
    return size if size >= SMALL_ARRAY else 0


def _rows(page: dict[str, Any], rows: slice) -> dict[str, Any]:
    part = page | {key: page[key][rows] for key in ("uid", "seq_num", "time")}
    for group in ("data", "timestamps", "filled"):
        part[group] = {key: column[rows] for key, column in (page.get(group) or {}).items()}
    return part


def _measure(value: Any, arrays_as_lists: bool) -> tuple[int, int]:
    """Return how many values something holds, and about how many bytes it takes in a file."""
    if isinstance(value, Mapping):
        parts = [*value.keys(), *value.values()]
    elif isinstance(value, list | tuple):
        parts = list(value)
    elif isinstance(value, str | bytes):
        return 1, _NUMBER_BYTES + (len(value) if value.isascii() else 6 * len(value))
    elif hasattr(value, "dtype") and hasattr(value, "shape"):
        return _measure_array(value, arrays_as_lists)
    else:
        return 1, _NUMBER_BYTES
    kinds = set(map(type, parts))
    if kinds <= _KIND_OF_NUMBERS:
        return 1 + len(parts), _NUMBER_BYTES * (1 + len(parts))
    if kinds == {str} and all(map(str.isascii, parts)):
        return 1 + len(parts), _NUMBER_BYTES * (1 + len(parts)) + sum(map(len, parts))
    return _sum(_measure(part, arrays_as_lists) for part in parts)


def _measure_array(array: Any, arrays_as_lists: bool) -> tuple[int, int]:
    elements = math.prod(array.shape)
    if arrays_as_lists or array.dtype.hasobject:
        return 1 + elements, _NUMBER_BYTES * (1 + elements)
    size = elements * array.dtype.itemsize
    return 12, 100 + (size if size < SMALL_ARRAY else 0)


def _sum(measures: Iterable[tuple[int, int]]) -> tuple[int, int]:
    values, size = 1, _NUMBER_BYTES
    for more, bytes_more in measures:
        values, size = values + more, size + bytes_more
    return values, size
