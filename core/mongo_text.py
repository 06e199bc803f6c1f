"""Tests of texts: regular expressions that cannot run for ever, and words."""

from __future__ import annotations

import re
import time
from collections.abc import Callable
from typing import Any, TypeAlias

from .errors import QueryError

__all__ = ["Leaf", "build_regex", "malformed", "searched_words", "words_of"]

Leaf: TypeAlias = Callable[[Any], bool]
"""A test of one plain value."""

_FLAGS = {"i": re.IGNORECASE, "m": re.MULTILINE, "s": re.DOTALL, "x": re.VERBOSE}
_MAX_PATTERN = 1000

_SLOW_SECONDS = 0.001
"""Looking through a text takes microseconds; what takes longer counts against the budget."""
_BUDGET_SECONDS = 2.0


def build_regex(pattern: Any, options: Any, where: str) -> Leaf:
    """Make the test of ``$regex`` with ``$options`` (None where there are none).

    The expressions are Python's; the engine is that of the package regex, which can be told when
    to give up, and lets other threads run meanwhile. All slow texts that one test is asked about
    share a budget of two seconds.

    Raises
    ------
    QueryError
        If the expression is bad; and by the test, when the budget is used up.

    Examples
    --------
    >>> test = build_regex("^cu", "i", "query.sample.$regex")
    >>> test("Cu foil"), test("brass"), test(5)
    (True, False, False)
    """
    if options is not None and not (isinstance(options, str) and set(options) <= set(_FLAGS)):
        raise malformed(where, f"does not know the $options {options!r}", "Use some of i, m, s, x.")
    search = _compile_pattern(pattern, options or "", where).search
    left = _BUDGET_SECONDS

    def leaf(value: Any) -> bool:
        nonlocal left
        if type(value) is not str:
            return False
        began = time.perf_counter()
        try:
            found = search(value, timeout=left, concurrent=True)
        except TimeoutError:
            found, left = None, 0.0
        spent = time.perf_counter() - began
        if spent > _SLOW_SECONDS:
            left -= spent
        if left <= 0:
            raise QueryError(
                f"the regular expression takes more than {_BUDGET_SECONDS:g} s",
                where=where,
                remedy="Repeat nothing that repeats itself: write a+, not (a+)+.",
            )
        return found is not None

    return leaf


def _compile_pattern(pattern: Any, options: str, where: str) -> Any:
    import regex  # where there is none in a query, it should not cost its import

    letters = set(options)
    if isinstance(pattern, re.Pattern):
        letters |= {letter for letter, flag in _FLAGS.items() if pattern.flags & flag}
        letters |= {"a"} if pattern.flags & re.ASCII else set()
        pattern = pattern.pattern
    if not isinstance(pattern, str) or len(pattern) > _MAX_PATTERN:
        what = f"needs text of {_MAX_PATTERN} characters at most, a regular expression"
        raise malformed(where, what, 'Write {"$regex": "^Cu"}.')
    flags = regex.VERSION0
    for letter in letters:
        flags |= getattr(regex, letter.upper())
    try:
        return regex.compile(pattern, flags)
    except (regex.error, ValueError, OverflowError, RecursionError, MemoryError) as error:
        raise malformed(
            where, f"has a bad regular expression: {error}", "Put \\ before literal ( [ * + ? . \\."
        ) from error


_WORD = re.compile(r"[^\W_]+")


def words_of(value: Any) -> set[str]:
    """Return the words of all texts in a document, as searches compare them.

    A word is a row of letters and digits; upper and lower case are the same.

    Examples
    --------
    >>> sorted(words_of({"file_name": "Copper_foil_01.h5", "sample": {"names": ["Cu"]}, "n": 3}))
    ['01', 'copper', 'cu', 'foil', 'h5']
    """
    found: set[str] = set()
    _collect_words(value, found)
    return found


def _collect_words(value: Any, found: set[str]) -> None:
    if isinstance(value, str):
        found.update(_WORD.findall(value.casefold()))
    elif isinstance(value, dict):
        for item in value.values():
            _collect_words(item, found)
    elif isinstance(value, list | tuple):
        for item in value:
            _collect_words(item, found)


def searched_words(operand: Any, where: str) -> frozenset[str]:
    """Read the operand of ``$text``: the words that all have to be there."""
    text = operand.get("$search") if isinstance(operand, dict) and len(operand) == 1 else None
    words = words_of(text) if isinstance(text, str) else set()
    if not words:
        raise malformed(where, "needs words", 'Write {"$text": {"$search": "copper foil"}}.')
    return frozenset(words)


def malformed(where: str, what: str, remedy: str) -> QueryError:
    """Say what is wrong with an operator's operand; the operator is the last word of `where`."""
    operator = where.rpartition(".")[2]
    return QueryError(f"{operator} {what}", where=where, remedy=remedy)
