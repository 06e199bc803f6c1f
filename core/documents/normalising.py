"""Normalising metadata once, at the door, so that every catalog stores and compares the same."""

from __future__ import annotations

import datetime
import decimal
import enum
import fractions
import os
import uuid
from collections.abc import Mapping, Set
from typing import Any

import numpy as np

from ..errors import DocumentError

__all__ = ["MAX_DEPTH", "normalise"]

MAX_DEPTH = 64
"""So many containers may stand in a document, one within the other."""


def normalise(value: Any, *, where: str = "document") -> Any:
    """Return `value` as plain data: dicts with str keys, lists, str, int, float, bool and None.

    numpy scalars and arrays become Python's own, tuples and sets lists, dates ISO 8601 text, bytes
    text, enumerations their values, paths text. NaN and infinities stay. `value` is not changed.

    Raises
    ------
    DocumentError
        If something in it is none of these, or it nests more than 64 deep.

    Examples
    --------
    >>> import numpy as np
    >>> normalise({"n": np.int64(3), 5: (1, 2), "when": datetime.date(2026, 1, 2)})
    {'n': 3, '5': [1, 2], 'when': '2026-01-02'}
    """
    return _normalise(value, where, 0)


def _normalise(value: Any, where: str, depth: int) -> Any:
    kind = type(value)
    if kind in _PLAIN:
        return value
    if depth > MAX_DEPTH:
        raise DocumentError(
            f"nests more than {MAX_DEPTH} deep", where=where, remedy="Flatten the metadata."
        )
    # Start documents are normalised by the ten thousand: most are dicts, and most values plain.
    if kind is dict or isinstance(value, Mapping):
        if _PLAIN.issuperset(map(type, value.values())) and _TEXT.issuperset(map(type, value)):
            return dict(value)
        return {
            key if type(key) is str else _text_key(key): item
            if type(item) in _PLAIN
            else _normalise(item, f"{where}.{key}", depth + 1)
            for key, item in value.items()
        }
    if isinstance(value, list | tuple):
        if _PLAIN.issuperset(map(type, value)):
            return list(value)
        return [
            item if type(item) in _PLAIN else _normalise(item, f"{where}[{i}]", depth + 1)
            for i, item in enumerate(value)
        ]
    if isinstance(value, Set):
        return [_normalise(item, where, depth + 1) for item in sorted(value, key=repr)]
    return _normalise_leaf(value, where, depth)


_TEXT = frozenset({str})
_PLAIN = frozenset({str, int, float, bool, type(None)})


def _normalise_leaf(value: Any, where: str, depth: int) -> Any:
    if isinstance(value, enum.Enum):
        return _normalise(value.value, where, depth + 1)
    if isinstance(value, np.ndarray | np.generic):
        return _normalise_numpy(value, where, depth + 1)
    if isinstance(value, datetime.datetime | datetime.date | datetime.time):
        return value.isoformat()
    if isinstance(value, datetime.timedelta):
        return value.total_seconds()
    if isinstance(value, bytes | bytearray | memoryview):
        return bytes(value).decode("utf-8", "backslashreplace")
    if isinstance(value, os.PathLike):
        return os.fspath(value)
    if isinstance(value, decimal.Decimal | fractions.Fraction):
        return float(value)
    if isinstance(value, uuid.UUID):
        return str(value)
    if isinstance(value, complex):
        return [value.real, value.imag]
    for plain in (bool, int, float, str):
        if isinstance(value, plain):
            return plain(value)
    raise DocumentError(
        f"holds a {type(value).__name__}, which no catalog can store",
        where=where,
        remedy="Use numbers, text, lists and dicts in documents.",
    )


def _normalise_numpy(value: Any, where: str, depth: int) -> Any:
    if isinstance(value, np.datetime64):
        return str(value)
    if isinstance(value, np.timedelta64):
        return float(value / np.timedelta64(1, "s"))
    if isinstance(value, np.ndarray):
        # What tolist() makes of times depends on their unit: of nanoseconds it makes numbers.
        if not value.ndim:
            return _normalise(value[()], where, depth)
        items = list(value) if value.dtype.kind in "mM" else value.tolist()
        return _normalise(items, where, depth)
    if isinstance(value, np.longdouble):
        return float(value)  # item() would give it back as it is
    if isinstance(value, np.clongdouble):
        return _normalise(complex(value), where, depth)
    return _normalise(value.item(), where, depth)


def _text_key(key: Any) -> str:
    if isinstance(key, bytes):
        return key.decode("utf-8", "backslashreplace")
    if isinstance(key, enum.Enum):
        return str(key.value)
    return str(key)
