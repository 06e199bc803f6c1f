"""Offer every file of a corpus of foreign files to `catalog.ingest`, and account for each.

    python benchmarks/corpus.py ../shared/corpus [--most 400] [--seconds 60] [--all]

The corpus is a folder with a `manifest.csv` (path, shape, dtype, read, …). Files are offered one by
one in a process of its own, which is started again when a file crashes it and ended when one takes
too long. Shapes and dtypes are held against what the manifest says; of what was ingested, the first
and the last row of each image are read.
"""

from __future__ import annotations

import argparse
import ast
import csv
import json
import math
import queue
import re
import subprocess
import sys
import threading
import time
from collections import Counter
from pathlib import Path
from typing import Any

import numpy as np

WORKER = "--worker"


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("corpus", type=Path)
    parser.add_argument("--most", type=int, default=1000, help="files to offer at the most")
    parser.add_argument("--seconds", type=float, default=60.0, help="time allowed for each file")
    parser.add_argument(
        "--all", action="store_true", help="print every file, not the odd ones alone"
    )
    options = parser.parse_args()
    with (options.corpus / "manifest.csv").open(newline="") as file:
        rows = list(csv.DictReader(file))[: options.most]
    results = offer(options.corpus, [row["path"] for row in rows], options.seconds)
    report(rows, results, options.all)


# The host ------------------------------------------------------------------------------------


def offer(corpus: Path, paths: list[str], seconds: float) -> dict[str, dict[str, Any]]:
    """Offer files to a worker, and start another where one crashes or hangs."""
    results: dict[str, dict[str, Any]] = {}
    left = list(paths)
    while left:
        done = run_worker(corpus, left, seconds, results)
        left = left[done:]
    return results


def run_worker(corpus: Path, paths: list[str], seconds: float, results: dict[str, Any]) -> int:
    """Let one worker do as many files as it can, and return how many are accounted for."""
    command = [sys.executable, __file__, WORKER, str(corpus)]
    worker = subprocess.Popen(
        command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, text=True
    )
    lines: queue.Queue[str] = queue.Queue()
    threading.Thread(
        target=lambda: [lines.put(line) for line in worker.stdout] + [lines.put("")], daemon=True
    ).start()
    try:
        for number, path in enumerate(paths):
            worker.stdin.write(path + "\n")
            worker.stdin.flush()
            try:
                line = lines.get(timeout=seconds)
            except queue.Empty:
                results[path] = {"outcome": "HUNG", "why": f"more than {seconds:.0f} s"}
                return number + 1
            if not line:
                results[path] = {"outcome": "CRASHED", "why": f"exit code {worker.wait()}"}
                return number + 1
            results[path] = json.loads(line)
        return len(paths)
    finally:
        worker.kill()
        worker.wait()


# The worker ----------------------------------------------------------------------------------


def work(corpus: Path) -> None:
    """Ingest the files named on standard input, and tell what became of each."""
    for line in sys.stdin:
        began = time.perf_counter()
        result = ingest(str(corpus / line.rstrip("\n")))
        result["seconds"] = round(time.perf_counter() - began, 3)
        print(json.dumps(result), flush=True)


def ingest(path: str) -> dict[str, Any]:
    from penstock import BlueskyInMemoryCatalog

    catalog = BlueskyInMemoryCatalog()
    report = catalog.ingest([path])
    items = [
        {"outcome": item.outcome, "why": item.why, "ingestor": item.details.get("ingestor", "")}
        for item in report
    ]
    arrays, problems = [], []
    for uid in report.uids:
        for name in catalog[uid]:
            dataset = catalog[uid][name].to_dask()
            for key, variable in dataset.data_vars.items():
                if variable.ndim > 1 and variable.dtype.kind in "biufc":
                    arrays.append([list(variable.shape), variable.dtype.str])
                    problems += read_ends(variable, key)
    order = ["failed", "refused", "partial", "ok"]
    outcome = max((item["outcome"] for item in items), key=order.index, default="nothing")
    first = next(
        (item for item in items if item["outcome"] == outcome), {"why": "", "ingestor": ""}
    )
    return {
        "outcome": outcome,
        "why": first["why"],
        "ingestor": first["ingestor"],
        "arrays": arrays,
        "unreadable": problems,
    }


def read_ends(variable: Any, key: str) -> list[str]:
    """Read the first and the last row; what cannot be read must say so."""
    problems = []
    for row in {0, variable.sizes["time"] - 1} if variable.sizes["time"] else ():
        try:
            np.asarray(variable[row])
        except Exception as error:  # whatever it is, it is what we are here to count
            problems.append(f"{key}[{row}]: {type(error).__name__}: {error}")
    return problems


# The account ---------------------------------------------------------------------------------


def report(
    rows: list[dict[str, str]], results: dict[str, dict[str, Any]], everything: bool
) -> None:
    """Print counts, then every file that is not simply right."""
    verdicts = {row["path"]: judge(row, results[row["path"]]) for row in rows}
    print("| outcome | manifest | files |\n|---|---|---:|")
    for (outcome, verdict), count in sorted(
        Counter((results[path]["outcome"], verdict) for path, verdict in verdicts.items()).items()
    ):
        print(f"| {outcome} | {verdict} | {count} |")
    print(
        f"\n{len(rows)} files; the slowest took "
        f"{max(result.get('seconds', math.inf) for result in results.values()):.1f} s\n"
    )
    for row in rows:
        path, result = row["path"], results[row["path"]]
        plain = verdicts[path] in ("shape and dtype agree", "refused, and unreadable")
        if everything or not plain or result.get("unreadable"):
            print(
                f"{path}\n  {result['outcome']} ({verdicts[path]}) {result.get('ingestor', '')}: "
                f"{result['why'][:300]}\n  manifest: {row['shape'][:120]} {row['dtype'][:40]} "
                f"read={row['read'][:80]} {row['error'][:80]} {row['note'][:120]}\n"
                f"  ours: {result.get('arrays', [])[:4]} {result.get('unreadable', [])[:2]}"
            )


def judge(row: dict[str, str], result: dict[str, Any]) -> str:
    """Hold what was ingested against the manifest."""
    readable = "ok" in row["read"] and not row["error"]
    if result["outcome"] not in ("ok", "partial"):
        return "refused, though readable" if readable else "refused, and unreadable"
    if result["unreadable"]:
        return "ingested, and unreadable"
    expected = shapes(row)
    if not expected:
        return "no shape to compare"
    ours = {squeezed(shape) for shape, _ in result["arrays"]}
    theirs = {squeezed(shape) for shape in expected}
    if not ours & theirs:
        return "shape differs" if ours else "no image"
    dtypes = {np.dtype(dtype).newbyteorder("=").name for _, dtype in result["arrays"]}
    return (
        "shape and dtype agree"
        if any(d in row["dtype"] for d in dtypes)
        or any(np.dtype(dtype).str[1:] in row["dtype"] for _, dtype in result["arrays"])
        else "dtype differs"
    )


def shapes(row: dict[str, str]) -> list[tuple[int, ...]]:
    found = re.findall(r"\(\d+(?:, ?\d+)*,?\)", row["shape"])
    return [tuple(ast.literal_eval(text)) for text in found]


def squeezed(shape: Any) -> tuple[int, ...]:
    return tuple(size for size in shape if size != 1)


if __name__ == "__main__":
    if sys.argv[1:2] == [WORKER]:
        work(Path(sys.argv[2]))
    else:
        main()
