"""Reading 1,000 TIFF frames whole, and one frame of many: penstock against the ways there are.

Run ``python benchmarks/reading_tiff.py``; files are written to a temporary folder and removed.
Ways alternate in one process; the figures are medians. The caches of the system are warm.
"""

from __future__ import annotations

import argparse
import os
import shutil
import statistics
import tempfile
import time
import warnings
from collections.abc import Callable
from pathlib import Path

import numpy as np
import tifffile

from penstock.core.assets.array import AssetArray, Piece
from penstock.core.assets.protocol import AssetContext
from penstock.ingestors.assets.tiff.frames import open_tiff

SERIES = {"mimetype": "multipart/related;type=image/tiff", "uri": ""}


def open_series(folder: Path, shape: tuple[int, int]):
    parameters = {"template": "img_{:05d}.tif", "chunk_shape": [1, *shape]}
    return open_tiff(
        SERIES | {"uri": f"{folder}/", "parameters": parameters}, AssetContext(shape, "<u2")
    )


def open_stack(path: Path, shape: tuple[int, int]):
    return open_tiff(
        {"mimetype": "image/tiff", "uri": str(path)}, AssetContext(frame_shape=shape, dtype="<u2")
    )


def read_serially(frames, count: int) -> np.ndarray:
    out = np.empty((count, *frames.frame_shape), frames.dtype)
    for start in range(0, count, 64):
        stop = min(count, start + 64)
        frames.read(start, stop, None, out[start:stop])
    return out


def read_in_threads(frames, count: int) -> np.ndarray:
    return AssetArray([Piece(frames, 0, count)]).read_all()[0]


def read_raw(paths: list[Path], nbytes: int, offset: int, shape: tuple[int, ...]) -> np.ndarray:
    out = np.empty(shape, "<u2")
    flat = memoryview(out.reshape(-1).view(np.uint8))
    for row, path in enumerate(paths):
        with open(path, "rb", buffering=0) as file:
            file.seek(offset)
            done = 0
            while done < nbytes:
                done += file.readinto(flat[row * nbytes + done : (row + 1) * nbytes])
    return out


def read_pages(path: Path) -> np.ndarray:
    with tifffile.TiffFile(path) as tif:
        return np.stack([page.asarray() for page in tif.pages])


def read_dask_image(pattern: str) -> np.ndarray:
    import dask.array.image

    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        return dask.array.image.imread(pattern).compute()


def measure(ways: dict[str, Callable[[], np.ndarray]], repeats: int) -> None:
    """Time ways in turn and print medians, each against the first."""
    seconds: dict[str, list[float]] = {name: [] for name in ways}
    expected = None
    for turn in range(repeats + 1):  # the first warms up, and compares
        for name, way in ways.items():
            begin = time.perf_counter()
            result = way()
            elapsed = time.perf_counter() - begin
            if turn:
                seconds[name].append(elapsed)
            else:
                expected = result if expected is None else expected
                assert np.array_equal(np.squeeze(result), np.squeeze(expected)), name
            del result
    base = statistics.median(next(iter(seconds.values())))
    for name, times in seconds.items():
        median = statistics.median(times)
        print(f"  {name:34} {1e3 * median:10.2f} ms   {median / base:6.2f} ×")


def write_files(folder: Path, frames: int, size: int, many: int) -> None:
    rng = np.random.default_rng(0)
    (folder / "series").mkdir()
    (folder / "many").mkdir()
    image = rng.integers(0, 4000, (size, size), dtype="u2")
    with tifffile.TiffWriter(folder / "pages.tif") as pages:
        for number in range(frames):
            image[0, 0] = number
            tifffile.imwrite(
                folder / "series" / f"img_{number:05d}.tif", image, description=f"frame {number:6}"
            )
            pages.write(image, contiguous=False, metadata=None)
    with tifffile.TiffWriter(folder / "stack.tif") as stack:
        for number in range(frames):
            image[0, 0] = number
            stack.write(image, contiguous=True)
    for number in range(many):
        os.link(
            folder / "series" / f"img_{number % frames:05d}.tif",
            folder / "many" / f"img_{number:05d}.tif",
        )


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    parser.add_argument("--frames", type=int, default=1000)
    parser.add_argument("--size", type=int, default=512, help="pixels along each axis")
    parser.add_argument("--many", type=int, default=10_000, help="files in the long series")
    parser.add_argument("--repeats", type=int, default=7)
    parser.add_argument("--folder", help="where to make the temporary folder")
    options = parser.parse_args()
    count, shape = options.frames, (options.size, options.size)
    nbytes = 2 * options.size**2
    folder = Path(tempfile.mkdtemp(dir=options.folder, prefix="reading_tiff_"))
    try:
        write_files(folder, count, options.size, options.many)
        names = sorted((folder / "series").iterdir())
        stack, pages = folder / "stack.tif", folder / "pages.tif"
        offset = tifffile.TiffFile(names[0]).pages[0].dataoffsets[0]
        base = tifffile.TiffFile(stack).pages[0].dataoffsets[0]
        whole = (count, *shape)

        print(f"{count} frames {shape[0]} × {shape[1]} uint16, a series of files")
        measure(
            {
                "raw readinto": lambda: read_raw(names, nbytes, offset, whole),
                "penstock, 1 thread": lambda: read_serially(
                    open_series(folder / "series", shape), count
                ),
                "penstock, threads": lambda: read_in_threads(
                    open_series(folder / "series", shape), count
                ),
                "tifffile.imread(files)": lambda: tifffile.imread(names),
                "dask.array.image.imread": lambda: read_dask_image(f"{folder}/series/*.tif"),
            },
            options.repeats,
        )
        for title, path in {"a contiguous stack": stack, "a stack page by page": pages}.items():
            print(f"{count} frames {shape[0]} × {shape[1]} uint16, {title}")
            measure(
                {
                    "raw readinto": lambda: read_raw([stack], nbytes * count, base, whole),
                    "penstock, 1 thread": lambda path=path: read_serially(
                        open_stack(path, shape), count
                    ),
                    "penstock, threads": lambda path=path: read_in_threads(
                        open_stack(path, shape), count
                    ),
                    "tifffile.imread(key=all pages)": lambda path=path: tifffile.imread(
                        path, key=range(count)
                    ),
                    "tifffile.imread(stack)": (
                        (lambda: tifffile.imread(stack))
                        if path == stack
                        else (lambda: read_pages(pages))
                    ),
                },
                options.repeats,
            )

        print(f"One frame of {options.many} files")
        long = open_series(folder / "many", shape)
        one = np.empty((1, *shape), "u2")
        middle = options.many // 2

        def read_one(frames=long) -> np.ndarray:
            frames.read(middle, middle + 1, None, one)
            return one

        measure(
            {
                "tifffile.imread(file)": lambda: tifffile.imread(
                    folder / "many" / f"img_{middle:05d}.tif"
                ),
                "penstock, opened anew": lambda: read_one(open_series(folder / "many", shape)),
                "penstock, opened": read_one,
            },
            10 * options.repeats,
        )
    finally:
        shutil.rmtree(folder)


if __name__ == "__main__":
    main()
