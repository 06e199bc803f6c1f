"""Names of files that belong together: families, and the templates that spell them.

A name says by itself which of its numbers count (`counters.find_counters`); what is left of it is
what a family has in common. Files that a user puts together are kin instead: names with the same
text, in which all numbers count that vary. What is missing in a series is for `Numbering` to say.
"""

from __future__ import annotations

import operator
import re
from collections import Counter, defaultdict
from collections.abc import Callable, Container, Iterable, Sequence
from dataclasses import dataclass, field, replace
from itertools import pairwise
from typing import TypeAlias

from .counters import find_counters, shape_of
from .numbering import Numbering
from .splitting import pattern_of, split_name, starts_fraction

__all__ = [
    "Family",
    "find_common_numbers",
    "find_families",
    "find_kin",
]

_MOST_TOLD = 5

_NOTHING = Numbering()

_BREAKS_URIS = re.compile(r"[#%?;{}\x00-\x1f\x7f\ud800-\udfff]").search
"""Signs that are lost, or worse, where a spelled name is put behind a URI without quoting it."""


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
    """For each run of digits, what it is in every name, or None where it counts."""
    numbers: tuple[tuple[int, ...], ...]
    """For each name, its numbers that count, the slowest first."""
    numbering: Numbering = field(default_factory=Numbering)
    """Steps and holes of these."""
    notes: tuple[str, ...] = ()
    """Steps, holes, numbers that occur twice, changes of padding."""
    counters: tuple[int, ...] = ()
    """Which runs of digits count by what the names say, whether they vary or not."""

    def holds(self, texts: tuple[str, ...], runs: tuple[str, ...]) -> bool:
        """Tell whether a name that is cut into these belongs to the family, or would."""
        return texts == self.texts and all(
            fixed is None or fixed == run for fixed, run in zip(self.fixed, runs, strict=True)
        )

    @property
    def ending(self) -> str:
        """What is behind the last number, as the first name spells it."""
        return self.names[0][len(self.names[0]) - len(self.texts[-1]) :]

    @property
    def template(self) -> str:
        """The names with ``{}`` for each number that counts: the family's own name."""
        runs = ["{}" if run is None else run for run in self.fixed]
        texts = [*self.texts[:-1], self.ending]
        return "".join(text + run for text, run in zip(texts, [*runs, ""], strict=True))

    @property
    def widened(self) -> Family:
        """The family that has room for all names that would count on: of the same identity.

        Examples
        --------
        >>> (family,) = find_kin(["t1_z1.tif", "t1_z2.tif"])
        >>> family.template, family.widened.template
        ('t1_z{}.tif', 't{}_z{}.tif')
        """
        if not self.counters:
            return self
        fixed = [None if n in self.counters else run for n, run in enumerate(self.fixed)]
        return replace(self, fixed=tuple(fixed))

    @property
    def spelled(self) -> str | None:
        """A template from which `str.format` makes every name; None if none does."""
        if self.fixed.count(None) != 1 or any(map(_BREAKS_URIS, self.texts)):
            return None
        ending = self.ending
        if not all(name.endswith(ending) for name in self.names):
            return None
        texts = [*self.texts[:-1], ending]
        constant = len("".join([*texts, *filter(None, self.fixed)]))
        widths = set(map(len, self.names))
        narrowest = min(widths) - constant
        for spec in ("{:d}", f"{{:0{narrowest}d}}"):
            runs = [spec if run is None else run for run in self.fixed]
            template = "".join(t + r for t, r in zip(texts, [*runs, ""], strict=True))
            if spec != "{:d}" and len(widths) == 1:
                return template  # runs of one width are what padding to that width gives
            spelled = (template.format(number) for (number,) in self.numbers)
            if all(map(operator.eq, spelled, self.names)):
                return template
        return None


def find_families(
    names: Iterable[str], texts: Container[tuple[str, ...]] | None = None
) -> list[Family]:
    """Cut names of files in one folder into families, in the order in which these first occur.

    Parameters
    ----------
    texts
        If given, families of other texts are left out.

    Examples
    --------
    >>> [family.names for family in find_families(["a_10.tif", "a_9.tif", "b.h5"])]
    [('a_9.tif', 'a_10.tif'), ('b.h5',)]
    >>> [family.template for family in find_families(["s_1_1.tif", "s_1_2.tif", "s_2_1.tif"])]
    ['s_1_{}.tif', 's_2_{}.tif']
    """
    return [
        _make_family(text, part, counters, counters)
        for text, members in _gather_kin(names).items()
        if texts is None or text in texts
        for counters, part in _part_kin(text, members)
    ]


def find_kin(names: Iterable[str]) -> list[Family]:
    """Cut names into kin whose numbers all count if they vary: for what a user put together.

    Examples
    --------
    >>> [family.template for family in find_kin(["s_1_1.tif", "s_2_5.tif", "s_2_9.tif"])]
    ['s_{}_{}.tif']
    """
    return [
        _make_family(texts, members, _varying(members) or counters[-1:], counters)
        for texts, members in _gather_kin(names).items()
        for counters in [_common_counters(texts, members)]
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
    matches: dict[tuple[str, ...], Callable[[str], re.Match[str] | None] | None] = {}
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
            pattern = pattern_of(texts)
            matches[texts] = None if pattern is None else re.compile(pattern).fullmatch
        before, match, members = texts, matches.get(texts), kin.setdefault(texts, [])
        members.append((name, runs))
    return kin


def _part_kin(
    texts: tuple[str, ...], members: list[_Member]
) -> Iterable[tuple[tuple[int, ...], list[_Member]]]:
    """Part kin by what does not count in their names, in the order in which it first occurs."""
    if len(texts) == 1:
        yield (), members
        return
    for counters, alike in _gather_shapes(texts, members).items():
        named = [n for n in range(len(texts) - 1) if n not in counters]
        if not named or len(alike) == 1:
            yield counters, alike
            continue
        name_of = operator.itemgetter(*named)
        parts: dict[object, list[_Member]] = defaultdict(list)
        for member in alike:
            parts[name_of(member[1])].append(member)
        for part in parts.values():
            yield counters, part


def _gather_shapes(
    texts: tuple[str, ...], members: list[_Member]
) -> dict[tuple[int, ...], list[_Member]]:
    """Gather kin by which of their numbers count: that depends a little on the digits, too."""
    known: dict[object, list[_Member]] = {}
    shapes: dict[tuple[int, ...], list[_Member]] = {}
    for member in members:
        shape = tuple(map(shape_of, member[1]))
        alike = known.get(shape)
        if alike is None:
            counters = find_counters(texts, member[1])
            alike = known[shape] = shapes.setdefault(counters, [])
        alike.append(member)
    return shapes


def _common_counters(texts: tuple[str, ...], members: list[_Member]) -> tuple[int, ...]:
    """Return the positions of the numbers that count in every name."""
    if len(texts) == 1:
        return ()
    shapes = _gather_shapes(texts, members)
    return tuple(n for n in range(len(texts) - 1) if all(n in counters for counters in shapes))


def _varying(members: list[_Member]) -> tuple[int, ...]:
    """Return the positions of the runs of digits that differ."""
    first = members[0][1]
    return tuple(
        position
        for position in range(len(first))
        if any(runs[position] != first[position] for _, runs in members)
    )


def _make_family(
    texts: tuple[str, ...],
    members: list[_Member],
    counting: tuple[int, ...],
    counters: tuple[int, ...],
) -> Family:
    """Make a family whose numbers at some positions count, here or by what the names say."""
    if not counting and len(members) == 1:
        ((name, runs),) = members
        return Family((name,), texts, runs, ((),), _NOTHING)
    fractions = [starts_fraction(texts, n) and n not in counters for n in counting]
    numbers, names = _order(members, counting, fractions)
    runs = members[0][1]
    fixed = tuple(None if position in counting else run for position, run in enumerate(runs))
    numbering = _judge(numbers)
    notes = tuple(_notes(numbers, numbering, members, counting))
    return Family(names, texts, fixed, numbers, numbering, notes, counters)


def _judge(numbers: Sequence[tuple[int, ...]]) -> Numbering:
    if len(numbers) == 1 or not numbers[0]:
        return _NOTHING
    if len(numbers[0]) == 1:
        return Numbering.of([number for (number,) in numbers])
    axes = [axis for axis in zip(*numbers, strict=True) if min(axis) != max(axis)]
    if len(axes) > 1:
        return Numbering.of_several(zip(*axes, strict=True))
    return Numbering.of(axes[0]) if axes else _NOTHING  # padded twins: t1_z1 and t01_z1


def _order(
    members: list[_Member], counting: tuple[int, ...], fractions: list[bool]
) -> tuple[tuple[tuple[int, ...], ...], tuple[str, ...]]:
    """Return the numbers and the names in their order; padded twins in that of their names."""
    if len(counting) == 1 and not fractions[0]:
        # Plain numbers are sorted twice as fast as tuples of one.
        (position,) = counting
        single = sorted([(int(runs[position]), name) for name, runs in members])
        return tuple([(number,) for number, _ in single]), tuple([name for _, name in single])
    several = [(tuple([int(runs[p]) for p in counting]), name) for name, runs in members]
    if any(fractions):
        # What is behind a decimal point is in its order as text: 1.25 comes before 1.5.
        pairs = list(zip(counting, fractions, strict=True))
        order = [tuple([r[p] if behind else int(r[p]) for p, behind in pairs]) for _, r in members]
        several = [item for _, item in sorted(zip(order, several, strict=True))]
    else:
        several.sort()
    return tuple([numbers for numbers, _ in several]), tuple([name for _, name in several])


def _notes(
    numbers: Sequence[tuple[int, ...]],
    numbering: Numbering,
    members: list[_Member],
    counting: tuple[int, ...],
) -> Iterable[str]:
    if len(numbers) < 2 or not counting:
        return
    if len(set(numbers)) < len(numbers):
        twice = [number for number, count in Counter(numbers).items() if count > 1]
        yield f"numbers that occur more than once: {_told(n[-1] for n in twice)}"
    yield from numbering.notes
    if len(counting) == 1 and len({len(name) for name, _ in members}) == 1:
        return  # one length: one width of padding
    for position in counting:
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
