"""Rows of a scan are shaped back into the grid."""

import dask.array as da
import numpy as np
import pytest
import xarray as xr

from penstock.core.errors import DataShapeError
from penstock.core.run.grid import to_grid


def scanned(shape, snaking):
    """Positions in the order of a snaking scan, walked step by step."""

    def walk(axes, forward):
        if not axes:
            yield ()
            return
        size, *rest = axes
        for position in range(size):
            yield from ((position, *inner) for inner in walk(rest, forward))

    rows, previous, direction = [], None, [True] * len(shape)
    for point in walk(shape, True):
        if previous is not None:
            for axis in range(1, len(shape)):
                if point[:axis] != previous[:axis] and snaking[axis]:
                    direction[axis] = not direction[axis]
        rows.append(
            tuple(p if d else n - 1 - p for p, d, n in zip(point, direction, shape, strict=True))
        )
        previous = point
    return np.array(rows)


@pytest.mark.parametrize("shape", [(3, 4), (2, 3, 4), (5,)])
@pytest.mark.parametrize("snakes", [False, True])
def test_every_row_lands_on_its_position(shape, snakes):
    snaking = [False] + [snakes] * (len(shape) - 1)
    rows = scanned(shape, snaking)
    names = [f"m{axis}" for axis in range(len(shape))]
    dataset = xr.Dataset(
        {name: ("time", rows[:, axis]) for axis, name in enumerate(names)},
        coords={"time": np.arange(len(rows), dtype=float)},
    )
    start = {
        "shape": list(shape),
        "snaking": snaking,
        "hints": {"dimensions": [[[name], "primary"] for name in names]},
    }
    grid = to_grid(dataset, start)
    for name, size in zip(names, shape, strict=True):
        np.testing.assert_array_equal(grid[name], np.arange(size))
    assert grid["time"].shape == shape


def test_images_stay_lazy_and_keep_their_own_axes():
    image = da.from_array(np.arange(6 * 20).reshape(6, 4, 5))
    dataset = xr.Dataset(
        {"image": (("time", "y", "x"), image)}, coords={"time": np.arange(6, dtype=float)}
    )
    grid = to_grid(dataset, {"shape": [2, 3]})
    assert grid["image"].dims == ("axis_0", "axis_1", "y", "x")
    assert isinstance(grid["image"].data, da.Array)
    np.testing.assert_array_equal(grid["image"].values, image.compute().reshape(2, 3, 4, 5))


def test_a_scan_cut_short_has_holes():
    dataset = xr.Dataset({"x": ("time", [1, 2, 3])}, coords={"time": [0.0, 1.0, 2.0]})
    np.testing.assert_array_equal(to_grid(dataset, {"shape": [2, 2]})["x"], [[1, 2], [3, np.nan]])


@pytest.mark.parametrize("start", [{}, {"shape": [1]}, {"shape": "2x2"}, {"shape": [0, 2]}])
def test_a_run_without_a_fitting_grid_says_so(start):
    dataset = xr.Dataset({"x": ("time", [1, 2])}, coords={"time": [0.0, 1.0]})
    with pytest.raises(DataShapeError, match="grid"):
        to_grid(dataset, start)
