"""Ingesting a selection: match it, upsert every claim, and account for every path."""

from __future__ import annotations

import datetime
import os
import shlex
import traceback
from collections.abc import Callable, Collection, Iterable, Iterator, Mapping, Sequence
from contextlib import AbstractContextManager
from dataclasses import replace
from typing import Any, Protocol, TypeAlias

from ..errors import OnTapeError, PenstockError, SettingsError, UnwrittenRunsError
from ..garbage import garbage_left
from ..index.run_index import chunks
from ..matching.assembling import joined_and_apart
from ..matching.marks import Mark, mark_claim
from ..matching.matcher import match
from ..matching.offers import Claim, fold_rejected
from ..matching.plan import Decision, Plan, Unclaimed
from ..places import observe
from ..places.observation import current_observation
from ..registry.blaming import is_plugin_fault, origin_of, report_to
from ..report import Outcome, Report, ReportItem
from ..run.bluesky_run import BlueskyRun

__all__ = ["Progress", "TakesRuns", "ingest_paths"]

Progress: TypeAlias = Callable[[int, int, str], None]
"""``progress(done, total, subject)``: called before each claim and once after the last."""

_LOOKED_UP = 500
"""So many claims are looked up at once."""


class TakesRuns(Protocol):
    """The part of a catalog that ingesting needs."""

    def prepare(
        self,
        ingest_fn: Callable[..., Any] | str,
        args: Sequence[Any],
        kwargs: Mapping[str, Any] | None,
        *,
        provenance: Mapping[str, Any] | None = None,
        mark: Mark | None = None,
    ) -> tuple[BlueskyRun, Callable[[], str]]:
        """Call an ingestor; return its run, and what keeps it in the catalog and gives its uid."""

    def _unchanged(self, marks: Collection[Mark]) -> dict[Mark, str]:
        """Return the uids of the runs that claims of these marks were ingested as, if here."""

    def batch(self) -> AbstractContextManager[None]:
        """Give a block within which what is kept may be written together."""


def ingest_paths(
    catalog: TakesRuns,
    paths: Plan | str | os.PathLike[str] | Iterable[str | os.PathLike[str]],
    *,
    use: str | None = None,
    settings: Mapping[str, Any] | None = None,
    progress: Progress | None = None,
    recall: bool = False,
    again: bool = False,
) -> Report:
    """Ingest files and folders into a catalog.

    One file that fails stops no other. Every path is in the report: ``ok``; ``partial`` (the run
    did not end well, or has no end); ``skipped`` (the run is in the catalog, and its files are as
    they were); ``refused`` (no ingestor takes it, or several fit equally well: then
    ``details["undecided"]`` names them); ``failed``.

    Parameters
    ----------
    catalog
        Where the runs go.
    paths
        Files, folders and globs, or a plan that `match` made of them.
    use
        The name of the ingestor to use, whatever others offer.
    settings
        Keyword arguments for the function of that ingestor.
    progress
        Told how far it has come.
    recall
        Whether to open files that lie on tape, which calls them back; they are refused otherwise.
    again
        Whether to ingest what is unchanged, too.

    Returns
    -------
    Report
        Its items' details hold ``ingestor``, ``files``, ``streams`` (for each: ``events`` and
        ``data_keys`` with shape and dtype), ``time`` of the start and ``notes``; where an
        ingestor's code failed, its ``traceback``.

    Examples
    --------
    >>> from penstock import BlueskyInMemoryCatalog
    >>> ingest_paths(BlueskyInMemoryCatalog(), ["/no/such/file.tif"]).items[0].why
    'it does not exist'
    """
    if settings and isinstance(paths, Plan):
        raise SettingsError("a plan has its settings", remedy="Give them to match(…) instead.")
    report = Report()
    try:
        with observe(), catalog.batch():
            plan = paths if isinstance(paths, Plan) else match(paths, use=use, settings=settings)
            _ingest_plan(catalog, plan, report, progress, recall=recall, again=again)
    except UnwrittenRunsError as error:
        report.items[:] = [_written_or_not(item, error.failures) for item in report]
    return report


def _ingest_plan(
    catalog: TakesRuns,
    plan: Plan,
    report: Report,
    progress: Progress | None,
    *,
    recall: bool,
    again: bool,
) -> None:
    rivals = _find_rivals(catalog, plan)
    known = _look_up(catalog, list(plan.chosen_claims()))
    total = sum(1 for _ in plan.chosen_claims())
    done = 0
    for decision in plan.decisions:
        if decision.chosen is None:
            report.add(_undecided(decision))
            continue
        for claim in decision.chosen.claims:
            if progress is not None:
                progress(done, total, _subject(claim, decision))
            mark, uid = next(known)
            about: dict[str, Any] = {
                "ingestor": claim.ingestor,
                "files": len(claim.files),
                "notes": [*claim.notes, *(_tell_rivals(rivals.get(mark.key, ())) if mark else ())],
            }
            if uid is not None and not again:
                subject, why = _subject(claim, decision), "it has not changed"
                report.add(ReportItem(subject, "skipped", why, uid=uid, details=about))
            else:
                report.add(_ingest(catalog, claim, decision, mark, about, recall=recall))
            done += 1
    if progress is not None:
        progress(done, total, "")
    for unclaimed in plan.unclaimed:
        report.add(_refused(unclaimed))


def _written_or_not(item: ReportItem, failures: Mapping[str, Exception]) -> ReportItem:
    error = None if item.uid is None or item.outcome == "skipped" else failures.get(item.uid)
    return item if error is None else ReportItem.from_error(item.subject, error, **item.details)


def _ingest(
    catalog: TakesRuns,
    claim: Claim,
    decision: Decision,
    mark: Mark | None,
    about: dict[str, Any],
    *,
    recall: bool,
) -> ReportItem:
    subject = _subject(claim, decision)
    try:
        if not recall:
            _check_not_on_tape(claim)
        function, args, kwargs = claim.call
        run, keep = catalog.prepare(
            function, args, kwargs, provenance=_provenance(claim, decision), mark=mark
        )
        details = _describe(run)  # a run whose documents cannot be had replaces none
        uid = keep()
    except OnTapeError as error:
        return ReportItem.from_error(subject, error, "refused", **about)
    except Exception as error:  # noqa: BLE001 # an ingestor's code: one bad file stops no other
        return _failed(subject, error, about)
    if run.provenance.get("replaced") == "changed":
        about["notes"].append("the files have changed since they were last ingested")
    why = details.pop("incomplete")
    outcome: Outcome = "partial" if why else "ok"
    return ReportItem(subject, outcome, why, uid=uid, details=about | details)


def _look_up(
    catalog: TakesRuns, claims: Sequence[Claim]
) -> Iterator[tuple[Mark | None, str | None]]:
    """Give the mark of each claim, and the run that it was ingested as if nothing has changed."""
    for several in chunks(claims, _LOOKED_UP):
        with garbage_left():
            marks = [mark_claim(claim) for claim in several]
        known = catalog._unchanged([mark for mark in marks if mark is not None])
        yield from ((mark, known.get(mark) if mark else None) for mark in marks)


def _find_rivals(catalog: TakesRuns, plan: Plan) -> dict[bytes, dict[str, None]]:
    """Return the runs that were made when the same files were, or were not, joined.

    That is of a join the runs of its members, and of these the run of the join.
    """
    pairs = [tuple(map(mark_claim, pair)) for pair in joined_and_apart(plan)]
    known = catalog._unchanged([mark for pair in pairs for mark in pair if mark is not None])
    rivals: dict[bytes, dict[str, None]] = {}
    for pair in pairs:
        for one, other in (pair, pair[::-1]):
            if one is not None and other in known:
                rivals.setdefault(one.key, {})[known[other]] = None
    return rivals


def _tell_rivals(uids: Iterable[str]) -> list[str]:
    return [
        f"run {uid} is of these files, too, from when they were joined otherwise; to remove it: "
        f"`penstock rm CATALOG {uid}`, or catalog.remove({uid!r})"
        for uid in uids
    ]


def _failed(subject: str, error: Exception, about: Mapping[str, Any]) -> ReportItem:
    """Tell what went wrong; of an ingestor's own fault also whose it is, and where in its code."""
    item = ReportItem.from_error(subject, error, **about)
    is_fault = is_plugin_fault(error)
    if is_fault or not isinstance(error, PenstockError):
        item.details["traceback"] = "".join(traceback.format_exception(error))
    if not is_fault:
        return item
    name: str = about["ingestor"]
    origin = origin_of(name)
    remedy = f"{report_to(name)} `penstock ingest --traceback` shows where in its code."
    return replace(
        item,
        why=f"{item.why} (ingestor {name}{f' of {origin}' if origin else ''})",
        remedy=item.remedy or remedy,
    )


def _check_not_on_tape(claim: Claim) -> None:
    stats = current_observation().stats(claim.files)
    tape = [path for path, stat in zip(claim.files, stats, strict=True) if stat and stat.on_tape]
    if tape:
        more = f" and {len(tape) - 1} more" if len(tape) > 1 else ""
        raise OnTapeError(
            f"{os.path.basename(tape[0])}{more} lies on tape (it has no blocks on disk)",
            remedy="Recall it, or ingest with recall=True (--recall).",
        )


def _subject(claim: Claim, decision: Decision) -> str:
    subject = decision.group.subject
    return f"{subject} [{claim.selector}]" if claim.selector else subject


def _provenance(claim: Claim, decision: Decision) -> dict[str, Any]:
    """Return who chose this ingestor and why; catalogs keep it beside the run."""
    return {
        "ingestor": claim.ingestor,
        "version": claim.version,
        "evidence": [str(evidence) for evidence in claim.evidence],
        "reason": decision.reason,
        "alternatives": [f"{one.ingestor}: {one.strength}" for one in decision.alternatives],
        "rejected": fold_rejected(decision.rejected),
        "notes": list(claim.notes),
    }


def _describe(run: Any) -> dict[str, Any]:
    """Return what a run consists of, from its documents; no pixel is read."""
    stop = run.metadata["stop"]
    start = run.metadata["start"]
    events = {} if stop is None else stop.get("num_events", {})
    streams = {}
    for name in run:
        data_keys: dict[str, Any] = {}
        for descriptor in run[name].metadata["descriptors"]:
            for key, data_key in descriptor["data_keys"].items():
                data_keys[key] = {
                    "shape": list(data_key.get("shape") or ()),
                    "dtype": data_key.get("dtype_numpy") or data_key.get("dtype"),
                }
        streams[name] = {"events": events.get(name), "data_keys": data_keys}
    when = datetime.datetime.fromtimestamp(start["time"], tz=datetime.UTC)
    return {
        "streams": streams,
        "time": when.isoformat(timespec="milliseconds"),
        "incomplete": _incomplete(stop),
    }


def _incomplete(stop: Mapping[str, Any] | None) -> str:
    if stop is None:
        return "the run has no end: it is in progress, or was cut short"
    if stop.get("exit_status", "success") != "success":
        return str(stop.get("reason") or f"the run ended with {stop['exit_status']!r}")
    return ""


def _undecided(decision: Decision) -> ReportItem:
    names = list(dict.fromkeys(offer.ingestor for offer in decision.alternatives))
    return ReportItem(
        decision.group.subject,
        "refused",
        f"undecided: {', '.join(names)} fit equally well",
        f"Choose one: `--choose {shlex.quote(decision.subject)} NAME`, or plan.with_choice(…).",
        details={"undecided": names, "files": len(decision.group.names)},
    )


def _refused(unclaimed: Unclaimed) -> ReportItem:
    return ReportItem(
        unclaimed.subject,
        "failed" if unclaimed.is_fault else "refused",
        unclaimed.reason,
        unclaimed.remedy,
        details={"files": len(unclaimed.files)},
    )
