"""Which point of a scan or hyperstack each page of a TIFF file is, as far as the file tells."""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

import numpy as np
from numpy.typing import NDArray

from .metadata import TiffFacts

__all__ = ["PageAxes", "page_axes", "row_major_order"]

_NAMES = {
    "T": "t",
    "C": "c",
    "Z": "z",
    "R": "tile",
    "P": "phase",
    "E": "wavelength",
    "H": "lifetime",
}


@dataclass(frozen=True)
class PageAxes:
    """Where each page stands along the axes of a scan or hyperstack."""

    columns: dict[str, NDArray[np.int64]] = field(default_factory=dict)
    """For each axis, the position of each page, the slowest axis first."""
    shape: tuple[int, ...] = ()
    """Of the grid that the pages fill row by row; empty if they do not."""
    constants: dict[str, Any] = field(default_factory=dict)
    units: dict[str, str] = field(default_factory=dict)
    notes: tuple[str, ...] = ()


def page_axes(facts: TiffFacts) -> PageAxes:
    """Return what the file tells about the order of its pages.

    Examples
    --------
    >>> import tifffile
    >>> from penstock.ingestors.tiff.metadata import inspect_file
    >>> images = np.zeros((2, 5, 4, 6), "u2")
    >>> tifffile.imwrite("h.tif", images, imagej=True, metadata={"axes": "TZYX"})
    >>> axes = page_axes(inspect_file("h.tif"))
    >>> axes.shape, axes.columns["z"].tolist()
    ((2, 5), [0, 1, 2, 3, 4, 0, 1, 2, 3, 4])
    """
    leading = len(facts.series_shape) - len(facts.directory.kind(0).shape)
    shape = facts.series_shape[: max(0, leading)]
    if leading < 1 or math.prod(shape) != len(facts.directory):
        return PageAxes()
    names = _axis_names(facts.series_axes[:leading])
    if leading == 1 and names[0].startswith("axis_"):
        return PageAxes()
    return PageAxes(_grid(names, shape), shape)


def _axis_names(letters: str) -> list[str]:
    names: list[str] = []
    for position, letter in enumerate(letters):
        name = _NAMES.get(letter, f"axis_{position + 1}")
        names.append(name if name not in names else f"axis_{position + 1}")
    return names


def _grid(names: list[str], shape: tuple[int, ...]) -> dict[str, NDArray[np.int64]]:
    positions = np.unravel_index(np.arange(math.prod(shape)), shape)
    return dict(zip(names, (axis.astype(np.int64) for axis in positions), strict=True))


def row_major_order(columns: Mapping[str, NDArray[np.int64]]) -> list[str] | None:
    """Return the axes from the slowest to the fastest, if points fill their grid in that order.

    Parameters
    ----------
    columns
        For each axis, the position of each point, from 0.

    Examples
    --------
    >>> row_major_order({"c": np.array([0, 1, 0, 1]), "t": np.array([0, 0, 1, 1])})
    ['t', 'c']
    >>> row_major_order({"c": np.array([0, 1, 1, 0]), "t": np.array([0, 0, 1, 1])})
    """
    if not columns:
        return None
    changes = {name: int(np.count_nonzero(np.diff(values))) for name, values in columns.items()}
    order = sorted(columns, key=lambda name: changes[name])
    sizes = [int(columns[name].max(initial=0)) + 1 for name in order]
    points = len(columns[order[0]])
    if math.prod(sizes) != points:
        return None
    expected = np.unravel_index(np.arange(points), sizes)
    fits = all(
        np.array_equal(columns[name], axis) for name, axis in zip(order, expected, strict=True)
    )
    return order if fits else None
