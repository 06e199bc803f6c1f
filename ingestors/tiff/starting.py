"""When a run of TIFF files began, and what its start document says."""

from __future__ import annotations

import datetime
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from ...core.documents.measuring import START_BYTES, json_bytes
from ...core.documents.normalising import normalise
from ..bounding import fit_metadata
from ..times import configured_zone, zone_told
from .metadata import TiffFacts, bounded
from .origin import Described, TiffOrigin

__all__ = ["StartTime", "parse_datetime", "start_metadata", "zone_note"]

_FORMS = (
    "%Y:%m:%d %H:%M:%S",
    "%Y-%m-%d %H:%M:%S",
    "%Y/%m/%d %H:%M:%S",
    "%a %b %d %H:%M:%S %Y",  # as C's ctime writes it, and fabio
)
_MOST_NOTES = 20
_LONGEST_NOTE = 1024
_MOST_IN_TERMS = 16 * 1024
"""Bytes of what an origin says in the field's terms; text of tags takes 32 KiB at most."""
_KEPT_FREE = 4096
"""Bytes of a start document that its uid, hints and the like take."""


@dataclass(frozen=True)
class StartTime:
    """When a run began, and how that is known."""

    time: float
    source: str
    """``"file"`` or ``"mtime"``, or what an origin calls it."""
    notes: tuple[str, ...] = ()

    @classmethod
    def of(cls, facts: TiffFacts, described: Described | None = None) -> StartTime:
        """Return the file's own time if it has one, else when it was last written.

        Parameters
        ----------
        facts
            Of the file.
        described
            What its origin makes of it; the time that it tells comes before the DateTime tag.

        Examples
        --------
        >>> import numpy as np, tifffile
        >>> from penstock.ingestors.tiff.metadata import inspect_file
        >>> tifffile.imwrite("b.tif", np.zeros((4, 6), "u2"), datetime="2020:01:02 03:04:05")
        >>> StartTime.of(inspect_file("b.tif")).source
        'file'
        """
        if described is not None and described.time is not None:
            return cls(described.time, described.time_source)
        text = facts.texts.get("DateTime")
        if text is None:
            return cls(facts.mtime, "mtime")
        time = parse_datetime(text)
        if time is None:
            note = f"DateTime {text[:40]!r} is not a date: the start is when the file was written"
            return cls(facts.mtime, "mtime", (note,))
        return cls(time, "file", (zone_note(),))


def parse_datetime(text: str) -> float | None:
    """Return a DateTime tag as seconds since 1970-01-01 UTC; None if it is none.

    The tag has no zone: the configured one counts, else this machine's.

    Examples
    --------
    >>> from penstock.core.config import Config, use_config
    >>> with use_config(Config(timezone="UTC")):
    ...     parse_datetime("2020:01:02 03:04:05"), parse_datetime("yesterday")
    (1577934245.0, None)
    """
    cleaned = text.strip().partition(".")[0]
    for form in _FORMS:
        try:
            moment = datetime.datetime.strptime(cleaned, form)
            time = moment.replace(tzinfo=configured_zone()).timestamp()
        except (ValueError, OverflowError, OSError):
            continue
        return time if time > 0 else None
    return None


def zone_note() -> str:
    """Say which zone times without one are taken in.

    Examples
    --------
    >>> from penstock.core.config import Config, use_config
    >>> with use_config(Config(timezone="Europe/Zurich")):
    ...     zone_note()
    'DateTime has no zone: taken as Europe/Zurich'
    """
    return f"DateTime has no zone: {zone_told()}"


def start_metadata(
    facts: TiffFacts,
    key: str,
    *,
    origin: TiffOrigin,
    described: Described,
    start: StartTime,
    event_time_source: str,
    notes: Sequence[str],
    given: Mapping[str, Any],
) -> dict[str, Any]:
    """Put together what the start document of a run of TIFF files says.

    What an origin finds beside the field's own terms stands under its name, as far as there is
    room.

    Parameters
    ----------
    facts
        Of the first file.
    key
        The images' data key.
    origin, described
        Who wrote the files, and what that tells.
    start, event_time_source
        Where the times come from; of events, empty where every frame is still to tell.
    notes
        What is doubtful.
    given
        What the engine or the caller adds or replaces.
    """
    metadata: dict[str, Any] = {
        "detectors": [described.detector or key],
        "time_source": start.source,
    }
    if event_time_source:
        metadata["event_time_source"] = event_time_source
    texts = {name: text for name, text in facts.texts.items() if name not in described.covered}
    if texts:
        metadata["tiff"] = texts
    told = [*notes, *described.notes]
    in_terms, left_out = fit_metadata(described.start, _MOST_IN_TERMS)
    metadata |= in_terms
    told += left_out
    if described.everything:
        known = normalise({**metadata, **given, "notes": [bounded(n, _LONGEST_NOTE) for n in told]})
        room = max(0, START_BYTES - _KEPT_FREE - json_bytes(known))
        everything, left_out = fit_metadata(described.everything, room)
        told += left_out
        if everything:
            metadata[origin.namespace] = everything
    if told:
        metadata["notes"] = [bounded(note, _LONGEST_NOTE) for note in told[:_MOST_NOTES]]
    return {**metadata, **given}
