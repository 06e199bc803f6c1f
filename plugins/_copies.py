"""Catalogs of copies: runs whose documents lie in files, one file a run."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from typing import Any, ClassVar, Self

from ..core.catalog.base import BlueskyCatalog
from ..core.report import Report
from ..core.run.reader import Transforms
from ..core.run.source import RunSource
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
        listing = CopyListing(
            paths,
            suffix=self._suffix,
            read_start=self._read_start,
            make_source=self._make_source,
        )
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
    def _make_source(path: str, start: dict[str, Any]) -> RunSource:
        raise NotImplementedError

    # What is asked of the store is asked of the files first.

    def __iter__(self) -> Iterator[str]:
        self._listing.refresh()
        return super().__iter__()

    def __len__(self) -> int:
        self._listing.refresh()
        return super().__len__()

    def _find(self, key: Any) -> str:
        if isinstance(key, str):
            self._listing.refresh_run(key)
        else:
            self._listing.refresh()
        return super()._find(key)

    def _newest(self) -> list[dict[str, Any]]:
        self._listing.refresh()
        return super()._newest()

    @property
    def problems(self) -> Report:
        """The files that hold no run that can be read, or one that another file holds too."""
        return self._listing.problems

    def search(self, query: Mapping[str, Any]) -> Self:
        """Return the runs whose start documents match, as a catalog that can be searched again.

        Parameters
        ----------
        query
            In the language of MongoDB: ``{"time": {"$lt": 1558887100}, "sample.name": "Cu"}``.

        Raises
        ------
        QueryError
            If it is not a valid query.
        """
        view = type(self).__new__(type(self))
        BlueskyCatalog.__init__(view, self._store, **self._settings, query=self._narrowed(query))
        view._listing = self._listing
        return view
