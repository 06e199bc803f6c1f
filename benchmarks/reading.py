"""Reading a whole run: a TIFF series, a TIFF stack and HDF5 files of the same frames.

    python benchmarks/reading.py [--frames 1000] [--turns 5] [--folder DIR]

For each kind of file: raw `readinto` into a fresh array (the bound), `run.primary.read()`, the same
computed through `to_dask()`, and what people use otherwise. The cache is warm.
"""

from __future__ import annotations

import argparse
import tempfile
from pathlib import Path

import dask.array.image
import h5py
import tifffile
from _files import make_frames, read_raw, write_hdf5, write_series, write_stack
from _table import alternate, format_table

from penstock import BlueskyInMemoryCatalog
from penstock.ingestors import ingest_hdf5, ingest_tiff_series, ingest_tiff_stack


def read_hdf5(path: str):
    with h5py.File(path, "r", locking=False) as file:
        return file["images"][...]


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--frames", type=int, default=1000)
    parser.add_argument("--turns", type=int, default=5)
    parser.add_argument(
        "--folder", type=Path, help="where to write the files (default: a temporary folder)"
    )
    options = parser.parse_args()
    with tempfile.TemporaryDirectory(dir=options.folder) as name:
        folder = Path(name)
        frames = make_frames(options.frames)
        series = write_series(folder / "series", frames)
        stack = write_stack(folder / "stack.tif", frames)
        contiguous = write_hdf5(folder / "contiguous.h5", frames, chunked=False)
        chunked = write_hdf5(folder / "chunked.h5", frames, chunked=True)
        del frames
        catalog = BlueskyInMemoryCatalog()
        cases = {
            "TIFF series": (ingest_tiff_series, series, str(folder / "series" / "*.tif"), {
                "tifffile.imread(files)": lambda: tifffile.imread(series),
                "dask.array.image.imread": lambda: dask.array.image.imread(
                    str(folder / "series" / "*.tif"), imread=tifffile.imread
                ).compute(),
            }),
            "TIFF stack": (ingest_tiff_stack, [stack], stack, {
                "tifffile.imread(key=all pages)": lambda: tifffile.imread(
                    stack, key=range(options.frames)
                ),
            }),
            "HDF5, contiguous": (ingest_hdf5, [contiguous], contiguous, {
                "h5py dataset[...]": lambda: read_hdf5(contiguous),
            }),
            "HDF5, a chunk a frame": (ingest_hdf5, [chunked], chunked, {
                "h5py dataset[...]": lambda: read_hdf5(chunked),
            }),
        }  # fmt: skip
        for title, (function, paths, argument, others) in cases.items():
            uid = catalog.upsert(function, (argument,), {})
            key = next(k for k, v in catalog[uid].primary.data_keys.items() if v.get("external"))
            ways = {
                "raw readinto": lambda paths=paths: read_raw(paths),
                "run.primary.read()": lambda uid=uid: catalog[uid].primary.read(),
                "to_dask().compute()": lambda uid=uid, key=key: (
                    catalog[uid].primary.to_dask()[key].data.compute(scheduler="threads")
                ),
                **others,
            }
            print(f"\n### {title}: {options.frames} frames of 512 × 512 uint16\n")
            print(format_table(alternate(ways, options.turns)))


if __name__ == "__main__":
    main()
