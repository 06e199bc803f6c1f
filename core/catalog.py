"""Catalogs: runs that can be listed, looked up, searched, and read."""

from __future__ import annotations

import os
import threading
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from typing import TYPE_CHECKING, Any

from . import display
from .errors import RunNotFoundError
from .lookup import find_uid
from .mongo import Query
from .run import BlueskyRun, Transforms
from .store import Entry, MemoryStore
from .upserting import source_of_call

if TYPE_CHECKING:
    from .ingesting import Progress
    from .matching import Plan
    from .report import Report

__all__ = ["BlueskyCatalog", "BlueskyInMemoryCatalog"]


class BlueskyCatalog(Mapping[str, BlueskyRun]):
    """What every catalog can do: a mapping of uids to runs, narrowed by a query.

    Catalogs differ in where runs come from; `BlueskyInMemoryCatalog` takes them by `upsert`.
    """

    def __init__(
        self,
        store: MemoryStore,
        *,
        handler_registry: Mapping[str, Callable[..., Any]] | None = None,
        root_map: Mapping[str, str] | None = None,
        transforms: Transforms | None = None,
        query: Mapping[str, Any] | None = None,
    ) -> None:
        self._store = store
        self._settings: dict[str, Any] = {
            "handler_registry": handler_registry,
            "root_map": root_map,
            "transforms": transforms,
        }
        self._query = dict(query or {})
        self._matcher = Query(self._query) if self._query else None

    # Mapping ---------------------------------------------------------------------------------

    def __iter__(self) -> Iterator[str]:
        if self._matcher is None:
            return iter(self._store)
        matches = self._matcher.matches
        return iter([e.start["uid"] for e in self._store.entries() if matches(e.start)])

    def __len__(self) -> int:
        if self._matcher is None:
            return len(self._store)
        return sum(self._matcher.matches(entry.start) for entry in self._store.entries())

    def __bool__(self) -> bool:
        return True  # a catalog without runs is a catalog

    def __contains__(self, key: object) -> bool:
        try:
            self._find(key)
        except (LookupError, ValueError):
            return False
        return True

    def __getitem__(self, key: Any) -> BlueskyRun:
        """Return a run by uid, by a unique beginning of one, by scan_id, or by -1 for the newest.

        Raises
        ------
        RunNotFoundError, RunOutOfRangeError, AmbiguousRunError
            (a KeyError, an IndexError, a ValueError)
        """
        uid = self._find(key)
        try:
            return self._run(self._store.get(uid))
        except KeyError:  # another thread removed it just now
            raise RunNotFoundError(f"run {uid} is no longer here") from None

    def get(self, key: Any, default: Any = None) -> Any:
        """Return a run, or `default` if there is none."""
        try:
            return self[key]
        except LookupError:
            return default

    def _find(self, key: Any) -> str:
        return find_uid(self._store, key, None if self._matcher is None else self._admits)

    def _admits(self, uid: str) -> bool:
        try:
            return self._matcher is None or self._matcher.matches(self._store.get(uid).start)
        except KeyError:
            return False

    def _run(self, entry: Entry) -> BlueskyRun:
        return BlueskyRun(entry.source, provenance=entry.provenance, **self._settings)

    def _ipython_key_completions_(self) -> list[str]:
        return list(self)

    # Search ----------------------------------------------------------------------------------

    @property
    def query(self) -> dict[str, Any]:
        """The query that narrows this catalog; empty for a whole one."""
        return dict(self._query)

    # Display ---------------------------------------------------------------------------------

    def _newest(self) -> list[dict[str, Any]]:
        found: list[dict[str, Any]] = []
        for uid in self._store.newest_first():
            if self._admits(uid):
                found.append(self._store.get(uid).start)
                if len(found) == display.MOST_RUNS:
                    break
        return found

    def __repr__(self) -> str:
        return display.describe_catalog(self, self._newest())

    def _repr_html_(self) -> str:
        return display.catalog_html(self, self._newest())


class BlueskyInMemoryCatalog(BlueskyCatalog):
    """A catalog of runs that ingestors give when they are called.

    Nothing but start documents and calls is kept. It can be read and searched by several threads
    while another one upserts.

    Parameters
    ----------
    handler_registry
        Handler classes for ``resource`` documents by spec, before the installed ones.
    root_map
        Prefixes of paths in documents, and where they lie on this machine. Identity is unaffected.
    transforms
        Functions of a document, by document name, that runs apply to what they give.
    query
        A Mongo query: only runs that match are shown.

    Examples
    --------
    >>> def ingest(uid, time):
    ...     yield "start", {"uid": uid, "time": time, "sample": {"name": "Cu"}}
    >>> catalog = BlueskyInMemoryCatalog()
    >>> catalog.upsert(ingest, ("6f2a", 10.0), {})
    '6f2a'
    >>> list(catalog), "6f" in catalog, catalog[-1].uid
    (['6f2a'], True, '6f2a')
    >>> list(catalog.search({"time": {"$lt": 20}}).search({"sample.name": "Cu"}))
    ['6f2a']
    """

    def __init__(
        self,
        *,
        handler_registry: Mapping[str, Callable[..., Any]] | None = None,
        root_map: Mapping[str, str] | None = None,
        transforms: Transforms | None = None,
        query: Mapping[str, Any] | None = None,
    ) -> None:
        super().__init__(
            MemoryStore(),
            handler_registry=handler_registry,
            root_map=root_map,
            transforms=transforms,
            query=query,
        )
        self._write_lock = threading.RLock()

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
        then it is called again.

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
        entry = source_of_call(ingest_fn, args, kwargs or {}, provenance or {}, self._entry)
        with self._write_lock:
            self._store.put(entry)
        return str(entry.start["uid"])

    def _entry(self, uid: str) -> Entry | None:
        try:
            return self._store.get(uid)
        except KeyError:
            return None

    def remove(self, key: Any) -> str:
        """Take a run out of the catalog, files untouched, and return its uid.

        Examples
        --------
        >>> catalog = BlueskyInMemoryCatalog()
        >>> uid = catalog.upsert(lambda: iter([("start", {"uid": "6f2a", "time": 0.0})]))
        >>> catalog.remove("6f2a"), len(catalog)
        ('6f2a', 0)
        """
        uid = self._find(key)
        with self._write_lock:
            try:
                self._store.remove(uid)
            except KeyError:
                raise RunNotFoundError(f"run {uid} is no longer here") from None
        return uid

    def ingest(
        self,
        paths: str | os.PathLike[str] | Iterable[str | os.PathLike[str]] | Plan,
        *,
        use: str | None = None,
        progress: Progress | None = None,
    ) -> Report:
        """Recognise files and folders, and upsert every run found in them.

        Parameters
        ----------
        paths
            Files, folders or globs; or a plan from `penstock.match`.
        use
            Name of the ingestor to prefer where it fits.
        progress
            Called with how many groups are done, how many there are, and what comes next.

        Returns
        -------
        Report
            What became of every group of files; one bad file never stops the others.
        """
        from .ingesting import ingest_paths

        return ingest_paths(self, paths, use=use, progress=progress)

    def search(self, query: Mapping[str, Any]) -> BlueskyInMemoryCatalog:
        """Return the runs whose start documents match, as a catalog that can be searched again.

        It stays up to date: runs that are upserted later and match are in it too.

        Parameters
        ----------
        query
            In the language of MongoDB: ``{"time": {"$lt": 1558887100}, "sample.name": "Cu"}``.

        Raises
        ------
        QueryError
            If it is not a valid query.
        """
        combined = {"$and": [self._query, dict(query)]} if self._query else dict(query)
        view = BlueskyInMemoryCatalog(**self._settings, query=combined)
        view._store, view._write_lock = self._store, self._write_lock
        return view
