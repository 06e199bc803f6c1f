"""Who prevails: an acquisition laid out by an ingestor, or its files grouped by their names."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import replace

from ..registry.records import Ingestor
from .ahead import work_ahead
from .choosing import Choices
from .deciding import decide
from .grouping import group_paths
from .groups import Group, Reading
from .offering import TIERS
from .offers import Offer
from .plan import Decision, Unclaimed, Verdict

__all__ = ["APART", "restrict", "settle"]

APART = "apart"
"""The reading of an acquisition that is laid out as groups of names."""


def settle(
    laid_out: Iterable[Group],
    verdicts: Sequence[Verdict],
    ingestors: Sequence[Ingestor],
    choices: Choices,
) -> list[Verdict]:
    """Put acquisitions that are laid out in the place of the groups that hold their files.

    One prevails where its claim is as strong as any of these. Where it is weaker, these are told
    that they could be read so.

    Examples
    --------
    >>> settle([], [], [], Choices())
    []
    """
    groups = list(laid_out)
    if not groups:
        return list(verdicts)
    contest = _Contest(verdicts, {ingestor.name: ingestor for ingestor in ingestors})
    for decided in work_ahead(groups, lambda group: decide(group, ingestors, choices)):
        for verdict in decided:
            if isinstance(verdict, Decision):
                contest.enter(verdict)
    return contest.result(ingestors, choices)


class _Contest:
    def __init__(self, verdicts: Sequence[Verdict], ingestors: Mapping[str, Ingestor]) -> None:
        self.verdicts = list(verdicts)
        self.ingestors = ingestors
        self.holders: dict[str, list[int]] = defaultdict(list)
        for number, verdict in enumerate(verdicts):
            for path in verdict.files:
                self.holders[path].append(number)
        self.entered: list[Decision] = []

    def enter(self, decision: Decision) -> None:
        """Let a decision on an acquisition that is laid out stand against those by names."""
        rivals = [self.verdicts[number] for number in self._overlapping(decision)]
        if all(self._prevails(decision, rival) for rival in rivals):
            self.entered.append(decision)
            return
        offer = decision.best[0]
        why = f"{offer.ingestor} would take them together, on weaker evidence ({offer.strength})"
        reading = Reading(f"laid out by {self._name(decision)}", why, (decision.group,))
        for number in self._overlapping(decision):
            self.verdicts[number] = _with_reading(self.verdicts[number], reading)

    def _overlapping(self, decision: Decision) -> list[int]:
        paths = decision.group.paths
        return sorted({number for path in paths for number in self.holders.get(path, ())})

    def _prevails(self, decision: Decision, rival: Verdict) -> bool:
        """Tell whether it is as strong as another, whose files it has among its own."""
        mine = decision.best[0]
        for theirs in rival.best:
            if theirs.part != mine.part:
                continue
            if _is_pinned(theirs) and not _is_pinned(mine):
                return False
            if TIERS.index(theirs.tier) < TIERS.index(mine.tier):
                return False
            if theirs.tier == mine.tier and self._beats(theirs, mine):
                return False
        return True

    def _beats(self, one: Offer, other: Offer) -> bool:
        ingestor = self.ingestors.get(one.ingestor)
        return ingestor is not None and other.ingestor in ingestor.beats

    def _name(self, decision: Decision) -> str:
        """Return the ingestor that lays an acquisition out, and by which layout of several."""
        name = decision.best[0].ingestor
        ingestor = self.ingestors.get(name)
        several = ingestor is not None and len(ingestor.layouts) > 1
        return f"{name} layout {decision.group.layout + 1}" if several else name

    def result(self, ingestors: Sequence[Ingestor], choices: Choices) -> list[Verdict]:
        """Return all verdicts, those replaced that others have the files of."""
        result: list[Verdict] = []
        taken: dict[str, set[str]] = defaultdict(set)
        for decision in self._winners():
            part = decision.best[0].part
            taken[part].update(decision.group.paths)
            rivals = [
                rival
                for rival in (self.verdicts[number] for number in self._overlapping(decision))
                if rival.part == part
            ]
            groups = tuple(group for rival in rivals for group in _groups_of(rival))
            names = ", ".join(dict.fromkeys(o.ingestor for r in rivals for o in r.best))
            why = f"each group of names on its own, by {names or 'nobody'}"
            result.append(_with_reading(decision, Reading(APART, why, groups)))
        for verdict in self.verdicts:
            result += restrict(verdict, taken[verdict.part], ingestors, choices)
        return result

    def _winners(self) -> list[Decision]:
        """Of those that share files of their first role keep the best; equals are undecided."""
        waiting = sorted(self.entered, key=_rank)  # the first of equals stays the first
        winners: list[Decision] = []
        holders: dict[tuple[str, str], list[Decision]] = defaultdict(list)
        for decision in waiting:
            for path in _frames(decision):
                holders[path, decision.part].append(decision)
        over: set[int] = set()
        for decision in waiting:
            if id(decision) in over:
                continue
            rivals = {
                id(rival): rival
                for path in _frames(decision)
                for rival in holders[path, decision.part]
                if id(rival) not in over
            }
            best = self._pick(list(rivals.values()))
            taken = _frames(best)
            over |= {id(rival) for path in taken for rival in holders[path, decision.part]}
            winners.append(best)
        return winners

    def _pick(self, decisions: list[Decision]) -> Decision:
        strongest = min(map(_rank, decisions))
        level = [decision for decision in decisions if _rank(decision) == strongest]
        beaten = {
            other.best[0].ingestor
            for one in level
            for other in level
            if self._beats(one.best[0], other.best[0])
        }
        level = [decision for decision in level if decision.best[0].ingestor not in beaten]
        most = max(len(decision.group.names) for decision in level)
        level = [decision for decision in level if len(decision.group.names) == most]
        chosen, *equals = level
        others = tuple(decision for decision in decisions if decision is not chosen)
        offers = tuple(offer for decision in others for offer in decision.best)
        apart = [chosen, *others] if equals and _is_one_ingestor(decisions) else others
        readings = tuple(
            Reading(self._name(one), f"as {self._name(one)} lays them out", (one.group,))
            for one in apart
        )
        if equals:
            noun = "layouts" if _is_one_ingestor([chosen, *equals]) else "ingestors"
            return replace(
                chosen,
                chosen=None,
                alternatives=(*chosen.best, *offers),
                reason=f"{1 + len(equals)} {noun} fit equally well ({chosen.best[0].tier})",
                readings=(*chosen.readings, *readings),
            )
        return replace(
            chosen,
            alternatives=(*chosen.alternatives, *offers),
            readings=(*chosen.readings, *readings),
        )


def restrict(
    verdict: Verdict, taken: set[str], ingestors: Sequence[Ingestor], choices: Choices
) -> list[Verdict]:
    """Return what becomes of a verdict when some of its files are taken by others.

    Examples
    --------
    >>> restrict(Unclaimed("/a", ("/a", "/b"), "odd"), {"/a"}, [], Choices())[0].files
    ('/b',)
    """
    files = verdict.files
    if taken.isdisjoint(files):
        return [verdict]
    if isinstance(verdict, Unclaimed):
        left = tuple(path for path in files if path not in taken)
        subject = left[0] if len(left) == 1 else verdict.subject
        return [replace(verdict, files=left, subject=subject)] if left else []
    return [
        decided
        for part in group_paths(path for path in files if path not in taken)
        for decided in decide(part, ingestors, choices)
        if isinstance(decided, Unclaimed) or decided.part == verdict.part
    ]


def _frames(decision: Decision) -> set[str]:
    """Return the files of its first role: no two acquisitions of a layout share these."""
    return set(decision.group.paths[: len(decision.group.roles[0].names)])


def _rank(decision: Decision) -> tuple[bool, int]:
    best = decision.best[0]
    return (not _is_pinned(best), TIERS.index(best.tier))


def _is_one_ingestor(decisions: Sequence[Decision]) -> bool:
    return len({decision.best[0].ingestor for decision in decisions}) == 1


def _groups_of(verdict: Verdict) -> list[Group]:
    if isinstance(verdict, Decision):
        return [verdict.group]
    return group_paths(verdict.files)


def _is_pinned(offer: Offer) -> bool:
    return any(evidence.kind in ("pin", "saved") for evidence in offer.evidence)


def _with_reading(verdict: Verdict, reading: Reading) -> Verdict:
    if isinstance(verdict, Unclaimed):
        return verdict
    return replace(verdict, readings=(*verdict.readings, reading))
