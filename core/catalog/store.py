"""Where a catalog keeps its runs: start documents, in memory, with the lookups that people use."""

from __future__ import annotations

import bisect
import itertools
import math
import threading
from collections import defaultdict
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from typing import Any

from ..run.source import RunSource

__all__ = ["Entry", "MemoryStore"]


@dataclass(frozen=True)
class Entry:
    """One run of a catalog."""

    source: RunSource
    provenance: dict[str, Any] = field(default_factory=dict)

    @property
    def start(self) -> dict[str, Any]:
        """The run's start document."""
        return self.source.start


class MemoryStore:
    """Runs by uid, uid prefix, time and scan_id; safe under threads.

    Runs are listed in the order in which they first came.

    Examples
    --------
    >>> from penstock.core.run.samples import count_run
    >>> store = MemoryStore()
    >>> store.put(Entry(count_run(1, uid="6f2a")))
    >>> store.put(Entry(count_run(2, uid="7000", time=5.0, scan_id=3)))
    >>> store.with_prefix("6"), next(store.newest_first()), store.with_scan_id(3)
    (['6f2a'], '7000', ['7000'])
    """

    def __init__(self) -> None:
        self._lock = threading.RLock()
        self._entries: dict[str, Entry] = {}
        self._order: dict[str, int] = {}
        self._counter = itertools.count()
        self._uids: list[str] = []
        self._by_time: list[tuple[float, int, str]] = []
        self._by_scan_id: dict[int, list[tuple[float, int, str]]] = defaultdict(list)

    def put(self, entry: Entry) -> None:
        """Add a run, or replace the one of the same uid."""
        uid = entry.start["uid"]
        with self._lock:
            time = _sortable(entry.start["time"])  # before anything has changed
            if uid in self._entries:
                self._forget(uid)
            else:
                self._order[uid] = next(self._counter)
            self._entries[uid] = entry
            key = (time, self._order[uid], uid)
            bisect.insort(self._uids, uid)
            bisect.insort(self._by_time, key)
            scan_id = entry.start.get("scan_id")
            if isinstance(scan_id, int):
                bisect.insort(self._by_scan_id[scan_id], key)

    def put_many(self, entries: Iterable[Entry]) -> None:
        """Add or replace runs as `put` does, all at once."""
        news = {entry.start["uid"]: entry for entry in entries}
        times = {uid: _sortable(entry.start["time"]) for uid, entry in news.items()}
        with self._lock:
            for uid in news:
                if uid in self._entries:
                    self._forget(uid)
                else:
                    self._order[uid] = next(self._counter)
            self._entries |= news
            self._uids += news
            self._uids.sort()
            keys = {uid: (time, self._order[uid], uid) for uid, time in times.items()}
            self._by_time += keys.values()
            self._by_time.sort()
            scan_ids = {uid: entry.start.get("scan_id") for uid, entry in news.items()}
            for uid, scan_id in scan_ids.items():
                if isinstance(scan_id, int):
                    bisect.insort(self._by_scan_id[scan_id], keys[uid])

    def remove(self, uid: str) -> None:
        """Take a run out; KeyError if there is none."""
        with self._lock:
            self._forget(uid)
            del self._entries[uid], self._order[uid]

    def _forget(self, uid: str) -> None:
        entry = self._entries[uid]
        key = self._time_key(entry)
        del self._uids[bisect.bisect_left(self._uids, uid)]
        del self._by_time[bisect.bisect_left(self._by_time, key)]
        scan_id = entry.start.get("scan_id")
        if isinstance(scan_id, int):
            same = self._by_scan_id[scan_id]
            del same[bisect.bisect_left(same, key)]

    def _time_key(self, entry: Entry) -> tuple[float, int, str]:
        uid = entry.start["uid"]
        return (_sortable(entry.start["time"]), self._order[uid], uid)

    # Looking up ------------------------------------------------------------------------------

    def __len__(self) -> int:
        return len(self._entries)

    def __contains__(self, uid: object) -> bool:
        return uid in self._entries

    def __iter__(self) -> Iterator[str]:
        with self._lock:
            return iter(list(self._entries))  # a replaced run keeps its place in a dict

    def get(self, uid: str) -> Entry:
        """Return a run's entry; KeyError if there is none."""
        return self._entries[uid]

    def entries(self) -> list[Entry]:
        """Return all entries as they are now, in the order of the runs."""
        with self._lock:
            return list(self._entries.values())

    def with_prefix(self, prefix: str) -> list[str]:
        """Return the uids that begin with `prefix`, sorted."""
        with self._lock:
            first = bisect.bisect_left(self._uids, prefix)
            found = itertools.takewhile(
                lambda uid: uid.startswith(prefix), itertools.islice(self._uids, first, None)
            )
            return list(found)

    def newest_first(self) -> Iterator[str]:
        """Return the uids as they are now, the newest run first."""
        with self._lock:
            snapshot = list(self._by_time)
        return (uid for _, _, uid in reversed(snapshot))

    def with_scan_id(self, scan_id: int) -> list[str]:
        """Return the uids of the runs with that scan_id, the newest first."""
        with self._lock:
            return [uid for _, _, uid in reversed(self._by_scan_id.get(scan_id, ()))]


def _sortable(time: float) -> float:
    """Return a time that can be put in order; runs without a usable one count as the oldest."""
    try:
        number = float(time)
    except OverflowError:  # an integer of hundreds of digits
        return float("-inf")
    return float("-inf") if math.isnan(number) else number
