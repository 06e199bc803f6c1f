"""Streams of a tomography in HDF5: projections, flat and dark fields, and the angle of the sample.

What origins of such files share; each knows where its files keep them.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import replace
from typing import Any

import numpy as np

from .hdf5.content import Content, Stream
from .hdf5.images import Image
from .hdf5.one_column import Column
from .hdf5.times import EventTimes

__all__ = ["DARK", "FLAT", "PROJECTIONS", "name_theta", "part_by_image", "part_by_key"]

PROJECTIONS, FLAT, DARK = "primary", "flat", "dark"
_ROLES = {0: PROJECTIONS, 1: FLAT, 2: DARK, 3: "invalid"}
"""What NXtomo's ``image_key`` says of a frame."""
_DIMS = ("y", "x")
_ANGLE = re.compile(r"theta|rot|angle|omega|phi", re.IGNORECASE)


def part_by_key(content: Content, keys: np.ndarray[Any, Any]) -> None:
    """Part the first stream of a run by NXtomo's ``image_key``, a number for each of its frames."""
    first, *others = content.streams
    numbers = np.asarray(keys).round().astype(int)
    parted = [
        _pick(first, _ROLES.get(number, f"image_key_{number}"), np.flatnonzero(numbers == number))
        for number in sorted(set(numbers.tolist()))
    ]
    content.streams = [*parted, *others]


def _pick(stream: Stream, name: str, rows: np.ndarray[Any, Any]) -> Stream:
    return replace(
        stream,
        name=name,
        columns=[replace(column, values=column.values[rows]) for column in stream.columns],
        rows=len(rows),
        times=EventTimes(stream.times.values[rows], stream.times.source),
        inline={key: values[rows] for key, values in stream.inline.items()},
        timestamps={key: values[rows] for key, values in stream.timestamps.items()},
        dims=stream.dims or _DIMS,
        picked=rows,
    )


def part_by_image(content: Content, roles: Mapping[str, str], key: str) -> None:
    """Give images the streams of their roles, and one name: they are of one detector.

    Parameters
    ----------
    roles
        The stream of each image, by the path that it was found by.
    key
        What the images are called.
    """
    by_role: dict[str, Stream] = {}
    others: list[Stream] = []
    for stream in content.streams:
        left: list[Image] = []
        for image in stream.images:
            role = roles.get(image.signal.named)
            if role is None:
                left.append(image)
            else:
                by_role[role] = _of_image(stream, image, role, key)
        if left or not stream.images:
            others.append(replace(stream, images=left))
    content.streams = [by_role[role] for role in dict.fromkeys(roles.values()) if role in by_role]
    content.streams += others


def _of_image(stream: Stream, image: Image, role: str, key: str) -> Stream:
    own = role == stream.name
    times = stream.times
    if len(times.values) != image.events:
        times = EventTimes(np.full(image.events, times.values.min()), times.source)
    owner = stream.owners.get(image.key, "")
    return replace(
        stream,
        name=role,
        images=[replace(image, key=key)],
        columns=stream.columns if own else [],
        rows=image.events,
        times=times,
        inline={},
        dims=stream.dims or _DIMS,
        # An object of the image's old name is the image itself.
        owners={key: owner} if owner and owner != image.key else {},
        constants={
            (key if name == image.key else name): told for name, told in stream.constants.items()
        },
    )


def name_theta(content: Content) -> None:
    """Call the column that the angle of the sample stands in ``theta``; a note where none does."""
    found = _theta(content.streams[0].columns)
    if found is None:
        content.notes.append("nothing tells the angles of the projections: there is no theta")
        return
    for stream in content.streams:
        stream.columns = [
            replace(column, key="theta") if column.path == found.path else column
            for column in stream.columns
        ]


def _theta(columns: list[Column]) -> Column | None:
    numbers = [column for column in columns if column.values.dtype.kind in "iuf"]
    for column in numbers:
        if column.key in ("theta", "rotation_angle"):
            return column
    axes = [column for column in numbers if column.axis == 0 and _ANGLE.search(column.key)]
    # What was asked for counts less than what was read back.
    return min(axes, key=lambda column: column.key.endswith("_set"), default=None)
