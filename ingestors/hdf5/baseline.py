"""A stream of what stood still while the run was taken: positions, settings."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np

from .content import Stream
from .metadata import value_at
from .one_column import Column
from .reader import Reader
from .times import EventTimes
from .values import text_attribute

__all__ = ["Reading", "baseline_stream", "read_readings"]


@dataclass(frozen=True)
class Reading:
    """A value that was read once."""

    value: str | int | float
    units: str
    path: str


def read_readings(reader: Reader, paths: Mapping[str, str]) -> dict[str, Reading]:
    """Return the scalars among datasets, by the same keys as their paths."""
    return {
        key: Reading(value, text_attribute(reader.file[path], "units"), path)
        for key, path in paths.items()
        if isinstance(value := value_at(reader, path), str | int | float)
    }


def baseline_stream(
    readings: Sequence[tuple[float, Mapping[str, Reading]]], source: str
) -> Stream | None:
    """Return a stream ``baseline`` with an event for each reading; None if nothing was read.

    Parameters
    ----------
    readings
        The time of each, and what was read then, by data key. Later ones count where they hold all
        that the first does, with values of the same kinds.
    source
        Where the times come from.

    Examples
    --------
    >>> stream = baseline_stream([(12.5, {"chi": Reading(90.0, "deg", "/chi")})], "start_time")
    >>> [(column.key, column.values.tolist()) for column in stream.columns]
    [('chi', [90.0])]
    """
    if not readings or not readings[0][1]:
        return None
    _, first = readings[0]
    rows = [
        (time, row)
        for time, row in readings
        if all(key in row and type(row[key].value) is type(first[key].value) for key in first)
    ]
    columns = [
        Column(key, np.array([row[key].value for _, row in rows]), reading.units, reading.path)
        for key, reading in first.items()
    ]
    times = EventTimes(np.array([time for time, _ in rows]), source)
    return Stream("baseline", [], columns, len(rows), times, inline={})
