"""Copies of runs: writing, listing and reading them, against databroker 1.2.5 and raw bytes.

    python benchmarks/caching.py [--databroker PYTHON] [--frames 200] [--copies 1000 10000]
                                 [--copy-size 64] [--turns 5] [--large GIB] [--folder DIR]

databroker 1.2.5 needs an environment of its own, of which PYTHON is the interpreter: see
tests/plugins/msgpack/databroker-1.2.5.txt. All take turns; the page cache is warm, and the
disk idle when a turn begins that writes. Writing here includes what databroker leaves out: bytes
are on the disk (fsync) before a copy gets its name. The floor is what the system calls alone take
that nobody could do without: to write as many bytes and fsync them; to read them; to ask for the
state of each file, and for a first listing to open each and read its two ends.
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
    os.sync()

    def copy() -> None:
        catalog = BlueskyInMemoryCatalog()
        catalog.upsert(ingest_tiff_series, (pattern,), {})
        catalog[-1].cache(target)

    return timed(copy)


def write_bare(content: np.ndarray, path: Path) -> float:
    """Write bytes and have them on the disk, and nothing else."""
    path.unlink(missing_ok=True)
    os.sync()

    def write() -> None:
        descriptor = os.open(path, os.O_CREAT | os.O_WRONLY)
        for begin in range(0, content.nbytes, 2**24):
            os.write(descriptor, content[begin : begin + 2**24].data)
        os.fsync(descriptor)
        os.close(descriptor)

    return timed(write)


def list_bare(folder: Path) -> float:
    """Ask for the state of each file in a folder."""
    return timed(lambda: [entry.stat() for entry in os.scandir(folder)])


def read_ends_bare(folder: Path) -> float:
    """Ask for the state of each file in a folder, open it and read its two ends."""

    def read() -> None:
        for entry in os.scandir(folder):
            size = entry.stat().st_size
            descriptor = os.open(entry.path, os.O_RDONLY)
            os.pread(descriptor, 8192, 0)
            os.pread(descriptor, 8192, max(0, size - 8192))
            os.close(descriptor)

    return timed(read)


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
    """Prints rows of what was measured here, there, and of system calls alone."""

    def __init__(self) -> None:
        columns = ["what", "penstock (ms)", "databroker 1.2.5 (ms)", "ratio", "floor (ms)"]
        print(f"\n| {' | '.join(columns)} |\n|---|---:|---:|---:|---:|")

    def row(
        self, what: str, ours: list[float], theirs: list[float], floor: list[float] | None = None
    ) -> None:
        mine = median(ours)
        cells = [what, f"{1e3 * mine:.1f}", "", "", ""]
        if theirs:
            other = median(theirs)
            cells[2:4] = f"{1e3 * other:.1f}", f"{other / mine:.1f}"
        if floor:
            cells[4] = f"{1e3 * median(floor):.1f}"
        print(f"| {' | '.join(cells)} |", flush=True)


def compare(options: argparse.Namespace, folder: Path, databroker: Databroker | None) -> None:
    series = folder / "series"
    frames = make_frames(options.frames)
    write_series(series, frames)
    pattern, ours, theirs = str(series / "*.tif"), str(folder / "ours"), str(folder / "theirs")
    table = Table()

    def all_take_turns(what, mine, command, bare=None):
        mine(), databroker and databroker(*command)
        turns = [
            (
                mine(),
                databroker(*command) if databroker else None,
                bare() if bare is not None else None,
            )
            for _ in range(options.turns)
        ]
        columns = [[value for value in column if value is not None] for column in zip(*turns)]  # noqa: B905 # rows of three
        table.row(what, *columns)

    content = frames.reshape(-1).view("u1")
    all_take_turns(
        f"copy {options.frames} frames of 512 × 512",
        lambda: copy_series(pattern, ours),
        ("export", str(series), theirs),
        lambda: write_bare(content, folder / "bare"),
    )
    source = ours if databroker is None else theirs
    row = options.frames // 2
    for what, where in {"of its own": ours, "that suitcase wrote": source}.items():
        paths = [str(path) for path in Path(where).iterdir()]
        all_take_turns(
            f"open and read a copy whole, {what}",
            lambda where=where: timed(lambda: BlueskyMsgpackCatalog(where)[-1].primary.read()),
            ("read", where, None),
            lambda paths=paths: timed(lambda: read_raw(paths)),
        )
        all_take_turns(
            f"open and read one frame, {what}",
            lambda where=where: timed(
                lambda: np.asarray(BlueskyMsgpackCatalog(where)[-1].primary.to_dask()["image"][row])
            ),
            ("read", where, row),
        )
    for count in options.copies:
        many = folder / f"copies_{count}"
        write_small_copies(many, count, options.copy_size)
        os.sync()
        compare_listing(options.turns, many, databroker, table)


def compare_listing(turns: int, many: Path, databroker: Databroker | None, table: Table) -> None:
    count = len(os.listdir(many))
    steps: dict[str, list[float]] = {}

    def note(**seconds: float) -> None:
        for step, value in seconds.items():
            steps.setdefault(step, []).append(value)

    for _ in range(turns):
        shutil.rmtree(os.environ["XDG_CACHE_HOME"], ignore_errors=True)
        note(first=list_anew(str(many)), next=list_anew(str(many)))
        if databroker is not None:
            anew, at_once, later = databroker("listing", str(many))
            note(their_anew=anew, their_at_once=at_once, their_later=later)
        catalog = BlueskyMsgpackCatalog(many)
        list(catalog)
        note(at_once=timed(lambda: list(catalog)))  # noqa: B023 # called at once
        time.sleep(1.1)
        note(later=timed(lambda: list(catalog)))  # noqa: B023 # called at once
        last = next(iter(catalog))
        note(lookup=timed(lambda: catalog[last]))  # noqa: B023 # called at once
        note(search=timed(lambda: len(catalog.search({"scan_id": 7}))))  # noqa: B023
        note(search_again=timed(lambda: len(catalog.search({"scan_id": 7}))))  # noqa: B023
        note(bare=list_bare(many), ends=read_ends_bare(many))
    theirs = {step: steps.get(f"their_{step}", []) for step in ("anew", "at_once", "later")}
    table.row(
        f"open and list {count} copies, first time", steps["first"], theirs["anew"], steps["ends"]
    )
    table.row(
        "… in the next session (databroker: anew)", steps["next"], theirs["anew"], steps["bare"]
    )
    table.row("… again in the same one, at once", steps["at_once"], theirs["at_once"])
    table.row("… again in the same one, later", steps["later"], theirs["later"], steps["bare"])
    table.row("… and look one run up by its uid", steps["lookup"], [])
    table.row("… search for the first time in a session", steps["search"], [])
    table.row("… and again", steps["search_again"], [])


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
