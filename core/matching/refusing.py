"""Why nobody takes a group of files, in words for people."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

from ..formats import FORMATS, format_by_suffix, is_format
from .groups import Group
from .offering import MISMATCH
from .offers import Offer, Rejection
from .plan import Unclaimed
from .sampling import Sample
from .walking import CHECK_ACCESS

__all__ = ["tell_pinned_refusal", "trouble_of", "unclaimed"]


def trouble_of(group: Group, sample: Sample) -> Unclaimed | None:
    """Tell why a group cannot even be looked at, if that is so."""
    troubles = [fact.trouble for fact in sample.facts]
    if sample.by_name_only or not all(troubles):
        return None
    is_fault = sample.facts[0].stat is None or "Error" in str(troubles[0])
    remedy = CHECK_ACCESS if is_fault else ""
    return Unclaimed(
        group.subject,
        group.paths,
        str(troubles[0]),
        remedy,
        is_fault,
        suggestions=group.suggestions,
    )


def unclaimed(group: Group, sample: Sample, rejected: Sequence[Rejection]) -> Unclaimed:
    """Tell why nobody takes a group that can be looked at."""
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
    return Unclaimed(
        group.subject,
        group.paths,
        reason,
        remedy,
        fault is not None,
        tuple(rejected),
        group.suggestions,
    )


def tell_pinned_refusal(
    verdict: Unclaimed, others: Sequence[Offer], one_by_one: Sequence[str]
) -> Unclaimed:
    """Tell why the ingestor that was chosen does not take a group, and who would.

    Parameters
    ----------
    others
        What is offered without the choice.
    one_by_one
        Who would take the files one by one then.
    """
    (refusal,) = verdict.rejected
    verb = "failed" if refusal.is_fault else "declined"
    because = refusal.reason.removeprefix(MISMATCH)
    reason = f"you asked for {refusal.ingestor}; it {verb}: {because}"
    if one_by_one:
        reason += f"; without --use, {' or '.join(one_by_one)} takes the files one by one"
    elif others:
        reason += f"; without --use, {' or '.join(offer.ingestor for offer in others)} takes it"
    return replace(verdict, reason=reason)
