"""What the columns of a table mean: numbers, text, times, and which frame each row is about."""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import Any

from ..labels import unique_keys
from ..times import configured_zone, parse_time
from .table import Table, is_number

__all__ = ["LogColumn", "frame_numbers", "read_columns", "row_times"]

_LONGEST_LABEL, _LONGEST_UNITS = 200, 20
_INTEGER = re.compile(r"[+-]?\d{1,18}")
_CODE = re.compile(r"[+-]?0\d+")
_SUFFIX = re.compile(r"\.[A-Za-z][A-Za-z0-9]{0,7}$")
_FRAME_LABELS = frozenset(
    f"{noun}{word}"
    for noun in ("frame", "image", "img", "file", "projection")
    for word in ("", "number", "no", "nr", "num", "index")
)
_NAME_LABELS = _FRAME_LABELS | {
    f"{noun}{word}"
    for noun in ("frame", "image", "img", "file", "tiff", "tif")
    for word in ("name", "path")
}
_TIME_LABELS = frozenset(
    ("time", "timestamp", "datetime", "date", "epoch", "unixtime", "acquired", "acquisitiontime")
)
_FIRST_EPOCH, _LAST_EPOCH = 9.0e8, 4.1e9  # 1998 to 2099


@dataclass(frozen=True)
class LogColumn:
    """One column of a table."""

    key: str
    label: str
    units: str
    values: list[Any]
    """Integers, numbers with None where a cell is empty, or text."""


def read_columns(table: Table) -> list[LogColumn]:
    r"""Return the columns of a table, as numbers where they are such.

    Digits behind a zero (``01``) are a code and stay text.

    Examples
    --------
    >>> from penstock.ingestors.text_log.table import find_table
    >>> table = find_table("well,I0 [mA],n\n01,2.5,1\n02,,2\n03,2.0,3\n")
    >>> [(column.key, column.units, column.values) for column in read_columns(table)]
    [('well', '', ['01', '02', '03']), ('I0', 'mA', [2.5, None, 2.0]), ('n', '', [1, 2, 3])]
    """
    labels = [label[:_LONGEST_LABEL] for label in table.labels]
    parted = list(map(_part_label, labels))
    keys = unique_keys(name for name, _ in parted)
    return [
        LogColumn(key, labels[number], parted[number][1], _values(table.column(number)))
        for number, key in enumerate(keys)
    ]


def _part_label(label: str) -> tuple[str, str]:
    """Part ``name [units]``."""
    text = label.rstrip()
    if text[-1:] not in ("]", ")"):
        return label, ""
    begin = max(text.rfind("["), text.rfind("("))
    name, units = text[: max(begin, 0)].rstrip(" \t_"), text[begin + 1 : -1]
    if not name or not 1 <= len(units) <= _LONGEST_UNITS or "]" in units or ")" in units:
        return label, ""
    return name, units


def _values(words: list[str]) -> list[Any]:
    if all(map(_INTEGER.fullmatch, words)):
        return words if any(map(_CODE.fullmatch, words)) else list(map(int, words))
    filled = [word for word in words if word]
    if filled and all(map(is_number, filled)) and not any(map(_CODE.fullmatch, filled)):
        return [float(word) if word else None for word in words]
    return words


def frame_numbers(columns: list[LogColumn]) -> tuple[LogColumn, list[int]] | None:
    """Return the column that tells which frame each row is about, and the numbers of these.

    That is a column with the label of one, of whole numbers or of names whose last number differs
    from row to row.

    Examples
    --------
    >>> frame_numbers([LogColumn("file", "file", "", ["a_1_007.tif", "a_1_008.tif"])])[1]
    [7, 8]
    """
    for column in columns:
        label = re.sub(r"[^a-z]", "", column.label.lower())
        found: list[int] | None = None
        if label in _FRAME_LABELS and all(type(value) is int for value in column.values):
            found = column.values
        elif label in _NAME_LABELS and all(type(value) is str for value in column.values):
            found = _numbers_of(column.values)
        if found and len(set(found)) == len(found) and min(found) >= 0:
            return column, found
    return None


def _numbers_of(names: list[str]) -> list[int] | None:
    found = []
    for name in names:
        stem = _SUFFIX.sub("", re.split(r"[/\\]", name)[-1])
        digits = re.findall(r"\d{1,15}", stem)
        if not digits:
            return None
        found.append(int(digits[-1]))
    return found


def row_times(columns: list[LogColumn]) -> tuple[list[float], LogColumn, bool] | None:
    """Return when each row was written, the column that tells it, and whether it tells its zone.

    Examples
    --------
    >>> row_times([LogColumn("time_value", "time", "", ["2026-01-02T03:04:05Z"])])[0]
    [1767323045.0]
    """
    zone = configured_zone()
    for column in columns:
        if re.sub(r"[^a-z]", "", column.label.lower()) not in _TIME_LABELS:
            continue
        if all(isinstance(value, int | float) for value in column.values):
            if all(_FIRST_EPOCH < value < _LAST_EPOCH for value in column.values):
                return [float(value) for value in column.values], column, True
            continue
        read = [parse_time(value, zone) for value in column.values]
        if all(read):
            times = [item for item in read if item is not None]
            return [time for time, _ in times], column, all(known for _, known in times)
    return None
