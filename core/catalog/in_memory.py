"""The catalog that lives as long as its process."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import TYPE_CHECKING, Any

from ..run.bluesky_run import BlueskyRun
from ..run.reader import Transforms
from .base import AnyQuery
from .store import Entry, RunStore
from .writable import WritableCatalog

if TYPE_CHECKING:
    from ..matching.marks import Mark
    from ..recipes import Recipe

__all__ = ["BlueskyInMemoryCatalog"]


class BlueskyInMemoryCatalog(WritableCatalog):
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

    def _keep(
        self, entry: Entry, run: BlueskyRun, recipe: Recipe | None, mark: Mark | None
    ) -> None:
        self._store.put(entry)

    def _forget(self, uid: str, successor: str | None = None) -> None:
        self._store.remove(uid)
