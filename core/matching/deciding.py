"""From a group to verdicts: judged whole, or parted; once for each part that runs can be."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Sequence
from dataclasses import replace

from ..registry.records import Ingestor
from .ahead import work_ahead
from .choosing import Choices
from .facts import facts_of
from .grouping import group_names
from .groups import Group
from .judging import Apart, judge
from .plan import Decision, Unclaimed, Verdict
from .sampling import Sample, take_sample

__all__ = ["decide"]


def decide(group: Group, ingestors: Sequence[Ingestor], choices: Choices) -> list[Verdict]:
    """Decide who takes a group; there are several verdicts where it must be parted.

    Ingestors of another `Ingestor.part` make other runs of the same files: each part is decided
    by itself, and the files are unclaimed only if nobody takes them as anything.

    Examples
    --------
    >>> decide(Group("/no/such", ("a.tif",), "a.tif"), [], Choices())[0].reason
    'FileNotFoundError: No such file or directory'
    """
    if group.ingestor:
        ingestors = [ingestor for ingestor in ingestors if ingestor.name == group.ingestor]
    elif choices.use is None:
        ingestors = [found for found in ingestors if not (found.layouts and found.only_laid_out)]
    sample = take_sample(group)
    if choices.use is not None:
        return _decide(group, sample, ingestors, choices)
    parts: dict[str, list[Ingestor]] = {"": []}
    for ingestor in ingestors:
        parts.setdefault(ingestor.part, []).append(ingestor)
    verdicts = _decide(group, sample, parts.pop(""), choices)
    beside = [
        verdict
        for others in parts.values()
        for verdict in _decide(group, sample, others, choices)
        if isinstance(verdict, Decision)
    ]
    taken = {path for decision in beside for path in decision.group.paths}
    kept = [
        verdict
        for verdict in verdicts
        if isinstance(verdict, Decision) or verdict.is_fault or not taken.issuperset(verdict.files)
    ]
    return kept + beside


def _decide(
    group: Group, sample: Sample, ingestors: Sequence[Ingestor], choices: Choices
) -> list[Verdict]:
    if sample.is_mixed:
        parts = _split_by_format(group)
    else:
        verdict = _judge(group, sample, ingestors, choices)
        if not isinstance(verdict, Apart):
            return [verdict]
        parts = [
            Group(group.folder, (name,), name, verdict.notes, suggestions=group.suggestions)
            for name in group.names
        ]
    decided = work_ahead(parts, lambda part: _decide(part, take_sample(part), ingestors, choices))
    return [verdict for several in decided for verdict in several]


def _judge(
    group: Group, sample: Sample, ingestors: Sequence[Ingestor], choices: Choices
) -> Verdict | Apart:
    choice, note = choices.of(group, sample, ingestors)
    if note:
        group = replace(group, notes=(*group.notes, note))
    verdict = judge(group, sample, ingestors, choice)
    if choice is None or choice is choices.use or not isinstance(verdict, Unclaimed):
        return verdict
    # What was chosen once, for files like these, must not stand in the way of these.
    told = f"{choice.reason}, {choice.ingestor.name}, does not hold: {verdict.rejected[0].reason}"
    return judge(replace(group, notes=(*group.notes, told)), sample, ingestors)


def _split_by_format(group: Group) -> list[Group]:
    """Part a group whose files share a name pattern but not a format."""
    names: dict[str | None, list[str]] = defaultdict(list)
    for name, path in zip(group.names, group.paths, strict=True):
        names[facts_of(path).format].append(name)
    return [part for same in names.values() for part in group_names(group.folder, same)]
