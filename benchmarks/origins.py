"""Ingesting sets of files of known origins, against opening each file with tifffile alone.

python benchmarks/origins.py [--files 1000] [--turns 5]
"""

from __future__ import annotations

import argparse
import tempfile
from collections.abc import Callable
from pathlib import Path

import numpy as np
import tifffile
from _table import alternate

from penstock import BlueskyInMemoryCatalog
from penstock.core.registry.registry import get_registry
from penstock.sample_files.origins.beamline_tiff import (
    write_areadetector_tiff,
    write_pilatus_tiff,
    write_saxslab_tiff,
)


def write_saxslab_series(folder: Path, count: int) -> list[Path]:
    """Write copies of an image of SAXSLAB's, numbered."""
    (first,) = write_saxslab_tiff(folder / "one")
    content = first.read_bytes()
    paths = [folder / f"latest_{number:07d}_craw.tiff" for number in range(count)]
    for path in paths:
        path.write_bytes(content)
    return paths


def write_plain(folder: Path, count: int) -> list[Path]:
    """Write files of no origin."""
    paths = [folder / f"plain_{number:05d}.tif" for number in range(count)]
    for number, path in enumerate(paths):
        tifffile.imwrite(path, np.full((13, 17), number % 99, "i4"), metadata=None)
    return paths


SETS: dict[str, tuple[str, Callable[[Path, int], list[Path]]]] = {
    "areaDetector, 8 attributes": ("areadetector-tiff", write_areadetector_tiff),
    "PILATUS, camserver's header": ("pilatus-tiff", write_pilatus_tiff),
    "PILATUS with SAXSLAB's XML": ("pilatus-tiff", write_saxslab_series),
    "no origin (no header read)": ("tiff-series", write_plain),
}


def open_each(paths: list[Path]) -> int:
    """Open each file with tifffile, and look at its first page; no pixels."""
    pages = 0
    for path in paths:
        with tifffile.TiffFile(path) as file:
            pages += len(file.pages.first.tags)
    return pages


def start_only(name: str, paths: list[str]) -> None:
    """Pull the start document, as a catalog does."""
    next(iter(get_registry().function_of(name)(paths)))


def drain(name: str, paths: list[str]) -> None:
    """Pull all documents."""
    for _ in get_registry().function_of(name)(paths):
        pass


def match_and_ingest(folder: Path) -> None:
    """Let a catalog find out what a folder holds, and ingest it."""
    report = BlueskyInMemoryCatalog().ingest(folder)
    assert len(report.uids) == 1, str(report)


def main() -> None:
    """Measure, and print the table."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--files", type=int, default=1000)
    parser.add_argument("--turns", type=int, default=5)
    options = parser.parse_args()
    print(f"{options.files} files a set, files/s; × is how many times as fast as tifffile\n")
    print("| set | tifffile opens each | all documents | × | match, ingest | × | start alone |")
    print("|---|---:|---:|---:|---:|---:|---:|")
    for title, (name, write) in SETS.items():
        with tempfile.TemporaryDirectory() as scratch:
            folder = Path(scratch, "data")
            folder.mkdir()
            paths = write(folder, options.files)
            texts = [str(path) for path in paths]
            for extra in folder.glob("one/*"):
                extra.unlink()
            timings = alternate(
                {
                    "tifffile": lambda paths=paths: open_each(paths),
                    "documents": lambda name=name, texts=texts: drain(name, texts),
                    "catalog": lambda folder=folder: match_and_ingest(folder),
                    "start": lambda name=name, texts=texts: start_only(name, texts),
                },
                options.turns,
            )
        rates = {timing.name: options.files / timing.median for timing in timings}
        print(
            f"| {title} | {rates['tifffile']:,.0f} "
            f"| {rates['documents']:,.0f} | {rates['documents'] / rates['tifffile']:.1f} "
            f"| {rates['catalog']:,.0f} | {rates['catalog'] / rates['tifffile']:.1f} "
            f"| {rates['start']:,.0f} |"
        )


if __name__ == "__main__":
    main()
