"""Searching catalogs of many runs: the index, against mongoquery going through all starts.

    python benchmarks/searching.py [--runs 10000 100000 1000000] [--turns 15] [--memory-only]

The starts are made up, of about 1 kB. mongoquery goes through dicts that are in memory already, in
the same process; to spare that, it goes through 50,000 of them and the time is scaled to all. What
it takes, and the first time of a query, is the time of the processor: these come one after the
other, and others may have the machine meanwhile.
"""

from __future__ import annotations

import argparse
import gc
import itertools
import json
import os
import resource
import sys
import tempfile
import time
from collections.abc import Callable, Iterable
from pathlib import Path
from statistics import median
from typing import Any

import mongoquery
from _starts import FIRST_TIME, SECONDS_BETWEEN, make_start

from penstock.core.index.connections import Connections
from penstock.core.index.run_index import RunIndex
from penstock.core.index.searching import Search
from penstock.core.mongo import Query

SCANNED = 50_000
BATCH = 10_000


def queries(runs: int) -> dict[str, dict[str, Any]]:
    """Return queries, most of which some hundred runs match, however many there are."""
    wide = 396 * min(1.0, 500 / runs)
    second = FIRST_TIME + runs // 2 * SECONDS_BETWEEN
    return {
        "sample.name = …": {"sample.name": "sample_17"},
        "100 ≤ sample.temperature < …": {"sample.temperature": {"$gte": 100, "$lt": 100 + wide}},
        "motors = …, sample.name = …": {"motors": "theta", "sample.name": "sample_18"},
        "file_name ~ …": {"file_name": {"$regex": "^scan_0000[0-9]{2}_"}},
        "holder.slot, nothing matches": {"sample.holder.slot": 1000},
        "time in a range": {"time": {"$gte": second, "$lt": second + 500 * SECONDS_BETWEEN}},
    }


def measure(
    call: Callable[[], Any], turns: int, clock: Callable[[], float] = time.perf_counter
) -> float:
    """Return the median of some turns, in milliseconds."""
    spent = []
    for _ in range(turns):
        began = clock()
        call()
        spent.append(clock() - began)
    return 1e3 * median(spent)


def first_hundred(index: RunIndex, query: dict[str, Any]) -> list[str]:
    """Search as a catalog does, and take the first hundred uids."""
    return list(itertools.islice(Search(index, Query(query)).uids(), 100))


def prepare(connection: Any) -> None:
    """Set a connection as the persistent catalog does on a local disk."""
    connection.execute("PRAGMA journal_mode = WAL")
    connection.execute("PRAGMA synchronous = NORMAL")


def fill(index: RunIndex, runs: int) -> float:
    """Put runs in, and return how many went in a second, making them not counted."""
    spent = 0.0
    for first in range(0, runs, BATCH):
        starts = [make_start(number) for number in range(first, min(runs, first + BATCH))]
        began = time.perf_counter()
        index.put_many(starts)
        spent += time.perf_counter() - began
    return runs / spent


def scan_times(runs: int) -> dict[str, float]:
    """Return how long mongoquery takes for each query, in milliseconds."""
    starts = [make_start(number) for number in range(min(runs, SCANNED))]
    gc.freeze()
    times = {}
    for name, query in queries(runs).items():
        match = mongoquery.Query(query).match
        times[name] = measure(lambda match=match: sum(map(match, starts)), 3, time.process_time)
    gc.unfreeze()
    return {name: spent * runs / len(starts) for name, spent in times.items()}


def size_of(index: RunIndex) -> int:
    with index.read() as connection:
        (pages,) = connection.execute("PRAGMA page_count").fetchone()
        (bytes_each,) = connection.execute("PRAGMA page_size").fetchone()
    return int(pages * bytes_each)


def look_up(index: RunIndex, turns: int) -> Iterable[tuple[str, float]]:
    """Measure what people ask most."""
    uid = index.newest(1, 5)[0]
    yield "len", measure(lambda: len(index), turns)
    yield "[-1]", measure(lambda: index.newest(1), turns)
    yield "[scan_id]", measure(lambda: next(index.with_scan_id(77)), turns)
    yield "[uid]", measure(lambda: index.start(uid), turns)
    yield "[prefix]", measure(lambda: index.with_prefix(uid[:8]), turns)


def report(index: RunIndex, runs: int, turns: int, scans: dict[str, float]) -> None:
    """Measure the queries, and print a table."""
    print("| query | found | first time (ms) | then (ms) | mongoquery (ms) | first / mongoquery "
          "| mongoquery / then |\n|---|---:|---:|---:|---:|---:|---:|")  # fmt: skip
    for name, query in queries(runs).items():
        once = measure(lambda query=query: first_hundred(index, query), 1, time.process_time)
        then = measure(lambda query=query: first_hundred(index, query), turns)
        found = len(Search(index, Query(query)))
        print(f"| {name} | {found} | {once:.1f} | {then:.3f} | {scans[name]:.0f} "
              f"| {once / scans[name]:.2f} | {scans[name] / then:.0f} |")  # fmt: skip
    print("\n| lookup | ms |\n|---|---:|")
    for name, spent in look_up(index, turns):
        print(f"| {name} | {spent:.3f} |")


def report_one(runs: int, turns: int, path: str, scans: dict[str, float], text: float) -> None:
    place = "memory" if path == ":memory:" else "a file"
    print(f"\n### {runs} runs in {place}\n")
    before = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    index = RunIndex(Connections(path, prepare=prepare))
    rate = fill(index, runs)
    bare = size_of(index) / runs
    report(index, runs, turns, scans)
    indexes = ", ".join(index.indexes())
    print(f"\nput in: {rate:.0f} runs/s; {bare:.0f} bytes a run ({bare / text:.2f} × JSON), "
          f"{size_of(index) / runs:.0f} with indexes of {indexes}")  # fmt: skip
    if path == ":memory:":
        grown = (resource.getrusage(resource.RUSAGE_SELF).ru_maxrss - before) * 1024
        print(f"memory of the process grew by {grown / runs:.0f} bytes a run at most")
    else:
        index.close()
        print(f"opening the file: {measure(lambda: RunIndex(path).close(), turns):.2f} ms")
        index = RunIndex(path)
    if runs <= 100_000:
        began, size = time.perf_counter(), size_of(index)
        index.create_index("$text")
        spent = time.perf_counter() - began
        words = {"$text": {"$search": "sample_17 copper capillary"}}
        then = measure(lambda: first_hundred(index, words), turns)
        more = (size_of(index) - size) / runs
        print(
            f"the index of all words: {1e6 * spent / runs:.0f} µs and {more:.0f} bytes a run; "
            f"a search then {then:.3f} ms"
        )
    index.close()


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--runs", type=int, nargs="+", default=[10_000, 100_000, 1_000_000])
    parser.add_argument("--turns", type=int, default=15)
    parser.add_argument("--memory-only", action="store_true", help="leave the file out")
    options = parser.parse_args()
    sample = [make_start(number) for number in range(1000)]
    text = sum(len(json.dumps(start, separators=(",", ":"))) for start in sample) / len(sample)
    print(f"Python {sys.version.split()[0]}; a start is {text:.0f} bytes of JSON")
    for runs in options.runs:
        scans = scan_times(runs)
        report_one(runs, options.turns, ":memory:", scans, text)
        if not options.memory_only:
            with tempfile.TemporaryDirectory() as folder:
                report_one(runs, options.turns, os.fspath(Path(folder) / "runs.db"), scans, text)


if __name__ == "__main__":
    main()
