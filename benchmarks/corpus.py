"""Offer a corpus of foreign files to `catalog.ingest`, set by set, and account for every file.

    python benchmarks/corpus.py ../shared/corpus [--only TEXT] [--seconds 60] [--all] [--fields]

The corpus is a folder with a `manifest.csv` (path, unit, origin, shape, dtype, read, …). Each set
of files that belong together is ingested in a process of its own, started again when a file
crashes it and ended when one takes too long. For each file: who took it, against its origin; shape
and dtype, against the manifest; pixels, against what tifffile and h5py read directly from where the
documents point (all rows where they are few, else the first, the middle and the last); and what of
the field's metadata its run tells, against what its origin records.

`corpus_origins.toml` says what is expected of an origin, `corpus_exceptions.toml` why single files
are otherwise. The exit code is 1 where something is not as expected and not explained, or an
explanation explains nothing any more.
"""

from __future__ import annotations

import argparse
import csv
import fnmatch
import json
import queue
import subprocess
import sys
import threading
import time
import tomllib
from collections import Counter, defaultdict
from pathlib import Path
from typing import Any, NamedTuple

from _corpus_judging import Exceptional, Judged, judge

HERE = Path(__file__).parent
WORKER = HERE / "_corpus_worker.py"


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("corpus", type=Path)
    parser.add_argument("--only", default="", help="sets with this in a path or origin, no others")
    parser.add_argument("--seconds", type=float, default=60.0, help="time allowed for each set")
    parser.add_argument("--all", action="store_true", help="print every file")
    parser.add_argument("--fields", action="store_true", help="print what metadata was found")
    options = parser.parse_args()
    corpus = options.corpus.resolve()
    with (corpus / "manifest.csv").open(newline="") as file:
        rows = list(csv.DictReader(file))
    sets: dict[str, list[dict[str, str]]] = defaultdict(list)
    for row in rows:
        sets[row["unit"]].append(row)
    if options.only:
        wanted = options.only.lower()
        sets = {
            unit: members
            for unit, members in sets.items()
            if any(wanted in f"{row['path']} {row['origin']}".lower() for row in members)
        }
    began = time.perf_counter()
    answers = offer(corpus, sets, options.seconds)
    expected = tomllib.loads((HERE / "corpus_origins.toml").read_text())["origins"]
    judged = [
        verdict
        for unit, members in sets.items()
        for verdict in judge(corpus, members, answers[unit], expected)
    ]
    reasons = tomllib.loads((HERE / "corpus_exceptions.toml").read_text())["exceptions"]
    account = explain(judged, reasons)
    show(judged, answers, time.perf_counter() - began)
    if options.all or options.fields:
        show_files(judged, fields=options.fields)
    show_exceptions(account, whole=not options.only)
    return int(bool(account.unexplained or (account.stale and not options.only)))


# The host ------------------------------------------------------------------------------------


def offer(
    corpus: Path, sets: dict[str, list[dict[str, str]]], seconds: float
) -> dict[str, dict[str, Any]]:
    """Offer sets of files to a worker, and start another where one crashes or hangs."""
    answers: dict[str, dict[str, Any]] = {}
    left = list(sets)
    while left:
        asked = [[str(corpus / row["path"]) for row in sets[unit]] for unit in left]
        answered = run_worker(asked, seconds)
        answers |= dict(zip(left, answered, strict=False))
        left = left[len(answered) :]
    return answers


def run_worker(asked: list[list[str]], seconds: float) -> list[dict[str, Any]]:
    """Let one worker do as many sets as it can; the last answer may be that it crashed or hung."""
    worker = subprocess.Popen(
        [sys.executable, str(WORKER)],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        stderr=subprocess.DEVNULL,
        text=True,
    )
    lines: queue.Queue[str] = queue.Queue()
    threading.Thread(
        target=lambda: [lines.put(line) for line in worker.stdout] + [lines.put("")], daemon=True
    ).start()
    answers: list[dict[str, Any]] = []
    try:
        for paths in asked:
            worker.stdin.write(json.dumps(paths) + "\n")
            worker.stdin.flush()
            try:
                line = lines.get(timeout=seconds)
            except queue.Empty:
                answers.append({"end": "hung", "why": f"more than {seconds:.0f} s"})
                break
            if not line:
                answers.append({"end": "crashed", "why": f"exit code {worker.wait()}"})
                break
            answers.append(json.loads(line))
        return answers
    finally:
        worker.kill()
        worker.wait()


# The account ---------------------------------------------------------------------------------


class Account(NamedTuple):
    """What is not as expected."""

    explained: list[tuple[Exceptional, str]]
    unexplained: list[Exceptional]
    stale: list[str]
    """Patterns of explanations that explain nothing (any more)."""


def explain(judged: list[Judged], reasons: list[dict[str, Any]]) -> Account:
    """Find the explanation of everything that is otherwise than expected."""
    explained, unexplained = [], []
    used: set[tuple[int, str]] = set()
    for exceptional in (one for verdict in judged for one in verdict.exceptional):
        for number, reason in enumerate(reasons):
            fitting = _fitting(reason, exceptional)
            if fitting:
                used |= {(number, pattern) for pattern in fitting}
                explained.append((exceptional, reason["why"]))
                break
        else:
            unexplained.append(exceptional)
    stale = [
        f"{pattern}: {reason['why']}"
        for number, reason in enumerate(reasons)
        for pattern in (*reason.get("paths", ()), *reason.get("origins", ()))
        if (number, pattern) not in used
    ]
    return Account(explained, unexplained, stale)


def _fitting(reason: dict[str, Any], exceptional: Exceptional) -> list[str]:
    """Return the patterns of an explanation that an exception fits."""
    if exceptional.kind not in reason["kinds"]:
        return []
    origins = [origin for origin in reason.get("origins", ()) if origin == exceptional.origin]
    paths = reason.get("paths", ())
    return [*origins, *(path for path in paths if fnmatch.fnmatchcase(exceptional.path, path))]


def show(judged: list[Judged], answers: dict[str, dict[str, Any]], seconds: float) -> None:
    """Print counts: of fates, and for each origin."""
    print("| what the manifest says | what became of it | files |\n|---|---|---:|")
    for (expected, fate), count in sorted(Counter((v.expected, v.fate) for v in judged).items()):
        print(f"| {expected} | {fate} | {count} |")
    ends = Counter(answer["end"] for answer in answers.values() if "end" in answer)
    slowest = max(answers.values(), key=lambda answer: answer.get("seconds", 0.0))
    print(
        f"\n{len(judged)} files in {len(answers)} sets, {seconds:.0f} s; the slowest set took "
        f"{slowest.get('seconds', 0):.1f} s; {ends['crashed']} crashes, {ends['hung']} hangs\n"
    )
    fields = ("exposure", "energy", "detector", "time", "motors", "sample", "operator")
    print(
        "| origin | files | in runs | ingestors | shape | dtype | pixels | "
        + " | ".join(fields)
        + " |\n|---|"
        + "---:|" * (6 + len(fields))
    )
    by_origin: dict[str, list[Judged]] = defaultdict(list)
    for verdict in judged:
        by_origin[verdict.origin].append(verdict)
    for origin, verdicts in sorted(by_origin.items(), key=lambda item: -len(item[1])):
        runs = [verdict for verdict in verdicts if verdict.ingestor]
        ingestors = ", ".join(dict.fromkeys(verdict.ingestor for verdict in runs))
        counts = [_count(getattr(v, what) for v in runs) for what in ("shape", "dtype", "pixels")]
        told = [_count(v.fields.get(field) for v in runs) for field in fields]
        print(
            f"| {origin} | {len(verdicts)} | {len(runs)} | {ingestors} | "
            + " | ".join(counts + told)
            + " |"
        )
    print(
        "\nshape, dtype, pixels: files that agree, of those for which there is something to "
        "compare; metadata: files whose run tells it, of those whose origin records it "
        "(+: told, though not expected).\n"
    )


def _count(values: Any) -> str:
    """Count True among True and False; None stands for nothing to say, "+" for more than asked."""
    counts = Counter(values)
    more = f"+{counts['+']}" if counts["+"] else ""
    asked = counts[True] + counts[False]
    return f"{counts[True]}/{asked}{more}" if asked else more


def show_files(judged: list[Judged], *, fields: bool) -> None:
    for verdict in judged:
        print(f"{verdict.path}\n  {verdict.fate}: {verdict.ingestor or verdict.why[:200]}")
        if fields and verdict.ingestor:
            print(f"  {verdict.told}")
    print()


def show_exceptions(account: Account, *, whole: bool) -> None:
    by_reason: dict[str, list[Exceptional]] = defaultdict(list)
    for exceptional, why in account.explained:
        by_reason[why].append(exceptional)
    print(f"{len(account.explained)} exceptions are explained:")
    for why, exceptionals in by_reason.items():
        kinds = ", ".join(
            f"{n} × {kind}" for kind, n in Counter(e.kind for e in exceptionals).items()
        )
        names = list(dict.fromkeys(e.path.rpartition("/")[2] for e in exceptionals))
        more = f" and {len(names) - 3} more" if len(names) > 3 else ""
        print(f"- {kinds} ({', '.join(names[:3])}{more}): {why}")
    print(f"\n{len(account.unexplained)} exceptions are not explained:")
    for exceptional in account.unexplained:
        print(
            f"- {exceptional.kind}: {exceptional.path} [{exceptional.origin}]: {exceptional.detail}"
        )
    if whole:
        print(f"\n{len(account.stale)} patterns of explanations explain nothing:")
        for reason in account.stale:
            print(f"- {reason}")


if __name__ == "__main__":
    sys.exit(main())
