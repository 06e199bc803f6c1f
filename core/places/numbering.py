"""Numbers in names: how they follow one another, and which of them are not there."""

from __future__ import annotations

from bisect import bisect_left
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from itertools import pairwise
from math import gcd, prod

__all__ = ["Numbering", "stretches"]

_MOST_TOLD = 5
_LONGEST_STEP = 10**6
"""No counter takes longer steps: such numbers are times, or names."""
_LONGEST_NUMBER = 20


@dataclass(frozen=True)
class Numbering:
    """How the numbers in names follow one another, and which of them are not there.

    One number counts in steps of the greatest common divisor of its differences. What is missing
    are numbers of that grid between the first and the last; but where fewer than half of them are
    there, the numbers are no counter (clock times, positions), and nothing is missing. Several
    numbers count together if they fill more than half of the grid of all their values; a grid of
    which only the end is not there may still grow, and nothing is missing.

    Examples
    --------
    >>> Numbering.of([100, 110, 120, 140]).told
    '1 number is missing: 130'
    >>> Numbering.of([130245, 130252, 130300, 130307]).told
    'numbers are not consecutive (130245–130307)'
    """

    step: int = 1
    """From one number to the next; 0 where they count nothing."""
    missing: int = 0
    """How many numbers, or combinations of several, are not there."""
    gaps: tuple[range, ...] = ()
    """The missing numbers, where one number counts."""
    notes: tuple[str, ...] = ()
    """What is worth telling."""

    @classmethod
    def of(cls, numbers: Iterable[int]) -> Numbering:
        """Judge numbers, in any order."""
        distinct = sorted(set(numbers))
        if len(distinct) < 2 or distinct[-1] - distinct[0] == len(distinct) - 1:
            return cls()
        step = gcd(*(high - low for low, high in pairwise(distinct)))
        there, full = len(distinct), (distinct[-1] - distinct[0]) // step + 1
        if 2 * there < full or step > _LONGEST_STEP:
            return cls(0, notes=(f"numbers are not consecutive ({_span(distinct)})",))
        gaps = tuple(
            range(low + step, high, step) for low, high in pairwise(distinct) if high - low > step
        )
        notes = [f"numbered in steps of {step}"] if step > 1 else []
        if gaps:
            told = ", ".join(map(_span, gaps[:_MOST_TOLD])) + ", …" * (len(gaps) > _MOST_TOLD)
            notes.append(f"{_count_of(full - there)} missing: {told}")
        return cls(step, full - there, gaps, tuple(notes))

    @classmethod
    def of_several(cls, points: Iterable[tuple[int, ...]]) -> Numbering:
        """Judge combinations of several numbers, all as long."""
        distinct = set(points)
        axes = [sorted(set(axis)) for axis in zip(*distinct, strict=True)]
        full = prod(map(len, axes))
        missing = full - len(distinct)
        if not missing:
            return cls()
        slowest = next(axis for axis in axes if len(axis) > 1)
        if _rank(max(distinct), axes) == len(distinct) - 1:  # nothing is missing before the last
            row = full // len(slowest)
            told = f"{row - missing} of {row} so far with {slowest[-1]}, the last of the slowest"
            return cls(0, notes=(f"numbers make a grid that may still grow: {told}",))
        if missing >= len(distinct):
            told = f"{len(distinct)} of {full} combinations"
            return cls(0, notes=(f"numbers do not make a grid ({told})",))
        told = f"{missing} of {full} combinations of numbers {'is' if missing == 1 else 'are'}"
        return cls(1, missing, notes=(f"{told} missing",))

    @classmethod
    def joined(cls, numberings: Sequence[Numbering]) -> Numbering:
        """Sum up those of several families, each of which counts on its own."""
        if len(numberings) == 1:
            return numberings[0]
        missing = sum(numbering.missing for numbering in numberings)
        return cls(0, missing, notes=(f"{_count_of(missing)} missing",) if missing else ())

    @property
    def told(self) -> str:
        """What is missing, in a sentence."""
        if self.missing:
            return self.notes[-1]
        return "no number is missing" if self.step or not self.notes else self.notes[0]


def _count_of(missing: int) -> str:
    return "1 number is" if missing == 1 else f"{missing} numbers are"


def _span(numbers: Sequence[int]) -> str:
    """Tell the first and the last number; of a very long one, its ends."""
    first, last = (
        text if len(text) <= _LONGEST_NUMBER else f"{text[:8]}…{text[-8:]}"
        for text in (str(numbers[0]), str(numbers[-1]))
    )
    return first if len(numbers) == 1 else f"{first}–{last}"


def stretches(numbers: Sequence[int]) -> list[tuple[int, int]]:
    """Return the half-open stretches of consecutive numbers, in the order given.

    Examples
    --------
    >>> stretches([1, 2, 3, 7, 8, 2])
    [(1, 4), (7, 9), (2, 3)]
    """
    result: list[tuple[int, int]] = []
    for number in numbers:
        if result and result[-1][1] == number:
            result[-1] = (result[-1][0], number + 1)
        else:
            result.append((number, number + 1))
    return result


def _rank(point: tuple[int, ...], axes: Sequence[Sequence[int]]) -> int:
    """Return how many points of a grid come before one, the first number being the slowest."""
    rank = 0
    for number, axis in zip(point, axes, strict=True):
        rank = rank * len(axis) + bisect_left(axis, number)
    return rank
