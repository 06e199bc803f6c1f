"""When an HDF5 file's run began and ended, and its events happened; and how that is known."""

from __future__ import annotations

import datetime
from dataclasses import dataclass
from typing import Any

import numpy as np

from ..times import parse_time
from .one_column import Column

__all__ = ["SCALES", "EventTimes", "event_times"]

SCALES = {
    "s": 1.0, "sec": 1.0, "second": 1.0, "seconds": 1.0,
    "ms": 1e-3, "msec": 1e-3, "millisecond": 1e-3, "milliseconds": 1e-3,
    "us": 1e-6, "µs": 1e-6, "usec": 1e-6, "microsecond": 1e-6, "microseconds": 1e-6,
    "ns": 1e-9, "nsec": 1e-9, "nanosecond": 1e-9, "nanoseconds": 1e-9,
    "min": 60.0, "minute": 60.0, "minutes": 60.0,
    "h": 3600.0, "hour": 3600.0, "hours": 3600.0,
}  # fmt: skip
"""Units of time, in seconds."""
_EPOCH_NAMES = frozenset({"epoch", "timestamp", "timestamps", "time_stamp", "unix_time"})
_RELATIVE_NAMES = frozenset({"time", "elapsed_time", "relative_time", "time_value"})
_FIRST_EPOCH, _LAST_EPOCH = 9.0e8, 4.1e9  # 1998 to 2099


@dataclass(frozen=True)
class EventTimes:
    """The time of each event, seconds since 1970-01-01 UTC, and where it came from."""

    values: np.ndarray[Any, Any]
    source: str


def event_times(
    columns: list[Column],
    rows: int,
    *,
    start: float,
    start_source: str,
    zone: datetime.tzinfo | None,
) -> EventTimes:
    """Return the events' times: from a column that tells them, else the run's own for all.

    A column tells them where it says what it counts from (``@start``, units such as ``s since …``),
    where it is called a timestamp and counts seconds since 1970, or where it is an axis called time
    and the file records when the run started.
    """
    for column in columns:
        if column.values.dtype.kind in "iuf" and column.values.shape == (rows,) and rows:
            found = _times_of(column, start, start_source, zone)
            if found is not None:
                return found
    return EventTimes(np.full(rows, start), f"the run's: {start_source}")


def _times_of(
    column: Column, start: float, start_source: str, zone: datetime.tzinfo | None
) -> EventTimes | None:
    values = column.values.astype(float)
    if not np.isfinite(values).all():
        return None
    units, _, since = column.units.partition(" since ")
    scale = SCALES.get(units.strip().lower())
    origin = parse_time(column.start or since, zone)
    if scale is not None and origin is not None:
        return EventTimes(values * scale + origin[0], f"{column.path} with its own start")
    name = column.key.lower()
    if scale is None and column.units:
        return None
    scaled = values * (scale or 1.0)
    if name in _EPOCH_NAMES and scaled.min() > _FIRST_EPOCH and scaled.max() < _LAST_EPOCH:
        return EventTimes(scaled, f"{column.path} (seconds since 1970)")
    relative = column.axis is not None and name in _RELATIVE_NAMES and scale is not None
    if relative and not start_source.startswith("mtime") and np.abs(scaled).max() < _FIRST_EPOCH:
        return EventTimes(scaled + start, f"{start_source} + {column.path}")
    return None
