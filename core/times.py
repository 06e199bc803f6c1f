"""Times as people write them: a moment, or all that a text such as ``2024-03`` leaves open."""

from __future__ import annotations

import datetime
import re
from dataclasses import dataclass
from typing import Any
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

from .errors import QueryError

__all__ = ["TimeSpan", "span_of", "zone_of"]

_REMEDY = (
    "Give seconds since 1970, or an ISO date that may end early: 2024, 2024-03, 2024-03-05, "
    "2024-03-05T13:02 or 2024-03-05T13:02:00+01:00."
)
_SECONDS = re.compile(r"[+-]?[0-9]+(\.[0-9]*)?([eE][+-]?[0-9]+)?")
_WRITTEN = re.compile(
    r"(?P<date>[0-9]{4}(?P<month>-[0-9]{2})?(?P<day>-[0-9]{2})?|[0-9]{8}"
    r"|[0-9]{4}-?W[0-9]{2}(?P<weekday>-?[0-9])?)"
    r"(?P<clock>[T ](?P<hour>[0-9]{2})(?P<minute>:?[0-9]{2})?(?P<second>:?[0-9]{2})?"
    r"(?P<fraction>[.,][0-9]+)?(?P<zone> ?(?:Z|UTC)|[+-][0-9:]+)?)?"
)


@dataclass(frozen=True)
class TimeSpan:
    """From one moment to before another, in seconds since 1970; a moment where they are equal."""

    begin: float
    end: float


def zone_of(name: str | None) -> datetime.tzinfo:
    """Return a time zone by its name; UTC without one.

    Raises
    ------
    QueryError
        If there is no such zone.

    Examples
    --------
    >>> zone_of("Europe/Zurich")
    zoneinfo.ZoneInfo(key='Europe/Zurich')
    """
    try:
        return datetime.UTC if name is None else ZoneInfo(name)
    except (ZoneInfoNotFoundError, ValueError, OSError, TypeError) as error:
        raise QueryError(
            f"{name!r} is no time zone", remedy="Write one such as Europe/Zurich."
        ) from error


def span_of(at: Any, zone: datetime.tzinfo = datetime.UTC) -> TimeSpan:
    """Return which time is meant.

    Parameters
    ----------
    at
        Seconds since 1970; a date or a datetime; or text: one of ISO 8601, which may end early and
        then means all that it leaves open, or seconds. Four digits are a year, eight a day.
    zone
        Where clocks show what is given without a zone.

    Raises
    ------
    QueryError
        If it is no time.

    Examples
    --------
    >>> span_of("1970")
    TimeSpan(begin=0.0, end=31536000.0)
    >>> span_of("1970-01-01T00:01"), span_of("90")
    (TimeSpan(begin=60.0, end=120.0), TimeSpan(begin=90, end=90))
    """
    if isinstance(at, int | float) and not isinstance(at, bool):
        return TimeSpan(at, at)
    try:
        if isinstance(at, datetime.datetime):
            return _lasting(_in_zone(at, zone), datetime.timedelta())
        if isinstance(at, datetime.date):
            midnight = datetime.datetime(at.year, at.month, at.day, tzinfo=zone)
            return _lasting(midnight, datetime.timedelta(days=1))
        if isinstance(at, str):
            return _read(at.strip(), zone)
    except OverflowError as error:
        raise QueryError(f"{at!r} is too far away") from error
    except ValueError:
        pass
    raise QueryError(f"{at!r} is no time", remedy=_REMEDY)


def _read(text: str, zone: datetime.tzinfo) -> TimeSpan:
    written = _WRITTEN.fullmatch(text)
    if written is not None:
        return _read_written(written, zone)
    if _SECONDS.fullmatch(text):
        seconds = float(text) if re.search("[.eE]", text) else int(text)
        return TimeSpan(seconds, seconds)
    raise ValueError(text)


def _read_written(written: re.Match[str], zone: datetime.tzinfo) -> TimeSpan:
    date, clock = written["date"], written["clock"] or ""
    if len(date) == 4:
        date += "-01"
    if len(date) == 7 and "W" not in date:
        date += "-01"
    clock = re.sub(" ?(Z|UTC)$", "+00:00", clock)
    when = _in_zone(datetime.datetime.fromisoformat(date + clock), zone)
    return _lasting(when, _left_open(written, when))


def _left_open(written: re.Match[str], when: datetime.datetime) -> datetime.timedelta:
    """Return how long what a text does not say anything more of lasts."""
    if written["clock"]:
        if written["fraction"]:
            return datetime.timedelta(seconds=10.0 ** (1 - len(written["fraction"])))
        if written["second"]:
            return datetime.timedelta(seconds=1)
        return datetime.timedelta(minutes=1 if written["minute"] else 60)
    date = written["date"]
    if "W" in date:
        return datetime.timedelta(days=1 if written["weekday"] else 7)
    if len(date) > 7:
        return datetime.timedelta(days=1)
    if when.year == datetime.MAXYEAR:  # as much as to say: for ever
        return datetime.datetime.max.replace(tzinfo=when.tzinfo) - when
    later = when.month - 1 + (1 if written["month"] else 12)
    return when.replace(year=when.year + later // 12, month=later % 12 + 1) - when


def _lasting(begin: datetime.datetime, length: datetime.timedelta) -> TimeSpan:
    """Return a span; days are those of the calendar, which a change of the clocks makes longer."""
    seconds = begin.timestamp()
    if length >= datetime.timedelta(days=1):
        return TimeSpan(seconds, (begin + length).timestamp())
    return TimeSpan(seconds, seconds + length.total_seconds())


def _in_zone(when: datetime.datetime, zone: datetime.tzinfo) -> datetime.datetime:
    return when if when.tzinfo else when.replace(tzinfo=zone)
