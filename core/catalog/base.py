"""What every catalog can do: list runs, look them up, search them, show itself."""

from __future__ import annotations

import os
from collections.abc import Callable, Iterable, Iterator, Mapping
from typing import Any, Self, TypeAlias

from .. import display
from ..errors import QueryError, RunNotFoundError
from ..index.counting import count_values
from ..index.explaining import Explanation
from ..index.later import LaterConditions, Said
from ..index.searching import Search
from ..mongo import Query
from ..queries import Condition, mapping_of
from ..report import Report, ReportItem
from ..run.bluesky_run import BadFrames, BlueskyRun
from ..run.outline import drain
from ..run.reader import Transforms
from .copying import cache_runs, export_runs
from .ingesting import Progress
from .lookup import find_uid
from .store import Entry, RunStore
from .views import Items, Keys, Values

__all__ = ["AnyQuery", "BlueskyCatalog"]

AnyQuery: TypeAlias = Mapping[str, Any] | Condition
"""A query in Mongo's language, or what `penstock.queries` makes."""


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
        query: AnyQuery | None = None,
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
        definition = {} if query is None else mapping_of(query)
        self._found = store.search(Query(definition) if definition else None)

    # Mapping ---------------------------------------------------------------------------------

    def _refresh(self) -> None:
        """Bring the store up to date before it is asked; who follows files overrides it."""

    def __iter__(self) -> Iterator[str]:
        return iter(self._uids())

    def _uids(self, first: int = 0, end: int | None = None) -> list[str]:
        self._refresh()
        return list(self._found.uids(first, end))

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

    def keys(self) -> Keys:
        """Return the uids; ``keys()[:10]`` are the first ten."""
        return Keys(self)

    def items(self) -> Items:
        """Return uids and runs as they are when iteration begins."""
        return Items(self)

    def values(self) -> Values:
        """Return runs as they are when iteration begins."""
        return Values(self)

    def _runs(self, uids: Iterable[str]) -> Iterator[BlueskyRun]:
        for uid in uids:
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
        return {} if self._found.query is None else dict(self._found.query.definition)

    def search(
        self,
        query: AnyQuery | None = None,
        *,
        stop: AnyQuery | None = None,
        descriptor: AnyQuery | None = None,
    ) -> Self:
        """Return the runs that match, as a catalog that can be searched again.

        It stays up to date: runs that come later and match are in it too.

        Parameters
        ----------
        query
            What the start document has to match, in the language of MongoDB or made with
            `penstock.queries`: ``{"time": {"$lt": 1558887100}, "sample.name": "Cu"}``.
        stop, descriptor
            What the stop document, and one of the descriptors, have to match. Runs that were not
            asked before are drained for it, those alone that match the rest: documents are read,
            never pixels. A run that has no stop document matches no query about it.

        Raises
        ------
        QueryError
            If one is not a valid query.
        """
        later = [
            (name, Query(mapping_of(condition)))
            for name, condition in (("stop", stop), ("descriptor", descriptor))
            if condition is not None
        ]
        if query is None and later:
            query = {}
        definition = self._narrowed(mapping_of(query))
        known = self._found.later.conditions if self._found.later else ()
        return self._view(
            Search(
                self._store.index,
                Query(definition) if definition else None,
                self._later((*known, *later)) if known or later else None,
                self._found.order,
            )
        )

    def _view(self, found: Search) -> Self:
        """Return what shows other runs of the same; what a subclass adds is shared."""
        view = type(self).__new__(type(self))
        view.__dict__.update(self.__dict__)
        view._found = found
        return view

    def _narrowed(self, query: dict[str, Any]) -> dict[str, Any]:
        """Join a query to the catalog's own, flat however often searches nest."""
        own = self.query
        if not own or not query:
            return own or query
        joined = own["$and"] if list(own) == ["$and"] else [own]
        return {"$and": [*joined, query]}

    def _later(self, conditions: tuple[tuple[str, Query], ...]) -> LaterConditions:
        return LaterConditions(conditions, self._ask, self._store.put_later)

    def _ask(self, uid: str) -> Said:
        source = self._store.get(uid).source
        outline = drain(source.start, source.documents())
        documents = [("descriptor", document) for document in outline.descriptors.values()]
        if outline.stop is not None:
            documents.append(("stop", outline.stop))
        return Said(documents, {name: outline.row_count(name) for name in outline.streams})

    def explain(
        self,
        query: AnyQuery | None = None,
        *,
        stop: AnyQuery | None = None,
        descriptor: AnyQuery | None = None,
    ) -> Explanation:
        """Search, and tell which indexes narrowed, and how many documents were looked at.

        Examples
        --------
        >>> from penstock import BlueskyInMemoryCatalog
        >>> print(BlueskyInMemoryCatalog().explain({"sample.name": "Cu"}))
        0 of 0 runs match: no index helped, 0 were looked at
        """
        self._refresh()
        given = {"query": query, "stop": stop, "descriptor": descriptor}
        asked = {name: condition for name, condition in given.items() if condition is not None}
        return (self.search(**asked) if asked else self)._found.explain()

    # Order and counts ------------------------------------------------------------------------

    def sort(self, *order: tuple[str, int] | str) -> Self:
        """Return the same runs, listed by values in their starts.

        Parameters
        ----------
        order
            Names of fields, each with 1 (smallest first) or -1: ``("time", -1)``; a name alone
            means 1. Of runs that are equal in the first the second decides, and so on.

        Examples
        --------
        >>> from penstock import BlueskyInMemoryCatalog
        >>> catalog = BlueskyInMemoryCatalog()
        >>> def ingest(uid, time):
        ...     yield "start", {"uid": uid, "time": time}
        >>> for call in (("a", 2.0), ("b", 3.0), ("c", 1.0)):
        ...     uid = catalog.upsert(ingest, call)
        >>> list(catalog.sort(("time", -1))), catalog.sort("time").keys()[:2]
        (['b', 'a', 'c'], ['c', 'a'])
        """
        pairs = [(item, 1) if isinstance(item, str) else item for item in order]
        for pair in pairs:
            if len(pair) != 2 or not isinstance(pair[0], str) or pair[1] not in (1, -1):
                raise QueryError(
                    f"{pair!r} is no order", remedy='Write sort("sample.name", ("time", -1)).'
                )
        return self._view(self._found.in_order(tuple(pairs)))

    def newest(self, count: int) -> list[BlueskyRun]:
        """Return so many runs, the newest first."""
        return self.sort(("time", -1)).values()[:count]

    def distinct(self, path: str) -> list[Any]:
        """Return the values that a field of the starts has, smallest first.

        Of a list each element counts; a field that is missing has no value.
        """
        self._refresh()
        return [value for value, _ in count_values(self._found, path)]

    def facets(self, *paths: str) -> dict[str, list[tuple[Any, int]]]:
        """Return the values that fields of the starts have, and how many runs have each.

        Examples
        --------
        >>> from penstock import BlueskyInMemoryCatalog
        >>> catalog = BlueskyInMemoryCatalog()
        >>> start = {"uid": "6f2a", "time": 0.0, "motors": ["x", "y"]}
        >>> uid = catalog.upsert(lambda: iter([("start", start)]))
        >>> catalog.facets("motors", "plan_name")
        {'motors': [('x', 1), ('y', 1)], 'plan_name': []}
        """
        self._refresh()
        return {
            path: sorted(count_values(self._found, path), key=lambda pair: -pair[1])
            for path in paths
        }

    # Indexes ---------------------------------------------------------------------------------

    def create_index(self, path: str) -> bool:
        """Index a field of the starts, so that queries about it are fast from the first.

        Fields that are asked for in a catalog of many runs are indexed without it. ``"$text"`` is
        the index of all words, which nothing but this makes.

        Returns
        -------
        bool
            Whether it was not there before.
        """
        self._refresh()
        return self._store.index.create_index(path)

    def drop_index(self, path: str) -> bool:
        """Forget an index, and tell whether there was one."""
        return self._store.index.drop_index(path)

    @property
    def indexes(self) -> list[str]:
        """The fields that are indexed, beside time and uid, which always are."""
        return sorted(self._store.index.indexes())

    @property
    def problems(self) -> Report:
        """What of the catalog cannot be read; in a file, the runs that were met so far."""
        return Report(
            [
                ReportItem(
                    f"run {uid}",
                    "failed",
                    why,
                    "Ingest its files again, or remove it.",
                    uid=uid,
                )
                for uid, why in self._store.index.damaged().items()
            ]
        )

    # Copies ----------------------------------------------------------------------------------

    def cache(
        self,
        directory: str | os.PathLike[str],
        query: AnyQuery | None = None,
        progress: Progress | None = None,
        *,
        format: str = "msgpack",
        bad_frames: BadFrames = "raise",
    ) -> Report:
        """Write self-contained copies of the runs into a folder: see `BlueskyRun.cache`.

        Parameters
        ----------
        directory
            Made where there is none.
        query
            Only runs that match are copied.
        progress
            Called with how many runs are done, how many there are, and the uid of the next.
        format, bad_frames
            See `BlueskyRun.cache`.

        Returns
        -------
        Report
            What became of every run; one that fails stops no other. Copies that are up to date
            are ``skipped``.

        Raises
        ------
        UnusableFolderError
            If the folder cannot be written into; before any run is read.
        """
        return cache_runs(
            self._chosen(query),
            self.__getitem__,
            directory,
            progress,
            format=format,
            bad_frames=bad_frames,
        )

    def export(
        self,
        format: str,
        directory: str | os.PathLike[str],
        query: AnyQuery | None = None,
        progress: Progress | None = None,
        *,
        name: str | None = None,
        overwrite: bool = False,
        **options: Any,
    ) -> Report:
        """Write the runs into a folder in a format: see `BlueskyRun.export`.

        Parameters
        ----------
        format
            The name of a registered exporter: ``"csv"``, ``"nexus"``, …
        directory
            Made where there is none. Each run becomes a file or a folder in it.
        query
            Only runs that match are written.
        progress
            Called with how many runs are done, how many there are, and the uid of the next.
        name
            What runs are called: a template of fields of the start document, such as
            ``"{scan_id:05d}_{sample.name}"``; by default the uid.
        overwrite, **options
            See `BlueskyRun.export`.

        Returns
        -------
        Report
            What became of every run; one that fails stops no other. Runs that the format has no
            place for, or whose name is taken, are ``refused``.

        Raises
        ------
        UnusableFolderError
            If the folder cannot be written into; before any run is read.
        SettingsError
            If the exporter has no such option.
        """
        return export_runs(
            self._chosen(query),
            self.__getitem__,
            format,
            directory,
            progress,
            name=name,
            overwrite=overwrite,
            **options,
        )

    def _chosen(self, query: AnyQuery | None) -> list[str]:
        """Return the uids of the runs that match."""
        return list(self if query is None else self.search(query))

    # Display ---------------------------------------------------------------------------------

    def newest_starts(self, limit: int | None = None, offset: int = 0) -> list[dict[str, Any]]:
        """Return start documents as `starts` does, those of the newest runs first."""
        return self.sort(("time", -1)).starts(limit, offset)

    def starts(self, limit: int | None = None, offset: int = 0) -> list[dict[str, Any]]:
        """Return start documents, in the order of the catalog, without what is damaged.

        Parameters
        ----------
        limit
            So many at most.
        offset
            How many to leave out first.

        Examples
        --------
        >>> from penstock import BlueskyInMemoryCatalog
        >>> BlueskyInMemoryCatalog().sort("scan_id").starts(10)
        []
        """
        uids = self._uids(offset, None if limit is None else offset + limit)
        return [start for _, _, start in self._store.index.documents_of(uids)]

    def __repr__(self) -> str:
        return display.describe_catalog(
            type(self).__name__, len(self), self.newest_starts(display.MOST_RUNS)
        )

    def _repr_html_(self) -> str:
        return display.catalog_html(
            type(self).__name__, len(self), self.newest_starts(display.MOST_RUNS)
        )
