"""The catalog that stays, in one SQLite file."""

from __future__ import annotations

import os
import threading
import time
from collections.abc import Callable, Collection, Iterator, Mapping, Sequence
from contextlib import contextmanager, nullcontext
from dataclasses import replace
from types import TracebackType
from typing import Any, Self

from ..errors import CatalogError, UnwrittenRunsError
from ..index.run_index import RunIndex
from ..matching.marks import Mark
from ..recipes import Recipe
from ..run.bluesky_run import BlueskyRun
from ..run.reader import Transforms
from ..run.source import CallSource, RunSource
from ..run.summary import RunSummary
from .base import AnyQuery
from .catalog_file import CatalogFile
from .shelf import RecipeShelf, Superseded, check_storable
from .store import Entry, RunStore
from .stored import RecipeSource, summarise
from .upserting import PlainCall
from .writable import WritableCatalog

__all__ = ["BlueskySQLiteCatalog"]

_MOST_RUNS = 500
_MOST_SECONDS = 5.0


class BlueskySQLiteCatalog(WritableCatalog):
    """A catalog that stays, in one SQLite file: documents of runs, and how to get the rest.

    For each run the file holds the start and stop documents, the descriptors, the provenance, and
    the *recipe*: the call of the ingestor that gave it. No array is ever in it. A later process
    lists, searches and looks up runs without touching their files; to read rows, the ingestor is
    called again.

    Only registered ingestors can be called again, with arguments that are JSON or paths. Paths
    are kept below the roots that the configuration names. What somebody else stored may read
    files below these roots only, with settings that the ingestor declares as harmless.

    Several processes can read while one writes; those that write wait for each other.

    Parameters
    ----------
    path
        The file; made, for this user alone, if it is not there.
    handler_registry
        Handler classes for ``resource`` documents by spec, before the installed ones.
    root_map
        Prefixes of paths in documents, and where they lie on this machine. Identity is unaffected.
    transforms
        Functions of a document, by document name, that runs apply to what they give.
    query
        A Mongo query: only runs that match are shown.

    Raises
    ------
    CatalogError
        If the file cannot be opened, is no catalog, or one of a later penstock.

    Examples
    --------
    >>> import os, tempfile
    >>> from penstock.ingestors import ingest_tiff_series
    >>> import numpy, tifffile
    >>> folder = tempfile.mkdtemp()
    >>> for number in (1, 2):
    ...     tifffile.imwrite(f"{folder}/a_{number}.tif", numpy.zeros((4, 6), "u2"))
    >>> with BlueskySQLiteCatalog(f"{folder}/runs.db") as catalog:
    ...     uid = catalog.upsert(ingest_tiff_series, (f"{folder}/*.tif",), {})
    >>> BlueskySQLiteCatalog(f"{folder}/runs.db")[uid].primary.read()["image"].shape
    (2, 4, 6)
    """

    def __init__(
        self,
        path: str | os.PathLike[str],
        *,
        handler_registry: Mapping[str, Callable[..., Any]] | None = None,
        root_map: Mapping[str, str] | None = None,
        transforms: Transforms | None = None,
        query: AnyQuery | None = None,
    ) -> None:
        self._file = CatalogFile(path)
        index = RunIndex(self._file)
        self._shelf = RecipeShelf(index)
        self._pending = _Pending()
        super().__init__(
            RunStore(index, self._shelf),
            handler_registry=handler_registry,
            root_map=root_map,
            transforms=transforms,
            query=query,
        )

    @property
    def path(self) -> str:
        """The file."""
        return self._file.path

    def close(self) -> None:
        """Let go of the file; other machines may write it at once then."""
        self._flush()
        self._file.close()

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        self.close()

    def superseded(self, key: Any) -> list[Superseded]:
        """Return what a run was before its files changed, or moved here; the earliest first.

        Parameters
        ----------
        key
            A run, as for looking it up; or the uid of one that another one took the place of.
        """
        uid = self._find(key) if key in self else str(key)
        return self._shelf.superseded(uid)

    # What all catalogs that take runs ask of this one --------------------------------------------

    def _refresh(self) -> None:
        self._flush()

    def _find(self, key: Any) -> str:
        self._flush()
        return super()._find(key)

    def _entry(self, uid: str) -> Entry | None:
        return self._pending.entries.get(uid) or super()._entry(uid)

    def _placed(self, entry: Entry) -> RunSource:
        root_map = self._settings["root_map"]
        if root_map and isinstance(entry.source, RecipeSource):
            return replace(entry.source, root_map=dict(root_map))
        return entry.source

    def _run(self, entry: Entry) -> BlueskyRun:
        return super()._run(replace(entry, source=self._placed(entry)))

    def _storable(self, call: PlainCall) -> tuple[PlainCall, Recipe | None]:
        # Called as it will be called again, it cannot mean anything else then.
        recipe = Recipe.of_call(*call)
        function, args, kwargs, _ = recipe.call(is_own=True)
        return PlainCall(function, list(args), kwargs), recipe

    def _keep(
        self, entry: Entry, run: BlueskyRun, recipe: Recipe | None, mark: Mark | None
    ) -> None:
        source = entry.source
        assert isinstance(source, CallSource)
        assert recipe is not None
        outline = run.drained
        stored = RecipeSource.of_own(
            source.start,
            recipe.with_pins(source.pins),
            recorded_fingerprint=source.recorded_fingerprint,
            summary=summarise(source) if outline is None else RunSummary.of_outline(outline),
            mark=mark,
        )
        kept = Entry(stored, entry.provenance)
        check_storable(kept)  # now, as it would take others of its batch with it
        pending = self._pending
        if not pending.depth:
            self._write([kept])
            return
        if source.start["uid"] in pending.entries:
            self._write_pending()  # what it replaces has been, too
        pending.add(kept)
        if pending.is_due:
            self._write_pending()

    def _forget(self, uid: str, successor: str | None = None) -> None:
        self._flush()
        with self._file.write() as connection:
            if successor is not None:
                self._shelf.supersede([(uid, successor)])
            if self._shelf.is_damaged(uid):
                self._shelf.empty(connection, uid)
            self._store.remove(uid)

    def _unchanged(self, marks: Collection[Mark]) -> dict[Mark, str]:
        return self._shelf.unchanged(marks)

    @contextmanager
    def batch(self) -> Iterator[None]:
        """Give a block in which runs are written some hundred at a time, each part whole or not.

        Examples
        --------
        >>> import os, tempfile
        >>> catalog = BlueskySQLiteCatalog(os.path.join(tempfile.mkdtemp(), "runs.db"))
        >>> with catalog.batch():
        ...     pass
        """
        pending = self._pending
        pending.depth += 1
        try:
            yield
        finally:
            pending.depth -= 1
            self._write_last()

    def _flush(self) -> None:
        """Write what waits."""
        if self._pending.entries:
            self._write(list(self._pending.entries.values()))
            self._pending.clear()

    def _write_pending(self) -> None:
        """Write what waits, if nobody hinders it; else it waits on, to the end of the batch."""
        pending = self._pending
        try:
            # Who has waited once for another process does not so for each run that follows.
            with self._file.hurrying() if pending.is_hindered else nullcontext():
                self._flush_or_fail()
            pending.is_hindered = False
        except CatalogError:
            pending.is_hindered = True
            pending.put_off()

    def _write_last(self) -> None:
        """Write what waits, and tell what of the batch could not be written."""
        pending = self._pending
        try:
            self._flush_or_fail()
        except CatalogError as error:
            pending.failures.update(dict.fromkeys(pending.entries, error))
        failures, pending.failures = pending.failures, {}
        pending.clear()  # what could not be written is given up
        pending.is_hindered = False
        if failures:
            raise UnwrittenRunsError(failures, where=self.path)

    def _flush_or_fail(self) -> None:
        """Write what waits, each run alone if together they cannot be; note those that fail.

        Raises
        ------
        CatalogError
            If nothing at all can be written.
        """
        pending = self._pending
        try:
            self._flush()
        except CatalogError:
            raise
        except Exception:  # noqa: BLE001 # whatever it is about one, the others are written
            for uid, entry in list(pending.entries.items()):
                try:
                    self._write([entry])
                except CatalogError:
                    raise
                except Exception as error:  # noqa: BLE001
                    pending.failures[uid] = error
                del pending.entries[uid]

    def _write(self, entries: Sequence[Entry]) -> None:
        """Write runs in one transaction, and keep what those were that they replace."""
        with self._file.write() as connection:
            others, damaged = self._shelf.replaced(entries)
            self._shelf.supersede((uid, uid) for uid in others)
            for uid in damaged:
                self._shelf.empty(connection, uid)
            self._store.put_many(entries)


class _Pending(threading.local):
    """Entries that wait to be written: in each thread, those of the batch that it has open."""

    def __init__(self) -> None:
        self.entries: dict[str, Entry] = {}
        self.failures: dict[str, Exception] = {}
        self.depth = 0
        self.is_hindered = False
        """Whether another process kept the last part from being written."""
        self.clear()

    def add(self, entry: Entry) -> None:
        if not self.entries:
            self.put_off()
        # As last: a run that is given again is what it was given as then.
        self.entries.pop(entry.start["uid"], None)
        self.entries[entry.start["uid"]] = entry

    def clear(self) -> None:
        self.entries.clear()
        self.put_off()

    def put_off(self) -> None:
        """Be due after some hundred more, or some seconds."""
        self._since = time.monotonic()
        self._most = len(self.entries) + _MOST_RUNS

    @property
    def is_due(self) -> bool:
        return len(self.entries) >= self._most or time.monotonic() - self._since > _MOST_SECONDS
