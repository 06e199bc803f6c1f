"""Frames of a role, and what the log and the headers tell of them, brought together."""

from __future__ import annotations

import os
import re
from collections.abc import Sequence
from dataclasses import replace
from typing import Any

import numpy as np

from ...core.places import FileSet
from ..areadetector.tiff import ORIGIN as AREADETECTOR
from ..tiff.headers import FrameHeader
from ..tiff.metadata import TiffFacts
from ..tiff.origin import (
    GENERIC,
    Described,
    FrameColumns,
    TiffOrigin,
    describe,
    read_frames,
    recognise,
)
from .scan_log import RoleLog, ScanLog

__all__ = ["counters", "describe_first", "origin_of", "pick_rows", "with_log"]

NAME = "tomography-tiff"
_WRITERS = (AREADETECTOR,)
"""Origins of the frames themselves: cameras of tomographies that write more than pixels."""
_WHEN = re.compile(r"before|after", re.IGNORECASE)


def origin_of(facts: TiffFacts) -> TiffOrigin:
    """Return who wrote the frames, as far as that is known."""
    return next((one for one in _WRITERS if recognise(one, facts) is not None), GENERIC)


def describe_first(facts: TiffFacts, log: ScanLog | None) -> Described:
    """Return what the header of a frame tells, and the log; the log knows the scan better."""
    writer = origin_of(facts)
    described = describe(writer, facts) if writer is not GENERIC else Described()
    everything: dict[str, Any] = {}
    if described.everything:
        everything[writer.namespace] = described.everything
    if log is None:
        return replace(described, everything=everything)
    everything["log"] = {"kind": log.kind, **log.everything}
    return replace(
        described,
        start={**described.start, **log.start},
        configuration={**described.configuration, **log.configuration},
        units={**described.units, **log.units},
        time=described.time if log.time is None else log.time,
        time_source=described.time_source if log.time is None else "log",
        everything=everything,
        notes=(*described.notes, *log.notes),
    )


def counters(files: FileSet, digits: int) -> Sequence[int | None] | None:
    """Return the number of each frame: of so many digits, where a log says that these count."""
    if not digits:
        return files.numbers
    ends = [re.search(rf"([0-9]{{{digits}}})\.\w+$", name) for name in files.names]
    return [None if end is None else int(end[1]) for end in ends]


def pick_rows(files: FileSet, log: RoleLog | None, digits: int = 0) -> tuple[list[int | None], str]:
    """Return which row of a log tells of each file, and why none does, where none does.

    By number where rows have numbers, else in order, if there are as many rows as files.
    """
    if log is None:
        return [], ""
    numbers = counters(files, digits)
    if log.numbers is not None and numbers is not None:
        row_of = {number: row for row, number in enumerate(log.numbers)}
        rows = [None if number is None else row_of.get(number) for number in numbers]
        if any(row is not None for row in rows):
            return rows, ""
        return [], "no number of a frame is one that the log tells of"
    numbering = files.numbers or ()
    if numbering and files.numbering.missing and max(numbering) - min(numbering) < log.count:
        first = min(numbering)  # frames are missing, and the others keep their places
        return [number - first for number in numbering], ""
    if log.count == len(files):
        return list(range(log.count)), ""
    return [], f"the log tells of {log.count} frames, and there are {len(files)}: it is not used"


def with_log(
    facts: TiffFacts, files: FileSet, log: RoleLog | None, rows: Sequence[int | None]
) -> TiffOrigin:
    """Return an origin that tells of frames what the log does, beside what their headers do."""
    writer = origin_of(facts)
    when = _when(files)

    def frames(first: TiffFacts, headers: Sequence[FrameHeader]) -> FrameColumns:
        found = read_frames(writer, first, headers)
        pages = len(headers) // max(len(files), 1)
        columns: dict[str, Any] = dict(found.columns)
        if when:
            columns["when"] = [word for word in when for _ in range(pages)]
        times = found.times
        if log is not None and rows:
            columns |= {
                name: [value for value in _spread(values, rows) for _ in range(pages)]
                for name, values in log.columns.items()
            }
            if log.times is not None and times is None:
                spread = [np.nan if t is None else t for t in _spread(log.times, rows)]
                times = np.repeat(np.array(spread, float), pages)
        told = dict.fromkeys(() if log is None or not rows else log.columns, "log")
        return replace(
            found,
            columns=columns,
            units={**found.units, **({} if log is None else log.units)},
            times=times,
            time_source=found.time_source if found.times is not None else "log",
            sources={**found.sources, **told, "when": "file name"},
        )

    has_frames = writer.frames is not None or bool(when) or bool(rows)
    return TiffOrigin(
        NAME,
        recognise=lambda facts: "",
        tags=writer.tags,
        frames=frames if has_frames else None,
        axes=writer.axes,
    )


def _spread(values: Sequence[Any], rows: Sequence[int | None]) -> list[Any]:
    return [None if row is None else values[row] for row in rows]


def _when(files: FileSet) -> list[str]:
    """Return for each file whether it was taken before or after, where all their names say so."""
    found = [_WHEN.search(os.path.dirname(name) or name) for name in files.names]
    if len(files) and all(found):
        return [word[0].lower() for word in found if word is not None]
    return []
