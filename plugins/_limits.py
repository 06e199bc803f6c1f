"""How much may stand in one document of a copy: what is beyond is neither written nor read.

A value takes one byte in a file and up to a hundred in memory: values are counted, and bytes too.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Iterable, Iterator, Mapping, Set
from dataclasses import dataclass
from typing import Any

from ..core.documents.normalising import MAX_DEPTH
from ..core.errors import DocumentError, TooLargeError

__all__ = [
    "ANY",
    "BYTES_A_CONTAINER",
    "CONTAINERS",
    "DEPTH",
    "MAP",
    "SMALL_ARRAY",
    "START",
    "Limits",
    "fitting_pages",
    "growing_pages",
]

SMALL_ARRAY = 4096
"""Arrays of fewer bytes are read with the document in which they stand, larger ones when used."""
DEPTH = MAX_DEPTH + 2
"""So many containers stand in a file, one within the other: a document nests `MAX_DEPTH` deep in
itself, and stands in a pair with its name."""
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


CONTAINERS = 2**22
"""So many lists and maps may stand in a file, and one more for so many bytes of it:"""
BYTES_A_CONTAINER = 16
"""each takes 64 bytes in memory and more, and the documents of a run are held together."""
MAP = 2
"""A map that holds something counts for so many: it takes 184 bytes. (Not for three: of an event,
which is a map of three others, millions may stand in a file.)"""


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
    DocumentError
        If it nests deeper than what is read.

    Examples
    --------
    >>> [doc] = fitting_pages("stop", {"uid": "6f2a"})
    """
    limits = START if name == "start" else ANY
    measure = _measure(doc, arrays_as_lists)
    values, size = measure.values, measure.size
    if measure.depth >= DEPTH:
        raise DocumentError(
            f"a {name} document nests more than {MAX_DEPTH} deep",
            where=f"run {doc.get('run_start', doc.get('uid'))}",
            remedy="Flatten the metadata.",
        )
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
    return _measure(page, False).size + sum(map(_large_bytes, page["data"].values()))


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


@dataclass(frozen=True, slots=True)
class _Measure:
    values: int
    """How many values there are."""
    size: int
    """About how many bytes they take in a file."""
    depth: int = 0
    """How many containers stand one within the other."""


def _measure(value: Any, arrays_as_lists: bool, room: int = DEPTH) -> _Measure:
    """Return how much something holds."""
    if isinstance(value, Mapping):
        parts = [*value.keys(), *value.values()]
    elif isinstance(value, list | tuple | Set):
        parts = list(value)
    elif isinstance(value, str | bytes):
        return _Measure(1, _NUMBER_BYTES + (len(value) if value.isascii() else 6 * len(value)))
    elif hasattr(value, "dtype") and hasattr(value, "shape"):
        return _measure_array(value, arrays_as_lists, room)
    else:  # a number, or what is written as a map or as text
        return _Measure(1, _NUMBER_BYTES, 0 if type(value) in _KIND_OF_NUMBERS else 1)
    count = 1 + len(parts)
    kinds = set(map(type, parts))
    if kinds <= _KIND_OF_NUMBERS:
        return _Measure(count, _NUMBER_BYTES * count, 1)
    if kinds == {str} and all(map(str.isascii, parts)):
        return _Measure(count, _NUMBER_BYTES * count + sum(map(len, parts)), 1)
    if not room:  # too deep already
        return _Measure(count, _NUMBER_BYTES * count, 2)
    return _sum(_measure(part, arrays_as_lists, room - 1) for part in parts)


def _measure_array(array: Any, arrays_as_lists: bool, room: int) -> _Measure:
    if array.dtype.hasobject and hasattr(array, "tolist") and array.shape:
        return _measure(array.tolist(), arrays_as_lists, room)
    elements = math.prod(array.shape)
    depth = 1 + len(array.shape)
    if arrays_as_lists or array.dtype.hasobject:
        return _Measure(1 + elements, _NUMBER_BYTES * (1 + elements), depth)
    size = elements * array.dtype.itemsize
    fields, levels = _measure_dtype(array.dtype)
    stored = size if size < SMALL_ARRAY else 0
    return _Measure(12 + fields, 100 + 30 * fields + stored, max(depth, 2 + levels))


def _measure_dtype(dtype: Any) -> tuple[int, int]:
    """Return how many values it takes to spell the fields of a dtype, and how deep they nest."""
    if dtype.subdtype is not None:
        return _measure_dtype(dtype.base)
    if not dtype.names:
        return 0, 0
    fields = [_measure_dtype(dtype.fields[name][0]) for name in dtype.names]
    values = sum(4 + len(field.shape) for field, *_ in dtype.fields.values())
    return values + sum(more for more, _ in fields), 3 + max(levels for _, levels in fields)


def _sum(measures: Iterable[_Measure]) -> _Measure:
    values, size, depth = 1, _NUMBER_BYTES, 0
    for part in measures:
        values, size, depth = values + part.values, size + part.size, max(depth, part.depth)
    return _Measure(values, size, depth + 1)
