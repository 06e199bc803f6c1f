"""Groups: the files of one folder whose names say that they are one acquisition."""

from __future__ import annotations

import os
from collections import defaultdict
from collections.abc import Callable, Container, Iterable, Iterator, Mapping, Sequence
from dataclasses import replace

from ..places.naming import Family, find_families, find_kin
from ..places.numbering import stretches
from .groups import Group, Reading

__all__ = ["group_names", "group_paths", "regroup"]

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
        Each with its other readings, which `regroup` makes: ``"merged"`` makes one group of all
        that differ in numbers only; ``"split"`` parts a group by its slowest number.

    Examples
    --------
    >>> [str(group) for group in group_names("/data", ["a_10.tif", "a_9.tif", "b.h5"])]
    ['a_{}.tif (2 files)', 'b.h5']
    >>> first, second = group_names("/data", ["s1_1.tif", "s1_2.tif", "s2_1.tif"])
    >>> first.template, [reading.name for reading in first.readings]
    ('s1_{}.tif', ['merged'])
    """
    selected = dict.fromkeys(names)
    families = find_families(selected)
    kin: dict[tuple[str, ...], list[Family]] = defaultdict(list)
    for family in families:
        kin[family.texts].append(family)
    beside = _find_beside(kin, selected, present)
    groups = [
        Group(
            folder,
            family.names,
            family.template if len(family.names) > 1 else family.names[0],
            family.notes,
            _readings(family, len(kin[family.texts])),
            _suggest(family, beside),
        )
        for family in families
    ]
    return sorted(groups, key=lambda group: group.template)


def group_paths(paths: Iterable[str]) -> list[Group]:
    """Group files of any folders by their names.

    Examples
    --------
    >>> [group.subject for group in group_paths(["/d/a_1.tif", "/e/a_1.tif", "/d/a_2.tif"])]
    ['/d/a_{}.tif', '/e/a_1.tif']
    """
    folders: dict[str, list[str]] = defaultdict(list)
    for path in paths:
        folder, name = os.path.split(path)
        folders[folder].append(name)
    return [group for folder, names in folders.items() for group in group_names(folder, names)]


def regroup(group: Group, name: str, others: Iterable[Group]) -> tuple[Group, ...]:
    """Return the groups that the reading of a group by names makes of it, and of its kin.

    Parameters
    ----------
    name
        ``"merged"`` or ``"split"``.
    others
        All groups of its folder.

    Examples
    --------
    >>> first, second = group_names("/data", ["s1_1.tif", "s1_2.tif", "s2_1.tif"])
    >>> [merged.names for merged in regroup(first, "merged", [first, second])]
    [('s1_1.tif', 's1_2.tif', 's2_1.tif')]
    >>> [part.template for part in regroup(first, "split", [])]
    ['s1_1.tif', 's1_2.tif']
    """
    (family,) = find_kin(group.names)
    if name == "merged":
        selected = dict.fromkeys(name for other in others for name in other.names)
        return (
            _group(
                group.folder,
                [n for f in find_kin(selected) if f.texts == family.texts for n in f.names],
            ),
        )
    return tuple(_splitter(family)[1](group.folder, family.names))


def _splitter(family: Family) -> tuple[str, Callable[[str, Sequence[str]], Iterator[Group]]]:
    """Return by what a family is parted, in words, and what does it.

    The slowest of several numbers parts it; a single one into files, or into what is consecutive.
    """
    varying = sum(min(axis) != max(axis) for axis in zip(*family.numbers, strict=True))
    if varying > 1:
        return "each value of the slowest number", _split_by_slowest
    if family.numbering.step:
        return "each file", _split_into_files
    return "each stretch of consecutive numbers", _split_into_stretches


def _readings(family: Family, alike: int) -> tuple[Reading, ...]:
    """Return how else names could be read; that a series could be single files goes without it.

    Parameters
    ----------
    alike
        How many families have names of the same text.
    """
    readings = []
    if alike > 1:
        why = f"as one acquisition: {alike} groups whose names differ in numbers only"
        readings.append(Reading("merged", why))
    if len(family.names) > 1:
        by, split = _splitter(family)
        if split is not _split_into_files:
            readings.append(Reading("split", f"apart: {by} is an acquisition of its own"))
    return tuple(readings)


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
