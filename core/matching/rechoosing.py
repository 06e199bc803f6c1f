"""A plan made anew after somebody has chosen: an ingestor, or another way to group files."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import replace
from typing import Any

from ..errors import NoSuchGroupError, PenstockError, UnregisteredIngestorError
from ..places.naming import find_kin
from ..places.observation import observe
from .assembling import JOINED, UNJOINED, Basis, assemble
from .choosing import Choice, Choices, choose
from .deciding import decide
from .finding import find_verdict
from .grouping import group_paths, regroup
from .groups import Group, Reading
from .joining import join_group
from .plan import Decision, Plan, Unclaimed, Verdict
from .remembering import remember as remember_choice
from .sampling import take_sample
from .settling import APART, restrict

__all__ = ["rechoose"]


def rechoose(
    plan: Plan,
    group: str | Group | Verdict,
    name: str,
    *,
    settings: Mapping[str, Any] | None = None,
    remember: bool = False,
) -> Plan:
    """Return a plan in which a group is taken in another way: see `Plan.with_choice`.

    Examples
    --------
    >>> rechoose(Plan(), "a.tif", "tiff-stack")
    Traceback (most recent call last):
    ...
    penstock.core.errors.NoSuchGroupError: a.tif: the plan has no such group...
    """
    target = find_verdict(plan, group, name)
    basis = plan.basis
    if basis is None:
        raise PenstockError(
            "the plan was not made by matching: nothing can be chosen again",
            remedy="Match the files.",
        )
    reading = next((item for item in _readings(target) if item.name == name), None)
    with observe():
        if reading is None or isinstance(target, Unclaimed):
            choice = _look_up(target, name, settings)
            return _choose_ingestor(basis, target, choice, remember)
        if settings or remember:
            raise PenstockError(
                f"{name!r} is a way to group files: it has no settings, and is not remembered",
                remedy="Choose the ingestor afterwards.",
            )
        if reading.name.startswith((JOINED, UNJOINED)):
            return _say_join(basis, target, reading, is_joined=name != UNJOINED)
        groups = reading.groups or regroup(target.group, name, _neighbours(basis, target))
        return _with(basis, _regroup(basis, target, groups))


def _readings(target: Verdict) -> tuple[Reading, ...]:
    if isinstance(target, Unclaimed):
        return ()
    found = (*target.group.readings, *target.readings)
    if "split" in target.choices and all(reading.name != "split" for reading in found):
        return (*found, Reading("split", "each file is an acquisition of its own"))
    return found


def _neighbours(basis: Basis, target: Decision) -> list[Group]:
    """Return the groups by names in the folder of another one, of the same part."""
    return [
        verdict.group
        for verdict in basis.verdicts
        if isinstance(verdict, Decision)
        and not verdict.group.ingestor
        and verdict.group.folder == target.group.folder
        and verdict.part == target.part
    ]


def _with(basis: Basis, verdicts: Sequence[Verdict]) -> Plan:
    """Make the plan of other verdicts; files that none of them has are grouped by their names."""
    held = _held(verdicts)
    lost = dict.fromkeys(path for old in basis.verdicts for path in old.files if path not in held)
    found = [
        verdict
        for group in group_paths(lost)
        for verdict in decide(group, basis.ingestors, basis.choices)
    ]
    return assemble(replace(basis, verdicts=(*map(_undoable, verdicts), *found)))


def _undoable(verdict: Verdict) -> Verdict:
    """Offer the groups by names beside an acquisition that is laid out."""
    if not isinstance(verdict, Decision) or not verdict.group.roles:
        return verdict
    if any(reading.name == APART for reading in verdict.readings):
        return verdict
    groups = tuple(group_paths(verdict.files))
    apart = Reading(APART, "each group of names on its own", groups)
    return replace(verdict, readings=(*verdict.readings, apart))


def _held(verdicts: Iterable[Verdict]) -> set[str]:
    return {path for verdict in verdicts for path in verdict.files}


def _is_laid_out(verdict: Verdict) -> bool:
    return isinstance(verdict, Decision) and bool(verdict.group.roles)


# An ingestor -------------------------------------------------------------------------------------


def _look_up(target: Verdict, name: str, settings: Mapping[str, Any] | None) -> Choice:
    if isinstance(target, Decision) and target.group.members:
        raise PenstockError(
            "several runs are joined here", remedy=f"Choose {UNJOINED!r} first, then for each."
        )
    try:
        choice = choose(name, settings)
    except UnregisteredIngestorError as error:
        ways = list(target.choices) if isinstance(target, Decision) else []
        if ways:
            error.remedy = f"These files can be: {', '.join(ways)}. {error.remedy}"
        raise error
    if choice is None:
        raise TypeError("the name of an ingestor is needed")
    if _is_laid_out(target) and isinstance(target, Decision) and target.group.ingestor != name:
        raise PenstockError(
            f"these files are put together as {target.group.ingestor} lays them out, not {name}",
            where=target.subject,
            remedy=f"Choose {APART!r} first, then {name!r} for each group.",
        )
    return choice


def _choose_ingestor(basis: Basis, target: Verdict, choice: Choice, remember: bool) -> Plan:
    name, part = choice.ingestor.name, choice.ingestor.part
    groups = _groups_of(target)
    mine = {path for group in groups for path in group.paths}
    kept: list[Verdict] = []
    for verdict in basis.verdicts:
        if (verdict.best and verdict.part != part) or mine.isdisjoint(verdict.files):
            kept.append(verdict)
        elif mine.issuperset(verdict.files):
            continue
        elif not _is_laid_out(verdict):
            kept += restrict(verdict, mine, basis.ingestors, basis.choices)
        elif _is_laid_out(target):
            kept.append(verdict)  # acquisitions that are laid out may share a log, or flats
        else:
            raise PenstockError(
                f"{name} would take these files again: they are in an acquisition as they are",
                where=target.subject,
                remedy=f"Choose for that, or {APART!r} first: {verdict.subject}.",
            )
    new: list[Verdict] = []
    for group in groups:
        found = decide(group, basis.ingestors, Choices(choice))
        if remember and any(isinstance(verdict, Decision) for verdict in found):
            remember_choice(group, take_sample(group).format or "", name, choice.settings)
        new += found
    return _with(basis, (*kept, *new))


def _groups_of(target: Verdict) -> list[Group]:
    """Return the group of a verdict; files that nobody takes may have none, and get some."""
    if isinstance(target, Decision):
        return [target.group]
    groups = group_paths(target.files)
    if len(groups) > 1 and len({group.folder for group in groups}) == 1:
        kin = find_kin(name for group in groups for name in group.names)
        if len(kin) == 1:  # somebody had them merged
            groups = [Group(groups[0].folder, kin[0].names, kin[0].template, kin[0].notes)]
    return [replace(group, suggestions=target.suggestions) for group in groups]


# Other groups ------------------------------------------------------------------------------------


def _say_join(basis: Basis, target: Decision, reading: Reading, *, is_joined: bool) -> Plan:
    wanted = reading.groups[0] if is_joined else target.group
    for join in basis.joins:
        if join_group(join) == wanted:
            return assemble(replace(basis, said={**basis.said, join.key: is_joined}))
    raise NoSuchGroupError(
        "these groups are not what could be joined any more",
        where=target.subject,
        remedy="plan.explain(), or `penstock match --why`, shows what can.",
    )


def _regroup(basis: Basis, target: Decision, groups: Sequence[Group]) -> list[Verdict]:
    """Return the verdicts with other groups in the place of those whose files these hold.

    Runs of another part stay as they are.
    """
    part = target.part
    new = [
        verdict
        for group in groups
        for verdict in decide(group, basis.ingestors, replace(basis.choices, use=None))
        if isinstance(verdict, Unclaimed) or verdict.part == part
    ]
    concerned = {path for group in groups for path in group.paths} | set(target.files)
    frames = _frames(new)
    kept = [
        verdict
        for verdict in basis.verdicts
        if (isinstance(verdict, Decision) and verdict.part != part)
        or not (
            verdict == target
            or concerned.issuperset(verdict.files)
            or (_is_laid_out(verdict) and not frames.isdisjoint(_frames([verdict])))
        )
    ]
    # Files of layouts are shared (a log of many scans): others give theirs up to them.
    laid_out = _by_part(verdict for verdict in [*kept, *new] if _is_laid_out(verdict))
    others = _by_part(verdict for verdict in kept if not _is_laid_out(verdict))
    both = {one: laid_out[one] | others[one] for one in {*laid_out, *others}}
    return [*_restricted(kept, laid_out, basis), *_restricted(new, both, basis)]


def _frames(verdicts: Iterable[Verdict]) -> set[str]:
    """Return the files of the first roles of acquisitions that are laid out: no two share these."""
    return {
        path
        for verdict in verdicts
        if isinstance(verdict, Decision) and verdict.group.roles
        for path in verdict.files[: len(verdict.group.roles[0].names)]
    }


def _by_part(verdicts: Iterable[Verdict]) -> defaultdict[str, set[str]]:
    held: defaultdict[str, set[str]] = defaultdict(set)
    for verdict in verdicts:
        held[verdict.part].update(verdict.files)
    return held


def _restricted(
    verdicts: Sequence[Verdict], taken: Mapping[str, set[str]], basis: Basis
) -> list[Verdict]:
    return [
        left
        for verdict in verdicts
        for left in (
            [verdict]
            if _is_laid_out(verdict)
            else restrict(verdict, taken.get(verdict.part, set()), basis.ingestors, basis.choices)
        )
    ]
