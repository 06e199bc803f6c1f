"""Scans over a grid: rows shaped back into the axes that were scanned."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
import xarray as xr

from ..errors import DataShapeError

__all__ = ["to_grid"]


def to_grid(dataset: xr.Dataset, start: Mapping[str, Any]) -> xr.Dataset:
    """Shape the rows of a dataset into the grid that its run scanned.

    Parameters
    ----------
    dataset
        Rows along dimension ``time``, lazy or not.
    start
        The start document: ``shape`` (points along each axis, the slowest first), ``snaking``
        (axes that run back and forth), ``hints.dimensions`` (their names).

    Returns
    -------
    xarray.Dataset
        With one dimension for each axis instead of ``time``, which becomes a coordinate on them.
        Rows that a run cut short did not reach are NaN.

    Raises
    ------
    DataShapeError
        If the run does not say what its grid was, or has more rows than that.

    Examples
    --------
    >>> rows = xr.Dataset({"x": ("time", [1, 2, 4, 3])}, coords={"time": [0.0, 1.0, 2.0, 3.0]})
    >>> to_grid(rows, {"shape": [2, 2], "snaking": [False, True]})["x"].values.tolist()
    [[1, 2], [3, 4]]
    """
    shape = _grid_shape(start, dataset.sizes["time"])
    names = _axis_names(start, shape, dataset)
    missing = int(np.prod(shape)) - dataset.sizes["time"]
    if missing:
        dataset = dataset.pad(time=(0, missing))
    order = _order(shape, start.get("snaking") or [])
    if not np.array_equal(order, np.arange(len(order))):
        dataset = dataset.isel(time=order)
    variables = {
        name: _reshaped(variable, shape, names) for name, variable in dataset.variables.items()
    }
    for axis, name in enumerate(names):
        if name in variables:
            _make_axis(variables, axis, name)
    return xr.Dataset(variables, attrs=dataset.attrs).set_coords(["time"])


def _grid_shape(start: Mapping[str, Any], rows: int) -> tuple[int, ...]:
    shape = start.get("shape")
    if (
        not isinstance(shape, Sequence)
        or not shape
        or not all(isinstance(size, int) and size > 0 for size in shape)
    ):
        raise DataShapeError(
            f"its start document has no shape of a grid (shape: {shape!r})",
            where=f"run {start.get('uid')}",
            remedy="Read it row by row: read() without grid=True.",
        )
    if rows > np.prod(shape):
        raise DataShapeError(
            f"it has {rows} rows, more than a grid of {tuple(shape)} holds",
            where=f"run {start.get('uid')}",
            remedy="Read it row by row: read() without grid=True.",
        )
    return tuple(shape)


def _axis_names(
    start: Mapping[str, Any], shape: tuple[int, ...], dataset: xr.Dataset
) -> tuple[str, ...]:
    """Name each axis by the first field of its dimension in the hints, else ``axis_0`` ….

    A name that is a dimension of the data already is not taken.
    """
    dimensions = (start.get("hints") or {}).get("dimensions") or []
    fields = [entry[0][0] for entry in dimensions if entry and entry[0]]
    usable = len(fields) == len(shape) == len(set(fields)) and not {"time", *dataset.dims} & set(
        fields
    )
    return tuple(fields) if usable else tuple(f"axis_{number}" for number in range(len(shape)))


def _order(shape: tuple[int, ...], snaking: Sequence[bool]) -> np.ndarray[Any, Any]:
    """Return, for each point of the grid in C order, the row in which it was taken."""
    grid = np.arange(int(np.prod(shape))).reshape(shape)
    # The fastest axis first: which lines run backwards is counted in the order of time.
    for axis in reversed(range(1, min(len(shape), len(snaking)))):
        if snaking[axis]:
            lines = grid.reshape(-1, *shape[axis:])
            lines[1::2] = lines[1::2, ::-1]
            grid = lines.reshape(shape)
    return grid.ravel()


def _reshaped(variable: Any, shape: tuple[int, ...], names: tuple[str, ...]) -> xr.Variable:
    if not variable.dims or variable.dims[0] != "time":
        return xr.Variable(variable.dims, variable.data, variable.attrs)
    data = variable.data.reshape((*shape, *variable.shape[1:]))
    return xr.Variable((*names, *variable.dims[1:]), data, variable.attrs)


def _make_axis(variables: dict[Any, xr.Variable], axis: int, name: str) -> None:
    """Make an axis' positions its coordinate where they depend on nothing but that axis."""
    measured = variables.pop(name)
    values = np.moveaxis(np.asarray(measured.values), axis, 0)
    lines = values.reshape(len(values), -1)
    if np.array_equal(lines, np.broadcast_to(lines[:, :1], lines.shape)):
        variables[name] = xr.Variable((name,), lines[:, 0], measured.attrs)
    else:
        variables[f"{name}_measured"] = measured
