"""Upserting a series: against listing its folder, and how many documents come of it.

    python benchmarks/ingesting.py [--files 10000] [--turns 7] [--frames 100000]

The files hold one small frame each; `--frames` names are hard links to one file.
"""

from __future__ import annotations

import argparse
import os
import tempfile
import time
from collections import Counter
from pathlib import Path

import numpy as np
from _files import write_series
from _table import alternate, format_table

from penstock import BlueskyInMemoryCatalog
from penstock.ingestors import ingest_tiff_series


def list_and_stat(folder: Path) -> int:
    """List a folder and stat every file in it: the least that any ingestor could do."""
    with os.scandir(folder) as entries:
        return sum(entry.stat().st_size for entry in entries)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--files", type=int, default=10_000)
    parser.add_argument("--turns", type=int, default=7)
    parser.add_argument("--frames", type=int, default=100_000)
    options = parser.parse_args()
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name) / "series"
        write_series(folder, np.zeros((1, 16, 16), np.uint16), options.files)
        pattern = str(folder / "*.tif")
        ways = {
            "os.scandir + stat": lambda: list_and_stat(folder),
            "catalog.upsert": lambda: BlueskyInMemoryCatalog().upsert(
                ingest_tiff_series, (pattern,), {}
            ),
            "upsert, then all documents": lambda: drain(pattern),
        }
        print(f"### A series of {options.files} files\n")
        print(format_table(alternate(ways, options.turns)))
        many = Path(name) / "many"
        many.mkdir()
        first = next(folder.iterdir())
        for number in range(options.frames):
            # A file system allows some tens of thousands of links to one file.
            if number % 10_000 == 0:
                original = many / f"frame_{number:06d}.tif"
                original.write_bytes(first.read_bytes())
            else:
                os.link(original, many / f"frame_{number:06d}.tif")
        began = time.perf_counter()
        documents = drain(str(many / "*.tif"))
        seconds = time.perf_counter() - began
        print(
            f"\n### {options.frames} frames: {sum(documents.values())} documents in {seconds:.2f} s"
        )
        print(", ".join(f"{count} {name}" for name, count in documents.items()))


def drain(pattern: str) -> Counter[str]:
    """Upsert a series and count its documents."""
    catalog = BlueskyInMemoryCatalog()
    uid = catalog.upsert(ingest_tiff_series, (pattern,), {})
    return Counter(name for name, _ in catalog[uid].documents())


if __name__ == "__main__":
    main()
