"""A plan made anew after somebody has chosen: an ingestor, or another way to group files."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import replace
from typing import Any

from ..errors import NoSuchGroupError, PenstockError, UnregisteredIngestorError
from ..places.observation import observe
from .assembling import JOINED, UNJOINED, Basis, assemble
from .choosing import Choices, choose
from .deciding import decide
from .grouping import regroup
from .groups import Group, Reading
from .joining import find_joins, join_group
from .plan import Decision, Plan, Unclaimed, Verdict
from .remembering import remember as remember_choice
from .sampling import take_sample
from .settling import restrict

__all__ = ["rechoose"]


def rechoose(
    plan: Plan,
    group: str | Group | Decision | Unclaimed,
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
    target = _find(plan, group)
    basis = plan.basis
    if basis is None:
        raise PenstockError(
            "the plan was not made by matching: nothing can be chosen again",
            remedy="Match the files.",
        )
    readings = _readings(target)
    reading = next((item for item in readings if item.name == name), None)
    with observe():
        if reading is None:
            return _choose_ingestor(basis, target, name, settings, remember)
        if settings or remember:
            raise PenstockError(
                f"{name!r} is a way to group files: it has no settings, and is not remembered",
                remedy="Choose the ingestor afterwards.",
            )
        if name in (JOINED, UNJOINED):
            return _say_join(basis, target, reading, is_joined=name == JOINED)
        groups = reading.groups or regroup(_group_of(target), name, _neighbours(basis, target))
        return assemble(replace(basis, verdicts=_regroup(basis, target, groups)))


def _readings(target: Decision | Unclaimed) -> tuple[Reading, ...]:
    if isinstance(target, Unclaimed):
        return ()
    found = (*target.group.readings, *target.readings)
    if "split" in target.choices and all(reading.name != "split" for reading in found):
        return (*found, Reading("split", "each file is an acquisition of its own"))
    return found


def _neighbours(basis: Basis, target: Decision | Unclaimed) -> list[Group]:
    """Return the groups by names in the folder of another one."""
    folder = _group_of(target).folder
    groups = [v.group for v in basis.verdicts if isinstance(v, Decision) and not v.group.ingestor]
    return [group for group in groups if group.folder == folder]


def _find(plan: Plan, wanted: str | Group | Decision | Unclaimed) -> Decision | Unclaimed:
    verdicts: list[Decision | Unclaimed] = [*plan.decisions, *plan.unclaimed]
    tests: tuple[Callable[[Verdict], bool], ...]
    if isinstance(wanted, str):
        tests = (
            lambda verdict: wanted == _subject(verdict),
            lambda verdict: wanted == _subject(verdict).rsplit("/", 1)[-1],
            lambda verdict: isinstance(verdict, Decision) and wanted == verdict.group.template,
            lambda verdict: wanted in _files(verdict),
            lambda verdict: any(path.endswith(f"/{wanted}") for path in _files(verdict)),
        )
    elif isinstance(wanted, Group):
        tests = (lambda verdict: isinstance(verdict, Decision) and verdict.group == wanted,)
    else:
        tests = (lambda verdict: verdict == wanted,)
    told = wanted if isinstance(wanted, str) else _subject_of(wanted)
    for test in tests:
        found = [verdict for verdict in verdicts if test(verdict)]
        if len(found) == 1:
            return found[0]
        if found:
            raise NoSuchGroupError(
                f"{len(found)} groups of the plan answer to that",
                where=told,
                remedy="Give the group itself: one of plan.decisions.",
            )
    raise NoSuchGroupError(
        "the plan has no such group", where=told, remedy="plan.explain() shows the groups."
    )


def _choose_ingestor(
    basis: Basis,
    target: Decision | Unclaimed,
    name: str,
    settings: Mapping[str, Any] | None,
    remember: bool,
) -> Plan:
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
    group = _group_of(target)
    verdicts = decide(group, basis.ingestors, Choices(choice))
    if remember:
        remember_choice(group, take_sample(group).format or "", name, choice.settings)
    part = choice.ingestor.part
    kept = [verdict for verdict in basis.verdicts if not _is_about(verdict, group, part)]
    return assemble(replace(basis, verdicts=(*kept, *verdicts)))


def _group_of(target: Decision | Unclaimed) -> Group:
    if isinstance(target, Decision):
        return target.group
    folder = target.files[0].rsplit("/", 1)[0] or "/"
    names = tuple(path[len(folder.rstrip("/")) + 1 :] for path in target.files)
    template = names[0] if len(names) == 1 else target.subject.rsplit("/", 1)[-1]
    return Group(folder, names, template, suggestions=target.suggestions)


def _is_about(verdict: Verdict, group: Group, part: str) -> bool:
    if verdict.best and verdict.best[0].part != part:
        return False
    if isinstance(verdict, Decision):
        return verdict.group.paths == group.paths and verdict.group.ingestor == group.ingestor
    return verdict.files == group.paths


def _say_join(
    basis: Basis, target: Decision | Unclaimed, reading: Reading, *, is_joined: bool
) -> Plan:
    wanted = reading.groups[0] if is_joined else _group_of(target)
    decisions = [verdict for verdict in basis.verdicts if isinstance(verdict, Decision)]
    joins = find_joins(decisions, {ingestor.name: ingestor for ingestor in basis.ingestors})
    key = next(join.key for join in joins if join_group(join) == wanted)
    return assemble(replace(basis, said={**basis.said, key: is_joined}))


def _regroup(
    basis: Basis, target: Decision | Unclaimed, groups: Sequence[Group]
) -> tuple[Verdict, ...]:
    """Return the verdicts with other groups in the place of all those whose files these hold."""
    new = [
        verdict
        for group in groups
        for verdict in decide(group, basis.ingestors, replace(basis.choices, use=None))
    ]
    concerned = {path for group in groups for path in group.paths} | set(_files(target))
    kept = [
        verdict
        for verdict in basis.verdicts
        if verdict != target and not concerned.issuperset(_files(verdict))
    ]
    # Files of layouts are shared (a log of many scans): others give theirs up to them.
    laid_out = _held(verdict for verdict in [*kept, *new] if _is_laid_out(verdict))
    others = _held(verdict for verdict in kept if not _is_laid_out(verdict))
    return (*_restricted(kept, laid_out, basis), *_restricted(new, laid_out | others, basis))


def _restricted(verdicts: Sequence[Verdict], taken: set[str], basis: Basis) -> list[Verdict]:
    return [
        left
        for verdict in verdicts
        for left in (
            [verdict]
            if _is_laid_out(verdict)
            else restrict(verdict, taken, basis.ingestors, basis.choices)
        )
    ]


def _held(verdicts: Iterable[Verdict]) -> set[str]:
    return {path for verdict in verdicts for path in _files(verdict)}


def _is_laid_out(verdict: Verdict) -> bool:
    return isinstance(verdict, Decision) and bool(verdict.group.roles)


def _files(verdict: Verdict) -> tuple[str, ...]:
    return verdict.group.paths if isinstance(verdict, Decision) else verdict.files


def _subject(verdict: Verdict) -> str:
    return verdict.group.subject if isinstance(verdict, Decision) else verdict.subject


def _subject_of(wanted: Group | Decision | Unclaimed) -> str:
    return wanted.subject if isinstance(wanted, Group) else _subject(wanted)
