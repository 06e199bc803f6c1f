"""Finding the group of a plan that somebody means: by path, by template, or by one of its files."""

from __future__ import annotations

import os
from collections.abc import Callable, Sequence

from ..errors import NoSuchGroupError
from ..registry.registry import get_registry
from .groups import Group
from .plan import Decision, Plan, Unclaimed, Verdict

__all__ = ["find_verdict"]

_MOST_TOLD = 5


def find_verdict(plan: Plan, wanted: str | Group | Verdict, name: str) -> Verdict:
    """Return what a plan says of a group.

    Parameters
    ----------
    wanted
        A decision or its group; or what `penstock match` calls it: a path of its template,
        absolute, relative to the working folder, or the end of one; or the path of a file.
    name
        What is to be chosen for it: where the same files are several runs (as taken, reduced),
        that of the part which an ingestor of this name makes is meant.

    Examples
    --------
    >>> find_verdict(Plan(), "a.tif", "tiff-stack")
    Traceback (most recent call last):
    ...
    penstock.core.errors.NoSuchGroupError: a.tif: the plan has no such group...
    """
    verdicts: list[Verdict] = [*plan.decisions, *plan.unclaimed]
    for test in _tests(wanted):
        found = [verdict for verdict in verdicts if test(verdict)]
        if len(found) > 1:
            found = _of_part(found, name)
        if len(found) == 1:
            return found[0]
        if found:
            subjects = list(dict.fromkeys(verdict.subject for verdict in found))
            told = ", ".join(subjects[:_MOST_TOLD]) + ", …" * (len(subjects) > _MOST_TOLD)
            raise NoSuchGroupError(
                f"{len(found)} groups of the plan answer to that",
                where=wanted if isinstance(wanted, str) else wanted.subject,
                remedy=f"Say which: {told}.",
            )
    raise NoSuchGroupError(
        "the plan has no such group",
        where=wanted if isinstance(wanted, str) else wanted.subject,
        remedy="plan.explain(), or `penstock match`, shows the groups.",
    )


def _tests(wanted: str | Group | Verdict) -> Sequence[Callable[[Verdict], bool]]:
    """Return what a verdict can be known by, the surest first."""
    if isinstance(wanted, Group):
        return (lambda verdict: isinstance(verdict, Decision) and verdict.group == wanted,)
    if isinstance(wanted, Decision | Unclaimed):
        return (lambda verdict: verdict == wanted,)
    try:
        path = os.path.abspath(wanted)
    except FileNotFoundError:  # the working folder is gone
        path = wanted
    end = f"/{wanted}"
    return (
        lambda verdict: verdict.subject in (wanted, path),
        lambda verdict: isinstance(verdict, Decision) and wanted == verdict.group.template,
        lambda verdict: verdict.subject.endswith(end),
        lambda verdict: wanted in verdict.files or path in verdict.files,
        lambda verdict: any(file.endswith(end) for file in verdict.files),
    )


def _of_part(found: Sequence[Verdict], name: str) -> list[Verdict]:
    """Of verdicts on the same files return that of the part which an ingestor makes.

    Other ways to group files are for the data as taken.
    """
    if len({frozenset(verdict.files) for verdict in found}) > 1:
        return list(found)
    ingestor = get_registry().ingestors.get(name)
    part = "" if ingestor is None else ingestor.part
    of_part = [verdict for verdict in found if verdict.best and verdict.part == part]
    return of_part or [verdict for verdict in found if not verdict.best] or list(found)
