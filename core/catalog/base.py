"""What every catalog can do: list runs, look them up, search them, show itself."""

from __future__ import annotations

import itertools
import os
from collections.abc import Callable, ItemsView, Iterator, Mapping, ValuesView
from typing import Any, Self

from .. import display
from ..errors import QueryError, RunNotFoundError
from ..mongo import Query
from ..report import Report
from ..run.bluesky_run import BlueskyRun
from ..run.reader import Transforms
from .caching import cache_runs
from .ingesting import Progress
from .lookup import find_uid
from .store import Entry, RunStore

__all__ = ["BlueskyCatalog"]


class BlueskyCatalog(Mapping[str, BlueskyRun]):
    """What every catalog can do: a mapping of uids to runs, narrowed by a query.

    Catalogs differ in where runs come from; `BlueskyInMemoryCatalog` takes them by `upsert`.
    """

    def __init__(
        self,
        store: RunStore,
        *,
        handler_registry: Mapping[str, Callable[..., Any]] | None = None,
        root_map: Mapping[str, str] | None = None,
        transforms: Transforms | None = None,
        query: Mapping[str, Any] | None = None,
    ) -> None:
        for name, value in (
            ("handler_registry", handler_registry),
            ("root_map", root_map),
            ("transforms", transforms),
        ):
            if value is not None and not isinstance(value, Mapping):
                raise TypeError(f"{name} is a {type(value).__name__}, not a dict")
        self._store = store
        self._settings: dict[str, Any] = {
            "handler_registry": handler_registry,
            "root_map": root_map,
            "transforms": transforms,
        }
        self._query = _checked_query({} if query is None else query)
        self._found = store.search(Query(self._query) if self._query else None)

    # Mapping ---------------------------------------------------------------------------------

    def _refresh(self) -> None:
        """Bring the store up to date before it is asked; who follows files overrides it."""

    def __iter__(self) -> Iterator[str]:
        self._refresh()
        return iter(self._found.uids())

    def __len__(self) -> int:
        self._refresh()
        return len(self._found)

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

    def items(self) -> ItemsView[str, BlueskyRun]:
        """Return uids and runs as they are when iteration begins."""
        return _Items(self)

    def values(self) -> ValuesView[BlueskyRun]:
        """Return runs as they are when iteration begins."""
        return _Values(self)

    def _runs(self) -> Iterator[BlueskyRun]:
        for uid in self:
            try:
                yield self._run(self._store.get(uid))
            except KeyError:  # another thread removed it just now
                continue

    def get(self, key: Any, default: Any = None) -> Any:
        """Return a run, or `default` if there is none."""
        try:
            return self[key]
        except LookupError:
            return default

    def _find(self, key: Any) -> str:
        return find_uid(self._store.index, self._found, key)

    def _run(self, entry: Entry) -> BlueskyRun:
        return BlueskyRun(entry.source, provenance=entry.provenance, **self._settings)

    def _ipython_key_completions_(self) -> list[str]:
        return list(self)

    # Search ----------------------------------------------------------------------------------

    @property
    def query(self) -> dict[str, Any]:
        """The query that narrows this catalog; empty for a whole one."""
        return dict(self._query)

    def search(self, query: Mapping[str, Any]) -> Self:
        """Return the runs whose start documents match, as a catalog that can be searched again.

        It stays up to date: runs that come later and match are in it too.

        Parameters
        ----------
        query
            In the language of MongoDB: ``{"time": {"$lt": 1558887100}, "sample.name": "Cu"}``.

        Raises
        ------
        QueryError
            If it is not a valid query.
        """
        return self._view(self._narrowed(query))

    def _view(self, query: Mapping[str, Any]) -> Self:
        """Return the same runs, narrowed by another query; what a subclass adds is shared."""
        view = type(self).__new__(type(self))
        view.__dict__.update(self.__dict__)
        BlueskyCatalog.__init__(view, self._store, **self._settings, query=query)
        return view

    def _narrowed(self, query: Mapping[str, Any]) -> dict[str, Any]:
        """Join a query to the catalog's own, flat however often searches nest."""
        query = _checked_query(query)
        if not self._query:
            return query
        joined = self._query["$and"] if list(self._query) == ["$and"] else [self._query]
        return {"$and": [*joined, query]}

    @property
    def problems(self) -> Report:
        """What of the catalog cannot be read."""
        return Report()

    # Copies ----------------------------------------------------------------------------------

    def cache(
        self,
        directory: str | os.PathLike[str],
        query: Mapping[str, Any] | None = None,
        progress: Progress | None = None,
    ) -> Report:
        """Write self-contained copies of the runs into a folder: see `BlueskyRun.cache`.

        Parameters
        ----------
        directory
            Made where there is none.
        query
            A Mongo query: only runs that match are copied.
        progress
            Called with how many runs are done, how many there are, and the uid of the next.

        Returns
        -------
        Report
            What became of every run; one that fails stops no other. Copies that are up to date
            are ``skipped``.
        """
        return cache_runs(self._chosen(query), self.__getitem__, directory, progress)

    def _chosen(self, query: Mapping[str, Any] | None) -> list[str]:
        """Return the uids of the runs that match."""
        return list(self if query is None else self.search(query))

    # Display ---------------------------------------------------------------------------------

    def newest(self, limit: int | None = None, offset: int = 0) -> list[dict[str, Any]]:
        """Return start documents, those of the newest runs first.

        Parameters
        ----------
        limit
            So many at most.
        offset
            How many of the newest to leave out.

        Examples
        --------
        >>> from penstock import BlueskyInMemoryCatalog
        >>> BlueskyInMemoryCatalog().newest(10)
        []
        """
        self._refresh()
        last = None if limit is None else offset + limit
        uids = itertools.islice(self._found.newest(), offset, last)
        return [start for _, _, start in self._store.index.documents_of(uids)]

    def __repr__(self) -> str:
        return display.describe_catalog(
            type(self).__name__, len(self), self.newest(display.MOST_RUNS)
        )

    def _repr_html_(self) -> str:
        return display.catalog_html(type(self).__name__, len(self), self.newest(display.MOST_RUNS))


class _Items(ItemsView[str, BlueskyRun]):
    _mapping: BlueskyCatalog

    def __iter__(self) -> Iterator[tuple[str, BlueskyRun]]:
        return ((run.uid, run) for run in self._mapping._runs())


class _Values(ValuesView[BlueskyRun]):
    _mapping: BlueskyCatalog

    def __iter__(self) -> Iterator[BlueskyRun]:
        return self._mapping._runs()


def _checked_query(query: object) -> dict[str, Any]:
    if not isinstance(query, Mapping):
        raise QueryError(
            f"a query is a dict, not a {type(query).__name__}",
            remedy='Write it as in MongoDB: {"sample.name": "Cu"}.',
        )
    return dict(query)
