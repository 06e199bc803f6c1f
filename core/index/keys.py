"""Values as index keys: what SQLite sorts as Mongo's order tests compare.

Keys keep the order of the values of one kind, and are numbers, texts or short blobs. Some tell less
than the value: ``rounded`` says which, so that nobody takes what is found by them for an answer.
"""

from __future__ import annotations

import math
import re
from dataclasses import dataclass
from typing import Any, TypeAlias

from ..mongo_operators import MISSING

__all__ = [
    "FALSE",
    "FIRST_BLOB",
    "FIRST_TEXT",
    "LISTS",
    "MANY",
    "MAX_TEXT",
    "MISSING_KEY",
    "NAN",
    "NESTED",
    "NOTHING",
    "NULL",
    "SUB_DOCUMENTS",
    "TRUE",
    "Key",
    "Range",
    "is_rounded",
    "key_of",
    "key_of_list",
]

Key: TypeAlias = int | float | str | bytes

FIRST_TEXT = ""
"""No number comes after it, no text before it."""
FIRST_BLOB = b""
"""No text comes after it."""
NAN = b"\x10"
NULL = b"\x11"
FALSE = b"\x12"
TRUE = b"\x13"
_DICT = b"\x20"
_LIST = b"\x21"
_OTHER = b"\x30"
MISSING_KEY = b"\xf0"
"""A place where a field is looked for, and is not. Values that are there come before it."""
NOTHING = b"\xf1"
"""Stands alone in documents in which a path leads nowhere, not even to a missing field."""
MANY = b"\xf2"
"""Stands beside the keys of documents in which a path leads to several numbers or texts."""
NESTED = b"\xf3"
"""Stands beside the keys of documents with more than one list, whose elements have keys as well."""

MAX_TEXT = 200
"""Keys of texts keep so many characters."""

_MAX_INTEGER = 2**63
_SURROGATE = re.compile("[\ud800-\udfff]")
_AFTER_SURROGATES = "\ue000"


@dataclass(frozen=True, slots=True)
class Range:
    """Keys from one to another; None is no bound, and keys are compared as SQLite does."""

    low: Key | None
    high: Key | None
    with_low: bool = True
    with_high: bool = True

    @property
    def is_point(self) -> bool:
        """Whether it is one key."""
        if self.low is None or type(self.low) is not type(self.high):
            return False
        return self.low == self.high and self.with_low and self.with_high

    def holds(self, key: Key) -> bool:
        """Tell whether a key lies in it.

        Examples
        --------
        >>> Range(1, FIRST_TEXT, with_low=False, with_high=False).holds(1.5)
        True
        """
        if self.low is not None and not _is_above(key, self.low, self.with_low):
            return False
        return self.high is None or _is_above(self.high, key, self.with_high)

    def intersect(self, other: Range) -> Range:
        """Return what lies in both.

        Examples
        --------
        >>> Range(1, 5).intersect(Range(3, 7, with_low=False))
        Range(low=3, high=5, with_low=False, with_high=True)
        """
        low, high = self, self
        if self.low is None or (
            other.low is not None and not _is_above(self.low, other.low, other.with_low)
        ):
            low = other
        if self.high is None or (
            other.high is not None and not _is_above(other.high, self.high, other.with_high)
        ):
            high = other
        return Range(low.low, high.high, low.with_low, high.with_high)


SUB_DOCUMENTS = Range(_DICT, _LIST, with_high=False)
LISTS = Range(_LIST, b"\x22", with_high=False)


def _is_above(key: Key, bound: Key, or_equal: bool) -> bool:
    kinds = _kind(key), _kind(bound)
    if kinds[0] != kinds[1]:
        return kinds[0] > kinds[1]
    one: Any = key
    return bool(one >= bound if or_equal else one > bound)


def _kind(key: Key) -> int:
    return 1 if type(key) is str else 2 if type(key) is bytes else 0


def key_of(value: Any) -> Key:
    r"""Return the key of a plain value, or of `MISSING`.

    Examples
    --------
    >>> key_of("Cu"), key_of(3), key_of(True), key_of(10**400)
    ('Cu', 3, b'\x13', inf)
    """
    kind = type(value)
    if kind is str:
        return value if len(value) <= MAX_TEXT and value.isascii() else _key_of_text(value)
    if kind is float:
        return NAN if math.isnan(value) else value
    if kind is int:
        return value if -_MAX_INTEGER < value < _MAX_INTEGER else _nearest_float(value)
    if kind is bool:
        return TRUE if value else FALSE
    if value is None:
        return NULL
    if kind is dict:
        return _DICT + len(value).to_bytes(4, "big")
    if kind is list:
        return key_of_list(len(value))
    return MISSING_KEY if value is MISSING else _OTHER


def key_of_list(size: int) -> bytes:
    """Return the key of every list of this size."""
    return _LIST + size.to_bytes(4, "big")


def _key_of_text(text: str) -> str:
    # Cutting a text, and putting the sign after all surrogates in the place of the first, never
    # turn the order of two texts around.
    text = text[:MAX_TEXT]
    found = _SURROGATE.search(text)
    return text[: found.start()] + _AFTER_SURROGATES if found else text


def _nearest_float(number: int) -> float:
    try:
        return float(number)
    except OverflowError:
        return math.inf if number > 0 else -math.inf


def is_rounded(value: Any) -> bool:
    """Tell whether comparing keys with the key of this value may tell less than comparing values.

    Examples
    --------
    >>> is_rounded(5), is_rounded("Cu"), is_rounded(2**63), is_rounded([5])
    (False, False, True, True)
    """
    kind = type(value)
    if kind is str:
        return (
            len(value) >= MAX_TEXT
            or value.endswith(_AFTER_SURROGATES)
            or (not value.isascii() and _SURROGATE.search(value) is not None)
        )
    if kind is int or kind is float:
        is_nan = kind is float and math.isnan(value)
        return not (is_nan or -_MAX_INTEGER < value < _MAX_INTEGER)
    return not (kind is bool or value is None)
