"""Names of files that belong together: families, their numbers, and the templates that spell them.

A name is cut into text and runs of ASCII digits. Names with the same text are kin; those among
their runs of digits that vary are indices, and the last index counts the frames. Where two indices
vary, kin make one family only if together they fill a rectangle; otherwise the slowest tells
several families apart. What is missing in a series is for `Numbering` to say, and for nobody else.
"""

from __future__ import annotations

import operator
import re
from collections import Counter, defaultdict
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from itertools import pairwise
from math import gcd, prod
from typing import TypeAlias

__all__ = [
    "Family",
    "Numbering",
    "find_common_numbers",
    "find_families",
    "find_kin",
    "split_name",
    "stretches",
]

_DIGITS = re.compile(r"([0-9]+)")
_MOST_TOLD = 5
_LONGEST_STEP = 10**6
"""No counter takes longer steps: such numbers are times, or names."""
_LONGEST_NUMBER = 20

_BREAKS_URIS = re.compile(r"[#%?;{}\x00-\x1f\x7f\ud800-\udfff]").search
"""Signs that are lost, or worse, where a spelled name is put behind a URI without quoting it."""


def split_name(name: str) -> tuple[tuple[str, ...], tuple[str, ...]]:
    """Cut a name into its text and the runs of digits between; the suffix is never cut.

    Examples
    --------
    >>> split_name("scan_1.5deg_001.tif")
    (('scan_', '.', 'deg_', '.tif'), ('1', '5', '001'))
    >>> split_name("data.h5")
    (('data.h5',), ())
    """
    parts = _DIGITS.split(name)
    # Digits behind the last dot belong to the suffix (".h5"), unless nothing else is there; what
    # is behind a dot in the name of a folder is no suffix.
    while len(parts) > 2 and "." not in parts[-1] and "/" not in parts[-1]:
        dot = parts[-3].rfind(".")
        if dot <= parts[-3].rfind("/") or (dot == len(parts[-3]) - 1 and not parts[-1]):
            break
        parts[-3:] = ["".join(parts[-3:])]
    return tuple(parts[::2]), tuple(parts[1::2])


@dataclass(frozen=True)
class Numbering:
    """How the numbers in names follow one another, and which of them are not there.

    One number counts in steps of the greatest common divisor of its differences. What is missing
    are numbers of that grid between the first and the last; but where fewer than half of them are
    there, the numbers are no counter (clock times, positions), and nothing is missing. Several
    numbers count together if they fill more than half of the rectangle of all their values.

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
        missing = _count_missing(distinct)
        if not missing:
            return cls()
        full = missing + len(distinct)
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


@dataclass(frozen=True)
class Family:
    """Names that differ in some numbers only, in the order of these numbers.

    Examples
    --------
    >>> (family,) = find_kin(["img_08.tif", "img_09.tif", "img_10.tif"])
    >>> family.template, family.spelled, family.numbers
    ('img_{}.tif', 'img_{:02d}.tif', ((8,), (9,), (10,)))
    """

    names: tuple[str, ...]
    texts: tuple[str, ...]
    """The text between the runs of digits."""
    fixed: tuple[str | None, ...]
    """For each run of digits, what it is in every name, or None where it varies."""
    numbers: tuple[tuple[int, ...], ...]
    """For each name, its varying numbers, the slowest first."""
    numbering: Numbering = Numbering()
    """Steps and holes of these."""
    notes: tuple[str, ...] = ()
    """Steps, holes, numbers that occur twice, changes of padding."""

    def holds(self, texts: tuple[str, ...], runs: tuple[str, ...]) -> bool:
        """Tell whether a name that is cut into these belongs to the family, or would."""
        return texts == self.texts and all(
            fixed is None or fixed == run for fixed, run in zip(self.fixed, runs, strict=True)
        )

    @property
    def template(self) -> str:
        """The names with ``{}`` for each varying number: the family's own name."""
        runs = ["{}" if run is None else run for run in self.fixed]
        return "".join(text + run for text, run in zip(self.texts, [*runs, ""], strict=True))

    @property
    def spelled(self) -> str | None:
        """A template from which `str.format` makes every name; None if none does."""
        if self.fixed.count(None) != 1 or any(map(_BREAKS_URIS, self.texts)):
            return None
        constant = len("".join([*self.texts, *filter(None, self.fixed)]))
        widths = set(map(len, self.names))
        narrowest = min(widths) - constant
        for spec in ("{:d}", f"{{:0{narrowest}d}}"):
            runs = [spec if run is None else run for run in self.fixed]
            template = "".join(t + r for t, r in zip(self.texts, [*runs, ""], strict=True))
            if spec != "{:d}" and len(widths) == 1:
                return template  # runs of one width are what padding to that width gives
            spelled = (template.format(number) for (number,) in self.numbers)
            if all(map(operator.eq, spelled, self.names)):
                return template
        return None


def find_families(names: Iterable[str]) -> list[Family]:
    """Cut names of files in one folder into families, in the order in which these first occur.

    Examples
    --------
    >>> [family.names for family in find_families(["a_10.tif", "a_9.tif", "b.h5"])]
    [('a_9.tif', 'a_10.tif'), ('b.h5',)]
    """
    return [
        family
        for texts, members in _gather_kin(names).items()
        for family in _split_kin(texts, members, require_rectangle=True)
    ]


def find_kin(names: Iterable[str]) -> list[Family]:
    """Cut names into kin whose indices all count as one: for files that a user put together.

    Examples
    --------
    >>> [family.template for family in find_kin(["t1_z1.tif", "t2_z5.tif", "t2_z9.tif"])]
    ['t{}_z{}.tif']
    """
    return [
        family
        for texts, members in _gather_kin(names).items()
        for family in _split_kin(texts, members, require_rectangle=False)
    ]


def find_common_numbers(names: Iterable[str]) -> dict[str, int] | None:
    """Return names of different texts in the order of one number that counts them all.

    That is the last number that varies among them, if each has as many numbers and another one
    there. Names that all differ in text before it are not counted together: they give None.

    Examples
    --------
    >>> find_common_numbers(["x_2.tiff", "x_1.tif", "x_10.TIF"])
    {'x_1.tif': 1, 'x_2.tiff': 2, 'x_10.TIF': 10}
    >>> find_common_numbers(["dark_1.tif", "img_1.tif"])
    >>> find_common_numbers(["ceo2_1.tif", "lab6_7.tif"])
    """
    cut = {name: split_name(name) for name in names}
    members = [(name, runs) for name, (_, runs) in cut.items()]
    if len(members) < 2 or len({len(runs) for _, runs in members}) > 1:
        return None
    varying = _varying(members)
    if not varying:
        return None
    heads = {texts[: varying[-1] + 1] for texts, _ in cut.values()}
    if len(heads) > 1 and len({texts for texts, _ in cut.values()}) == len(cut):
        return None
    numbered = sorted([(int(runs[varying[-1]]), name) for name, runs in members])
    if any(low == high for (low, _), (high, _) in pairwise(numbered)):
        return None
    return {name: number for number, name in numbered}


_Member: TypeAlias = tuple[str, tuple[str, ...]]
"""A name and its runs of digits."""


def _gather_kin(names: Iterable[str]) -> dict[tuple[str, ...], list[_Member]]:
    """Put names with the same texts together, in the order in which these first occur."""
    kin: dict[tuple[str, ...], list[_Member]] = {}
    matches: dict[tuple[str, ...], Callable[[str], re.Match[str] | None]] = {}
    # Where a name is kin of the one before, matching the texts of both is quicker than cutting.
    match: Callable[[str], re.Match[str] | None] | None = None
    before: tuple[str, ...] = ()
    members: list[_Member] = []
    for name in dict.fromkeys(names):
        found = match(name) if match is not None else None
        if found is not None:
            members.append((name, found.groups()))
            continue
        texts, runs = split_name(name)
        if texts == before and texts not in matches:
            matches[texts] = re.compile("([0-9]+)".join(map(re.escape, texts))).fullmatch
        before, match, members = texts, matches.get(texts), kin.setdefault(texts, [])
        members.append((name, runs))
    return kin


def _split_kin(
    texts: tuple[str, ...],
    members: list[_Member],
    *,
    require_rectangle: bool,
) -> list[Family]:
    varying = _varying(members)
    if require_rectangle and len(varying) > 1 and _count_missing(_points(members, varying)):
        # Runs of the same value, not of the same digits: padding may change within a family. As
        # points are missing, there is an index with several values.
        slowest = next(p for p in varying if len({int(runs[p]) for _, runs in members}) > 1)
        parts: dict[int, list[_Member]] = defaultdict(list)
        for member in members:
            parts[int(member[1][slowest])].append(member)
        return [
            family
            for part in parts.values()
            for family in _split_kin(texts, part, require_rectangle=True)
        ]
    return [_make_family(texts, members, varying)]


def _varying(members: list[_Member]) -> list[int]:
    """Return the positions of the runs of digits that differ; the last run of a single name."""
    count = len(members[0][1])
    if len(members) == 1:
        return [count - 1] if count else []
    first = members[0][1]
    return [
        position
        for position in range(count)
        if any(runs[position] != first[position] for _, runs in members)
    ]


def _points(members: list[_Member], varying: list[int]) -> set[tuple[int, ...]]:
    return {tuple([int(runs[position]) for position in varying]) for _, runs in members}


def _count_missing(points: set[tuple[int, ...]]) -> int:
    """Return how many more points would fill the rectangle of all values that occur."""
    return prod(len(set(axis)) for axis in zip(*points, strict=True)) - len(points)


def _make_family(texts: tuple[str, ...], members: list[_Member], varying: list[int]) -> Family:
    numbers, names = _order(members, varying)
    runs = members[0][1]
    fixed = tuple(None if position in varying else run for position, run in enumerate(runs))
    if len(varying) == 1:
        numbering = Numbering.of([number for (number,) in numbers])
    else:
        numbering = Numbering.of_several(numbers) if varying else Numbering()
    notes = tuple(_notes(numbers, numbering, members, varying))
    return Family(names, texts, fixed, numbers, numbering, notes)


def _order(
    members: list[_Member], varying: list[int]
) -> tuple[tuple[tuple[int, ...], ...], tuple[str, ...]]:
    """Return the numbers and the names in their order; padded twins in that of their names."""
    if len(varying) == 1:  # plain numbers are sorted twice as fast as tuples of one
        (position,) = varying
        single = sorted([(int(runs[position]), name) for name, runs in members])
        return tuple([(number,) for number, _ in single]), tuple([name for _, name in single])
    several = sorted([(tuple([int(runs[p]) for p in varying]), name) for name, runs in members])
    return tuple([numbers for numbers, _ in several]), tuple([name for _, name in several])


def _notes(
    numbers: Sequence[tuple[int, ...]],
    numbering: Numbering,
    members: list[_Member],
    varying: list[int],
) -> Iterable[str]:
    if len(numbers) < 2 or not varying:
        return
    if len(set(numbers)) < len(numbers):
        twice = [number for number, count in Counter(numbers).items() if count > 1]
        yield f"numbers that occur more than once: {_told(n[-1] for n in twice)}"
    yield from numbering.notes
    if len(varying) == 1 and len({len(name) for name, _ in members}) == 1:
        return  # one length: one width of padding
    for position in varying:
        numerals = [runs[position] for _, runs in members]
        widths = {len(run) for run in numerals if run.startswith("0")}
        if widths:  # a number that is shorter than a padded one is not padded to its width
            widths |= {len(run) for run in numerals if len(run) < max(widths)}
        if len(widths) > 1:
            yield f"numbers are padded to different widths: {_told(sorted(widths))}"


def _told(items: Iterable[object]) -> str:
    texts = [str(item) for item in items]
    more = f", … ({len(texts)} in all)" if len(texts) > _MOST_TOLD else ""
    return ", ".join(texts[:_MOST_TOLD]) + more


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
