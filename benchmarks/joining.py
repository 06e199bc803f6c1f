"""Joined runs against their parts by themselves; scans of a SPEC file, found and read.

python benchmarks/joining.py [--files 20000] [--scans 10000] [--turns 5]
"""

from __future__ import annotations

import argparse
import tempfile
from collections.abc import Iterable
from pathlib import Path
from typing import Any

import numpy as np
import tifffile
from _table import alternate, format_table

from penstock.core.documents import Document
from penstock.ingestors import ingest_joined, ingest_spec, ingest_text_log, ingest_tiff_series
from penstock.ingestors.spec import index
from penstock.ingestors.spec.facts import scans

POINTS = 51


def write_series(folder: Path, name: str, count: int) -> dict[str, Any]:
    """Write a series of tiny files, and return the part that they make."""
    folder.mkdir()
    pattern = folder / "first.tif"
    tifffile.imwrite(pattern, np.zeros((4, 6), "u2"))
    content = pattern.read_bytes()
    pattern.unlink()
    for number in range(1, count + 1):
        (folder / f"{name}_{number:06d}.tif").write_bytes(content)
    return {"ingestor": "tiff-series", "args": [str(folder / "*.tif")], "name": name}


def write_log(path: Path, count: int) -> dict[str, Any]:
    """Write a table whose rows are in reverse order, and return the part that it makes."""
    rows = "".join(f"{number},{number / 2}\n" for number in range(count, 0, -1))
    path.write_text("frame,T\n" + rows)
    return {"ingestor": "text-log", "args": [str(path)], "name": "log"}


def write_spec(path: Path, count: int) -> None:
    """Write a SPEC file of many scans."""
    rows = "".join(f"{n / 50:.4f} {n} 1 12345 {n * 17} 0.123456\n" for n in range(POINTS))
    with open(path, "w") as file:
        file.write("#F day1\n#E 1447531404\n#D Sat Nov 14 15:03:24 2015\n#O0 th  tth  chi\n")
        for number in range(1, count + 1):
            file.write(
                f"\n#S {number} ascan th 0 1 50 1\n#D Sat Nov 14 15:03:25 2015\n#P0 1 2 3\n"
                f"#N 6\n#L th  Epoch  Seconds  mon  det  ic\n{rows}"
            )


def drain(documents: Iterable[Document]) -> int:
    """Count documents."""
    return sum(1 for _ in documents)


def compare_joined(folder: Path, files: int, turns: int) -> str:
    """Time a joined run and its parts."""
    parts = [write_series(folder / name, name, files) for name in ("saxs", "waxs")]
    parts.append(write_log(folder / "log.csv", files))
    saxs, waxs, log = (part["args"][0] for part in parts)

    def apart() -> None:
        drain(ingest_tiff_series(saxs))
        drain(ingest_tiff_series(waxs))
        drain(ingest_text_log(log))

    ways = {
        "the parts, one by one": apart,
        "joined, all documents": lambda: drain(ingest_joined(parts)),
        "joined, the start": lambda: next(ingest_joined(parts)),
    }
    return format_table(alternate(ways, turns))


def compare_scans(path: Path, turns: int) -> str:
    """Time finding the scans of a SPEC file, and reading one, against the bytes alone."""

    def find() -> None:
        index._index.cache_clear()
        index.index_file(str(path))

    ways = {
        "bytes": path.read_bytes,
        "find all scans": find,
        "and count their points": lambda: scans(str(path)),
        "documents of one scan": lambda: drain(ingest_spec(path, scan=1)),
    }
    try:
        from silx.io.specfile import SpecFile
    except ImportError:
        pass
    else:
        ways["silx: find all scans"] = lambda: SpecFile(str(path)).keys()
    return format_table(alternate(ways, turns))


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--files", type=int, default=20_000)
    parser.add_argument("--scans", type=int, default=10_000)
    parser.add_argument("--turns", type=int, default=5)
    options = parser.parse_args()
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        print(f"### Two series of {options.files} files and a log\n")
        print(compare_joined(folder, options.files, options.turns))
        path = folder / "day1"
        write_spec(path, options.scans)
        size = path.stat().st_size / 1e6
        print(f"\n### A SPEC file of {options.scans} scans, {size:.0f} MB\n")
        print(compare_scans(path, options.turns))


if __name__ == "__main__":
    main()
