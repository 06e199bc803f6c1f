"""Names cut into text and runs of digits."""

from __future__ import annotations

import re

__all__ = ["end_pattern", "is_calendar_date", "pattern_of", "split_name", "starts_fraction"]

_DIGITS = re.compile(r"([0-9]+)")
_LETTER_AT_END = re.compile(r"[^\W\d_]$")
_SUFFIX = re.compile(r"\.[^./]*$")
_CALENDAR_DATE = re.compile(
    r"(19|20)[0-9]{2}(0[1-9]|1[0-2])(0[1-9]|[12][0-9]|3[01])(([01][0-9]|2[0-3])[0-5][0-9]([0-5][0-9])?)?"
)
_AFTER_POINT = 4
_AFTER_LETTERS = 6
"""How many digits a counter has that is written straight behind another number."""


def split_name(name: str) -> tuple[tuple[str, ...], tuple[str, ...]]:
    """Cut a name into its text and the runs of digits between.

    The suffix is never cut; its letters are made small, for ``.TIF`` and ``.tif`` are one. A run
    at the end that is a number and, straight behind it, a counter gives two, with no text between:
    more than four digits behind a decimal point, more than six behind letters.

    Examples
    --------
    >>> split_name("scan_1.5deg_001.TIF")
    (('scan_', '.', 'deg_', '.tif'), ('1', '5', '001'))
    >>> split_name("data.h5")
    (('data.h5',), ())
    >>> split_name("f3.1250001.tif")
    (('f', '.', '', '.tif'), ('3', '125', '0001'))
    """
    parts = _DIGITS.split(name)
    # Digits behind the last dot belong to the suffix (".h5"), unless nothing else is there; what
    # is behind a dot in the name of a folder is no suffix.
    while len(parts) > 2 and "." not in parts[-1] and "/" not in parts[-1]:
        dot = parts[-3].rfind(".")
        if dot <= parts[-3].rfind("/") or (dot == len(parts[-3]) - 1 and not parts[-1]):
            break
        parts[-3:] = ["".join(parts[-3:])]
    if len(parts) > 1:
        suffix = _foldable(parts[-1])
        if suffix is not None:
            parts[-1] = parts[-1][: suffix.start()] + suffix.group().lower()
        width = _glued_width(parts[:-1:2], parts[-1])
        run = parts[-2]
        if width and _holds_counter(run, width):
            parts[-2:-1] = [run[:-width], "", run[-width:]]
    return tuple(parts[::2]), tuple(parts[1::2])


def _glued_width(before: list[str] | tuple[str, ...], end: str) -> int:
    """Return how many digits a counter has that may end the last run; 0 if none may.

    Parameters
    ----------
    before
        The text before each run.
    end
        What follows the last run.
    """
    if before[-1] == "" or not end.startswith("."):
        return 0
    if starts_fraction(before, len(before) - 1):
        return _AFTER_POINT
    return _AFTER_LETTERS if _LETTER_AT_END.search(before[-1]) else 0


def _holds_counter(run: str, width: int) -> bool:
    if len(run) <= width:
        return False
    # A counter may be padded to many digits, and a date is a number of its own.
    return width == _AFTER_POINT or (run[0] != "0" and not is_calendar_date(run))


def starts_fraction(before: list[str] | tuple[str, ...], position: int) -> bool:
    """Tell whether a run of digits is what is behind a decimal point.

    Examples
    --------
    >>> starts_fraction(("x", "."), 1), starts_fraction(("v", ".", "."), 2)
    (True, False)
    """
    return (
        position > 0
        and before[position] in (".", "p")
        and not before[position - 1].endswith(".")
        and before[position - 1] != "p"
    )


def is_calendar_date(run: str) -> bool:
    """Tell whether digits are a date, perhaps with the time of day.

    Examples
    --------
    >>> is_calendar_date("20230606"), is_calendar_date("20230606151124")
    (True, True)
    >>> is_calendar_date("20000001")
    False
    """
    return _CALENDAR_DATE.fullmatch(run) is not None


def pattern_of(texts: tuple[str, ...]) -> str | None:
    r"""Return a regular expression for the names that are cut into these texts, and no others.

    None where there is no simple one: a counter is glued to the number before.

    Examples
    --------
    >>> pattern_of(("img_", ".tif"))
    'img_([0-9]+)(?i:\\.tif)'
    """
    *heads, end = texts
    runs = ["([0-9]+)"] * len(heads)
    if len(heads) > 1 and heads[-1] == "":
        return None
    width = _glued_width(heads, end) if heads else 0
    if width == _AFTER_POINT:
        runs[-1] = f"([0-9]{{1,{width}}})"
    elif width:
        runs[-1] = f"(0[0-9]*|[0-9]{{1,{width}}})"
    return "".join(map("".join, zip(map(re.escape, heads), runs, strict=True))) + end_pattern(end)


def end_pattern(text: str) -> str:
    r"""Return a regular expression for the text at the end of a name, whatever its suffix's case.

    Examples
    --------
    >>> end_pattern("_raw.tif")
    '_raw(?i:\\.tif)'
    """
    suffix = _foldable(text)
    if suffix is None:
        return re.escape(text)
    return re.escape(text[: suffix.start()]) + f"(?i:{re.escape(suffix.group())})"


def _foldable(end: str) -> re.Match[str] | None:
    """Return the suffix of a text at the end of a name, if capitals do not count in it."""
    suffix = None if "/" in end else _SUFFIX.search(end)
    return suffix if suffix is not None and suffix.group().isascii() else None
