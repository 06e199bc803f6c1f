"""A run as an xarray tree: a node for each stream, the documents in attributes."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np
import xarray as xr

from .outcome import Exported
from .plain import json_cell, safe_names, strict_json
from .tables import Column, Table, tables_of

if TYPE_CHECKING:
    from ...core.run import BlueskyRun

__all__ = ["tree_of"]

_OURS = ("time", "seq_num", "uid")


def tree_of(run: BlueskyRun, done: Exported) -> xr.DataTree:
    """Return the streams of a run as a tree; images are lazy.

    Names are made of letters, digits and ``_``; a variable whose data key is called otherwise has
    the attribute ``data_key``. The root has the documents as JSON in ``start`` and ``stop``, each
    stream its ``descriptors``.

    Parameters
    ----------
    done
        Takes note of what is left out, and of what stands for what.
    """
    nodes: dict[str, xr.Dataset] = {}
    tables = list(tables_of(run))
    names = safe_names(table.stream for table in tables)
    for table in tables:
        nodes[names[table.stream]] = _dataset_of(table, done)
    root = {
        "start": strict_json(run.metadata["start"]),
        "stop": strict_json(run.metadata["stop"]),
    }
    return xr.DataTree.from_dict({"/": xr.Dataset(attrs=root), **nodes})


def _dataset_of(table: Table, done: Exported) -> xr.Dataset:
    for key, why in table.unreadable.items():
        done.omit(table.stream, key, why)
    names = safe_names([*table.columns, *table.images], taken=_OURS)
    variables: dict[str, Any] = {
        "seq_num": ("time", table.seq_num),
        "uid": ("time", table.uid.astype(object)),
    }
    for key, column in table.columns.items():
        made = _variable(table, column, done, names[key])
        if made is not None:
            variables[names[key]] = made
    for key, images in table.images.items():
        dims = [f"{names[key]}_{dim}" for dim in images.dims]
        attrs = _attributes(key, names[key], images.data_key)
        variables[names[key]] = (("time", *dims), images.array, attrs)
    time = ("time", table.time, {"units": "s", "long_name": "seconds since 1970-01-01 UTC"})
    attrs = {"stream": table.stream, "descriptors": strict_json(table.descriptors)}
    dataset = xr.Dataset(variables, coords={"time": time}, attrs=attrs)
    # "s" is a unit of durations to readers of NetCDF, which would make dates of it.
    dataset["time"].encoding["dtype"] = "f8"
    return dataset


def _variable(table: Table, column: Column, done: Exported, name: str) -> Any:
    attrs = _attributes(column.key, name, column.data_key)
    values = column.values
    if values.dtype.kind == "c":
        done.omit(table.stream, column.key, "complex numbers have no place here")
        return None
    if column.kind == "mixed":
        done.substitute(table.stream, column.key, "values of several kinds are written as JSON")
        flat = [json_cell(value) for value in values.tolist()]
        values = np.array(["" if cell is None else cell for cell in flat], dtype=object)
    elif column.kind == "text":
        values = values.astype(object)
    dims = [f"{name}_dim_{number}" for number in range(values.ndim - 1)]
    return (("time", *dims), values, attrs)


def _attributes(key: str, name: str, data_key: dict[str, Any]) -> dict[str, Any]:
    attrs = {
        attribute: str(data_key[attribute])
        for attribute in ("units", "source")
        if data_key.get(attribute)
    }
    if "units" in attrs:  # no date, no duration: a quantity as the file has it
        attrs["unit"] = attrs.pop("units")
    return attrs | ({"data_key": key} if name != key else {})
