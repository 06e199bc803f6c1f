"""Operations on the file system, counted by strace: what a slow file server would charge for.

    python benchmarks/operations.py [--files 10000] [--hdf5 100] [--delay-ms 2]

For a TIFF series and for HDF5 files: `catalog.ingest` of the folder, then one frame read; calls by
kind, for each file and family. Then the same with a delay injected into each call. Needs strace.
"""

from __future__ import annotations

import argparse
import re
import shutil
import subprocess
import sys
import tempfile
import time
from collections import Counter
from pathlib import Path

import h5py
import numpy as np
from _files import write_series

CALLS = (
    "open,openat,stat,lstat,newfstatat,statx,fstat,getdents64,readlink,readlinkat,access,faccessat2"
)
INGEST = """
import sys
from penstock import BlueskyInMemoryCatalog
catalog = BlueskyInMemoryCatalog()
report = catalog.ingest([sys.argv[1]])
assert report.ok, [item for item in report if item.outcome != "ok"]
"""
READ = (
    INGEST
    + """
run = catalog[report.uids[0]]
key = next(key for key, value in run.primary.data_keys.items() if value.get("external"))
run.primary.to_dask()[key][len(run.primary) // 2].values
"""
)


def count(script: str, folder: Path, delay: float = 0.0) -> tuple[Counter[str], float]:
    """Run a script under strace and count its calls on paths below a folder."""
    log = folder.parent / "strace.log"
    inject = [f"--inject={CALLS}:delay_exit={round(delay * 1e6)}"] if delay else []
    began = time.perf_counter()
    subprocess.run(
        ["strace", "-f", "-qq", "-y", "-o", str(log), f"--trace={CALLS}", *inject,
         sys.executable, "-c", script, str(folder)],
        check=True, cwd=folder.parent,
    )  # fmt: skip
    seconds = time.perf_counter() - began
    calls: Counter[str] = Counter()
    for line in log.read_text(errors="replace").splitlines():
        name = re.match(r"\d+ +(\w+)\(", line)
        if name and str(folder) in line:
            calls[name[1]] += 1
    return calls, seconds


def show(title: str, calls: Counter[str], files: int) -> None:
    total = sum(calls.values())
    kinds = ", ".join(f"{number} {name}" for name, number in calls.most_common())
    print(f"| {title} | {files} | {total} | {total / files:.2f} | {kinds} |")


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--files", type=int, default=10_000)
    parser.add_argument("--hdf5", type=int, default=100)
    parser.add_argument("--delay-ms", type=float, default=2.0)
    options = parser.parse_args()
    if shutil.which("strace") is None:
        sys.exit("strace is not installed")
    with tempfile.TemporaryDirectory() as name:
        series, hdf5 = Path(name) / "series", Path(name) / "hdf5"
        write_series(series, np.zeros((1, 64, 64), np.uint16), options.files)
        hdf5.mkdir()
        for number in range(options.hdf5):
            with h5py.File(hdf5 / f"scan_{number:03d}.h5", "w") as file:
                file["entry/images"] = np.zeros((3, 16, 16), np.uint16)
        print("| what | files | calls | a file | kinds |\n|---|---:|---:|---:|---|")
        for title, folder, files in (
            ("TIFF series", series, options.files),
            ("HDF5", hdf5, options.hdf5),
        ):
            ingesting, _ = count(INGEST, folder)
            show(f"{title}: ingest", ingesting, files)
            reading, _ = count(READ, folder)
            show(f"{title}: one frame more", reading - ingesting, files)
        print(f"\n| what | seconds | with {options.delay_ms} ms in each call |\n|---|---:|---:|")
        for title, folder in (("TIFF series", series), ("HDF5", hdf5)):
            _, plain = count(INGEST, folder)
            slow = delayed(INGEST, folder, options.delay_ms / 1e3)
            print(f"| {title}: ingest | {plain:.1f} | {slow:.1f} |")


def delayed(script: str, folder: Path, delay: float) -> float:
    """Run a script with a delay in each of the calls (those of the interpreter's start too)."""
    _, bare = count("pass", folder, delay)
    _, seconds = count(script, folder, delay)
    return seconds - bare


if __name__ == "__main__":
    main()
