"""Copies of runs: writing, listing and reading them, against databroker 1.2.5 and raw bytes.

    python benchmarks/caching.py [--databroker PYTHON] [--frames 200] [--copies 1000 10000]
                                 [--copy-size 64] [--turns 5] [--large GIB] [--folder DIR]

databroker 1.2.5 needs an environment of its own, of which PYTHON is the interpreter: see
tests/plugins/msgpack/databroker-1.2.5.txt. Both take turns; the page cache is warm. Writing here
includes what databroker leaves out: bytes are on the disk (fsync) before a copy gets its name.
"""

from __future__ import annotations

import argparse
import contextlib
import json
import os
import shutil
import subprocess
import sys
import tempfile
import time
from pathlib import Path
from statistics import median

import msgpack
import msgpack_numpy
import numpy as np
from _files import make_frames, read_raw, write_series

from penstock import BlueskyInMemoryCatalog, BlueskyMsgpackCatalog
from penstock.core.run.samples import count_run
from penstock.ingestors import ingest_tiff_series

LARGE = r"""
import re, sys, time
from pathlib import Path
from penstock import BlueskyInMemoryCatalog
from penstock.ingestors import ingest_tiff_series
catalog = BlueskyInMemoryCatalog()
catalog.upsert(ingest_tiff_series, (sys.argv[1],), {})
began = time.perf_counter()
item = catalog[-1].cache(sys.argv[2])
# Not ru_maxrss, which begins with what the parent process had.
peak = int(re.search(r"VmHWM:\s+(\d+)", Path("/proc/self/status").read_text())[1]) / 1024
print(f"{item.details['bytes'] / 2**30:.1f} GiB in {time.perf_counter() - began:.1f} s, "
      f"peak memory {peak:.0f} MiB")
"""

LISTING = """
import sys, time
import penstock.plugins.msgpack.catalog, penstock
began = time.perf_counter()
catalog = penstock.BlueskyMsgpackCatalog(sys.argv[1])
count = len(list(catalog))
print(time.perf_counter() - began)
"""


class Databroker:
    """A process of databroker's environment that does one thing after the other."""

    def __init__(self, python: str) -> None:
        worker = Path(__file__).with_name("_databroker_worker.py")
        self.process = subprocess.Popen(
            [python, str(worker)], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True
        )

    def __call__(self, *command):
        self.process.stdin.write(json.dumps(command) + "\n")
        self.process.stdin.flush()
        return json.loads(self.process.stdout.readline())

    def close(self) -> None:
        self.process.stdin.close()
        self.process.wait()


def timed(call) -> float:
    began = time.perf_counter()
    call()
    return time.perf_counter() - began


def copy_series(pattern: str, target: str) -> float:
    shutil.rmtree(target, ignore_errors=True)

    def copy() -> None:
        catalog = BlueskyInMemoryCatalog()
        catalog.upsert(ingest_tiff_series, (pattern,), {})
        catalog[-1].cache(target)

    return timed(copy)


def list_anew(folder: str) -> float:
    return float(subprocess.check_output([sys.executable, "-c", LISTING, folder], text=True))


def image_descriptor(uid: str, size: int) -> dict:
    key = {"source": "camera", "dtype": "array", "dtype_numpy": "<u2", "shape": [size, size]}
    return {
        "uid": f"{uid}-images",
        "run_start": uid,
        "time": 0.0,
        "name": "images",
        "data_keys": {"image": key},
        "object_keys": {"camera": ["image"]},
        "configuration": {},
        "hints": {},
    }


def image_page(uid: str, frames: np.ndarray) -> dict:
    rows = range(len(frames))
    return {
        "descriptor": f"{uid}-images",
        "uid": [f"{uid}-{row}" for row in rows],
        "seq_num": [row + 1 for row in rows],
        "time": [float(row) for row in rows],
        "data": {"image": frames},
        "timestamps": {"image": [0.0] * len(rows)},
        "filled": {},
    }


def write_small_copies(folder: Path, count: int, size: int) -> None:
    """Write copies of small runs: ten square frames, and the metadata of usual ones."""
    frames = np.zeros((10, size, size), dtype="u2")
    folder.mkdir()
    metadata = {f"setting_{number}": number * 1.5 for number in range(20)}
    for number in range(count):
        uid = f"{number:08d}-0000-4000-8000-000000000000"
        run = count_run(5, uid=uid, time=1e9 + number, scan_id=number, sample="Cu", **metadata)
        documents = list(run.documents())
        documents.insert(-1, ("descriptor", image_descriptor(uid, size)))
        documents.insert(-1, ("event_page", image_page(uid, frames)))
        packed = [msgpack.packb(document, default=msgpack_numpy.encode) for document in documents]
        (folder / f"{uid}.msgpack").write_bytes(b"".join(packed))


class Table:
    """Prints rows of what was measured here and there."""

    def __init__(self) -> None:
        print("\n| what | penstock (ms) | databroker 1.2.5 (ms) | ratio |\n|---|---:|---:|---:|")

    def row(self, what: str, ours: list[float], theirs: list[float]) -> None:
        mine = median(ours)
        if theirs:
            other = median(theirs)
            print(f"| {what} | {1e3 * mine:.1f} | {1e3 * other:.1f} | {other / mine:.1f} |")
        else:
            print(f"| {what} | {1e3 * mine:.1f} | | |")


def compare(options: argparse.Namespace, folder: Path, databroker: Databroker | None) -> None:
    series = folder / "series"
    write_series(series, make_frames(options.frames))
    pattern, ours, theirs = str(series / "*.tif"), str(folder / "ours"), str(folder / "theirs")
    table = Table()

    def both(what, mine, command, turns=options.turns):
        mine(), databroker and databroker(*command)
        pairs = [(mine(), databroker(*command) if databroker else None) for _ in range(turns)]
        table.row(what, [a for a, _ in pairs], [b for _, b in pairs if b is not None])

    both(
        f"copy {options.frames} frames of 512 × 512",
        lambda: copy_series(pattern, ours),
        ("export", str(series), theirs),
    )
    source = ours if databroker is None else theirs
    row = options.frames // 2
    for what, where in {"of its own": ours, "that suitcase wrote": source}.items():
        both(
            f"open and read a copy whole, {what}",
            lambda where=where: timed(lambda: BlueskyMsgpackCatalog(where)[-1].primary.read()),
            ("read", where, None),
        )
        both(
            f"open and read one frame, {what}",
            lambda where=where: timed(
                lambda: np.asarray(BlueskyMsgpackCatalog(where)[-1].primary.to_dask()["image"][row])
            ),
            ("read", where, row),
        )
    for count in options.copies:
        many = folder / f"copies_{count}"
        write_small_copies(many, count, options.copy_size)
        ours, again, theirs = [], [], []
        for _ in range(options.turns):
            shutil.rmtree(os.environ["XDG_CACHE_HOME"], ignore_errors=True)
            ours.append(list_anew(str(many)))
            again.append(list_anew(str(many)))
            if databroker is not None:
                theirs.append(databroker("listing", str(many)))
        there = [[turn[step] for turn in theirs] for step in range(3)] if theirs else [[], [], []]
        table.row(f"open and list {count} copies, first time", ours, there[0])
        table.row("… in the next session (databroker: anew)", again, there[0])
        catalog = BlueskyMsgpackCatalog(many)
        list(catalog)
        at_once = timed(lambda: list(catalog))  # noqa: B023
        time.sleep(1.1)
        later = timed(lambda: list(catalog))  # noqa: B023
        table.row("… again in the same one, at once", [at_once], there[1])
        table.row("… again in the same one, later", [later], there[2])
        last = next(iter(catalog))
        table.row("… and look one run up", [timed(lambda: catalog[last]) for _ in range(9)], [])  # noqa: B023


def against_raw(options: argparse.Namespace, folder: Path) -> None:
    series, ours = folder / "series", folder / "ours"
    (path,) = ours.glob("*.msgpack")
    original = BlueskyInMemoryCatalog()
    original.upsert(ingest_tiff_series, (str(series / "*.tif"),), {})
    copies = BlueskyMsgpackCatalog(ours)
    ways = {
        "raw readinto of the copy": lambda: read_raw([str(path)]),
        "read the copy": lambda: copies[-1].primary.read(),
        "read the TIFF series": lambda: original[-1].primary.read(),
    }
    from _table import alternate, format_table

    print(f"\n### Reading {options.frames} frames whole\n")
    print(format_table(alternate(ways, max(7, options.turns))))


def large(folder: Path, gib: float) -> None:
    frames = make_frames(64, 2048)
    series = folder / "large"
    write_series(series, frames, count=int(gib * 2**30 / frames[0].nbytes))
    del frames
    command = [sys.executable, "-c", LARGE, str(series / "*.tif"), str(folder / "large_copy")]
    print(f"\nCaching a series: {subprocess.check_output(command, text=True).strip()}")


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--databroker", metavar="PYTHON", help="interpreter with databroker 1.2.5")
    parser.add_argument("--frames", type=int, default=200)
    parser.add_argument("--copies", type=int, nargs="*", default=[1000, 10_000])
    parser.add_argument(
        "--copy-size", type=int, default=64, help="of the ten frames in each of these copies"
    )
    parser.add_argument("--turns", type=int, default=5)
    parser.add_argument("--large", type=float, metavar="GIB", help="also copy a series as large")
    parser.add_argument("--folder", type=Path, help="where to write (default: a temporary folder)")
    options = parser.parse_args()
    with tempfile.TemporaryDirectory(dir=options.folder) as name, contextlib.ExitStack() as stack:
        os.environ["XDG_CACHE_HOME"] = f"{name}/cache"
        databroker = Databroker(options.databroker) if options.databroker else None
        if databroker is not None:
            stack.callback(databroker.close)
        compare(options, Path(name), databroker)
        against_raw(options, Path(name))
        if options.large:
            large(Path(name), options.large)


if __name__ == "__main__":
    main()
