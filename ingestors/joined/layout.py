"""Which parts of a joined run share the stream ``primary``, and what their streams are called.

The main stream of a part is its ``primary``, or its first. That of the first part with images is
``primary`` in the joined run. Another part's is merged with it, row by row, where both have as many
rows and count them alike (``frame_number``, ``index_1`` …; one of them may not count). A table that
has one row for each frame, by ``frame_number``, is merged too, in whatever order its rows stand.
Every other stream is called ``<part>_<stream>``, or ``<part>`` if it is a main one.
"""

from __future__ import annotations

import re
from collections.abc import Iterable
from dataclasses import dataclass, field
from typing import Any

import numpy as np

from .parts import Part

__all__ = ["Layout", "Main", "counts_frames", "lay_out"]

_INDEX = re.compile(r"frame_number|index_\d+")

MOST_SORTED = 1_000_000
"""Rows of a table that are put into another order, in memory."""

_FRAMES = "frame_number"


@dataclass
class Main:
    """The main stream of a part."""

    part: Part
    stream: str
    descriptor: dict[str, Any] | None
    """None where it has several, or rows that cannot be laid beside others."""
    rows: int
    is_table: bool
    index: dict[str, np.ndarray[Any, Any]] = field(default_factory=dict)
    order: np.ndarray[Any, Any] | None = None
    """Which of its rows belongs to each frame; None where they follow one another."""
    rest: np.ndarray[Any, Any] | None = None
    """Its rows that belong to no frame, where there are such."""

    @property
    def in_order(self) -> dict[str, np.ndarray[Any, Any]]:
        """The columns that count frames, in the order of the frames."""
        if self.order is None:
            return self.index
        return {key: column[self.order] for key, column in self.index.items()}

    @classmethod
    def of(cls, part: Part) -> Main | None:
        """Find the main stream of a part; None if it has no stream."""
        if part.source is None or not part.reader.streams:
            return None
        streams = part.reader.streams
        name = "primary" if "primary" in streams else next(iter(streams))
        descriptors = streams[name].descriptors
        keys = streams[name].data_keys
        is_table = not any(
            "external" in key or len(key.get("shape") or ()) > 1 for key in keys.values()
        )
        rows = part.reader.row_count(name)
        found = cls(part, name, None, rows, is_table)
        if len(descriptors) == 1 and _is_whole(part, descriptors[0], rows):
            index = _index_of(part, descriptors[0])
            if index is not None:
                found.descriptor, found.index = descriptors[0], index
        return found


@dataclass
class Layout:
    """How the streams of the parts stand in the joined run."""

    shared: list[Main]
    """Those that are merged to ``primary``, that of the first part with images in front."""
    names: dict[tuple[str, str], str]
    """What each stream is called, by part and its name there."""
    notes: list[str]


def lay_out(parts: list[Part]) -> Layout:
    """Decide which main streams are merged, and name all streams."""
    mains = [main for main in map(Main.of, parts) if main is not None]
    if not mains:
        return Layout([], {}, [])
    base = next((main for main in mains if not main.is_table), mains[0])
    shared = [base]
    notes: list[str] = []
    index = dict(base.index)
    for main in mains:
        if main is base:
            continue
        problem = _fit(main, base, index)
        if problem:
            notes.append(f"{main.part.name}: {problem}, so that it is a stream of its own")
            continue
        shared.append(main)
        index = {**main.in_order, **index}
        if main.rest is not None:
            notes.append(f"{main.part.name}: {_rows(len(main.rest))} of no frame of primary")
    return Layout(shared, _name_streams(parts, mains, shared), notes)


def _is_whole(part: Part, descriptor: dict[str, Any], rows: int) -> bool:
    """Tell whether rows are counted from 1 on, and all have events, or none has."""
    numbers = part.reader.outline.row_numbers(descriptor["uid"])
    events = len(part.reader.outline.seq_nums.get(descriptor["uid"], ()))
    return events in (0, rows) and bool(np.array_equal(numbers, np.arange(1, rows + 1)))


def counts_frames(key: str, data_key: dict[str, Any]) -> bool:
    """Tell whether a column counts frames; all that do mean the same in all parts.

    Examples
    --------
    >>> counts_frames("frame_number", {"dtype": "integer", "shape": []})
    True
    """
    return (
        _INDEX.fullmatch(key) is not None
        and data_key.get("dtype") in ("integer", "number")
        and not data_key.get("shape")
        and "external" not in data_key
    )


def _index_of(part: Part, descriptor: dict[str, Any]) -> dict[str, np.ndarray[Any, Any]] | None:
    """Return the columns that count frames; None if one of them is not what it is said to be."""
    wanted = {key for key, value in descriptor["data_keys"].items() if counts_frames(key, value)}
    if not wanted:
        return {}
    (segment,) = part.reader.rows([descriptor], wanted.__contains__)
    sound = all(
        isinstance(column, np.ndarray) and column.ndim == 1 and column.dtype.kind in "iuf"
        for column in segment.data.values()
    )
    return segment.data if sound else None


def _fit(main: Main, base: Main, index: dict[str, np.ndarray[Any, Any]]) -> str:
    """Say why a stream cannot be merged with the base; empty if it can."""
    for item in (main, base):
        if item.descriptor is None:
            return f"the rows of {item.part.name} are not of one kind, or not numbered from 1 on"
    if main.rows == 0 or base.rows == 0:
        return f"it has {_rows(main.rows)} where primary has {_rows(base.rows)}"
    common = main.index.keys() & index.keys()
    if main.rows == base.rows and all(
        np.array_equal(main.index[key], index[key]) for key in common
    ):
        return ""
    if main.is_table and _FRAMES in common and main.rows <= MOST_SORTED:
        return _fit_by_number(main, index, common)
    if main.rows != base.rows:
        return f"it has {_rows(main.rows)} where primary has {_rows(base.rows)}"
    return f"it counts its rows otherwise than primary ({', '.join(sorted(common))})"


def _fit_by_number(
    main: Main, index: dict[str, np.ndarray[Any, Any]], common: Iterable[str]
) -> str:
    numbers, wanted = main.index[_FRAMES], index[_FRAMES]
    for whose, values in (("its", numbers), ("primary's", wanted)):
        if len(np.unique(values)) < len(values):
            return f"some of {whose} frame numbers stand in several rows"
    sorter = np.argsort(numbers, kind="stable")
    places = np.searchsorted(numbers, wanted, sorter=sorter).clip(max=len(numbers) - 1)
    order = sorter[places]
    missing = int(np.count_nonzero(numbers[order] != wanted))
    if missing:
        return f"{missing} of the {len(wanted)} frames of primary have no row in it"
    if not all(np.array_equal(main.index[key][order], index[key]) for key in common):
        return f"it counts its rows otherwise than primary ({', '.join(sorted(common))})"
    rest = np.setdiff1d(np.arange(len(numbers)), order)
    main.order = order
    main.rest = rest if len(rest) else None
    return ""


def _rows(count: int) -> str:
    return f"{count} row" if count == 1 else f"{count} rows"


def _name_streams(
    parts: Iterable[Part], mains: list[Main], shared: list[Main]
) -> dict[tuple[str, str], str]:
    main_streams = {(main.part.name, main.stream) for main in mains}
    names = {(main.part.name, main.stream): "primary" for main in shared}
    taken = {"primary"} | {main.part.name for main in mains}
    for part in parts:
        for stream in part.reader.streams if part.source is not None else ():
            where = part.name, stream
            if where in names:
                continue
            name = part.name if where in main_streams else f"{part.name}_{stream}"
            while where not in main_streams and name in taken:
                name += "_"
            taken.add(name)
            names[where] = name
    return names
