"""The zone of the times in a SPEC file.

SPEC writes dates in local time without a zone. What it also writes is the same moment twice when a
file is begun: as a date (``#D``) and as seconds since 1970 (``#E``). Their difference is the zone.
"""

from __future__ import annotations

import datetime

from ..times import parse_time
from .lines import Lines

__all__ = ["file_zone"]

_FURTHEST = 15 * 3600
_APART = 30.0
"""Seconds that may lie between the two ways of writing the moment at which a file was begun."""


def file_zone(header: Lines) -> datetime.tzinfo | None:
    """Return the zone that the block for a file tells; None if it does not.

    Examples
    --------
    >>> file_zone(Lines(date="Sat Nov 14 15:03:24 2015", epoch=1447531404.0))
    datetime.timezone(datetime.timedelta(days=-1, seconds=68400))
    """
    read = parse_time(header.date, datetime.UTC)
    if read is None or header.epoch is None:
        return None
    offset = round((read[0] - header.epoch) / 900) * 900
    if abs(read[0] - header.epoch - offset) > _APART or abs(offset) > _FURTHEST:
        return None
    return datetime.timezone(datetime.timedelta(seconds=offset))
