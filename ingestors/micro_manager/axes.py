"""The axes of Micro-Manager: numbers or names, in any number."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

from ...core.documents import safe_key
from ..tiff.origin import FrameColumns

__all__ = ["AXIS_KEYS", "lay_out"]

AXIS_KEYS = {"time": "t", "channel": "c", "z": "z", "position": "position"}
_LABELS = {"c": "channel", "position": "position_name"}
_SLOWEST_FIRST = ("position", "t", "z", "c")


def lay_out(
    points: Sequence[Mapping[str, Any]], channels: Sequence[str] = ()
) -> tuple[dict[str, NDArray[np.int64]], FrameColumns]:
    """Return the position of each image along each axis, and the names of positions.

    Parameters
    ----------
    points
        For each image, its position by the names of axes: a number, or a name.
    channels
        Their names, where points have numbers.

    Examples
    --------
    >>> axes, found = lay_out([{"channel": "DAPI", "time": 0}, {"channel": "FITC", "time": 0}])
    >>> axes["c"].tolist(), found.columns
    ([0, 1], {'channel': ['DAPI', 'FITC']})
    """
    axes: dict[str, NDArray[np.int64]] = {}
    columns: dict[str, list[str]] = {}
    constants: dict[str, str] = {}
    for name in dict.fromkeys(name for point in points for name in point):
        key = AXIS_KEYS.get(name, safe_key(name))
        values = [point.get(name) for point in points]
        if all(isinstance(value, int) for value in values):
            axes[key] = np.array(values, np.int64)
            labels = (
                [
                    channels[v] if 0 <= v < len(channels) else ""
                    for v in values
                    if isinstance(v, int)
                ]
                if key == "c"
                else []
            )
        else:
            labels = ["" if value is None else str(value) for value in values]
            numbers = {label: number for number, label in enumerate(dict.fromkeys(labels))}
            axes[key] = np.array([numbers[label] for label in labels], np.int64)
        if any(labels):
            label = _LABELS.get(key, f"{key}_name")
            if len(set(labels)) > 1:
                columns[label] = labels
            else:
                constants[label] = labels[0]
    order = [axis for axis in _SLOWEST_FIRST if axis in axes]
    order = [axis for axis in axes if axis not in order] + order
    return {axis: axes[axis] for axis in order}, FrameColumns(columns=columns, constants=constants)
