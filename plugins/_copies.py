"""Catalogs of copies: runs whose documents lie in files, one file a run."""

from __future__ import annotations

import os
from collections.abc import Callable, Iterable, Iterator, Mapping
from typing import Any, ClassVar

from ..core.catalog.base import AnyQuery, BlueskyCatalog
from ..core.catalog.store import Entry
from ..core.errors import PenstockError, RunNotFoundError
from ..core.report import Report, ReportItem
from ..core.run.bluesky_run import BlueskyRun
from ..core.run.reader import Transforms
from ._format import CopyFormat
from ._listing import CopyListing, Paths

__all__ = ["CopiesCatalog"]


class CopiesCatalog(BlueskyCatalog):
    """What catalogs of copies have in common, whatever the format of the files."""

    _format: ClassVar[CopyFormat]
    _listing: CopyListing

    def __init__(
        self,
        paths: Paths,
        *,
        handler_registry: Mapping[str, Callable[..., Any]] | None = None,
        root_map: Mapping[str, str] | None = None,
        transforms: Transforms | None = None,
        query: AnyQuery | None = None,
    ) -> None:
        listing = CopyListing(paths, self._format)
        super().__init__(
            listing.store,
            handler_registry=handler_registry,
            root_map=root_map,
            transforms=transforms,
            query=query,
        )
        self._listing = listing

    # What is asked of the store is asked of the files first. Who lists all runs, or names one by
    # its uid, is answered without the store, which is filled for who searches.

    def _refresh(self) -> None:
        self._listing.refresh()
        self._listing.fill_store()

    def _find(self, key: Any) -> str:
        if isinstance(key, str):
            self._listing.refresh_run(key)
            if self._is_whole() and self._listing.holds(key):
                return key
        else:
            self._listing.refresh()
        self._listing.fill_store()
        return super()._find(key)

    def __getitem__(self, key: Any) -> BlueskyRun:
        uid = self._find(key)
        try:
            return self._run(Entry(self._listing.source(uid)))
        except KeyError:  # another thread removed it just now
            raise RunNotFoundError(f"run {uid} is no longer here") from None

    def _uids(self, first: int = 0, end: int | None = None) -> list[str]:
        return self._listing.uids()[first:end] if self._is_whole() else super()._uids(first, end)

    def _runs(self, uids: Iterable[str]) -> Iterator[BlueskyRun]:
        for uid in uids:
            try:
                yield self._run(Entry(self._listing.source(uid)))
            except KeyError:  # another thread removed it just now
                continue

    def __len__(self) -> int:
        return len(self._listing.uids()) if self._is_whole() else super().__len__()

    def _is_whole(self) -> bool:
        """Tell whether all runs are shown, as they come: then no start is looked at."""
        found = self._found
        return found.query is None and not found.later and not found.order

    @property
    def problems(self) -> Report:
        """The files that hold no run that can be read, or one that another file holds too.

        ``partial`` are those whose run is there, and which are not whole.
        """
        return self._listing.problems

    def check(self, query: AnyQuery | None = None) -> Report:
        """Tell for every copy whether it is whole, and which files could not be read.

        Parameters
        ----------
        query
            A Mongo query: only runs that match are checked.

        Returns
        -------
        Report
            ``ok``; ``partial`` where the file ends too early, or what was copied did; ``failed``
            where it cannot be read.
        """
        chosen = self._chosen(query)
        problems = self.problems
        cuts = {item.subject: item.why for item in problems.with_outcome("partial")}
        others = [item for item in problems if item.outcome != "partial"]
        return Report([*(self._check(uid, cuts) for uid in chosen), *others])

    def _check(self, uid: str, cuts: Mapping[str, str]) -> ReportItem:
        try:
            provenance = self[uid].provenance
        except (PenstockError, OSError) as error:
            return ReportItem.from_error(f"run {uid}", error)
        why = provenance.get("truncated") or cuts.get(provenance["file"], "")
        remedy = "Copy the run again." if why else ""
        return ReportItem(
            provenance["file"],
            "partial" if why else "ok",
            why,
            remedy,
            uid=uid,
            details={"state": "cut short" if why else "whole"},
        )

    def remove(self, key: Any) -> str:
        """Delete the file that holds a run, and return the run's uid. It cannot be had back."""
        uid = self._find(key)
        try:
            os.unlink(self._listing.path_of(uid))
        except (KeyError, FileNotFoundError):
            raise RunNotFoundError(f"run {uid} is no longer here") from None
        return uid
