"""What penstock registers for HDF5 (NetCDF-4) and Zarr."""

from __future__ import annotations

from ...core.registry import Exporter, hookimpl

__all__ = ["penstock_exporters"]


@hookimpl
def penstock_exporters() -> list[Exporter]:
    """Return the exporters.

    Examples
    --------
    >>> [exporter.name for exporter in penstock_exporters()]
    ['hdf5', 'zarr']
    """
    return [
        Exporter(
            name="hdf5",
            title="HDF5 that is NetCDF-4: a group for each stream, dimension scales",
            export="penstock.plugins.xarray_files.writing:export_hdf5",
            suffix=".h5",
        ),
        Exporter(
            name="zarr",
            title="Zarr: the same tree, an object for each chunk",
            export="penstock.plugins.xarray_files.writing:export_zarr",
        ),
    ]
