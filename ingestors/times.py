"""Times as files write them: in many forms, and often without a zone."""

from __future__ import annotations

import datetime
import re
import zoneinfo
from typing import Any

from ..core.config import get_config

__all__ = ["configured_zone", "parse_time", "zone_told"]

_LONGEST = 200
"""Signs of a time: longer text is none, and takes long to look through."""
_OTHER_FORMATS = (
    "%a %b %d %H:%M:%S %Y",
    "%m/%d/%Y %H:%M:%S",
    "%d-%b-%Y %H:%M:%S",
    "%Y:%m:%d %H:%M:%S",
)


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


def zone_told() -> str:
    """Say which zone times without one are taken in.

    Examples
    --------
    >>> from penstock.core.config import Config, use_config
    >>> with use_config(Config(timezone="Europe/Zurich")):
    ...     zone_told()
    'taken as Europe/Zurich'
    """
    return f"taken as {get_config().timezone or 'the zone of this machine'}"


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
    if not isinstance(text, str) or not text.strip() or len(text) > _LONGEST:
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
