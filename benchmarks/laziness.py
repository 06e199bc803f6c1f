"""Reading a part: memory of a mean over a large series, and one frame out of many.

    python benchmarks/laziness.py [--gigabytes 4] [--files 10000] [--turns 21] [--folder DIR]

The mean runs in a process of its own, with two threads; its peak memory is what the operating
system accounts to it. Bytes read are counted by the operating system too.
"""

from __future__ import annotations

import argparse
import os
import resource
import subprocess
import sys
import tempfile
from pathlib import Path

import numpy as np
import tifffile
from _files import make_frames, write_series
from _table import alternate, format_table

MEAN = """
import resource, sys, time
import dask
from penstock import BlueskyInMemoryCatalog
from penstock.ingestors import ingest_tiff_series
catalog = BlueskyInMemoryCatalog()
uid = catalog.upsert(ingest_tiff_series, (sys.argv[1],), {})
before = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
began = time.perf_counter()
with dask.config.set(scheduler="threads", num_workers=2):
    image = catalog[uid].primary.to_dask()["image"]
    mean = float(image.mean())
print(f"| {image.nbytes / 1e9:.1f} | {time.perf_counter() - began:.1f} | {before / 1024:.0f} "
      f"| {resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024:.0f} | {mean:.3f} |")
"""


def read_bytes() -> int:
    """Return how many bytes this process has asked the kernel for so far."""
    fields = dict(line.split(": ") for line in Path("/proc/self/io").read_text().splitlines())
    return int(fields["rchar"])


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--gigabytes", type=float, default=4.0)
    parser.add_argument("--files", type=int, default=10_000)
    parser.add_argument("--turns", type=int, default=21)
    parser.add_argument("--folder", type=Path, help="where to write the files (default: temporary)")
    options = parser.parse_args()
    with tempfile.TemporaryDirectory(dir=options.folder) as name:
        folder = Path(name)
        frames = make_frames(8, 1024)
        count = round(options.gigabytes * 1e9 / frames[0].nbytes)
        write_series(folder / "large", frames, count)
        print(f"### Mean over {count} frames of 1024 × 1024 uint16, two threads\n")
        print(
            "| GB | seconds | peak MiB before | peak MiB after | mean |\n|---:|---:|---:|---:|---:|"
        )
        subprocess.run(
            [sys.executable, "-c", MEAN, str(folder / "large" / "*.tif")], check=True, cwd=folder
        )
        one_frame(folder / "many", options.files, options.turns)


def one_frame(folder: Path, files: int, turns: int) -> None:
    """Read one frame out of many, and count the bytes."""
    from penstock import BlueskyInMemoryCatalog
    from penstock.ingestors import ingest_tiff_series

    frames = make_frames(4)
    paths = write_series(folder, frames, files)
    catalog = BlueskyInMemoryCatalog()
    uid = catalog.upsert(ingest_tiff_series, (str(folder / "*.tif"),), {})
    lazy = catalog[uid].primary.to_dask()["image"]
    middle = files // 2
    np.testing.assert_array_equal(lazy[middle].values, tifffile.imread(paths[middle]))
    print(f"\n### One frame of 512 × 512 uint16 out of {files}\n")
    ways = {
        "tifffile.imread(one file)": lambda: tifffile.imread(paths[middle]),
        "dataset['image'][n].values": lambda: lazy[middle].values,
    }
    print(format_table(alternate(ways, turns)))
    before = read_bytes()
    lazy[middle].values  # noqa: B018  # reading is the effect
    counted = read_bytes() - before
    print(
        f"\nBytes read: {counted}; one file: {os.stat(paths[middle]).st_size}; "
        f"one frame: {frames[0].nbytes}. "
        f"Open files allowed: {resource.getrlimit(resource.RLIMIT_NOFILE)[0]}."
    )


if __name__ == "__main__":
    main()
