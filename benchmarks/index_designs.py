"""Indexing paths of documents: rows of values in a table of their own, or expressions on JSON.

    python benchmarks/index_designs.py [--runs 100000]

The expressions miss what stands in lists, take text for numbers of the same spelling, and fail at
NaN; they are measured because they are the obvious way. Times are those of the processor.
"""

from __future__ import annotations

import argparse
import json
import sqlite3
import time
from collections.abc import Callable
from typing import Any

from _starts import make_start

from penstock.core.index.run_index import RunIndex
from penstock.core.index.searching import Search
from penstock.core.mongo import Query

PATHS = ["sample.name", "sample.temperature", "plan_name"]


def timed(call: Callable[[], Any]) -> float:
    began = time.process_time()
    call()
    return time.process_time() - began


def pages(connection: sqlite3.Connection) -> int:
    (count,), (size,) = (
        connection.execute(f"PRAGMA page_{what}").fetchone() for what in ("count", "size")
    )
    return int(count * size)


def by_entries(starts: list[dict[str, Any]], more: list[dict[str, Any]]) -> list[float]:
    index = RunIndex()
    index.put_many(starts)
    with index.read() as connection:
        before = pages(connection)
        built = timed(lambda: [index.create_index(path) for path in PATHS])
        size = pages(connection) - before
    put = timed(lambda: index.put_many(more))
    query = Query({"sample.name": "sample_17"})
    asked = min(timed(lambda: list(Search(index, query).uids())) for _ in range(20))
    return [
        1e6 * built / len(starts) / 3,
        size / len(starts) / 3,
        1e6 * put / len(more),
        1e3 * asked,
    ]


def by_expressions(starts: list[dict[str, Any]], more: list[dict[str, Any]]) -> list[float]:
    connection = sqlite3.connect(":memory:")
    connection.execute("CREATE TABLE starts (id INTEGER PRIMARY KEY, uid UNIQUE, time, body TEXT)")
    connection.execute("CREATE INDEX by_time ON starts (time)")
    connection.execute("CREATE INDEX by_scan_id ON starts (json_extract(body, '$.scan_id'))")

    def put(documents: list[dict[str, Any]]) -> None:
        rows = [(d["uid"], d["time"], json.dumps(d, separators=(",", ":"))) for d in documents]
        with connection:
            connection.executemany("INSERT INTO starts (uid, time, body) VALUES (?, ?, ?)", rows)

    put(starts)
    before = pages(connection)
    built = timed(
        lambda: [
            connection.execute(f"CREATE INDEX i{n} ON starts (json_extract(body, '$.{path}'))")
            for n, path in enumerate(PATHS)
        ]
    )
    size = pages(connection) - before
    spent = timed(lambda: put(more))
    sql = "SELECT uid FROM starts WHERE json_extract(body, '$.sample.name') = ?"
    asked = min(
        timed(lambda: connection.execute(sql, ("sample_17",)).fetchall()) for _ in range(20)
    )
    return [
        1e6 * built / len(starts) / 3,
        size / len(starts) / 3,
        1e6 * spent / len(more),
        1e3 * asked,
    ]


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--runs", type=int, default=100_000)
    options = parser.parse_args()
    starts = [make_start(number) for number in range(options.runs)]
    more = [make_start(number) for number in range(options.runs, options.runs + 10_000)]
    heads = ["way", "build (µs)", "bytes", "put a run in, 3 paths (µs)", "query (ms)"]
    print(f"| {' | '.join(heads)} |\n|---|---:|---:|---:|---:|")
    for name, way in (("entries", by_entries), ("expressions", by_expressions)):
        print(f"| {name} | {' | '.join(f'{figure:.2f}' for figure in way(starts, more))} |")


if __name__ == "__main__":
    main()
