"""The stream that several parts share: one descriptor, and pages with the columns of all."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Any

import numpy as np

from ...core.documents import Document, child_uid, page_from_events
from .addressing import Address, uids_of
from .layout import Main

__all__ = ["Shared", "rest_documents"]

_BATCH_ROWS, _BATCH_BYTES = 1024, 4 * 2**20


class Shared:
    """The main streams of some parts, merged to ``primary`` row by row.

    Parameters
    ----------
    run
        The uid of the joined run.
    mains
        Of the parts; the first one's columns come first.
    told
        How each part's documents are told, in the same order.
    clock
        Which of them tells when the events were.
    """

    def __init__(
        self, run: str, mains: Sequence[Main], told: Sequence[Address], clock: int
    ) -> None:
        self.uid = child_uid(run, "descriptor", "primary")
        self.rows = mains[0].rows
        self._run = run
        self._mains = mains
        self._told = told
        self._clock = clock
        self._left_out = _counted_before(mains)
        for main, address in zip(mains, told, strict=True):
            assert main.descriptor is not None
            address.point(main.descriptor["uid"], self.uid)

    def descriptor(self) -> dict[str, Any]:
        """Return the one descriptor."""
        merged: dict[str, Any] = {
            "uid": self.uid,
            "run_start": self._run,
            "name": "primary",
            "data_keys": {},
        }
        times = []
        for main, address, without in zip(self._mains, self._told, self._left_out, strict=True):
            assert main.descriptor is not None
            times.append(main.descriptor["time"])
            for group, said in address.described(main.descriptor, without=without).items():
                merged.setdefault(group, {}).update(said)
        return {**merged, "time": min(times)}

    def pages(self) -> Iterator[Document]:
        """Yield the pages; of each part one page at a time is in memory."""
        columns = [
            _Rows(main, address, without)
            for main, address, without in zip(self._mains, self._told, self._left_out, strict=True)
            if _has_events(main)
        ]
        if not columns:
            return
        clock = next((c for c in columns if c.main is self._mains[self._clock]), columns[0])
        row = 0
        while row < self.rows:
            count = min(item.ahead() for item in columns)
            if not count:
                return  # a part that failed on the way gave fewer rows this time
            pieces = [item.take(count) for item in columns]
            time = pieces[columns.index(clock)]["time"]
            numbers = list(range(row + 1, row + count + 1))
            page: dict[str, Any] = {
                "descriptor": self.uid,
                "uid": uids_of(self.uid, numbers),
                "seq_num": numbers,
                "time": time,
                "data": {},
                "timestamps": {},
                "filled": {},
            }
            for piece in pieces:
                for group in ("data", "timestamps", "filled"):
                    page[group].update(piece[group])
            yield "event_page", page
            row += count


def rest_documents(run: str, main: Main, address: Address, name: str) -> Iterator[Document]:
    """Yield the rows of a table that belong to no frame, as a stream."""
    assert main.descriptor is not None
    assert main.rest is not None
    uid = address.uid("descriptor", "rest")
    described = address.described(main.descriptor)
    yield (
        "descriptor",
        {**main.descriptor, **described, "uid": uid, "run_start": run, "name": name},
    )
    page = _sorted_page(main, main.rest)
    numbers = list(range(1, len(main.rest) + 1))
    yield (
        "event_page",
        {
            "descriptor": uid,
            "uid": uids_of(uid, numbers),
            "seq_num": numbers,
            "time": page["time"],
            **address.columns(page),
        },
    )


def _counted_before(mains: Sequence[Main]) -> list[set[str]]:
    """Return, for each part, the columns that count frames as one before it does already."""
    seen: set[str] = set()
    left_out = []
    for main in mains:
        left_out.append(main.index.keys() & seen)
        seen |= main.index.keys()
    return left_out


def _has_events(main: Main) -> bool:
    assert main.descriptor is not None
    return bool(main.part.reader.outline.seq_nums.get(main.descriptor["uid"]))


class _Rows:
    """The rows of one part, a page after the other, cut as they are asked for."""

    def __init__(self, main: Main, address: Address, without: set[str]) -> None:
        self.main = main
        self._address = address
        self._without = without
        if main.order is None:
            self._pages = _pages_of(main)
        else:
            self._pages = iter([_sorted_page(main, main.order)])
        self._page: dict[str, Any] | None = None
        self._row = 0

    def ahead(self) -> int:
        """Return how many rows can be taken at once; 0 where there are no more."""
        while self._page is None or self._row >= len(self._page["time"]):
            self._page = next(self._pages, None)
            self._row = 0
            if self._page is None:
                return 0
        return len(self._page["time"]) - self._row

    def take(self, count: int) -> dict[str, Any]:
        """Return that many rows, under the names of the joined run."""
        assert self._page is not None
        rows = slice(self._row, self._row + count)
        self._row += count
        cut = {
            group: {
                key: column[rows]
                for key, column in (self._page.get(group) or {}).items()
                if key not in self._without
            }
            for group in ("data", "timestamps", "filled")
        }
        return {"time": self._page["time"][rows], **self._address.columns(cut)}


def _pages_of(main: Main) -> Iterator[dict[str, Any]]:
    """Yield the pages of a stream; single events are gathered to pages."""
    assert main.descriptor is not None
    waiting: list[dict[str, Any]] = []
    size = 0
    for name, doc in main.part.reader.documents():
        if name not in ("event", "event_page") or doc["descriptor"] != main.descriptor["uid"]:
            continue
        if name == "event":
            size += sum(int(getattr(value, "nbytes", 0)) for value in doc["data"].values())
            waiting.append(doc)
        if waiting and (name != "event" or len(waiting) == _BATCH_ROWS or size > _BATCH_BYTES):
            yield page_from_events(waiting)
            waiting, size = [], 0
        if name == "event_page":
            yield doc
    if waiting:
        yield page_from_events(waiting)


def _sorted_page(main: Main, order: np.ndarray[Any, Any]) -> dict[str, Any]:
    """Return chosen rows of a table as one page, in the order given."""
    whole: dict[str, Any] = {"time": [], "data": {}, "timestamps": {}, "filled": {}}
    for page in _pages_of(main):
        whole["time"] += list(page["time"])
        for group in ("data", "timestamps", "filled"):
            for key, column in (page.get(group) or {}).items():
                whole[group].setdefault(key, []).extend(column)
    chosen = order.tolist()
    sorted_page: dict[str, Any] = {"time": [whole["time"][row] for row in chosen]}
    for group in ("data", "timestamps", "filled"):
        sorted_page[group] = {
            key: [column[row] for row in chosen] for key, column in whole[group].items()
        }
    return sorted_page
