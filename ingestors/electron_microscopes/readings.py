"""What a maker's metadata say of one image, and how many images make columns of that."""

from __future__ import annotations

import datetime
import math
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

import numpy as np

from ..tiff.headers import FrameHeader, read_file_headers
from ..tiff.metadata import TiffFacts
from ..tiff.origin import MALFORMED, Described, FrameColumns, TiffOrigin, part_constants
from ..times import configured_zone, zone_told

__all__ = ["IMAGE_DESCRIPTION", "Reading", "known_text", "local_time", "microscope"]

IMAGE_DESCRIPTION = 270
_PREFIXES = {"k": 1e3, "": 1.0, "m": 1e-3, "u": 1e-6, "µ": 1e-6, "n": 1e-9, "p": 1e-12}
_BASE = frozenset({"V", "A", "m", "s"})

_UNKNOWN = frozenset({"", "none", "notafloat", "n/a"})


@dataclass
class Reading:
    """What the metadata of one image say, in the field's terms."""

    everything: Mapping[str, Any] = field(default_factory=dict)
    """All of it, as the maker calls it."""
    start: dict[str, Any] = field(default_factory=dict)
    """For the start document."""
    values: dict[str, Any] = field(default_factory=dict)
    """Quantities and words that hold for the image: ``accelerating_voltage``, ``stage_x``, …"""
    units: dict[str, str] = field(default_factory=dict)
    """Of `values`."""
    detector: str = ""
    time: float | None = None
    notes: list[str] = field(default_factory=list)

    def quantity(self, name: str, value: Any, unit: str = "", *, factor: float = 1.0) -> None:
        """Keep a finite number under a name; what is none is not known, and left out.

        Volts, amperes, metres and seconds lose their prefixes, so that instruments of all makers
        can be searched alike.

        Examples
        --------
        >>> reading = Reading()
        >>> reading.quantity("working_distance", "2800", "um")
        >>> reading.quantity("spot", "notafloat")
        >>> reading.values, reading.units
        ({'working_distance': 0.0028}, {'working_distance': 'm'})
        """
        if isinstance(value, bool):
            return
        try:
            number = float(value) * factor
        except (TypeError, ValueError):
            return
        if unit[-1:] in _BASE and unit[:-1] in _PREFIXES:
            number, unit = number * _PREFIXES[unit[:-1]], unit[-1]
        if math.isfinite(number):
            self.values[name] = float(f"{number:.12g}")
            if unit:
                self.units[name] = unit

    def word(self, name: str, value: Any) -> None:
        """Keep a word under a name, unless it says that nothing is known.

        Examples
        --------
        >>> reading = Reading()
        >>> reading.word("lens_mode", "Normal")
        >>> reading.word("gas", "")
        >>> reading.values
        {'lens_mode': 'Normal'}
        """
        text = known_text(value)
        if text:
            self.values[name] = text

    def person_and_sample(self, *, operator: Any = None, sample: Any = None) -> None:
        """Keep who made the image, and of what, where that is recorded."""
        if known_text(operator):
            self.start["operator"] = known_text(operator)
        if known_text(sample):
            self.start["sample"] = {"name": known_text(sample)}


def known_text(value: Any) -> str:
    """Return a text without space around it; empty where it says that nothing is known.

    Examples
    --------
    >>> known_text(" s2 "), known_text("none"), known_text(None)
    ('s2', '', '')
    """
    text = value.strip(" \0\r\n\t") if isinstance(value, str) else ""
    return "" if text.lower() in _UNKNOWN else text


def local_time(text: str, *forms: str) -> float | None:
    """Return a time without zone, in one of some forms (`strptime`), as seconds since 1970 UTC.

    Examples
    --------
    >>> from penstock.core.config import Config, use_config
    >>> with use_config(Config(timezone="UTC")):
    ...     local_time("25 Sep 2018 8:20:42", "%d %b %Y %H:%M:%S"), local_time("soon", "%Y")
    (1537863642.0, None)
    """
    for form in forms:
        try:
            moment = datetime.datetime.strptime(text.strip(), form)
            return moment.replace(tzinfo=configured_zone()).timestamp()
        except (ValueError, OverflowError, OSError):
            continue
    return None


def microscope(
    name: str,
    *,
    recognise: Callable[[TiffFacts], str | None],
    tags: tuple[int, ...],
    read: Callable[[Any], Reading],
    records_zone: bool = False,
) -> TiffOrigin:
    """Return the origin of images each of which holds its own metadata in one tag.

    What is the same in all images of a series is configuration, what varies is a column.

    Parameters
    ----------
    name, recognise
        As of any `TiffOrigin`.
    tags
        The tag's number; several, if the maker changed it.
    read
        Makes a reading of the tag's value, as `read_tags` gives it. It may stumble over what is
        malformed.
    records_zone
        Whether its times say which zone they are in.
    """

    def describe(facts: TiffFacts) -> Described:
        (header,) = read_file_headers([facts.path], tags)
        found = read(_value(header))
        notes = list(found.notes)
        if found.time is not None and not records_zone:
            notes.append(f"the time of the images has no zone: {zone_told()}")
        return Described(
            start=found.start,
            detector=found.detector,
            time=found.time,
            everything=found.everything,
            covered=["ImageDescription"] if IMAGE_DESCRIPTION in tags else (),
            notes=notes,
        )

    def frames(facts: TiffFacts, headers: Sequence[FrameHeader]) -> FrameColumns:
        readings = [_read_or_nothing(read, header) for header in headers]
        lost = sum(reading is None for reading in readings)
        known = [reading or Reading() for reading in readings]
        names = dict.fromkeys(key for reading in known for key in reading.values)
        varying, constants = part_constants(
            {key: [reading.values.get(key) for reading in known] for key in names}
        )
        times = [np.nan if reading.time is None else reading.time for reading in known]
        return FrameColumns(
            columns=varying,
            units={key: unit for reading in known for key, unit in reading.units.items()},
            times=np.array(times),
            constants=constants,
            notes=[f"of {lost} of {len(headers)} images the metadata cannot be read"] * bool(lost),
        )

    return TiffOrigin(name, recognise=recognise, describe=describe, tags=tags, frames=frames)


def _value(header: FrameHeader) -> Any:
    if not header.tags:
        raise ValueError(header.problem or "the tag is not there")
    return next(iter(header.tags.values()))


def _read_or_nothing(read: Callable[[Any], Reading], header: FrameHeader) -> Reading | None:
    try:
        return read(_value(header))
    except MALFORMED:
        return None
