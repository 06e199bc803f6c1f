"""Writing the images of a run as TIFF files, never cast: the values are what they were."""

from __future__ import annotations

import os
from typing import TYPE_CHECKING, Any, Literal

import numpy as np
import tifffile
from numpy.typing import NDArray

from ...core.errors import ExportError
from ..exporting import Exported, Images, tables_of, whole_folder
from ..exporting.plain import safe_names

if TYPE_CHECKING:
    from ...core.report import ReportItem
    from ...core.run import BlueskyRun

__all__ = ["export_run"]

Files = Literal["stack", "series"]
_CLASSIC = 2**32 - 2**25
"""Bytes of images up to which a classic TIFF file has room for them."""


def export_run(
    run: BlueskyRun, target: str, *, overwrite: bool = False, files: Files = "stack"
) -> ReportItem:
    """Write the images of a run into a folder of TIFF files.

    ``<stream>-<key>.tif`` is a stack of all frames (BigTIFF where these take 4 GB); as a series,
    ``<stream>-<key>-00001.tif`` and so on are one frame each, by their sequence numbers. Values
    keep their type. All else of the run is left out, and told.

    Parameters
    ----------
    run, target
        The run, and the folder that it becomes.
    overwrite
        Whether a folder that is there is replaced.
    files
        ``"stack"`` or ``"series"``.

    Raises
    ------
    ExportError
        If the run has no images.

    Examples
    --------
    >>> import penstock
    >>> from penstock.sample_files import folder
    >>> catalog = penstock.BlueskyInMemoryCatalog()
    >>> report = catalog.ingest([folder() / "scan.nxs"])
    >>> item = export_run(catalog[-1], "images")
    >>> tifffile.imread("images/primary-data.tif").shape
    (10, 64, 64)
    """
    if files not in ("stack", "series"):
        raise ExportError(f"files is {files!r}", remedy='It may be "stack" or "series".')
    tables = list(tables_of(run))
    if not any(_fits(images) for table in tables for images in table.images.values()):
        raise ExportError(
            "the run has no images that TIFF has a place for",
            where=f"run {run.uid}",
            remedy="Write another format, such as csv or hdf5.",
        )
    done = Exported(target, is_partial=run.metadata["stop"] is None)
    # Of all streams at once: no two of them may write one file.
    keys = [(table.stream, key) for table in tables for key in table.images]
    labels = [f"{stream}-{key}" for stream, key in keys]
    names = dict(zip(keys, _free_names(labels), strict=True))
    with whole_folder(target, overwrite=overwrite) as folder:
        for table in tables:
            for key in (*table.columns, *table.unreadable):
                done.omit(table.stream, key, "TIFF files hold images")
            for key, images in table.images.items():
                if not _fits(images):
                    done.omit(table.stream, key, f"TIFF has no frames of {images.shape[1:]}")
                    continue
                name = names[table.stream, key]
                write = _write_stack if files == "stack" else _write_series
                written = write(folder, name, images, table.seq_num)
                done.files += [os.path.join(target, one) for one in written]
    return done.item(run.uid)


def _free_names(labels: list[str]) -> list[str]:
    """Return a file name for each label, in order, no two of them alike."""
    found: list[str] = []
    for label in labels:
        (plain,) = safe_names([label], allowed=r"[^\w.-]+", taken=found).values()
        found.append(plain)
    return found


def _fits(images: Images) -> bool:
    shape = images.shape[1:]
    is_frame = len(shape) == 2 or (len(shape) == 3 and shape[-1] in (3, 4))
    return is_frame and all(images.shape) and images.dtype.kind in "biufc"


def _settings(images: Images) -> dict[str, Any]:
    photometric = "rgb" if len(images.shape) == 4 and images.dtype.kind == "u" else "minisblack"
    return {"photometric": photometric, "metadata": None, "software": "penstock"}


def _write_stack(folder: str, name: str, images: Images, numbers: NDArray[np.int64]) -> list[str]:
    nbytes = int(np.prod(images.shape)) * images.dtype.itemsize
    path = f"{name}.tif"
    with tifffile.TiffWriter(os.path.join(folder, path), bigtiff=nbytes > _CLASSIC) as file:
        for _, block in images.blocks():
            for frame in block:
                file.write(frame, contiguous=False, **_settings(images))
    return [path]


def _write_series(folder: str, name: str, images: Images, numbers: NDArray[np.int64]) -> list[str]:
    paths: list[str] = []
    if len(np.unique(numbers)) < len(numbers):
        numbers = np.arange(1, len(numbers) + 1)  # repeated ones would name two frames alike
    for first, block in images.blocks():
        for row, frame in enumerate(block, first):
            paths.append(f"{name}-{int(numbers[row]):05d}.tif")
            tifffile.imwrite(os.path.join(folder, paths[-1]), frame, **_settings(images))
    return paths
