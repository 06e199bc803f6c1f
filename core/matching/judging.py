"""Judging one group: which ingestors can take it, and which of them is the best."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace

from ..registry.records import Ingestor
from .choosing import Choice
from .groups import Group
from .offering import MISMATCH, TIERS, ask, probed_paths, weigh
from .offers import Evidence, Offer, Rejection
from .plan import Decision, Unclaimed
from .probing import ask_together
from .refusing import tell_pinned_refusal, trouble_of, unclaimed
from .sampling import Sample

__all__ = ["Apart", "judge"]


_NO_FORMAT = "its first bytes are others"


@dataclass(frozen=True)
class Apart:
    """The files of a group are to be judged one by one."""

    ingestors: tuple[str, ...]
    """Who would take them so."""
    notes: tuple[str, ...] = ()
    """Why, where a probe found that they do not belong together."""


@dataclass(frozen=True)
class _Standing:
    """An offer, and how it stands to the others."""

    ingestor: Ingestor
    offer: Offer
    one_by_one: bool = False
    """It is for each file of the group alone."""
    finding: str | None = None
    """What the probe found that parts the files, if it does."""


def judge(
    group: Group, sample: Sample, ingestors: Sequence[Ingestor], choice: Choice | None = None
) -> Decision | Unclaimed | Apart:
    """Decide which ingestor takes a group.

    Parameters
    ----------
    ingestors
        All that may take it, in their order.
    choice
        What was chosen for it: no other ingestor is considered then.
    """
    if choice is None:
        # Those that cannot do without settings are for who gives them.
        return _judge(group, sample, [found for found in ingestors if not found.needs])
    verdict = _judge(group, sample, [choice.ingestor], choice)
    if not isinstance(verdict, Unclaimed) or not verdict.rejected:
        return verdict
    chosen = choice.ingestor.name
    others = [found for found in ingestors if found.name != chosen and not found.needs]
    without = _judge(group, sample, others)
    if isinstance(without, Apart):
        return tell_pinned_refusal(verdict, (), without.ingestors)
    return tell_pinned_refusal(verdict, without.best, ())


def _judge(
    group: Group, sample: Sample, ingestors: Iterable[Ingestor], choice: Choice | None = None
) -> Decision | Unclaimed | Apart:
    rejected: list[Rejection] = []
    candidates: list[tuple[Ingestor, tuple[Evidence, ...]]] = []
    for ingestor in ingestors:
        evidence = weigh(ingestor, group, sample, choice)
        if against := [item for item in evidence if not item.supports]:
            rejected.append(Rejection(ingestor.name, against[0].detail, short=_short(against[0])))
        else:
            candidates.append((ingestor, evidence))
    if trouble := trouble_of(group, sample):
        return replace(trouble, rejected=tuple(rejected))
    several = len(group.names) > 1 and not group.roles
    if several and candidates and all(ingestor.takes == "file" for ingestor, _ in candidates):
        # No need to ask: nobody takes them together.
        return Apart(tuple(ingestor.name for ingestor, _ in candidates))
    if not sample.by_name_only:
        ask_together((ingestor for ingestor, _ in candidates), probed_paths(group))
    standings: list[_Standing] = []
    for ingestor, evidence in candidates:
        outcome = _stand(ingestor, group, sample, evidence, choice)
        if isinstance(outcome, Rejection):
            rejected.append(outcome)
        else:
            standings.append(outcome)
    if not standings:
        return unclaimed(group, sample, rejected)
    return _rank(group, standings, tuple(rejected), choice)


def _short(against: Evidence) -> str:
    """Tell what speaks against an ingestor as it does against others."""
    if against.kind == "pattern":
        return "the name does not fit"
    if against.kind == "suffix" or against.detail.startswith(MISMATCH):
        return ""
    return against.detail.partition(", not ")[0] if ", not " in against.detail else _NO_FORMAT


def _stand(
    ingestor: Ingestor,
    group: Group,
    sample: Sample,
    evidence: tuple[Evidence, ...],
    choice: Choice | None,
) -> _Standing | Rejection:
    outcome = ask(ingestor, group, sample, evidence, choice)
    if isinstance(outcome, Rejection):
        return outcome
    found, offer = outcome
    several = len(group.names) > 1 and not group.roles
    one_by_one = several and ingestor.takes == "file"
    if one_by_one and ingestor.probe is not None and not found.separate:
        reason = f"it takes one file, and these {len(group.names)} belong together"
        return Rejection(ingestor.name, reason)
    finding = found.detail if several and found.separate else None
    return _Standing(ingestor, offer, one_by_one or finding is not None, finding)


def _rank(
    group: Group,
    standings: Sequence[_Standing],
    rejected: tuple[Rejection, ...],
    choice: Choice | None,
) -> Decision | Apart:
    best = _best(standings)
    if all(item.one_by_one for item in best):
        findings = dict.fromkeys(item.finding for item in best if item.finding is not None)
        said = "; ".join(filter(None, findings))
        note = f"taken one by one: {said}" if said else "taken one by one"
        return Apart(tuple(item.ingestor.name for item in best), (note,) if findings else ())
    if len(best) > 1:
        offers = tuple(item.offer for item in standings)
        reason = f"{len(best)} ingestors fit equally well ({best[0].offer.tier})"
        return Decision(group, None, offers, rejected, reason)
    chosen = best[0].offer
    others = tuple(item.offer for item in standings if item.offer is not chosen)
    return Decision(group, chosen, others, rejected, _reason(chosen, standings, choice))


def _best(standings: Sequence[_Standing]) -> list[_Standing]:
    """Return the offers of the strongest tier that no other one of them beats.

    Those who give way to others do so first.
    """
    strongest = min(TIERS.index(item.offer.tier) for item in standings)
    level = [item for item in standings if TIERS.index(item.offer.tier) == strongest]
    level = [item for item in level if not item.ingestor.gives_way] or level
    beaten = {name for item in level for name in item.ingestor.beats}
    return [item for item in level if item.ingestor.name not in beaten]


def _reason(chosen: Offer, standings: Sequence[_Standing], choice: Choice | None) -> str:
    if choice is not None:
        return choice.reason
    rivals = [item.ingestor for item in standings if item.offer.tier == chosen.tier]
    beaten = [rival.name for rival in rivals if rival.name != chosen.ingestor]
    if not beaten:
        return ""
    if all(rival.gives_way for rival in rivals if rival.name != chosen.ingestor):
        return f"{', '.join(beaten)} {'give' if beaten[1:] else 'gives'} way to others"
    return f"it is declared to be preferred to {', '.join(beaten)}"
