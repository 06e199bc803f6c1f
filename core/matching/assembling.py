"""The last step to a plan: groups that are one acquisition are joined, unless somebody says no."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from functools import cached_property

from ..registry.records import Ingestor, PluginProblem
from .choosing import Choices
from .groups import Reading
from .joining import Join, find_joins, join_group, join_offer
from .offers import Claim
from .plan import Decision, Plan, Unclaimed, Verdict

__all__ = ["Basis", "assemble", "joined_and_apart"]

JOINED = "joined"
UNJOINED = "unjoined"


@dataclass(frozen=True)
class Basis:
    """What a plan is made of, before anything is joined."""

    verdicts: tuple[Verdict, ...]
    ingestors: tuple[Ingestor, ...]
    """All that take files."""
    choices: Choices
    joiner: Ingestor | None = None
    """The one that makes one run of several, if it is there."""
    problems: tuple[PluginProblem, ...] = ()
    said: Mapping[str, bool] = field(default_factory=dict)
    """Joins that somebody has decided on, by their keys."""

    @property
    def decisions(self) -> list[Decision]:
        """The verdicts on files that somebody takes."""
        return [verdict for verdict in self.verdicts if isinstance(verdict, Decision)]

    @cached_property
    def joins(self) -> list[Join]:
        """What could be joined."""
        if self.joiner is None:
            return []
        return find_joins(self.decisions, {found.name: found for found in self.ingestors})


def assemble(basis: Basis) -> Plan:
    """Join what is one acquisition, and return the plan.

    Examples
    --------
    >>> assemble(Basis((), (), Choices()))
    <Plan: nothing is selected>
    """
    decisions = basis.decisions
    unclaimed = tuple(verdict for verdict in basis.verdicts if isinstance(verdict, Unclaimed))
    if basis.joiner is not None and basis.choices.use is None and basis.joins:
        decisions = _with_joins(decisions, basis.joins, basis.said, basis.joiner)
    return Plan(tuple(decisions), unclaimed, basis.problems, basis)


def joined_and_apart(plan: Plan) -> Iterator[tuple[Claim, Claim]]:
    """Pair each join that there is, or could be, with each of its members: of both one is right.

    Examples
    --------
    >>> list(joined_and_apart(Plan()))
    []
    """
    basis = plan.basis
    if basis is None or basis.joiner is None:
        return
    for join in basis.joins:
        (joined,) = join_offer(join, basis.joiner).claims
        for piece in join.pieces:
            yield joined, piece.claim


def _with_joins(
    decisions: Sequence[Decision], joins: Sequence[Join], said: Mapping[str, bool], joiner: Ingestor
) -> list[Decision]:
    readings: dict[int, list[Reading]] = defaultdict(list)
    joined: list[Decision] = []
    used: set[int] = set()
    for join in sorted(joins, key=lambda join: not said.get(join.key, join.is_sure)):
        members = {id(piece.claim) for piece in join.pieces}
        group = join_group(join)
        if said.get(join.key, join.is_sure) and not members & used:
            used |= members
            apart = Reading(UNJOINED, "each a run of its own", group.members)
            reason = "you joined them" if not join.is_sure else ""
            offer = join_offer(join, joiner)
            joined.append(Decision(group, offer, reason=reason, readings=(apart,)))
            continue
        for piece in join.pieces:
            readings[id(piece.decision)].append(Reading(JOINED, join.reason, (group,)))
    result = []
    for decision in decisions:
        kept = _without(decision, used)
        if kept is not None:
            more = _told_apart(readings[id(decision)])
            result.append(replace(kept, readings=(*kept.readings, *more)) if more else kept)
    return joined + result


def _told_apart(readings: Sequence[Reading]) -> tuple[Reading, ...]:
    """Name each of several joins, so that every one can be chosen: ``joined``, ``joined 2``."""
    return tuple(
        replace(reading, name=f"{JOINED} {number}") if number > 1 else reading
        for number, reading in enumerate(dict.fromkeys(readings), 1)
    )


def _without(decision: Decision, used: set[int]) -> Decision | None:
    """Return a decision without the runs that went into joins; None if none is left."""
    if decision.chosen is None:
        return decision
    claims = tuple(claim for claim in decision.chosen.claims if id(claim) not in used)
    if len(claims) == len(decision.chosen.claims):
        return decision
    return replace(decision, chosen=replace(decision.chosen, claims=claims)) if claims else None
