"""Writing the tree of a run as one HDF5 file, or as a Zarr folder."""

from __future__ import annotations

import warnings
from typing import TYPE_CHECKING, Any, Literal

import dask

from ...core.errors import ExportError
from ..exporting import Exported, whole_file, whole_folder
from ..exporting.trees import tree_of

if TYPE_CHECKING:
    import xarray as xr

    from ...core.report import ReportItem
    from ...core.run import BlueskyRun

__all__ = ["export_hdf5", "export_zarr"]

Compression = Literal["gzip", "none"]


def export_hdf5(
    run: BlueskyRun, target: str, *, overwrite: bool = False, compression: Compression = "gzip"
) -> ReportItem:
    """Write a run as HDF5 that follows NetCDF-4.

    ``/<stream>/<key>`` has dimension scales; ``time`` is seconds since 1970-01-01 UTC. The
    documents stand as JSON in the attributes ``start`` and ``stop`` of the file, and
    ``descriptors`` of each stream. `xarray.open_datatree`, netCDF4 and h5py read it.

    Parameters
    ----------
    run, target
        The run, and the file that it becomes.
    overwrite
        Whether a file that is there is replaced.
    compression
        ``"gzip"`` (level 1, shuffled; without loss) or ``"none"``.

    Raises
    ------
    ExportError
        If h5netcdf is not installed, or a value has no place in the format.

    Examples
    --------
    >>> import xarray as xr
    >>> from penstock.core.run import BlueskyRun
    >>> from penstock.core.run.samples import count_run
    >>> item = export_hdf5(BlueskyRun(count_run(3)), "scan.h5")
    >>> with xr.open_datatree("scan.h5", engine="h5netcdf") as tree:
    ...     tree["primary/x"].values.tolist()
    [0.0, 1.0, 2.0]
    """
    _require("h5netcdf")
    done = Exported(target, is_partial=run.metadata["stop"] is None)
    with whole_file(target, overwrite=overwrite) as path, dask.config.set(scheduler="synchronous"):
        tree = tree_of(run, done)
        tree.to_netcdf(path, mode="w", engine="h5netcdf", encoding=_encoding(tree, compression))
    return done.item(run.uid)


def export_zarr(run: BlueskyRun, target: str, *, overwrite: bool = False) -> ReportItem:
    """Write a run as a Zarr folder (format 3) that `xarray.open_datatree` reads.

    It holds what `export_hdf5` writes.

    Parameters
    ----------
    run, target
        The run, and the folder that it becomes.
    overwrite
        Whether a folder that is there is replaced.

    Raises
    ------
    ExportError
        If zarr is not installed, or a value has no place in the format.

    Examples
    --------
    >>> import xarray as xr
    >>> from penstock.core.run import BlueskyRun
    >>> from penstock.core.run.samples import count_run
    >>> item = export_zarr(BlueskyRun(count_run(3)), "scan.zarr")
    >>> xr.open_datatree("scan.zarr", engine="zarr")["primary/x"].values.tolist()
    [0.0, 1.0, 2.0]
    """
    _require("zarr")
    done = Exported(target, is_partial=run.metadata["stop"] is None)
    with whole_folder(target, overwrite=overwrite) as path:
        tree = tree_of(run, done)
        with dask.config.set(scheduler="synchronous"), warnings.catch_warnings():
            # Format 3 does not know yet of metadata in one place, which readers look for.
            warnings.filterwarnings("ignore", message="Consolidated metadata")
            tree.to_zarr(path, mode="w", consolidated=True)
    return done.item(run.uid)


def _encoding(tree: xr.DataTree, compression: Compression) -> dict[str, dict[str, Any]]:
    """Say how each array is stored: images in chunks of one frame."""
    found: dict[str, dict[str, Any]] = {}
    for node in tree.subtree:
        encodings: dict[str, dict[str, Any]] = {}
        for name, variable in node.data_vars.items():
            if variable.dtype.kind not in "biuf" or not variable.size:
                continue
            encoding: dict[str, Any] = {}
            if compression == "gzip":
                encoding = {"zlib": True, "complevel": 1, "shuffle": True}
            if variable.ndim > 2:
                encoding["chunksizes"] = (1, *variable.shape[1:])
            encodings[str(name)] = encoding
        found[node.path] = encodings
    return found


def _require(module: str) -> None:
    try:
        __import__(module)
    except ImportError:
        raise ExportError(
            f"{module} is not installed",
            remedy='Install what exports need: pip install "penstock[export]".',
        ) from None
