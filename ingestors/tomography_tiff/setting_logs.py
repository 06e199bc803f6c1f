"""Logs that list settings, from which the angles follow: ALS 8.3.2 and SLS TOMCAT."""

from __future__ import annotations

import math
import re
from collections.abc import Mapping
from typing import Any

from ..times import configured_zone, parse_time, zone_told
from .scan_log import DARKS, FLATS, PROJECTIONS, RoleLog, ScanLog

__all__ = ["read_als_832", "read_tomcat"]

_MOST_FRAMES = 1_000_000


def read_als_832(text: str) -> ScanLog | None:
    r"""Read the ``.sct`` file of ALS 8.3.2: a line ``-name value`` for each setting.

    Examples
    --------
    >>> log = read_als_832("-object tooth\n-nangles 3\n-arange 180\n-senergy 24.0\n")
    >>> log.roles["primary"].columns["theta"], log.start["sample"]
    ([0.0, 90.0, 180.0], {'name': 'tooth'})
    """
    settings = dict(re.findall(r"^\s*-(\w+)[ \t]+(.*?)[ \t]*$", text, re.MULTILINE))
    count = _count(settings.get("nangles"))
    if count is None:
        return None
    notes = []
    columns: dict[str, list[float]] = {}
    angular = _number(settings.get("arange"))
    if angular is None:
        notes.append("the log tells no -arange: the angles of the projections are not known")
    elif count > 1:
        columns["theta"] = [angular * n / (count - 1) for n in range(count)]
        notes.append(f"theta is computed: -nangles {count} in even steps over -arange {angular:g}°")
    start: dict[str, Any] = {}
    if settings.get("object"):
        start["sample"] = {"name": settings["object"]}
    time = _time(settings.get("cdate"), notes)
    energy = _number(settings.get("senergy"))
    return ScanLog(
        "log of ALS 8.3.2 (.sct)",
        {PROJECTIONS: RoleLog(count, columns=columns, units={"theta": "deg"})},
        start=start,
        # As the settings of the beamline have it; the file tells no unit.
        configuration={} if energy is None else {"energy": energy},
        time=time,
        everything=settings,
        notes=notes,
    )


_SETTING = re.compile(r"^([A-Za-z][\w /()-]*?)\s*(?:\[(\w+)\])?\s*:\s*(\S.*?)\s*$", re.MULTILINE)
_STARTED = re.compile(r"scan of sample (\S+) started on (\w{3} \w{3} +\d+ [\d:]+ \d{4})")


def read_tomcat(text: str) -> ScanLog | None:
    r"""Read the log of SLS TOMCAT, which counts darks, flats and projections in that order.

    Examples
    --------
    >>> log = read_tomcat("Number of projections : 4\nNumber of darks : 1\nNumber of flats : 2\n")
    >>> log.roles["flat"].numbers, log.roles["primary"].numbers
    ((2, 3, 8, 9), (4, 5, 6, 7))
    """
    found = {name: (value, unit) for name, unit, value in _SETTING.findall(text)}
    settings = {name: value for name, (value, _) in found.items()}
    counts = [_count(settings.get(f"Number of {what}")) for what in ("darks", "flats")]
    projections = _count(settings.get("Number of projections"))
    if projections is None or None in counts:
        return None
    darks, flats = (count or 0 for count in counts)
    notes: list[str] = []
    numbers = _count_off(
        darks,
        flats,
        projections,
        inter=_count(settings.get("Number of inter-flats")) or 0,
        every=_count(settings.get("Flat frequency")) or 0,
    )
    columns: dict[str, list[float]] = {}
    first, step = (_number(settings.get(name)) for name in ("Rot Y min position", "Angular step"))
    if first is None or step is None:
        notes.append("the log tells no angles")
    else:
        columns["theta"] = [first + step * n for n in range(projections)]
        notes.append(f"theta is computed: from {first:g}° in steps of {step:g}°")
    started = _STARTED.search(text)
    start: dict[str, Any] = {}
    sample = started[1] if started else settings.get("File Prefix")
    if sample:
        start["sample"] = {"name": sample}
    if settings.get("User ID"):
        start["operator"] = settings["User ID"]
    configuration, units = _tomcat_detector(found)
    roles = {
        PROJECTIONS: RoleLog(projections, numbers[PROJECTIONS], columns, {"theta": "deg"}),
        FLATS: RoleLog(len(numbers[FLATS]), numbers[FLATS]),
        DARKS: RoleLog(darks, numbers[DARKS]),
    }
    return ScanLog(
        "log of SLS TOMCAT",
        {name: role for name, role in roles.items() if role.count},
        digits=4,
        start=start,
        configuration=configuration,
        units=units,
        time=_time(started[2] if started else None, notes),
        everything=settings,
        notes=notes,
    )


def _count_off(
    darks: int, flats: int, projections: int, *, inter: int, every: int
) -> dict[str, tuple[int, ...]]:
    """Return the numbers of each role's frames, counted from 1; flats are taken at the end, too."""
    roles: dict[str, list[int]] = {PROJECTIONS: [], FLATS: [], DARKS: []}
    number = 0

    def take(role: str, count: int) -> None:
        nonlocal number
        roles[role] += range(number + 1, number + count + 1)
        number += count

    take(DARKS, darks)
    take(FLATS, flats)
    left = projections
    while inter and every and left > every:
        take(PROJECTIONS, every)
        take(FLATS, inter)
        left -= every
    take(PROJECTIONS, left)
    take(FLATS, flats)
    return {role: tuple(numbers) for role, numbers in roles.items()}


def _tomcat_detector(
    found: Mapping[str, tuple[str, str]],
) -> tuple[dict[str, Any], dict[str, str]]:
    configuration: dict[str, Any] = {}
    units: dict[str, str] = {}
    for term, name in (("energy", "Beam energy"), ("pixel_size", "Actual pixel size")):
        value, unit = found.get(name, ("", ""))
        number = _number(value)
        if number is not None:
            configuration[term], units[term] = number, unit
    value, unit = found.get("Exposure time", ("", ""))
    exposure = _number(value)
    if exposure is not None and unit in ("ms", "s", ""):
        configuration["exposure_time"] = exposure / 1000 if unit == "ms" else exposure
        units["exposure_time"] = "s"
    for term in ("Objective", "Scintillator", "Camera"):
        if found.get(term, ("", ""))[0]:
            configuration[term.lower()] = found[term][0]
    return configuration, units


def _time(text: str | None, notes: list[str]) -> float | None:
    parsed = parse_time(text, configured_zone())
    if parsed is None:
        return None
    if not parsed[1]:
        notes.append(f"times of the log have no zone: {zone_told()}")
    return parsed[0]


def _number(text: str | None) -> float | None:
    try:
        value = float((text or "").split()[0])
    except (ValueError, IndexError):
        return None
    return value if math.isfinite(value) else None


def _count(text: str | None) -> int | None:
    """Return a number of frames; None for what is none."""
    value = _number(text)
    if value is None or value != int(value) or not 0 <= value <= _MOST_FRAMES:
        return None
    return int(value)
