"""Judging one group: which ingestors can take it, and which of them is the best."""

from __future__ import annotations

import fnmatch
import re
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace
from functools import lru_cache
from typing import cast, get_args

from ..errors import AmbiguousDataError, NoDataError, PenstockError, UnsafeLinkError
from ..formats import FORMATS, format_by_suffix, is_format
from ..registry.records import Ingestor, RunsFound, Tier
from .choosing import Choice
from .facts import FileFacts, facts_of
from .plan import Claim, Decision, Evidence, Group, Offer, Rejection, Unclaimed
from .probing import probe
from .walking import CHECK_ACCESS

__all__ = ["Apart", "Sample", "judge", "take_sample"]

_MISMATCH = "extension mismatch: "
_TIERS = cast(tuple[Tier, ...], get_args(Tier))
_NOT_FAULTS = (NoDataError, AmbiguousDataError, UnsafeLinkError)
"""Errors of a probe that tell of a sound file which cannot be taken as it is."""
_SETTINGS_HELP = (NoDataError, AmbiguousDataError)
"""Errors of a probe that stand in nobody's way who says what to take: probes are told nothing."""


@dataclass(frozen=True)
class Sample:
    """The first, middle and last file of a group, and what their first bytes say together."""

    facts: tuple[FileFacts, ...]
    format: str | None
    """The format of those that can be looked at."""
    by_name_only: bool
    """None of them may be opened: they lie on tape."""
    notes: tuple[str, ...] = ()
    is_mixed: bool = False
    """Files of several formats share the name pattern."""


@dataclass(frozen=True)
class Apart:
    """The files of a group are to be judged one by one."""

    ingestors: tuple[str, ...]
    """Who would take them so."""
    notes: tuple[str, ...] = ()
    """Why, where a probe found that they do not belong together."""


def take_sample(group: Group) -> Sample:
    """Look at the first bytes of three files of a group at most.

    An empty or unreadable file among good ones is a note: the series may still be growing.
    """
    count = len(group.names)
    facts = tuple(facts_of(group.paths[index]) for index in sorted({0, count // 2, count - 1}))
    formats = dict.fromkeys(fact.format for fact in facts)
    known = [found for found in formats if found is not None and found != "empty"]
    notes = [
        f"{fact.path}: {fact.trouble or 'it is empty (0 bytes)'}"
        for fact in facts
        if fact.trouble or fact.format == "empty"
    ]
    return Sample(
        facts,
        known[0] if known else next(iter(formats)),
        by_name_only=all(fact.is_on_tape for fact in facts),
        notes=tuple(notes) if known or any(fact.is_on_tape for fact in facts) else (),
        is_mixed=len(known) > 1,
    )


def judge(
    group: Group, sample: Sample, ingestors: Iterable[Ingestor], *, choice: Choice | None = None
) -> Decision | Unclaimed | Apart:
    """Decide which ingestor takes a group.

    Parameters
    ----------
    ingestors
        All there are, in their order.
    choice
        What the user chose: no other ingestor is considered then.
    """
    if choice is None:
        return _judge(group, sample, ingestors)
    verdict = _judge(group, sample, [choice.ingestor], choice)
    if not isinstance(verdict, Unclaimed) or not verdict.rejected:
        return verdict
    others = [ingestor for ingestor in ingestors if ingestor.name != choice.ingestor.name]
    return _tell_refusal(verdict, _judge(group, sample, others))


def _judge(
    group: Group, sample: Sample, ingestors: Iterable[Ingestor], choice: Choice | None = None
) -> Decision | Unclaimed | Apart:
    rejected: list[Rejection] = []
    candidates: list[tuple[Ingestor, tuple[Evidence, ...]]] = []
    for ingestor in ingestors:
        evidence = _evidence(ingestor, group, sample, choice)
        if against := [item for item in evidence if not item.supports]:
            rejected.append(Rejection(ingestor.name, against[0].detail))
        else:
            candidates.append((ingestor, tuple(evidence)))
    if trouble := _trouble(group, sample):
        return replace(trouble, rejected=tuple(rejected))
    several = len(group.names) > 1
    if several and candidates and all(ingestor.takes == "file" for ingestor, _ in candidates):
        # No need to ask: nobody takes them together.
        return Apart(tuple(ingestor.name for ingestor, _ in candidates))

    offers: list[tuple[Ingestor, Offer, bool]] = []
    parting: dict[str, str] = {}
    for ingestor, support in candidates:
        outcome = _ask(ingestor, group, sample, support, choice)
        if isinstance(outcome, Rejection):
            rejected.append(outcome)
        else:
            found, offer = outcome
            separately = several and ingestor.takes == "file"
            if separately and ingestor.probe is not None and not found.separate:
                reason = f"it takes one file, and these {len(group.names)} belong together"
                rejected.append(Rejection(ingestor.name, reason))
            else:
                offers.append((ingestor, offer, separately or (several and found.separate)))
                if several and found.separate:
                    parting[ingestor.name] = found.detail
    if not offers:
        return _unclaimed(group, sample, rejected)
    best = _best(offers)
    if all(separately for _, _, separately in best):
        return _apart([offer.ingestor for _, offer, _ in best], parting)
    if len(best) > 1:
        return Decision(
            group,
            None,
            tuple(offer for _, offer, _ in offers),
            tuple(rejected),
            reason=f"{len(best)} ingestors fit equally well ({best[0][1].tier})",
        )
    chosen = best[0][1]
    others = tuple(offer for _, offer, _ in offers if offer is not chosen)
    reason = _reason(chosen, others, pinned=choice is not None)
    return Decision(group, chosen, others, tuple(rejected), reason)


def _apart(ingestors: Sequence[str], parting: dict[str, str]) -> Apart:
    details = dict.fromkeys(parting[name] for name in ingestors if name in parting)
    said = "; ".join(filter(None, details))
    note = f"taken one by one: {said}" if said else "taken one by one"
    return Apart(tuple(ingestors), (note,) if details else ())


def _tell_refusal(verdict: Unclaimed, without: Decision | Unclaimed | Apart) -> Unclaimed:
    """Tell why the ingestor that the user asked for does not take a group, and who would."""
    (refusal,) = verdict.rejected
    verb = "failed" if refusal.is_fault else "declined"
    because = refusal.reason.removeprefix(_MISMATCH)
    reason = f"you asked for {refusal.ingestor}; it {verb}: {because}"
    if isinstance(without, Apart):
        reason += f"; without --use, {' or '.join(without.ingestors)} takes the files one by one"
    elif isinstance(without, Decision):
        offers = without.alternatives if without.chosen is None else (without.chosen,)
        reason += f"; without --use, {' or '.join(offer.ingestor for offer in offers)} takes it"
    return replace(verdict, reason=reason)


def _evidence(
    ingestor: Ingestor, group: Group, sample: Sample, choice: Choice | None
) -> list[Evidence]:
    file = sample.facts[0].path
    pinned = choice is not None
    evidence = [] if choice is None else [Evidence("pin", file, choice.told, True)]
    if ingestor.patterns and not pinned:
        names = (group.names[0], group.names[-1])
        fits = all(_pattern(ingestor.patterns).fullmatch(name) for name in names)
        wanted = " or ".join(ingestor.patterns)
        detail = f"the name fits {wanted}" if fits else f"the name does not fit {wanted}"
        evidence.append(Evidence("pattern", file, detail, fits))
    if not ingestor.formats:
        return evidence
    wanted = " or ".join(FORMATS[format_id].title for format_id in ingestor.formats)
    if sample.by_name_only:
        fits = is_format(format_by_suffix(group.names[0]), ingestor.formats)
        detail = f"the suffix promises {'' if fits else 'no '}{wanted}"
        evidence.append(Evidence("suffix", file, detail, fits))
    elif sample.format is not None:
        fits = is_format(sample.format, ingestor.formats)
        detail = f"it is {FORMATS[sample.format].title}" + ("" if fits else f", not {wanted}")
        if not fits and is_format(format_by_suffix(group.names[0]), ingestor.formats):
            detail = f"{_MISMATCH}{detail}"
        evidence.append(Evidence("signature", file, detail, fits))
    elif not pinned:
        evidence.append(Evidence("signature", file, f"its first bytes are not {wanted}", False))
    return evidence


@lru_cache(maxsize=256)
def _pattern(patterns: tuple[str, ...]) -> re.Pattern[str]:
    return re.compile("|".join(map(fnmatch.translate, patterns)), re.IGNORECASE)


def _ask(
    ingestor: Ingestor,
    group: Group,
    sample: Sample,
    evidence: tuple[Evidence, ...],
    choice: Choice | None,
) -> tuple[RunsFound, Offer] | Rejection:
    probed = ingestor.probe is not None and not sample.by_name_only
    try:
        found = probe(ingestor, group.paths) if probed else RunsFound()
    except Exception as error:  # noqa: BLE001 # a plug-in's code: what it raises is its answer
        if choice is None or not choice.settings or not isinstance(error, _SETTINGS_HELP):
            return _rejection(ingestor.name, error)
        found, evidence = RunsFound(), _overrule(evidence, f"its probe said: {error.what}")
    else:
        if found is None and choice is None:
            return Rejection(ingestor.name, "its probe declined: this is not what it reads")
        if found is None:
            found, evidence = RunsFound(), _overrule(evidence, "its probe declined")
        elif probed:
            detail = found.detail or "confirmed by its probe"
            evidence = (*evidence, Evidence("probe", group.paths[0], detail, True))
    notes = (*group.notes, *_mismatch(group, sample), *sample.notes, *found.notes)
    claims = tuple(
        Claim(
            ingestor.name,
            ingestor.version,
            group.paths,
            ingestor.ingest,
            (list(group.paths) if ingestor.takes == "files" else group.paths[0],),
            kwargs,
            evidence,
            notes,
        )
        for kwargs in (found.kwargs if choice is None else choice.settle(found))
    )
    tier = _tier(ingestor, {item.kind for item in evidence})
    return found, Offer(ingestor.name, tier, claims, evidence, notes)


def _overrule(evidence: tuple[Evidence, ...], what: str) -> tuple[Evidence, ...]:
    """Tell beside the user's choice what the probe has against it."""
    return tuple(
        replace(item, detail=f"{item.detail}; {what}") if item.kind == "pin" else item
        for item in evidence
    )


def _rejection(name: str, error: Exception) -> Rejection:
    if isinstance(error, PenstockError):
        is_fault = not isinstance(error, _NOT_FAULTS)
        remedy = error.remedy or ""
        if isinstance(error, AmbiguousDataError) and "--set" not in remedy:
            remedy = f"{remedy} On the command line: `--use {name} --set NAME=VALUE`.".lstrip()
        return Rejection(name, error.what, remedy, is_fault, was_asked=True)
    return Rejection(name, f"{type(error).__name__}: {error}", is_fault=True, was_asked=True)


def _mismatch(group: Group, sample: Sample) -> tuple[str, ...]:
    promised = format_by_suffix(group.names[0])
    if promised is None or sample.format is None or is_format(sample.format, (promised,)):
        return ()
    found, named = FORMATS[sample.format].title, FORMATS[promised].title
    return (f"{_MISMATCH}named like {named}, but it is {found}",)


def _tier(ingestor: Ingestor, kinds: set[str]) -> Tier:
    """Return the tier that an ingestor declares, or the best one that the evidence supports."""
    if "probe" in kinds:
        supported: Tier = "STRUCTURE"
    elif {"signature", "pattern"} <= kinds:
        supported = "CONVENTION"
    elif "signature" in kinds:
        supported = "SIGNATURE"
    elif kinds & {"pattern", "suffix"}:
        supported = "EXTENSION"
    else:
        supported = "FALLBACK"
    return max(ingestor.tier, supported, key=_TIERS.index)


def _best(offers: list[tuple[Ingestor, Offer, bool]]) -> list[tuple[Ingestor, Offer, bool]]:
    """Return the offers of the strongest tier that no other one of them beats."""
    strongest = min(_TIERS.index(offer.tier) for _, offer, _ in offers)
    level = [item for item in offers if _TIERS.index(item[1].tier) == strongest]
    beaten = {name for ingestor, _, _ in level for name in ingestor.beats}
    return [item for item in level if item[0].name not in beaten]


def _reason(chosen: Offer, others: tuple[Offer, ...], *, pinned: bool) -> str:
    if pinned:
        return "the user chose it"
    rivals = [offer.ingestor for offer in others if offer.tier == chosen.tier]
    if rivals:
        return f"it is declared to be preferred to {', '.join(rivals)}"
    return ""


def _trouble(group: Group, sample: Sample) -> Unclaimed | None:
    """Tell why a group cannot even be looked at, if that is so."""
    troubles = [fact.trouble for fact in sample.facts]
    if sample.by_name_only or not all(troubles):
        return None
    is_fault = sample.facts[0].stat is None or "Error" in str(troubles[0])
    return Unclaimed(
        group.subject, group.paths, str(troubles[0]), CHECK_ACCESS if is_fault else "", is_fault
    )


def _unclaimed(group: Group, sample: Sample, rejected: list[Rejection]) -> Unclaimed:
    fault = next((rejection for rejection in rejected if rejection.is_fault), None)
    promised = format_by_suffix(group.names[0])
    asked = [item for item in rejected if item.was_asked]
    remedy = ""
    if asked:
        said: dict[str, list[str]] = {}
        for item in asked:
            said.setdefault(item.reason, []).append(item.ingestor)
        reason = "; ".join(f"{what} ({', '.join(names)})" for what, names in said.items())
        remedy = next((item.remedy for item in asked if item.remedy), "")
    elif sample.format is None:
        reason = "its format is not known"
        if promised is not None:
            reason = f"it is named like {FORMATS[promised].title}, but its first bytes are not"
            remedy = "Copy it again, or ask where it comes from."
    else:
        found = FORMATS[sample.format]
        reason = f"it is {found.title}"
        remedy = found.remedy
        if promised is not None and not is_format(sample.format, (promised,)):
            reason = f"it is named like {FORMATS[promised].title}, but {reason}"
        else:
            reason += ", which no ingestor takes"
    return Unclaimed(group.subject, group.paths, reason, remedy, fault is not None, tuple(rejected))
