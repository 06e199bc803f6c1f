"""Catalogs of copies: runs whose documents lie in files, one file a run."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from typing import Any, ClassVar

from ..core.catalog.base import BlueskyCatalog
from ..core.report import Report
from ..core.run.reader import Transforms
from ..core.run.source import RunSource
from ._folder import CopyReader
from ._listing import CopyListing, Paths

__all__ = ["CopiesCatalog"]


class CopiesCatalog(BlueskyCatalog):
    """What catalogs of copies have in common, whatever the format of the files."""

    _suffix: ClassVar[str]
    _listing: CopyListing

    def __init__(
        self,
        paths: Paths,
        *,
        handler_registry: Mapping[str, Callable[..., Any]] | None = None,
        root_map: Mapping[str, str] | None = None,
        transforms: Transforms | None = None,
        query: Mapping[str, Any] | None = None,
    ) -> None:
        reader = CopyReader(self._suffix, self._read_start, self._read_mark)
        listing = CopyListing(paths, reader=reader, make_source=self._make_source)
        super().__init__(
            listing.store,
            handler_registry=handler_registry,
            root_map=root_map,
            transforms=transforms,
            query=query,
        )
        self._listing = listing

    @staticmethod
    def _read_start(path: str) -> dict[str, Any]:
        raise NotImplementedError

    @staticmethod
    def _read_mark(path: str) -> tuple[dict[str, Any] | None, dict[str, Any] | None]:
        raise NotImplementedError

    @staticmethod
    def _make_source(path: str, start: dict[str, Any]) -> RunSource:
        raise NotImplementedError

    # What is asked of the store is asked of the files first.

    def _refresh(self) -> None:
        self._listing.refresh()
        self._listing.fill_store()

    def _find(self, key: Any) -> str:
        if isinstance(key, str):
            self._listing.refresh_run(key)
        else:
            self._listing.refresh()
        self._listing.fill_store()
        return super()._find(key)

    def __iter__(self) -> Iterator[str]:
        return super().__iter__() if self._query else iter(self._listing.uids())

    def __len__(self) -> int:
        return super().__len__() if self._query else len(self._listing.uids())

    @property
    def problems(self) -> Report:
        """The files that hold no run that can be read, or one that another file holds too."""
        return self._listing.problems
