"""Compression of HDF5 datasets: which plug-in a dataset needs, and where it comes from."""

from __future__ import annotations

import importlib

import h5py

from ....core.errors import AssetError

__all__ = ["missing_filters", "require_filters"]

_IN_HDF5PLUGIN = {
    307: "bzip2",
    32001: "Blosc",
    32004: "LZ4",
    32008: "bitshuffle",
    32013: "ZFP",
    32015: "Zstandard",
    32017: "SZ",
    32018: "FCIDECOMP",
    32024: "SZ3",
    32026: "Blosc2",
    32028: "SPERR",
}


def missing_filters(dataset: h5py.Dataset) -> list[tuple[int, str]]:
    """Return number and name of each filter that the dataset needs and this process has not.

    The package hdf5plugin is imported if it could help and is installed.

    Examples
    --------
    >>> with h5py.File("x", "w", driver="core", backing_store=False) as file:
    ...     missing_filters(file.create_dataset("x", data=[1, 2], chunks=(1,), compression="gzip"))
    []
    """
    missing = _unavailable(dataset)
    if missing:
        try:
            importlib.import_module("hdf5plugin")
        except ImportError:
            return missing
        missing = _unavailable(dataset)
    return missing


def _unavailable(dataset: h5py.Dataset) -> list[tuple[int, str]]:
    properties = dataset.id.get_create_plist()
    found = []
    for index in range(properties.get_nfilters()):
        number, _, _, name = properties.get_filter(index)
        if not h5py.h5z.filter_avail(number):
            text = name.decode("utf-8", "replace").split(";")[0] or "a filter without name"
            found.append((number, _IN_HDF5PLUGIN.get(number, text)))
    return found


def require_filters(dataset: h5py.Dataset, where: str) -> None:
    """Raise an error that names the package to install, if the dataset cannot be decompressed.

    Raises
    ------
    AssetError
        Naming the filters.
    """
    missing = missing_filters(dataset)
    if not missing:
        return
    raise AssetError(describe_missing(missing), where=where, remedy=remedy_for(missing))


def describe_missing(missing: list[tuple[int, str]]) -> str:
    """Say which filters are missing."""
    names = ", ".join(f"{name} ({number})" for number, name in missing)
    return f"is compressed with {names}, which is not installed here"


def remedy_for(missing: list[tuple[int, str]]) -> str:
    """Say what to install."""
    if all(number in _IN_HDF5PLUGIN for number, _ in missing):
        return "Install hdf5plugin: pip install penstock[filters]"
    return "Install its HDF5 plug-in and point HDF5_PLUGIN_PATH to it; hdf5plugin does not have it."
