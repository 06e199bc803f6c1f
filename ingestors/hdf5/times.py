"""When an HDF5 file's run began and ended, and its events happened; and how that is known."""

from __future__ import annotations

import datetime
import re
import zoneinfo
from dataclasses import dataclass
from typing import Any

import numpy as np

from ...core.config import get_config
from .columns import Column

__all__ = ["EventTimes", "configured_zone", "event_times", "parse_time"]

_SCALES = {
    "s": 1.0, "sec": 1.0, "second": 1.0, "seconds": 1.0,
    "ms": 1e-3, "msec": 1e-3, "millisecond": 1e-3, "milliseconds": 1e-3,
    "us": 1e-6, "µs": 1e-6, "usec": 1e-6, "microsecond": 1e-6, "microseconds": 1e-6,
    "ns": 1e-9, "nsec": 1e-9, "nanosecond": 1e-9, "nanoseconds": 1e-9,
    "min": 60.0, "minute": 60.0, "minutes": 60.0,
    "h": 3600.0, "hour": 3600.0, "hours": 3600.0,
}  # fmt: skip
_EPOCH_NAMES = frozenset({"epoch", "timestamp", "timestamps", "time_stamp", "unix_time"})
_RELATIVE_NAMES = frozenset({"time", "elapsed_time", "relative_time", "time_value"})
_FIRST_EPOCH, _LAST_EPOCH = 9.0e8, 4.1e9  # 1998 to 2099
_OTHER_FORMATS = (
    "%a %b %d %H:%M:%S %Y",
    "%m/%d/%Y %H:%M:%S",
    "%d-%b-%Y %H:%M:%S",
    "%Y:%m:%d %H:%M:%S",
)


@dataclass(frozen=True)
class EventTimes:
    """The time of each event, seconds since 1970-01-01 UTC, and where it came from."""

    values: np.ndarray[Any, Any]
    source: str


def configured_zone() -> datetime.tzinfo | None:
    """Return the zone of times that name none; None for this machine's.

    Examples
    --------
    >>> from penstock.core.config import Config, use_config
    >>> with use_config(Config(timezone="Europe/Zurich")):
    ...     str(configured_zone())
    'Europe/Zurich'
    """
    name = get_config().timezone
    return None if name is None else zoneinfo.ZoneInfo(name)


def parse_time(text: Any, zone: datetime.tzinfo | None) -> tuple[float, bool] | None:
    """Return seconds since 1970-01-01 UTC, and whether the text itself told the time zone.

    Parameters
    ----------
    text
        ISO 8601, or one of the forms that instruments write; anything else gives None.
    zone
        For times without zone; None for this machine's.

    Examples
    --------
    >>> parse_time("2016-02-27T12:00:00Z", None)
    (1456574400.0, True)
    >>> parse_time("2016-02-27 12:00:00", datetime.timezone.utc)
    (1456574400.0, False)
    >>> parse_time("yesterday", None)
    """
    if not isinstance(text, str) or not text.strip():
        return None
    cleaned = re.sub(r"(\.\d{6})\d+", r"\1", text.strip().replace(" UTC", "+00:00"))
    moment = None
    try:
        moment = datetime.datetime.fromisoformat(cleaned)
    except ValueError:
        for form in _OTHER_FORMATS:
            try:
                moment = datetime.datetime.strptime(cleaned, form)
            except ValueError:
                continue
            break
    if moment is None:
        return None
    known = moment.tzinfo is not None
    try:
        return (moment if known or zone is None else moment.replace(tzinfo=zone)).timestamp(), known
    except (OverflowError, OSError, ValueError):
        return None


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
    scale = _SCALES.get(units.strip().lower())
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
