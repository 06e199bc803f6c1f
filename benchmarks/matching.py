"""Matching a tree: the first time, and again unchanged; against a bare walk and `tiled register`.

    python benchmarks/matching.py [--sizes 1000 10000 100000] [--rounds 5] [--trees FOLDER]
                                  [--tiled-python PATH]

The tree is the one that `_tree.py` writes; what it consists of is printed. All lies in the page
cache, plug-ins are imported and worker processes have started. *Bare walk*: `os.scandir` of every
folder and a stat of every file. *tiled register*: the walk of `tiled.client.register` alone (its
walkers and adapters, with a node that takes everything and keeps nothing; no server), in the Python
of an environment where tiled is installed. The ways take turns; medians are compared. Where strace
is installed, operations on the file system are counted as well.
"""

from __future__ import annotations

import argparse
import contextlib
import os
import re
import shutil
import subprocess
import sys
import tempfile
import time
from collections import Counter
from collections.abc import Callable
from pathlib import Path
from statistics import median

import psutil
from _tree import MIX, make_tree

CALLS = (
    "open,openat,stat,lstat,newfstatat,statx,fstat,getdents64,readlink,readlinkat,access,faccessat2"
)
COUNTED = {
    "bare walk": """
import os, sys
waiting = [sys.argv[1]]
while waiting:
    with os.scandir(waiting.pop()) as entries:
        for entry in entries:
            if entry.is_dir(follow_symlinks=False):
                waiting.append(entry.path)
            else:
                entry.stat()
""",
    "first match": "import sys\nfrom penstock import match\nmatch(sys.argv[1], fresh=True)",
    "again": "import sys\nfrom penstock import match\nmatch(sys.argv[1])",
}
TILED = """
import asyncio, logging, sys, time
from tiled.client import register

class Node:  # takes everything, keeps nothing
    def get(self, key): return self
    def new(self, *args, **kwargs): return self
    def delete_contents(self, *args, **kwargs): pass

logging.disable(logging.CRITICAL)
for line in sys.stdin:
    began = time.perf_counter()
    asyncio.run(register.register(Node(), line.rstrip("\\n")))
    print(time.perf_counter() - began, flush=True)
"""


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--sizes", type=int, nargs="+", default=[1000, 10_000, 100_000])
    parser.add_argument("--rounds", type=int, default=5)
    parser.add_argument("--trees", type=Path, help="where to write the trees, and leave them")
    parser.add_argument("--tiled-python", help="Python of an environment that has tiled")
    options = parser.parse_args()
    print("| of each 1000 files | runs or singles | files |\n|---|---:|---:|")
    for kind, count, files in MIX:
        print(f"| {kind} | {count} | {files} |")
    with contextlib.ExitStack() as stack:
        temporary = stack.enter_context(tempfile.TemporaryDirectory())
        os.environ["XDG_CACHE_HOME"] = f"{temporary}/cache"
        trees = options.trees or Path(temporary)
        roots = {size: make_tree(trees / f"tree_{size}", size) for size in options.sizes}
        time.sleep(3)  # files that were written just now are not remembered
        tiled = stack.enter_context(tiled_walk(options.tiled_python))
        show_times(roots, options.rounds, tiled)
        if shutil.which("strace"):
            show_operations(roots[min(roots)], Path(temporary))


def walk(root: str) -> None:
    waiting = [root]
    while waiting:
        with os.scandir(waiting.pop()) as entries:
            for entry in entries:
                if entry.is_dir(follow_symlinks=False):
                    waiting.append(entry.path)
                else:
                    entry.stat()


@contextlib.contextmanager
def tiled_walk(python: str | None):
    """Give a function that has tiled walk a tree, and returns how long it took; None without."""
    if python is None:
        yield None
        return
    pipes = {"stdin": subprocess.PIPE, "stdout": subprocess.PIPE, "stderr": subprocess.DEVNULL}
    with subprocess.Popen([python, "-c", TILED], text=True, **pipes) as process:

        def call(root: str) -> float:
            process.stdin.write(root + "\n")
            process.stdin.flush()
            return float(process.stdout.readline())

        yield call
        process.stdin.close()


def processor_seconds() -> float:
    """Return what this process and its workers have used."""
    children = psutil.Process().children()
    return time.process_time() + sum(sum(child.cpu_times()[:2]) for child in children)


def timed(call: Callable[[], object]) -> tuple[float, float]:
    """Return seconds on the clock, and of processors."""
    used, began = processor_seconds(), time.perf_counter()
    call()
    return time.perf_counter() - began, processor_seconds() - used


def ways_of(root: str, match: Callable[..., object]) -> dict[str, Callable[[], object]]:
    return {
        "bare walk": lambda: walk(root),
        "first match": lambda: match(root, fresh=True),
        "again, unchanged": lambda: match(root),
    }


def show_times(roots: dict[int, Path], rounds: int, tiled: Callable[[str], float] | None) -> None:
    from penstock import match

    print("\n| files | way | median (s) | files/s | processors (µs/file) | ratio to bare walk |")
    print("|---:|---|---:|---:|---:|---:|")
    for size, root in roots.items():
        ways = ways_of(str(root), match)
        seconds: dict[str, list[tuple[float, float]]] = {name: [] for name in ways}
        if tiled is not None:
            seconds["tiled register, its walk"] = []
        for turn in range(rounds + 1):
            for name, call in ways.items():
                result = timed(call)
                if turn:  # the first is to warm up
                    seconds[name].append(result)
            # One such walk takes as long as many of the others.
            if tiled is not None and turn <= max(1, 30_000 // size):
                taken = tiled(str(root))
                if turn or size > 30_000:
                    seconds["tiled register, its walk"].append((taken, float("nan")))
        bare = median(clock for clock, _ in seconds["bare walk"])
        for name, results in seconds.items():
            clock = median(clock for clock, _ in results)
            used = median(used for _, used in results)
            told = f"{1e6 * used / size:.1f}" if used == used else "–"
            print(
                f"| {size} | {name} | {clock:.3f} | {size / clock:.0f} | {told} "
                f"| {clock / bare:.2f} |"
            )


def show_operations(root: Path, temporary: Path) -> None:
    """Count calls on paths in the tree, in a process of its own."""
    files = sum(len(names) for _, _, names in os.walk(root))
    print(f"\n| way ({files} files) | calls | a file | kinds |\n|---|---:|---:|---|")
    log = temporary / "strace.log"
    for name, script in COUNTED.items():
        command = ["strace", "-f", "-qq", "-y", "-o", str(log), f"--trace={CALLS}"]
        subprocess.run([*command, sys.executable, "-c", script, str(root)], check=True)
        calls: Counter[str] = Counter()
        for line in log.read_text(errors="replace").splitlines():
            found = re.match(r"\d+ +(\w+)\(", line)
            if found and str(root) in line:
                # What glibc asks of an open file is no journey by its path.
                calls["fstat" if ', "", ' in line else found[1]] += 1
        kinds = ", ".join(f"{count} {kind}" for kind, count in calls.most_common())
        total = sum(calls.values())
        print(f"| {name} | {total} | {total / files:.2f} | {kinds} |")


if __name__ == "__main__":
    main()
