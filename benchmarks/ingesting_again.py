"""Ingesting a tree that has not changed, against walking it and asking for each file.

    python benchmarks/ingesting_again.py [--runs 1000] [--files 100] [--turns 5]

The files are small TIFF images, one folder and one series a run. What the catalog does by itself
(telling that a claim is what it was, from a plan that is there) is told apart from matching.
"""

from __future__ import annotations

import argparse
import os
import tempfile
from pathlib import Path

import numpy as np
import tifffile
from _table import alternate, format_table

import penstock
from penstock.core.places import observe


def walk_and_stat(folder: str) -> int:
    """List every folder and stat every file: the least that tells whether something changed."""
    total = 0
    waiting = [folder]
    while waiting:
        with os.scandir(waiting.pop()) as entries:
            for entry in entries:
                if entry.is_dir(follow_symlinks=False):
                    waiting.append(entry.path)
                else:
                    total += entry.stat().st_size
    return total


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--runs", type=int, default=1000)
    parser.add_argument("--files", type=int, default=100)
    parser.add_argument("--turns", type=int, default=5)
    options = parser.parse_args()
    with tempfile.TemporaryDirectory() as name:
        os.environ["XDG_STATE_HOME"] = name
        data = Path(name, "data")
        tifffile.imwrite(Path(name, "frame.tif"), np.zeros((2, 2), "u1"))
        content = Path(name, "frame.tif").read_bytes()
        for run in range(options.runs):
            folder = data / f"scan_{run:05d}"
            folder.mkdir(parents=True)
            for number in range(options.files):
                (folder / f"img_{number:04d}.tif").write_bytes(content)
        catalog = penstock.BlueskySQLiteCatalog(Path(name, "runs.db"))
        first = catalog.ingest([data])
        again = catalog.ingest([data])
        assert first.counts == {"ok": options.runs}, first
        assert again.counts == {"skipped": options.runs}, again

        def skip_planned() -> None:
            with observe():
                walked = penstock.match([data]) if plan is None else plan
                catalog.ingest(walked)

        plan = penstock.match([data])
        ways = {
            "walk with stat": lambda: walk_and_stat(str(data)),
            "match": lambda: penstock.match([data]),
            "skip what a plan names": skip_planned,
            "catalog.ingest, unchanged": lambda: catalog.ingest([data]),
        }
        print(f"### {options.runs} runs of {options.files} files, unchanged\n")
        print(format_table(alternate(ways, options.turns)))


if __name__ == "__main__":
    main()
