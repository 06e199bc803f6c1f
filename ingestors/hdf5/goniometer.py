"""Axes of goniometers, as NXmx and Dectris have them: those that move are columns.

An axis is a dataset of a group of transformations, with a position for each frame or one for all;
beside it may stand where each frame ended, and by how much they differ.
"""

from __future__ import annotations

import re
from dataclasses import replace

from .baseline import Reading, baseline_stream, read_readings
from .content import Content
from .reader import Reader
from .signals import Selection

__all__ = ["take_axes", "with_axes"]

_DERIVED = re.compile(r".*_(end|start|increment|increment_set|range_average|range_total)")
"""What is told of an axis beside its positions."""
_GONIOMETERS = (
    "sample/goniometer",
    "sample/transformations",
    "instrument/detector/goniometer",
    "instrument/detector/transformations",
    "instrument/transformations",
)
_UNITS = {"degree": "deg", "degrees": "deg"}


def _axes(reader: Reader, entry: str | None) -> dict[str, str]:
    """Return the datasets with the positions of axes, by data key."""
    axes: dict[str, str] = {}
    for group in _GONIOMETERS:
        for info in reader.tree.children(f"{entry or ''}/{group}"):
            name = info.path.rpartition("/")[2]
            if info.numeric and not _DERIVED.fullmatch(name):
                axes.setdefault(name, info.path)
    return axes


def with_axes(reader: Reader, selection: Selection) -> Selection:
    """Return a selection to which the axes belong that have a position for each frame."""
    axes = _axes(reader, selection.entry)
    ends = {f"{name}_end": f"{path}_end" for name, path in axes.items()}
    there = {name: path for name, path in ends.items() if path in reader.tree.datasets}
    belonging = {path: name for name, path in (axes | there).items()}
    return replace(selection, belonging={**belonging, **selection.belonging})


def take_axes(reader: Reader, content: Content, entry: str | None) -> None:
    """Leave axes that move as columns; those that do not are a baseline."""
    stream, described = content.streams[0], content.described
    axes = _axes(reader, entry)
    moving: list[str] = []
    still = read_readings(reader, axes)
    for column in [column for column in stream.columns if column.path in axes.values()]:
        column_of_unit = replace(column, units=_UNITS.get(column.units, column.units))
        stream.columns.remove(column)
        if (column.values == column.values[:1]).all():
            value = column.values[0].item()
            still[column.key] = Reading(value, column_of_unit.units, column.path)
        else:
            moving.append(column.key)
            stream.columns.append(column_of_unit)
    # Where each frame ended is worth keeping, not plotting.
    stream.unhinted |= {column.key for column in stream.columns if column.key.endswith("_end")}
    if moving:
        first = min(moving, key=lambda key: key != "omega")
        described.start["motors"] = moving
        described.start["hints"] = {"dimensions": [[[first], "primary"]]}
    still = {
        key: replace(reading, units=_UNITS.get(reading.units, reading.units))
        for key, reading in still.items()
    }
    baseline = baseline_stream([(described.time, still)], described.time_source)
    if baseline is not None:
        content.streams.append(baseline)
