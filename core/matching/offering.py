"""Asking one ingestor about a group: the evidence for and against it, and its offer."""

from __future__ import annotations

import fnmatch
import re
from collections.abc import Sequence
from dataclasses import replace
from functools import lru_cache
from itertools import zip_longest
from typing import Any, cast, get_args

from ..errors import AmbiguousDataError, NoDataError, PenstockError, UnsafeLinkError
from ..formats import FORMATS, format_by_suffix, is_format
from ..registry.blaming import is_plugin_fault, origin_of, report_to
from ..registry.records import Acquisition, Ingestor, RunsFound, Tier
from .choosing import Choice
from .groups import Group, paths_of
from .offers import Claim, Evidence, Offer, Rejection
from .probing import probe
from .sampling import Sample

__all__ = ["MISMATCH", "TIERS", "ask", "probed_paths", "weigh"]

TIERS = cast(tuple[Tier, ...], get_args(Tier))
"""The tiers, the strongest first."""
MISMATCH = "extension mismatch: "
_DECLINED = "its probe declined: this is not what it reads"

_NOT_FAULTS = (NoDataError, AmbiguousDataError, UnsafeLinkError)
"""Errors of a probe that tell of a sound file which cannot be taken as it is."""
_SETTINGS_HELP = (NoDataError, AmbiguousDataError)
"""Errors of a probe that stand in nobody's way who says what to take: probes are told nothing."""
_UNKNOWN = Acquisition()


def weigh(
    ingestor: Ingestor, group: Group, sample: Sample, choice: Choice | None
) -> tuple[Evidence, ...]:
    """Return what speaks for and against an ingestor before its probe is asked."""
    file = sample.facts[0].path
    pinned = choice is not None
    evidence: list[Evidence] = []
    if choice is not None:
        evidence.append(Evidence(choice.kind, file, choice.told, True))
    if group.roles:
        evidence.append(Evidence("layout", file, _tell_roles(group), True))
    elif ingestor.patterns and not pinned:
        names = (group.names[0], group.names[-1])
        fits = all(_pattern(ingestor.patterns).fullmatch(name) for name in names)
        wanted = " or ".join(ingestor.patterns)
        detail = f"the name fits {wanted}" if fits else f"the name does not fit {wanted}"
        evidence.append(Evidence("pattern", file, detail, fits))
    if not ingestor.formats:
        return tuple(evidence)
    wanted = " or ".join(FORMATS[format_id].title for format_id in ingestor.formats)
    by_content_only = ingestor.tier == "STRUCTURE" and not (ingestor.patterns or group.roles)
    if sample.by_name_only and by_content_only and not pinned:
        detail = "it knows its files by what they hold, and these lie on tape"
        return (*evidence, Evidence("probe", file, detail, False))
    if sample.by_name_only:
        fits = is_format(format_by_suffix(group.names[0]), ingestor.formats)
        detail = f"the suffix promises {'' if fits else 'no '}{wanted}"
        evidence.append(Evidence("suffix", file, detail, fits))
    elif sample.format is not None:
        fits = is_format(sample.format, ingestor.formats)
        detail = f"it is {FORMATS[sample.format].title}" + ("" if fits else f", not {wanted}")
        if not fits and is_format(format_by_suffix(group.names[0]), ingestor.formats):
            detail = f"{MISMATCH}{detail}"
        evidence.append(Evidence("signature", file, detail, fits))
    elif not pinned:
        evidence.append(Evidence("signature", file, f"its first bytes are not {wanted}", False))
    return tuple(evidence)


def _tell_roles(group: Group) -> str:
    return ", ".join(f"{len(role.names)} {role.name}" for role in group.roles)


@lru_cache(maxsize=256)
def _pattern(patterns: tuple[str, ...]) -> re.Pattern[str]:
    return re.compile("|".join(map(fnmatch.translate, patterns)), re.IGNORECASE)


def probed_paths(group: Group) -> tuple[str, ...]:
    """Return the files that probes are asked about: those of the first role, where there are."""
    first = group.roles[0].names if group.roles else group.names
    return group.paths[: len(first)]


def ask(
    ingestor: Ingestor,
    group: Group,
    sample: Sample,
    evidence: tuple[Evidence, ...],
    choice: Choice | None,
) -> tuple[RunsFound, Offer] | Rejection:
    """Ask an ingestor's probe, if it has one, and return what it found and offers."""
    paths = probed_paths(group)
    probed = ingestor.probe is not None and not sample.by_name_only
    try:
        found = probe(ingestor, paths) if probed else RunsFound()
    except Exception as error:  # noqa: BLE001 # a plug-in's code: what it raises is its answer
        if choice is None or not choice.settings or not isinstance(error, _SETTINGS_HELP):
            return _rejection(ingestor.name, error)
        found, evidence = RunsFound(), _overrule(evidence, f"its probe said: {error.what}")
    else:
        if found is None and choice is None:
            return Rejection(ingestor.name, _DECLINED, short=_DECLINED)
        if found is None:
            found, evidence = RunsFound(), _overrule(evidence, "its probe declined")
        elif probed:
            detail = found.detail or "confirmed by its probe"
            evidence = (*evidence, Evidence("probe", paths[0], detail, True))
    notes = (*group.notes, *_mismatch(group, sample), *sample.notes, *found.notes)
    claims = _claims(ingestor, group, paths, found, choice, evidence, notes)
    tier = _tier(ingestor, {item.kind for item in evidence})
    return found, Offer(ingestor.name, tier, claims, evidence, notes, ingestor.part)


def _claims(
    ingestor: Ingestor,
    group: Group,
    paths: Sequence[str],
    found: RunsFound,
    choice: Choice | None,
    evidence: tuple[Evidence, ...],
    notes: tuple[str, ...],
) -> tuple[Claim, ...]:
    given = found.kwargs if choice is None else choice.settle(found)
    passed = _passed(ingestor, group)
    alike = len(given) == len(found.kwargs)  # else the user's settings select another run
    records = found.acquisitions if alike else ()
    return tuple(
        Claim(
            ingestor.name,
            ingestor.version,
            group.paths,
            ingestor.ingest,
            (list(paths) if ingestor.takes == "files" else paths[0],),
            {**passed, **kwargs},
            evidence,
            notes,
            acquisition or _UNKNOWN,
            ", ".join(f"{key}={value}" for key, value in kwargs.items()) if len(given) > 1 else "",
        )
        for kwargs, acquisition in zip_longest(given, records[: len(given)])
    )


def _passed(ingestor: Ingestor, group: Group) -> dict[str, Any]:
    """Return the keyword arguments that take the files of a layout's roles."""
    if not group.roles:
        return {}
    files = {role.name: role.names for role in group.roles}
    passed: dict[str, Any] = {}
    for role in ingestor.layouts[group.layout].roles[1:]:
        if role.parameter is not None and (names := files.get(role.name)):
            paths = list(paths_of(group.folder, names))
            passed[role.parameter] = paths if role.many else paths[0]
    return passed


def _overrule(evidence: tuple[Evidence, ...], what: str) -> tuple[Evidence, ...]:
    """Tell beside the user's choice what the probe has against it."""
    return tuple(
        replace(item, detail=f"{item.detail}; {what}") if item.kind in ("pin", "saved") else item
        for item in evidence
    )


def _rejection(name: str, error: Exception) -> Rejection:
    if isinstance(error, PenstockError):
        is_fault = not isinstance(error, _NOT_FAULTS)
        remedy = error.remedy or ""
        if isinstance(error, AmbiguousDataError) and "--set" not in remedy:
            remedy = f"{remedy} On the command line: `--use {name} --set NAME=VALUE`.".lstrip()
        what = error.what
    else:
        is_fault, remedy, what = True, "", f"{type(error).__name__}: {error}"
    if is_plugin_fault(error):
        remedy = remedy or report_to(name)
        if origin := origin_of(name):
            what = f"{what} [{origin}]"
    return Rejection(name, what, remedy, is_fault, was_asked=True)


def _mismatch(group: Group, sample: Sample) -> tuple[str, ...]:
    promised = format_by_suffix(group.names[0])
    if promised is None or sample.format is None or is_format(sample.format, (promised,)):
        return ()
    found, named = FORMATS[sample.format].title, FORMATS[promised].title
    return (f"{MISMATCH}named like {named}, but it is {found}",)


def _tier(ingestor: Ingestor, kinds: set[str]) -> Tier:
    """Return the tier that an ingestor declares, or the best one that the evidence supports."""
    if "probe" in kinds:
        supported: Tier = "STRUCTURE"
    elif "signature" in kinds and kinds & {"pattern", "layout"}:
        supported = "CONVENTION"
    elif "signature" in kinds:
        supported = "SIGNATURE"
    elif kinds & {"pattern", "layout", "suffix"}:
        supported = "EXTENSION"
    else:
        supported = "FALLBACK"
    return max(ingestor.tier, supported, key=TIERS.index)
