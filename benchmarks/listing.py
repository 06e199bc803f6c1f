"""Selecting the files of a series, against listing its folder and asking for each file.

    python benchmarks/listing.py [--files 10000] [--turns 11] [--names 100000]

The files are empty; `--names` are names alone, cut into families.
"""

from __future__ import annotations

import argparse
import os
import tempfile
from pathlib import Path

from _table import alternate, format_table

from penstock.core.places import observe, select_files, take_fingerprint
from penstock.core.places.naming import find_families


def list_and_stat(folder: Path) -> int:
    """List a folder and stat every file in it: the least that any selection could do."""
    with os.scandir(folder) as entries:
        return sum(entry.stat().st_size for entry in entries)


def select_and_stat(paths: str | list[str]) -> None:
    with observe():
        select_files(paths).stats()


def select_and_fingerprint(paths: str) -> None:
    with observe():
        files = select_files(paths)
        files.stats()
        take_fingerprint(files)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--files", type=int, default=10_000)
    parser.add_argument("--turns", type=int, default=11)
    parser.add_argument("--names", type=int, default=100_000)
    options = parser.parse_args()
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        for number in range(options.files):
            (folder / f"frame_{number:06d}.tif").touch()
        pattern, paths = str(folder / "*.tif"), [str(path) for path in folder.iterdir()]
        subset = str(folder / "frame_0000*.tif")
        ways = {
            "os.scandir + stat": lambda: list_and_stat(folder),
            "os.scandir": lambda: list(os.scandir(folder)),
            "select_files: glob": lambda: select_files(pattern),
            "select_files: glob, then stats": lambda: select_and_stat(pattern),
            "select_files: list, then stats": lambda: select_and_stat(paths),
            "select_files: glob of a hundred, then stats": lambda: select_and_stat(subset),
            "glob, stats and fingerprint": lambda: select_and_fingerprint(pattern),
        }
        print(f"### A folder of {options.files} files\n")
        print(format_table(alternate(ways, options.turns)))
    numbers = range(options.names)
    series = [f"frame_{number:06d}.tif" for number in numbers]
    shapes = {
        "one series": series,
        "1,000 series": [f"scan_{n % 1000}.5deg_{n // 1000:03d}.tif" for n in numbers[:-1]],
        "a grid": [f"t{n // 1000}_z{n % 1000}.tif" for n in numbers],
        "no numbers": [
            name.translate(str.maketrans("0123456789", "abcdefghij")) for name in series
        ],
    }
    print(f"\n### {options.names} names, cut into families\n")
    print(
        format_table(
            alternate(
                {k: lambda names=names: find_families(names) for k, names in shapes.items()},
                min(options.turns, 5),
            )
        )
    )


if __name__ == "__main__":
    main()
