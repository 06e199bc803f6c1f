"""Which numbers of a name count the parts of one acquisition; all others belong to its name.

Each name is judged on its own, by what is written around its numbers, never by which other files
are there: so what belongs together does not change while files arrive.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from functools import cached_property
from itertools import pairwise

from .splitting import is_calendar_date, starts_fraction

__all__ = ["find_counters", "shape_of"]

INDICES = frozenset(
    {
        *("t", "time", "z", "c", "ch", "chan", "channel", "cycle", "frame", "slice"),
        *("img", "image", "im", "proj", "projection", "shot"),
    }
)
"""Labels of numbers that count within an acquisition."""

COORDINATES = frozenset(
    {
        *("x", "y", "row", "col", "pos", "position", "tile"),
        *("theta", "phi", "chi", "omega", "angle"),
    }
)
"""Labels of numbers that count within an acquisition or tell where it was made."""

OUTER = frozenset({"cycle", "ch", "chan", "channel"})
"""Labels of numbers that count also before a frame number without a label."""

ACQUISITIONS = frozenset(
    {"s", "scan", "run", "sample", "exp", "experiment", "meas", "measurement", "series"}
)
"""Labels of numbers that name an acquisition, unless they are the last thing in a name."""

DEVICES = frozenset(
    {"cam", "camera", "det", "detector", "module", "m", "bin", "v", "ver", "version", "rev", "copy"}
)
"""Labels of numbers that name a device, or a way in which files were made."""

_UNIT = re.compile(
    r"(mK|K|C|F|degC|m?eV|[kM]eV|[mk]?V|[mnuµ]?A|[mnuµ]?s|min|hr?|[mnuµck]?m|[kM]?Hz|fps|rpm"
    r"|[mk]?bar|[kMG]?Pa|kx|Oe|m?T|ml|[mu]M|pct|percent)(?![^\W\d_])"
)
_ANGLE = re.compile(r"deg(rees?)?(?![^\W\d_])")
_LABEL = re.compile(r"[^\W\d_]+$")
_WORD_BEFORE = re.compile(r"([^\W\d_]+)[-_. ]+$")
_CLOCK_SEPARATORS = ("_", "-", "T", "t", " ", "")
_SHORT = 4


def find_counters(texts: tuple[str, ...], runs: tuple[str, ...]) -> tuple[int, ...]:
    """Return the positions of the numbers that count, the slowest first; none if no number does.

    The last number counts, except decimals, dates, clock times, numbers with a unit or of a
    device. Numbers before it count too if their labels say that they are axes. Where nothing counts
    so, a number with a unit or of a device does, if it is the only one, or an angle.

    Examples
    --------
    >>> find_counters(("cell_", "_t", "_z", ".tif"), ("3", "1", "05"))
    (1, 2)
    >>> find_counters(("scan_", ".", "deg_", ".tif"), ("1", "5", "001"))
    (2,)
    >>> find_counters(("scan_", ".", "deg.tif"), ("1", "5"))
    ()
    """
    numbers = _read(texts, runs)
    plain = [number for number in numbers if number.can_count]
    counter = next((n for n in reversed(plain) if n is numbers[-1] or n.stands_out), None)
    if counter is None:
        spare = [n for n in numbers if n.is_spare and (len(numbers) == 1 or n.is_angle)]
        return (spare[-1].position,) if spare else ()
    chosen = [counter.position]
    are_axes = counter.is_axis
    for number in reversed(numbers[: numbers.index(counter)]):
        if not (number.can_count and number.is_axis and (are_axes or number.label in OUTER)):
            break
        chosen.append(number.position)
    return tuple(reversed(chosen))


def shape_of(run: str) -> object:
    """Return what of a run of digits, beside the text around it, can decide whether it counts.

    Examples
    --------
    >>> shape_of("012") == shape_of("345")
    True
    >>> shape_of("20230606") == shape_of("00000606")
    False
    """
    width = len(run)
    if width < _SHORT or width == 5:
        return width
    if width == _SHORT:
        return width, _starts_century(run)
    return width, run[0] == "0", _starts_century(run) and is_calendar_date(run)


@dataclass
class _Number:
    """A run of digits in the name of a file, and what is written around it."""

    position: int
    digits: str
    before: str
    after: str
    label: str
    """The letters directly before, made small."""
    is_axis: bool
    is_end: bool
    """Whether no other number follows."""
    is_decimal: bool = False
    is_clock: bool = False

    @property
    def is_last(self) -> bool:
        """Whether nothing but the suffix follows."""
        return self.is_end and (not self.after or self.after.startswith("."))

    @cached_property
    def is_angle(self) -> bool:
        return bool(_ANGLE.match(self.after))

    @cached_property
    def has_unit(self) -> bool:
        if self.after.isalpha() and not self.is_end:  # the label of a number that follows
            return False
        return self.is_angle or bool(_UNIT.match(self.after))

    @cached_property
    def is_id(self) -> bool:
        """Whether it is too long for a frame number before text."""
        return len(self.digits) >= 6 and self.digits[0] != "0" and not self.is_last

    @property
    def is_spare(self) -> bool:
        """Whether it may count if no other number does."""
        return not (self.is_decimal or self.is_clock or self.is_id)

    @property
    def can_count(self) -> bool:
        if self.label in DEVICES and len(self.digits) < _SHORT:
            return False
        if self.label in ACQUISITIONS and not self.is_last:
            return False
        return self.is_spare and not self.has_unit

    @property
    def stands_out(self) -> bool:
        """Whether it looks like a counter though conditions follow."""
        if self.label:
            counts = self.is_axis and self.label in INDICES
            return counts or len(self.digits) >= _SHORT
        word = _WORD_BEFORE.search(self.before)
        return word is None or word.group(1).lower() not in ACQUISITIONS


def _read(texts: tuple[str, ...], runs: tuple[str, ...]) -> list[_Number]:
    """Read the numbers of a name; those in the names of folders are left out."""
    first = max((n for n, text in enumerate(texts) if "/" in text), default=0)
    numbers: list[_Number] = []
    for position in range(first, len(runs)):
        before = texts[position].rpartition("/")[2]
        found = _LABEL.search(before)
        label = found.group().lower() if found else ""
        is_axis = label in INDICES or label in COORDINATES
        if numbers and len(label) == len(before):  # glued to the number before: t1z3
            is_axis = is_axis and numbers[-1].is_axis
        after = texts[position + 1]
        is_end = position == len(runs) - 1
        numbers.append(_Number(position, runs[position], before, after, label, is_axis, is_end))
    _mark_decimals(numbers, texts)
    _mark_clocks(numbers)
    return numbers


def _mark_decimals(numbers: list[_Number], texts: tuple[str, ...]) -> None:
    for whole, fraction in pairwise(numbers):
        if not starts_fraction(texts, fraction.position):
            continue
        # "scan12.0001.tif" is no decimal, nor is "scan12.001" a name with another suffix.
        shortest = _SHORT if fraction.after else 3
        if not (fraction.is_last and fraction.before == "." and len(fraction.digits) >= shortest):
            whole.is_decimal = fraction.is_decimal = True


def _mark_clocks(numbers: list[_Number]) -> None:
    for index, number in enumerate(numbers):
        if is_calendar_date(number.digits):
            found = 1
        elif _is_dashed_date(numbers[index : index + 3]):
            found = 3
        else:
            continue
        time = numbers[index + found : index + found + 3]
        if time and time[0].before in _CLOCK_SEPARATORS:
            if len(time[0].digits) == 6:
                found += 1
            elif [len(part.digits) for part in time] == [2, 2, 2] and len(time[1].before) == 1:
                found += 3
        for part in numbers[index : index + found]:
            part.is_clock = True


def _is_dashed_date(numbers: list[_Number]) -> bool:
    return (
        [len(number.digits) for number in numbers] == [4, 2, 2]
        and _starts_century(numbers[0].digits)
        and numbers[1].before in ("-", "_", ".")
        and numbers[1].before == numbers[2].before
    )


def _starts_century(run: str) -> bool:
    return run[:2] in ("19", "20")
