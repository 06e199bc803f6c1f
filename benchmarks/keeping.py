"""A catalog that stays: opening and asking a large one, and killing who writes it.

    python benchmarks/keeping.py [--runs 1000000] [--kills 50] [--seconds 10]

1. A file of so many runs, each with a start document of about 1 kB, a recipe and a summary: how
   fast it is written, how large it is, how long opening it and single questions take.
2. A process that upserts is killed (SIGKILL) so many times: the file must open, every run that was
   told of be there, and no half run.
3. For so many seconds eight processes read while one writes.
"""

from __future__ import annotations

import argparse
import json
import os
import random
import signal
import sqlite3
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterator
from contextlib import closing
from pathlib import Path
from typing import Any

from penstock import BlueskySQLiteCatalog
from penstock.core.catalog.store import Entry
from penstock.core.catalog.stored import RecipeSource
from penstock.core.recipes import Recipe
from penstock.core.run.summary import RunSummary

LAB = """
import os
from penstock import Ingestor, hookimpl

@hookimpl
def penstock_ingestors():
    return [Ingestor("numbers", title="Numbers", ingest="numbers_lab:ingest", takes="file")]

def ingest(path):
    number = int(path.rpartition("_")[2])
    uid = f"run-{number:08d}"
    yield "start", {"uid": uid, "time": float(number), "scan_id": number, "load": "x" * 800}
    keys = {"x": {"dtype": "number", "shape": [], "source": "s"}}
    yield "descriptor", {"uid": f"d{number}", "run_start": uid, "time": 0.0, "name": "primary",
                         "data_keys": keys}
    yield "stop", {"uid": f"s{number}", "run_start": uid, "time": 1.0, "exit_status": "success",
                   "num_events": {"primary": 0}}
"""
WRITER = """
import sys
import numbers_lab
from penstock import BlueskySQLiteCatalog
from penstock.core.catalog import in_file
from penstock.core.registry import Registry, use_registry

path, first, most = sys.argv[1], int(sys.argv[2]), int(sys.argv[3])
in_file._MOST_RUNS = most
with use_registry(Registry.from_plugins([numbers_lab])):
    catalog = BlueskySQLiteCatalog(path)
    with catalog.batch():
        for number in range(first, 10**8):
            catalog.upsert(numbers_lab.ingest, (f"/no/file_{number}",))
            if not catalog._pending.entries:
                print(number, flush=True)
"""
READER = """
import sys, time
from penstock import BlueskySQLiteCatalog
path, seconds = sys.argv[1], float(sys.argv[2])
catalog, ends, rounds, last = BlueskySQLiteCatalog(path), time.time() + seconds, 0, 0
while time.time() < ends:
    count = len(catalog)
    assert count >= last, (count, last)
    last = count
    if count:
        assert catalog[-1].metadata["stop"]["exit_status"] == "success"
        assert len(list(catalog.search({"scan_id": {"$lt": 50}}))) >= min(count, 50)
        assert catalog[0].metadata["start"]["scan_id"] == 0
    rounds += 1
print(rounds)
"""


def make_entries(count: int) -> Iterator[Entry]:
    """Runs as a beamline has them."""
    rng = random.Random(1)
    keys = {
        "image": {"dtype": "array", "shape": [1, 512, 512], "source": "s", "external": "STREAM:"}
    }
    for number in range(count):
        uid = f"{rng.getrandbits(128):032x}"
        start = {
            "uid": uid,
            "time": 1.7e9 + 60.0 * number,
            "scan_id": number,
            "plan_name": rng.choice(["count", "scan", "grid_scan", "tomo"]),
            "sample": {"name": rng.choice(["Cu", "Ni", "Fe", "Al"]), "id": number % 5000},
            "file_name": f"img_{number}_{{}}.tif",
            "detectors": ["pilatus"],
            "notes": "x" * 600,
        }
        folder = f"2026/run{number // 1000}/scan_{number}"
        recipe = Recipe(
            "tiff-series",
            "0.1.0",
            {"$files": ["data", folder], "names": [["img_", 5, ".tif", 1, 1000, 1]]},
            {},
            ((None, "data", folder, "img_{}.tif", ""),),
        )
        descriptor = {"uid": f"d{number}", "run_start": uid, "name": "primary", "data_keys": keys}
        stop = {"uid": f"s{number}", "run_start": uid, "time": 0.0, "exit_status": "success"}
        summary = RunSummary.of_documents(stop, [descriptor], {"primary": 1000})
        yield Entry(
            RecipeSource.of_own(start, recipe, summary=summary), {"ingestor": "tiff-series"}
        )


def fill(path: Path, count: int) -> float:
    """Write runs, 5,000 in a transaction, and return how many a second."""
    catalog = BlueskySQLiteCatalog(path)
    seconds, waiting = 0.0, []
    for entry in make_entries(count):
        waiting.append(entry)
        if len(waiting) == 5000:
            began = time.perf_counter()
            catalog._store.put_many(waiting)
            seconds += time.perf_counter() - began
            waiting = []
    began = time.perf_counter()
    catalog._store.put_many(waiting)
    seconds += time.perf_counter() - began
    catalog.close()
    return count / seconds


def timed(call: Callable[[], Any], turns: int = 21) -> str:
    """Return the median and the worst time of a call, in ms."""
    times = []
    for _ in range(turns):
        began = time.perf_counter()
        call()
        times.append(1e3 * (time.perf_counter() - began))
    return f"{statistics.median(times):.2f} | {max(times):.2f}"


def measure_large(folder: Path, count: int) -> None:
    path = folder / "large.db"
    rate = fill(path, count)
    code = (
        "import sys, time; from penstock import BlueskySQLiteCatalog as C; C\n"
        "began = time.perf_counter(); c = C(sys.argv[1]); opened = time.perf_counter()\n"
        "len(c); print(1e3 * (opened - began), 1e3 * (time.perf_counter() - began))"
    )
    cold = [
        subprocess.run(
            [sys.executable, "-c", code, path], capture_output=True, text=True, check=True
        ).stdout.split()
        for _ in range(5)
    ]
    opening = statistics.median(float(first) for first, _ in cold)
    with_len = statistics.median(float(both) for _, both in cold)
    catalog = BlueskySQLiteCatalog(path)
    uid = catalog[count // 2].uid
    print(f"### A file of {count} runs\n\n| | |\n|---|---:|")
    print(f"| written, runs/s | {rate:.0f} |")
    print(f"| bytes a run | {path.stat().st_size / count:.0f} |")
    print(f"| opened in a new process, ms (with len) | {opening:.1f} ({with_len:.1f}) |")
    print("\n| question | median (ms) | worst (ms) |\n|---|---:|---:|")
    print(f"| BlueskySQLiteCatalog(path) | {timed(lambda: BlueskySQLiteCatalog(path).close())} |")
    print(f"| len(catalog) | {timed(lambda: len(catalog))} |")
    print(f"| catalog[-1] | {timed(lambda: catalog[-1])} |")
    print(f"| catalog[scan_id] | {timed(lambda: catalog[count // 3])} |")
    print(f"| catalog[beginning of a uid] | {timed(lambda: catalog[uid[:12]])} |")
    print(f"| catalog[uid].metadata['stop'] | {timed(lambda: catalog[uid].metadata['stop'])} |")


def start(folder: Path, code: str, *arguments: object) -> subprocess.Popen[str]:
    return subprocess.Popen(
        [sys.executable, "-c", code, *map(str, arguments)],
        env={**os.environ, "PYTHONPATH": str(folder)},
        stdout=subprocess.PIPE,
        text=True,
    )


def check_whole(path: Path, told: int) -> int:
    """Return how many runs there are; all that were told of must be, and be whole."""
    with closing(sqlite3.connect(path)) as connection, connection:
        assert connection.execute("PRAGMA integrity_check").fetchone() == ("ok",)
        rows = connection.execute(
            "SELECT starts.body, documents.body FROM runs LEFT JOIN starts USING (id) "
            "LEFT JOIN documents ON documents.run = runs.id AND name = 'stop' ORDER BY runs.id"
        ).fetchall()
        counts = [
            connection.execute(f"SELECT count(*) FROM {table}").fetchone()[0]
            for table in ("runs", "starts", "calls")
        ]
    assert counts == [len(rows)] * 3
    assert [json.loads(start)["scan_id"] for start, _ in rows] == list(range(len(rows)))
    assert all(json.loads(stop)["exit_status"] == "success" for _, stop in rows)
    assert told < len(rows)
    catalog = BlueskySQLiteCatalog(path)
    assert len(catalog) == len(rows)
    catalog.close()
    return len(rows)


def kill_writers(folder: Path, kills: int) -> None:
    path, rng = folder / "killed.db", random.Random(2)
    runs, told = 0, -1
    for _ in range(kills):
        process = start(folder, WRITER, path, runs, rng.choice([1, 7, 100, 500]))
        assert process.stdout is not None
        told = max(told, int(process.stdout.readline() or -1))
        time.sleep(rng.uniform(0, 0.5))
        os.kill(process.pid, signal.SIGKILL)
        told = max([told, *map(int, process.stdout.read().split())])
        process.wait()
        runs = check_whole(path, told)
    print(f"\n### Killed {kills} times while writing\n")
    print(f"The file opened each time; {runs} runs are whole, none that was told of is lost.")


def read_and_write(folder: Path, seconds: float) -> None:
    path = folder / "shared.db"
    BlueskySQLiteCatalog(path).close()
    writer = start(folder, WRITER, path, 0, 20)
    readers = [start(folder, READER, path, seconds) for _ in range(8)]
    rounds = []
    for reader in readers:
        assert reader.stdout is not None
        rounds.append(int(reader.stdout.read()))
        assert reader.wait() == 0
    os.kill(writer.pid, signal.SIGKILL)
    assert writer.stdout is not None
    told = max(map(int, writer.stdout.read().split()))
    writer.wait()
    runs = check_whole(path, told)
    print("\n### Eight processes that read, and one that writes\n")
    print(f"In {seconds:.0f} s: {runs} runs written, {sum(rounds)} rounds of reading, no error.")


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--runs", type=int, default=1_000_000)
    parser.add_argument("--kills", type=int, default=50)
    parser.add_argument("--seconds", type=float, default=10.0)
    options = parser.parse_args()
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        os.environ["XDG_STATE_HOME"] = name
        (folder / "numbers_lab.py").write_text(LAB)
        if options.runs:
            measure_large(folder, options.runs)
        if options.kills:
            kill_writers(folder, options.kills)
        if options.seconds:
            read_and_write(folder, options.seconds)


if __name__ == "__main__":
    main()
