"""Logs with a line for each frame: ISIS IMAT, APS 1-ID, and plain lists of angles."""

from __future__ import annotations

import csv
import math
import re
from collections import defaultdict
from collections.abc import Sequence
from itertools import cycle
from typing import Any

from ...core.documents import safe_key
from ..times import configured_zone, parse_time, zone_told
from .scan_log import DARKS, FLATS, PROJECTIONS, RoleLog, ScanLog

__all__ = ["read_angles", "read_aps_1id", "read_imat"]


def read_angles(text: str) -> ScanLog | None:
    r"""Read a list of angles, one a line.

    Examples
    --------
    >>> read_angles("0\n90\n").roles["primary"].columns
    {'theta': [0.0, 90.0]}
    >>> read_angles("it was cold")
    """
    angles = [_number(line) for line in text.split("\n") if line.strip()]
    if not angles or None in angles:
        return None
    note = "the list of angles tells no unit"
    return ScanLog(
        "list of angles",
        {PROJECTIONS: RoleLog(len(angles), columns={"theta": angles})},
        is_of_projections=False,
        notes=(note,),
    )


# ISIS IMAT -----------------------------------------------------------------------------------

_IMAT_HEAD = re.compile(r"^\s*TIME STAMP[\s,]+IMAGE TYPE[\s,]+IMAGE COUNTER")
_IMAT_LINE = re.compile(
    r"^\s*(?P<time>\w{3} \w{3} +\d+ [\d:]+ \d{4})\s+Projection:\s*(?P<number>\d+)"
    r"\s+angle:\s*(?P<angle>[-+.\deE]+)"
    r"(?:\s+Monitor \d+ before:\s*(?P<before>\d+)\s+Monitor \d+ after:\s*(?P<after>\d+))?"
)


def read_imat(text: str) -> ScanLog | None:
    r"""Read the log of ISIS IMAT: time, number, angle and monitor counts of each projection.

    Examples
    --------
    >>> log = read_imat(
    ...     " TIME STAMP  IMAGE TYPE   IMAGE COUNTER   COUNTS BM3 before image\n\n"
    ...     "Sun Feb 10 00:22:04 2019   Projection:  0  angle: 0.5   "
    ...     "Monitor 3 before:  45   Monitor 3 after:  47\n"
    ... )
    >>> log.roles["primary"].columns
    {'theta': [0.5], 'monitor_before': [45.0], 'monitor_after': [47.0]}
    """
    if _IMAT_HEAD.match(text) is None:
        return None
    rows = _imat_csv(text) if text.lstrip().startswith("TIME STAMP,") else _imat_lines(text)
    if not rows:
        return None
    zone = configured_zone()
    times = [parsed[0] if (parsed := parse_time(row[1], zone)) else None for row in rows]
    columns = {
        name: [row[2 + at] for row in rows]
        for at, name in enumerate(("theta", "monitor_before", "monitor_after"))
        if any(row[2 + at] is not None for row in rows)
    }
    role = RoleLog(len(rows), [row[0] for row in rows], columns, {"theta": "deg"}, times)
    return ScanLog(
        "log of ISIS IMAT",
        {PROJECTIONS: role},
        time=next((time for time in times if time is not None), None),
        notes=(f"times of the log have no zone: {zone_told()}",),
    )


_ImatRow = tuple[int, str, float | None, float | None, float | None]


def _imat_lines(text: str) -> list[_ImatRow]:
    return [
        (
            int(found["number"]),
            found["time"],
            _number(found["angle"]),
            _number(found["before"]),
            _number(found["after"]),
        )
        for line in text.splitlines()
        if (found := _IMAT_LINE.match(line))
    ]


def _imat_csv(text: str) -> list[_ImatRow]:
    rows: list[_ImatRow] = []
    for row in csv.DictReader(text.lstrip().splitlines()):
        number = _number(row.get("IMAGE COUNTER"))
        if row.get("IMAGE TYPE") == "Projection" and number is not None:
            angle, before, after = (
                _number(row.get(name))
                for name in ("PROJECTION ANGLE DEG", "COUNTS BEFORE", "COUNTS AFTER")
            )
            rows.append((int(number), str(row.get("TIME STAMP")), angle, before, after))
    return rows


# APS 1-ID ------------------------------------------------------------------------------------

_BLOCKS = (FLATS, PROJECTIONS, FLATS, DARKS)
"""The roles of the blocks of one layer: white, still, white, dark."""


def read_aps_1id(text: str) -> ScanLog | None:
    r"""Read the log of APS 1-ID: tables of frames, in blocks that begin with a move of omega.

    A layer's blocks are flats, projections, flats and darks.

    Examples
    --------
    >>> blocks = "".join(
    ...     f"New omega position: {n}\nnum    nSeq    IC-E1\n1    {n}    7.5\n\n" for n in range(4)
    ... )
    >>> log = read_aps_1id(f"Beginning of tomography\n{blocks}End of the full scan\n")
    >>> {role: list(told.numbers) for role, told in log.roles.items()}
    {'flat': [0, 2], 'primary': [1], 'dark': [3]}
    """
    if "Beginning of tomography" not in text or "nSeq" not in text:
        return None
    rows: dict[str, list[dict[str, str]]] = defaultdict(list)
    settings: dict[str, str] = {}
    role, blocks = FLATS, cycle(_BLOCKS)
    head: list[str] | None = None
    for line in text.splitlines():
        cells = re.split(r"\s{2,}|\t", line.strip())
        if "Beginning of tomography" in line:
            blocks = cycle(_BLOCKS)
        elif "nSeq" in cells:
            head = cells
        elif not line.strip():
            head = None
        elif head is not None:
            if len(cells) == len(head):
                rows[role].append(dict(zip(head, cells, strict=True)))
        elif ":" in line:
            name, _, value = line.partition(":")
            settings[name.strip()] = value.strip()
            if name.strip().lower() == "new omega position":
                role = next(blocks)
    if PROJECTIONS not in rows:
        return None
    notes = ["roles are told by the order of blocks: white, still, white, dark"]
    if "End of the full scan" not in text:
        notes.append("the log does not tell of the end of the scan")
    energy = _number(settings.get("Energy (keV)"))
    roles = {name: _aps_role(told) for name, told in rows.items()}
    times = [time for told in roles.values() for time in told.times or () if time is not None]
    if times:
        notes.append(f"times of the log have no zone: {zone_told()}")
    if "theta" not in roles[PROJECTIONS].columns:
        notes.append("the log tells no angles of the projections")
    return ScanLog(
        "log of APS 1-ID (TomoStillScan.dat)",
        roles,
        digits=6,
        configuration={} if energy is None else {"energy": energy},
        units={} if energy is None else {"energy": "keV"},
        time=min(times, default=None),
        everything=settings,
        notes=notes,
    )


def _aps_role(rows: Sequence[dict[str, str]]) -> RoleLog:
    # A frame without number is one that no file stands for.
    told = [(int(number), row) for row in rows if (number := _number(row["nSeq"])) is not None]
    zone = configured_zone()
    times = [
        parsed[0] if (parsed := parse_time(row.get("Date"), zone)) else None for _, row in told
    ]
    columns: dict[str, list[Any]] = {}
    for name in dict.fromkeys(name for _, row in told for name in row):
        values = [_number(row.get(name)) for _, row in told]
        if name not in ("num", "nSeq", "Date") and any(value is not None for value in values):
            columns["theta" if name.lower() == "omega" else safe_key(name)] = values
    return RoleLog(
        len(told),
        [number for number, _ in told],
        columns,
        {"theta": "deg"},
        times if any(time is not None for time in times) else None,
    )


def _number(text: str | None) -> float | None:
    try:
        value = float(text or "")
    except ValueError:
        return None
    return value if math.isfinite(value) else None
