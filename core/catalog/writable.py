"""What every catalog can do that takes runs: upsert, ingest, remove, check, bring up to date."""

from __future__ import annotations

import os
from collections.abc import Callable, Collection, Iterable, Mapping, Sequence
from contextlib import AbstractContextManager, nullcontext
from typing import TYPE_CHECKING, Any

from ..errors import CatalogError, RunNotFoundError
from ..places import observe
from ..report import Report, ReportItem
from ..run.bluesky_run import BlueskyRun
from ..run.source import RunSource
from .base import AnyQuery, BlueskyCatalog
from .checking import Finding, check_source, first_file
from .finding import Finder
from .ingesting import Progress
from .marks import mark_call
from .store import Entry
from .upserting import PlainCall, entry_of_call, resolve_call

if TYPE_CHECKING:
    from ..matching import Plan
    from ..matching.marks import Mark
    from ..recipes import Recipe

__all__ = ["WritableCatalog"]

_TAKEN_ANEW = ("fingerprint", "function", "ingestor", "replaced", "version")
"""What provenance says of the call itself."""


class WritableCatalog(BlueskyCatalog):
    """What catalogs that take runs have in common; they differ in what they keep, and where."""

    # What a subclass says ------------------------------------------------------------------------

    def _storable(self, call: PlainCall) -> tuple[PlainCall, Recipe | None]:
        """Return a call as it can be kept, and its recipe where one is stored."""
        return call, None

    def _keep(
        self, entry: Entry, run: BlueskyRun, recipe: Recipe | None, mark: Mark | None
    ) -> None:
        """Take an entry into the store; one of the same uid is replaced."""
        raise NotImplementedError

    def _forget(self, uid: str, successor: str | None = None) -> None:
        """Take a run out of the store; KeyError if there is none."""
        raise NotImplementedError

    def _placed(self, entry: Entry) -> RunSource:
        """Return the source of a run, with its files where they lie now."""
        return entry.source

    def _unchanged(self, marks: Collection[Mark]) -> dict[Mark, str]:
        """Return the uids of the runs that claims of these marks were ingested as, if here."""
        return {}

    def batch(self) -> AbstractContextManager[None]:
        """Give a block in which many runs are upserted faster.

        A catalog in a file writes them some hundred at a time, each such part whole or not at all.
        Others see a run when its part is written; at the end of the block all are.

        Examples
        --------
        >>> from penstock import BlueskyInMemoryCatalog
        >>> def ingest(uid):
        ...     yield "start", {"uid": uid, "time": 0.0}
        >>> catalog = BlueskyInMemoryCatalog()
        >>> with catalog.batch():
        ...     uids = [catalog.upsert(ingest, (uid,)) for uid in ("6f2a", "77c1")]
        >>> len(catalog)
        2
        """
        return nullcontext()

    # Upserting -----------------------------------------------------------------------------------

    def upsert(
        self,
        ingest_fn: Callable[..., Iterable[Any]] | str,
        args: Sequence[Any] = (),
        kwargs: Mapping[str, Any] | None = None,
        *,
        provenance: Mapping[str, Any] | None = None,
    ) -> str:
        """Add the run that an ingestor gives; one of the same uid is replaced.

        The function is called, its start document pulled, and the rest left until it is needed;
        then it is called again. All of it happens in this process, and nothing is probed before: a
        file made to crash the library that reads it crashes the process, where `ingest` would have
        refused it.

        Parameters
        ----------
        ingest_fn
            A generator function that yields one run's documents, or a registered ingestor's name.
        args, kwargs
            What to call it with, each time. One-shot iterators are refused.
        provenance
            Who chose the ingestor and why; kept beside the run.

        Returns
        -------
        str
            The run's uid.

        Raises
        ------
        UpsertError
            If the call cannot be repeated.
        DocumentError
            If it does not begin with a valid start. What the function itself raises passes.
        """
        _, keep = self.prepare(ingest_fn, args, kwargs, provenance=provenance)
        return keep()

    def prepare(
        self,
        ingest_fn: Callable[..., Iterable[Any]] | str,
        args: Sequence[Any] = (),
        kwargs: Mapping[str, Any] | None = None,
        *,
        provenance: Mapping[str, Any] | None = None,
        mark: Mark | None = None,
    ) -> tuple[BlueskyRun, Callable[[], str]]:
        """Call an ingestor as `upsert` does, but leave the catalog as it is.

        Parameters
        ----------
        ingest_fn, args, kwargs, provenance
            As for `upsert`.
        mark
            By which `ingest` will know that there is nothing new; from `mark_claim`.

        Returns
        -------
        run, keep
            The run, to look at; and a function that takes it into the catalog and returns its uid.

        Examples
        --------
        >>> from penstock import BlueskyInMemoryCatalog
        >>> catalog = BlueskyInMemoryCatalog()
        >>> run, keep = catalog.prepare(lambda: iter([("start", {"uid": "6f2a", "time": 0.0})]))
        >>> run.uid in catalog, keep(), run.uid in catalog
        (False, '6f2a', True)
        """
        call, recipe = self._storable(resolve_call(ingest_fn, args, kwargs or {}))
        entry = entry_of_call(call, provenance or {}, self._entry_or_none)
        run = self._run(entry)

        def keep() -> str:
            self._keep(entry, run, recipe, mark)
            return str(entry.start["uid"])

        return run, keep

    def _entry(self, uid: str) -> Entry | None:
        try:
            return self._store.get(uid)
        except KeyError:
            return None

    def remove(self, key: Any) -> str:
        """Take a run out of the catalog, files untouched, and return its uid.

        Examples
        --------
        >>> from penstock import BlueskyInMemoryCatalog
        >>> catalog = BlueskyInMemoryCatalog()
        >>> uid = catalog.upsert(lambda: iter([("start", {"uid": "6f2a", "time": 0.0})]))
        >>> catalog.remove("6f2a"), len(catalog)
        ('6f2a', 0)
        """
        uid = self._find(key)
        try:
            self._forget(uid)
        except KeyError:
            raise RunNotFoundError(f"run {uid} is no longer here") from None
        return uid

    def ingest(
        self,
        paths: str | os.PathLike[str] | Iterable[str | os.PathLike[str]] | Plan,
        *,
        use: str | None = None,
        settings: Mapping[str, Any] | None = None,
        progress: Progress | None = None,
        recall: bool = False,
        again: bool = False,
    ) -> Report:
        """Recognise files and folders, and upsert every run found in them.

        A catalog that stays skips what is in it and has not changed. Files whose library can crash
        are probed in a worker process, and left out if it does; others are read in this process.

        Parameters
        ----------
        paths
            Files, folders or globs; or a plan from `penstock.match`.
        use
            Name of the ingestor to use, whatever others offer.
        settings
            Keyword arguments for that ingestor, such as ``{"dataset": "/exchange/data"}``.
        progress
            Called with how many groups are done, how many there are, and what comes next.
        recall
            Whether to open files that lie on tape, which calls them back; refused otherwise.
        again
            Whether to ingest what has not changed, too: after a change of an ingestor's code.

        Returns
        -------
        Report
            What became of every group of files; one bad file never stops the others.
        """
        from .ingesting import ingest_paths

        # Into the whole catalog: a run must be readable to be told of, shown here or not.
        report = ingest_paths(
            self._view(self._store.search()),
            paths,
            use=use,
            settings=settings,
            progress=progress,
            recall=recall,
            again=again,
        )
        for item in report if self._found.is_narrowed else ():
            if item.uid is not None and item.uid not in self:
                item.details["notes"].append("the run does not match this catalog's query")
        return report

    # Files that change ---------------------------------------------------------------------------

    def check(self, query: AnyQuery | None = None) -> Report:
        """Tell for every run whether its files are still what they were; none is opened.

        Parameters
        ----------
        query
            A Mongo query: only runs that match are checked.

        Returns
        -------
        Report
            Its items' details hold ``state``: ``"fresh"``; ``"stale"`` (there are more files, or
            they have changed); ``"missing"``; ``"moved"`` (found elsewhere below the same root, by
            name, size and time); ``"unknown"``, where nothing tells.

        Examples
        --------
        >>> import os, tempfile, numpy, tifffile
        >>> from penstock import BlueskyInMemoryCatalog
        >>> from penstock.ingestors import ingest_tiff_stack
        >>> path = os.path.join(tempfile.mkdtemp(), "stack.tif")
        >>> tifffile.imwrite(path, numpy.zeros((2, 4, 6), "u1"))
        >>> catalog = BlueskyInMemoryCatalog()
        >>> uid = catalog.upsert(ingest_tiff_stack, (path,), {})
        >>> os.remove(path)
        >>> catalog.check().items[0].details["state"]
        'missing'
        """
        finder = Finder(self._files)
        report = Report()
        with observe():
            for uid in self._chosen(query):
                report.add(self._look(uid, finder).item(uid))
        return report

    def refresh(self, query: AnyQuery | None = None, progress: Progress | None = None) -> Report:
        """Bring runs up to date: `check` them, and ingest anew those that are stale or have moved.

        A run whose files have moved has another uid then: it takes the place of the old one.

        Parameters
        ----------
        query
            A Mongo query: only runs that match.
        progress
            Called with how many runs are done, how many there are, and the uid of the next.

        Returns
        -------
        Report
            ``ok`` for runs that were ingested anew, ``skipped`` for those that are fresh; others as
            `check` has them.
        """
        finder = Finder(self._files)
        report = Report()
        uids = self._chosen(query)
        for done, uid in enumerate(uids):
            if progress is not None:
                progress(done, len(uids), uid)
            with observe():
                report.add(self._renew(uid, self._look(uid, finder)))
        if progress is not None:
            progress(len(uids), len(uids), "")
        return report

    def _files(self) -> set[str]:
        """Return the first file of each run whose files are there."""
        entries = (self._entry_or_none(uid) for uid in self._store.index.uids())
        firsts = (first_file(self._placed(entry)) for entry in entries if entry is not None)
        return {path for path in firsts if path is not None}

    def _entry_or_none(self, uid: str) -> Entry | None:
        try:
            return self._entry(uid)
        except CatalogError:  # it is damaged: `check` tells
            return None

    def _look(self, uid: str, finder: Finder) -> Finding:
        try:
            entry = self._entry(uid)
        except CatalogError as error:
            return Finding("unknown", f"run {uid}", error.what, error.remedy or "")
        if entry is None:  # another thread removed it just now
            return Finding("unknown", f"run {uid}", "it is no longer here")
        return check_source(
            self._placed(entry),
            finder,
            "`penstock check --update`, or catalog.refresh(), ingests it anew.",
        )

    def _renew(self, uid: str, finding: Finding) -> ReportItem:
        if finding.state == "fresh":
            details: dict[str, Any] = {"state": finding.state}
            return ReportItem(
                finding.subject, "skipped", "it is up to date", uid=uid, details=details
            )
        if finding.paths is None or finding.call is None:
            return finding.item(uid)
        entry = self._store.get(uid)
        if not getattr(entry.source, "is_own", True):
            return ReportItem(
                finding.subject,
                "refused",
                f"{finding.why}, but somebody else stored the call",
                "Ingest the files yourself: catalog.ingest(paths).",
                uid=uid,
            )
        try:
            args, kwargs = finding.call.arguments_with(finding.paths)
            run, keep = self.prepare(
                finding.call.function,
                args,
                kwargs,
                provenance={k: v for k, v in entry.provenance.items() if k not in _TAKEN_ANEW},
                mark=mark_call(finding.call.function, args, kwargs, finding.paths),
            )
            run.keys()  # one whose documents cannot be had replaces none
            if run.uid != uid and run.uid in self._store.index:
                return ReportItem(
                    finding.subject,
                    "refused",
                    f"{finding.why}, but these are the files of run {run.uid}",
                    "Remove the one that is not meant.",
                    uid=uid,
                )
            renewed = keep()
            if renewed != uid:
                self._forget(uid, renewed)
        except Exception as error:  # noqa: BLE001 # an ingestor's code: one bad run stops no other
            return ReportItem.from_error(finding.subject, error)
        details = {"state": finding.state} | ({"replaces": uid} if renewed != uid else {})
        return ReportItem(finding.subject, "ok", finding.why, uid=renewed, details=details)
