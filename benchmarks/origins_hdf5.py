"""Ingesting masters of data files, against opening each with h5py alone.

    python benchmarks/origins_hdf5.py [--files 100] [--turns 5]

Each master lies in a folder of its own with its two data files, as acquisitions do.
"""

from __future__ import annotations

import argparse
import tempfile
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import h5py
from _table import alternate, format_table

from penstock import match
from penstock.core.registry.registry import get_registry
from penstock.ingestors import ingest_eiger, ingest_hdf5
from penstock.sample_files.origins.beamline_hdf5 import write_eiger


def open_each(masters: list[Path]) -> None:
    """Open each file and read a value: the least that anybody could do."""
    for master in masters:
        with h5py.File(master, locking=False) as file:
            file["entry/instrument/detector/count_time"][()]


def open_all(folders: list[Path]) -> None:
    """Open each master and its data files, and ask for the shape of the frames."""
    for folder in folders:
        for path in folder.iterdir():
            with h5py.File(path, locking=False) as file:
                if "master" not in path.name:
                    file["entry/data/data"].shape  # noqa: B018 # what it costs to know it


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--files", type=int, default=100)
    parser.add_argument("--turns", type=int, default=5)
    options = parser.parse_args()
    with tempfile.TemporaryDirectory() as name:
        folders = [Path(name) / f"scan_{number:03d}" for number in range(options.files)]
        for folder in folders:
            folder.mkdir()
        masters = [write_eiger(folder)[0] for folder in folders]
        ways: dict[str, Callable[[], Any]] = {
            "h5py opens each master": lambda: open_each(masters),
            "h5py opens each master and its data files": lambda: open_all(folders),
            "hdf5, start documents": lambda: [next(ingest_hdf5(path)) for path in masters],
            "eiger, start documents": lambda: [next(ingest_eiger(path)) for path in masters],
            "eiger, all documents": lambda: [list(ingest_eiger(path)) for path in masters],
        }
        print(f"### {options.files} masters, each with two data files\n")
        print(format_table(alternate(ways, options.turns)))
        hdf5 = sum("hdf5" in found.formats for found in get_registry().ingestors.values())
        matched = alternate({"match": lambda: _match_anew(Path(name))}, 3)
        print(f"\nMatching them anew, {hdf5} ingestors of HDF5 asked:\n")
        print(format_table(matched))


def _match_anew(root: Path) -> None:
    """Match a folder whose files nothing is remembered of."""
    for path in _files(root):
        path.touch()
    decisions = match(root).decisions
    assert {decision.chosen and decision.chosen.ingestor for decision in decisions} == {"eiger"}


def _files(root: Path) -> Iterator[Path]:
    return (path for path in root.glob("*/*.h5"))


if __name__ == "__main__":
    main()
