"""The views of a catalog: its uids, its runs, and both, which can be cut like lists."""

from __future__ import annotations

from collections.abc import ItemsView, Iterator, KeysView, ValuesView
from typing import TYPE_CHECKING, overload

from ..errors import RunOutOfRangeError
from ..run.bluesky_run import BlueskyRun

if TYPE_CHECKING:
    from .base import BlueskyCatalog

__all__ = ["Items", "Keys", "Values"]


class Keys(KeysView[str]):
    """The uids of a catalog; ``keys()[:10]`` are the first ten, and no others are looked for."""

    _mapping: BlueskyCatalog

    @overload
    def __getitem__(self, place: int) -> str: ...
    @overload
    def __getitem__(self, place: slice) -> list[str]: ...
    def __getitem__(self, place: int | slice) -> str | list[str]:
        if isinstance(place, slice):
            return _cut(self._mapping, place)
        return _at(self._mapping, place)


class Values(ValuesView[BlueskyRun]):
    """The runs of a catalog; ``values()[:10]`` are the first ten."""

    _mapping: BlueskyCatalog

    def __iter__(self) -> Iterator[BlueskyRun]:
        return self._mapping._runs(self._mapping)

    @overload
    def __getitem__(self, place: int) -> BlueskyRun: ...
    @overload
    def __getitem__(self, place: slice) -> list[BlueskyRun]: ...
    def __getitem__(self, place: int | slice) -> BlueskyRun | list[BlueskyRun]:
        if isinstance(place, slice):
            return list(self._mapping._runs(_cut(self._mapping, place)))
        return self._mapping[_at(self._mapping, place)]


class Items(ItemsView[str, BlueskyRun]):
    """The uids and runs of a catalog; ``items()[:10]`` are the first ten."""

    _mapping: BlueskyCatalog

    def __iter__(self) -> Iterator[tuple[str, BlueskyRun]]:
        return ((run.uid, run) for run in self._mapping._runs(self._mapping))

    @overload
    def __getitem__(self, place: int) -> tuple[str, BlueskyRun]: ...
    @overload
    def __getitem__(self, place: slice) -> list[tuple[str, BlueskyRun]]: ...
    def __getitem__(
        self, place: int | slice
    ) -> tuple[str, BlueskyRun] | list[tuple[str, BlueskyRun]]:
        if isinstance(place, slice):
            runs = self._mapping._runs(_cut(self._mapping, place))
            return [(run.uid, run) for run in runs]
        uid = _at(self._mapping, place)
        return uid, self._mapping[uid]


def _cut(catalog: BlueskyCatalog, place: slice) -> list[str]:
    """Return the uids of a slice, counting the whole catalog only where it has to."""
    bounds = [bound for bound in (place.start, place.stop) if bound is not None]
    if place.step in (None, 1) and all(bound >= 0 for bound in bounds):
        return catalog._uids(place.start or 0, place.stop)
    first, end, step = place.indices(len(catalog))
    if step > 0:
        return catalog._uids(first, max(first, end))[::step]
    return catalog._uids(0, first + 1)[first : None if end < 0 else end : step]


def _at(catalog: BlueskyCatalog, place: int) -> str:
    number = place if place >= 0 else place + len(catalog)
    found = catalog._uids(number, number + 1) if number >= 0 else []
    if not found:
        raise RunOutOfRangeError(f"there is no place {place} in this catalog")
    return found[0]
