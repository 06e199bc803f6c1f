"""The catalog that lives as long as its process."""

from __future__ import annotations

import os
from collections.abc import Callable, Iterable, Mapping, Sequence
from typing import TYPE_CHECKING, Any

from ..errors import RunNotFoundError
from ..run.bluesky_run import BlueskyRun
from ..run.reader import Transforms
from .base import AnyQuery, BlueskyCatalog
from .store import Entry, RunStore
from .upserting import source_of_call

if TYPE_CHECKING:
    from ..matching import Plan
    from ..report import Report
    from .ingesting import Progress

__all__ = ["BlueskyInMemoryCatalog"]


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
        query: AnyQuery | None = None,
    ) -> None:
        super().__init__(
            RunStore(),
            handler_registry=handler_registry,
            root_map=root_map,
            transforms=transforms,
            query=query,
        )

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
        _, keep = self.prepare(ingest_fn, args, kwargs, provenance=provenance)
        return keep()

    def prepare(
        self,
        ingest_fn: Callable[..., Iterable[Any]] | str,
        args: Sequence[Any] = (),
        kwargs: Mapping[str, Any] | None = None,
        *,
        provenance: Mapping[str, Any] | None = None,
    ) -> tuple[BlueskyRun, Callable[[], str]]:
        """Call an ingestor as `upsert` does, but leave the catalog as it is.

        Returns
        -------
        run, keep
            The run, to look at; and a function that takes it into the catalog and returns its uid.

        Examples
        --------
        >>> catalog = BlueskyInMemoryCatalog()
        >>> run, keep = catalog.prepare(lambda: iter([("start", {"uid": "6f2a", "time": 0.0})]))
        >>> run.uid in catalog, keep(), run.uid in catalog
        (False, '6f2a', True)
        """
        entry = source_of_call(ingest_fn, args, kwargs or {}, provenance or {}, self._entry)

        def keep() -> str:
            self._store.put(entry)
            return str(entry.start["uid"])

        return self._run(entry), keep

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
        settings: Mapping[str, Any] | None = None,
        progress: Progress | None = None,
        recall: bool = False,
    ) -> Report:
        """Recognise files and folders, and upsert every run found in them.

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
        )
        for item in report:
            if item.uid is not None and item.uid not in self:
                item.details["notes"].append("the run does not match this catalog's query")
        return report
