"""Finding acquisitions that are laid out as ingestors declare: roles, sidecars, folders by role."""

from __future__ import annotations

import re
from collections import defaultdict
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import TypeAlias

from ..places.naming import find_kin
from ..registry.layouts import Layout, Role
from ..registry.records import Ingestor
from .groups import Group, RoleFiles, paths_of

__all__ = ["find_laid_out", "folders_beside", "suggest_roles"]

_Key: TypeAlias = tuple[str, tuple[str, ...]]
"""A root folder, and what stands in the fields that tell acquisitions apart."""


@dataclass
class _Found:
    """The files of one role, by where they are and what tells acquisitions apart."""

    names: dict[_Key, list[str]] = field(default_factory=lambda: defaultdict(list))
    by_shared: dict[_Key, list[str]] = field(default_factory=lambda: defaultdict(list))


def find_laid_out(
    ingestors: Iterable[Ingestor], groups: Sequence[Group], beside: Sequence[Group] = ()
) -> list[Group]:
    """Return the acquisitions that files make according to the layouts of ingestors.

    A file may be in several: a log that tells of many scans, flat fields for all samples.

    Parameters
    ----------
    groups
        The selected files, grouped by their names.
    beside
        Files that were not selected: an acquisition tells which of them would belong to it.

    Examples
    --------
    >>> layout = Layout((
    ...     Role("projections", "radios/{name}_{index:d}.tif"),
    ...     Role("flats", "flats/{name}_{index:d}.tif", parameter="flats"),
    ... ))
    >>> tomo = Ingestor("tomo", title="", ingest="json:loads", takes="files", layouts=(layout,))
    >>> (group,) = find_laid_out([tomo], [
    ...     Group("/d/radios", ("a_0.tif", "a_1.tif"), "a_{}.tif"),
    ...     Group("/d/flats", ("a_0.tif",), "a_0.tif"),
    ... ])
    >>> group.subject, group.names
    ('/d/radios/a_{}.tif', ('radios/a_0.tif', 'radios/a_1.tif', 'flats/a_0.tif'))
    """
    return [
        group
        for ingestor in ingestors
        for number, layout in enumerate(ingestor.layouts)
        for group in _assemble(ingestor, number, layout, groups, beside)
    ]


def suggest_roles(
    ingestors: Iterable[Ingestor], groups: Sequence[Group], beside: Sequence[Group]
) -> list[Group]:
    """Return groups that tell of files in other roles, which lie beside them and were not selected.

    Parameters
    ----------
    groups
        The selected files.
    beside
        Files that were not selected: of the same folders, and of `folders_beside`.

    Examples
    --------
    >>> layout = Layout((Role("image", "{name}.tif"), Role("log", "{name}.txt", "log")))
    >>> sem = Ingestor("sem", title="", ingest="json:loads", takes="file", layouts=(layout,))
    >>> image, text = (Group("/d", (name,), name) for name in ("a.tif", "a.txt"))
    >>> suggest_roles([sem], [image], [text])[0].suggestions
    ('a.txt (log, as sem lays out its files)',)
    """
    selected = {path: number for number, group in enumerate(groups) for path in group.paths}
    told: dict[int, dict[str, None]] = defaultdict(dict)
    for laid_out in find_laid_out(ingestors, [*groups, *beside]):
        for role in laid_out.roles:
            if any(path in selected for path in paths_of(laid_out.folder, role.names)):
                continue
            what = _tell_beside(role.name, role.names, laid_out.ingestor)
            for number in {selected[path] for path in laid_out.paths if path in selected}:
                told[number][what] = None
    return [
        replace(group, suggestions=(*group.suggestions, *told[number])) if number in told else group
        for number, group in enumerate(groups)
    ]


def folders_beside(ingestors: Iterable[Ingestor], groups: Sequence[Group]) -> list[str]:
    """Return the folders in which layouts expect other files of acquisitions that were selected.

    These are the folders that roles name, where files of the first role are among the groups.

    Examples
    --------
    >>> layout = Layout((Role("image", "raw/{name}.tif"), Role("log", "logs/{name}.txt", "log")))
    >>> sem = Ingestor("sem", title="", ingest="json:loads", takes="file", layouts=(layout,))
    >>> folders_beside([sem], [Group("/d/raw", ("a.tif",), "a.tif")])
    ['/d/logs']
    """
    folders: dict[str, None] = {}
    for ingestor in ingestors:
        for layout in ingestor.layouts:
            first, *others = layout.roles
            for group in groups:
                read = _read(first, _tails(group.folder, (first.depth,)), group.names[0])
                if read is None:
                    continue
                root, _, fields = read
                for role in others:
                    below = role.template.rpartition("/")[0]
                    for name, value in fields.items():
                        spelled = value.replace("\\", r"\\")
                        below = re.sub(rf"\{{{name}(:0?[1-9]?d)?\}}", spelled, below)
                    if "{" not in below:
                        folders[f"{root.rstrip('/')}/{below}".rstrip("/") or "/"] = None
    return list(folders)


def _assemble(
    ingestor: Ingestor,
    number: int,
    layout: Layout,
    groups: Sequence[Group],
    beside: Sequence[Group],
) -> Iterator[Group]:
    found = _sort_by_role(layout, groups)
    elsewhere = _sort_by_role(layout, beside, whole=False) if found[0].names and beside else None
    first, *others = layout.roles
    for key, names in found[0].names.items():
        root, values = key
        fields = dict(zip(layout.keys(first), values, strict=True))
        if not _has_others(layout, found, root, fields):
            continue  # names alone would do as well
        roles = [_ordered(first, names)]
        notes = list(roles[0][1])
        suggestions: list[str] = []
        for position, role in enumerate(others, 1):
            shared = (root, tuple(fields[name] for name in layout.shared(role)))
            there = found[position].by_shared.get(shared, [])
            left = [] if elsewhere is None else elsewhere[position].by_shared.get(shared, [])
            if there:
                files = _ordered(role, there)
                if role.parameter is not None and not role.many and len(files[0].names) > 1:
                    files, note = _only_first(role, files[0].names)
                    notes.append(note)
                roles.append(files)
                notes += [f"{role.name}: {note}" for note in files[1]]
            elif left:
                suggestions.append(_tell_beside(role.name, left, ingestor.name))
            elif not _is_alone(layout):
                notes.append(f"no {role.name}: nothing fits {role.template}")
        for frames in _one_by_one(roles[0]) if ingestor.takes == "file" else roles[:1]:
            yield _group(ingestor, number, root, [frames, *roles[1:]], notes, suggestions)


def _has_others(
    layout: Layout, found: Sequence[_Found], root: str, fields: Mapping[str, str]
) -> bool:
    """Whether there are files of all roles that have to be there, and of one at least."""
    there = 0
    for role, files in zip(layout.roles[1:], found[1:], strict=True):
        shared = (root, tuple(fields[name] for name in layout.shared(role)))
        if files.by_shared.get(shared):
            there += 1
        elif not role.optional:
            return False
    return there > 0 or len(layout.roles) == 1


_Files: TypeAlias = tuple[RoleFiles, tuple[str, ...], str]
"""The files of a role, what is to be told of them, and their template."""


def _one_by_one(files: _Files) -> list[_Files]:
    """Part the files of the first role, each of which is an acquisition of its own."""
    role = files[0]
    return [(RoleFiles(role.name, (name,)), (), name) for name in role.names]


def _only_first(role: Role, names: Sequence[str]) -> tuple[_Files, str]:
    """Take one file for a role that takes no more, and tell so; the others are left to be grouped.

    Which of them it is to be the names do not say.
    """
    others = ", ".join(names[1:])
    note = f"{role.name}: {len(names)} files fit {role.template}: {names[0]} is taken, not {others}"
    return (RoleFiles(role.name, (names[0],)), (), names[0]), note


def _tell_beside(role: str, names: Sequence[str], ingestor: str) -> str:
    more = f" and {len(names) - 1} more" if len(names) > 1 else ""
    return f"{names[0]}{more} ({role}, as {ingestor} lays out its files)"


def _is_alone(layout: Layout) -> bool:
    return all(role.optional for role in layout.roles[1:])


def _group(
    ingestor: Ingestor,
    number: int,
    root: str,
    roles: Sequence[_Files],
    notes: Sequence[str],
    suggestions: Sequence[str],
) -> Group:
    names = dict.fromkeys(name for files, _, _ in roles for name in files.names)
    return Group(
        root,
        tuple(names),
        roles[0][2],
        tuple(notes),
        suggestions=tuple(suggestions),
        ingestor=ingestor.name,
        layout=number,
        roles=tuple(files for files, _, _ in roles),
    )


def _ordered(role: Role, names: Iterable[str]) -> _Files:
    """Return the files of a role in the order of their numbers, with what is to be told of them."""
    families = find_kin(names)
    ordered = tuple(name for family in families for name in family.names)
    notes = families[0].notes if len(families) == 1 else ()
    several = len(families) > 1 or not families[0].numbers
    template = role.template if several else families[0].template
    return RoleFiles(role.name, ordered), notes, ordered[0] if len(ordered) == 1 else template


def _sort_by_role(layout: Layout, groups: Sequence[Group], *, whole: bool = True) -> list[_Found]:
    """Give every file to the role whose template says the most of those that its path fits.

    Parameters
    ----------
    whole
        Whether nobody asks about files that make no acquisition among themselves.
    """
    found = [_Found() for _ in layout.roles]
    order = sorted(range(len(layout.roles)), key=lambda n: -layout.roles[n].literals)
    keys = [layout.keys(role) for role in layout.roles]
    shared = [layout.shared(role) for role in layout.roles]
    for group, tails in _fitting_groups(layout, groups, whole=whole):
        for name in group.names:
            for position in order:
                if (read := _read(layout.roles[position], tails, name)) is not None:
                    root, relative, fields = read
                    files = found[position]
                    values = tuple([fields[key] for key in keys[position]])
                    files.names[root, values].append(relative)
                    values = tuple([fields[key] for key in shared[position]])
                    files.by_shared[root, values].append(relative)
                    break
    return found


def _fitting_groups(
    layout: Layout, groups: Sequence[Group], *, whole: bool
) -> list[tuple[Group, dict[int, tuple[str, str]]]]:
    """Return the groups whose files fit a role; none if there can be no acquisition of them.

    Names of one group differ in numbers only: its ends tell of all, unless a number is spelled.
    """
    spells = any(re.search("[0-9]", re.sub("{.*?}", "", role.template)) for role in layout.roles)
    depths = {role.depth for role in layout.roles}
    fitting = []
    seen = [False] * len(layout.roles)
    for group in groups:
        tails = _tails(group.folder, depths)
        ends = dict.fromkeys((group.names[0], group.names[-1]))
        fits = [any(_read(role, tails, name) is not None for name in ends) for role in layout.roles]
        if spells or any(fits):
            fitting.append((group, tails))
            seen = [before or now for before, now in zip(seen, fits, strict=True)]
    if spells or not whole or len(layout.roles) == 1:
        return fitting
    others = list(zip(layout.roles, seen, strict=True))[1:]
    lacks = any(not there and not role.optional for role, there in others)
    return [] if lacks or not any(there for _, there in others) else fitting


def _tails(folder: str, depths: Iterable[int]) -> dict[int, tuple[str, str]]:
    """Return, for so many folders, the folder above them and the path from there."""
    parts = folder.strip("/").split("/") if folder != "/" else []
    tails = {}
    for depth in depths:
        if depth <= len(parts):
            cut = len(parts) - depth
            tails[depth] = ("/" + "/".join(parts[:cut]), "".join(f"{p}/" for p in parts[cut:]))
    return tails


def _read(
    role: Role, tails: dict[int, tuple[str, str]], name: str
) -> tuple[str, str, dict[str, str]] | None:
    if role.depth not in tails:
        return None
    root, tail = tails[role.depth]
    fields = role.read(tail + name)
    return None if fields is None else (root, tail + name, fields)
