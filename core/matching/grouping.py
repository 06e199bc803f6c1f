"""Groups: the files of one folder whose names say that they are one acquisition."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable, Container, Iterable, Iterator, Mapping, Sequence
from dataclasses import replace
from itertools import chain
from typing import Any

from ..places.naming import Family, find_families, find_kin
from ..places.numbering import stretches
from .plan import Group, Reading

__all__ = ["group_names"]

_MOST_TOLD = 3


def group_names(folder: str, names: Iterable[str], present: Iterable[str] = ()) -> list[Group]:
    """Group the names of files in one folder, in the order of their templates.

    Parameters
    ----------
    names
        Those that were selected.
    present
        All names in the folder, where they are known: a group tells what more of it is there.

    Returns
    -------
    list of Group
        Each with its other readings: ``"merged"`` makes one group of all that differ in numbers
        only; ``"split"`` parts a group by its slowest number.

    Examples
    --------
    >>> [str(group) for group in group_names("/data", ["a_10.tif", "a_9.tif", "b.h5"])]
    ['a_{}.tif (2 files)', 'b.h5']
    >>> first, second = group_names("/data", ["s1_1.tif", "s1_2.tif", "s2_1.tif"])
    >>> [str(group) for group in first.readings[0].groups]
    ['s{}_{}.tif (3 files; numbers make a grid that may still grow: 1 of 2 so far with 2, the \
last of the slowest)']
    """
    selected = dict.fromkeys(names)
    families = find_families(selected)
    kin: dict[tuple[str, ...], list[Family]] = defaultdict(list)
    for family in families:
        kin[family.texts].append(family)
    merged = {texts: (_merged(folder, alike),) for texts, alike in kin.items() if len(alike) > 1}
    beside = _find_beside(kin, selected, present)
    groups = [
        Group(
            folder,
            family.names,
            family.template if len(family.names) > 1 else family.names[0],
            family.notes,
            (*merged.get(family.texts, ()), *_split(folder, family)),
            _suggest(family, beside),
        )
        for family in families
    ]
    return sorted(groups, key=lambda group: group.template)


class _LazyReading(Reading):
    """A reading whose groups are made when they are asked for: most are not."""

    def __init__(self, name: str, why: str, make: Callable[[], tuple[Group, ...]]) -> None:
        for field, value in {"name": name, "why": why, "_make": make}.items():
            object.__setattr__(self, field, value)

    def __getattr__(self, name: str) -> Any:
        if name != "groups":
            raise AttributeError(name)
        groups = self.__dict__["_make"]()
        object.__setattr__(self, "groups", groups)
        return groups

    def __reduce__(self) -> tuple[Any, ...]:
        return Reading, (self.name, self.groups, self.why)


def _merged(folder: str, families: Sequence[Family]) -> Reading:
    """Return the reading that takes families of the same text as one."""
    members = [family.names for family in families]

    def make() -> tuple[Group, ...]:
        return (_group(folder, list(chain.from_iterable(members))),)

    why = f"as one acquisition: {len(families)} groups whose names differ in numbers only"
    return _LazyReading("merged", why, make)


def _split(folder: str, family: Family) -> tuple[Reading, ...]:
    """Return the reading that parts a family by its slowest number that varies, if one does.

    A single number parts it into files; or, where it is not consecutive, into what is.
    """
    names = family.names
    if len(names) < 2:
        return ()
    varying = sum(min(axis) != max(axis) for axis in zip(*family.numbers, strict=True))
    if varying > 1:
        by, split = "each value of the slowest number", _split_by_slowest
    elif family.numbering.step:
        by, split = "each file", _split_into_files
    else:
        by, split = "each stretch of consecutive numbers", _split_into_stretches

    def make() -> tuple[Group, ...]:
        return tuple(split(folder, names))

    return (_LazyReading("split", f"apart: {by} is an acquisition of its own", make),)


def _split_into_files(folder: str, names: Sequence[str]) -> Iterator[Group]:
    for name in names:
        yield _group(folder, [name])


def _split_by_slowest(folder: str, names: Sequence[str]) -> Iterator[Group]:
    (family,) = find_kin(names)
    parts: dict[int, list[str]] = defaultdict(list)
    for (slowest, *_), name in zip(family.numbers, family.names, strict=True):
        parts[slowest].append(name)
    for part in parts.values():
        yield _group(folder, part)


def _split_into_stretches(folder: str, names: Sequence[str]) -> Iterator[Group]:
    (family,) = find_kin(names)
    first = 0
    for low, high in stretches([number for (number,) in family.numbers]):
        group = _group(folder, family.names[first : first + high - low])
        first += high - low
        if high - low > 1:  # otherwise the stretches would all be called the same
            head, _, tail = family.template.rpartition("{}")
            group = replace(group, template=f"{head}{{{low}..{high - 1}}}{tail}")
        yield group


def _group(folder: str, names: Sequence[str]) -> Group:
    """Make one group of names with the same text."""
    if len(names) == 1:
        return Group(folder, (names[0],), names[0])
    (family,) = find_kin(names)
    return Group(folder, family.names, family.template, family.notes)


# What was not selected ---------------------------------------------------------------------------


def _find_beside(
    kin: Container[tuple[str, ...]], selected: Container[str], present: Iterable[str]
) -> dict[object, tuple[str, ...]]:
    """Return the names that were not selected, by the families of selected ones."""
    left = [name for name in present if name not in selected]
    return {(family.texts, family.fixed): family.names for family in find_families(left, kin)}


def _suggest(family: Family, beside: Mapping[object, tuple[str, ...]]) -> tuple[str, ...]:
    names = beside.get((family.texts, family.fixed), ())
    if not names:
        return ()
    told = ", ".join(names[:_MOST_TOLD]) + ", …" * (len(names) > _MOST_TOLD)
    more = "1 more file" if len(names) == 1 else f"{len(names)} more files"
    return (f"{more} of {family.template} not selected: {told}",)
