"""A stream of images and what is told of them: by the engine, by names, by an origin."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from ...core.documents import RunComposer, column_key, safe_key
from ...core.documents.compose import StreamComposer
from ...core.errors import DocumentError
from ..bounding import fit_configuration
from .origin import Described, FrameColumns

__all__ = ["MIMETYPE", "ComposedStream", "compose_stream", "event_times"]

MIMETYPE = "multipart/related;type=image/tiff"
_MOST_NOTES = 20


@dataclass(frozen=True)
class ComposedStream:
    """A stream, and its columns by data key."""

    stream: StreamComposer
    columns: dict[str, Any]


def compose_stream(
    run: RunComposer,
    name: str,
    *,
    key: str,
    image: dict[str, Any],
    columns: Mapping[str, NDArray[Any]],
    source: str,
    sources: Mapping[str, str],
    described: Described,
    constants: Mapping[str, Any],
    units: Mapping[str, str],
    found: FrameColumns,
    origin: str,
) -> ComposedStream:
    """Describe a stream of images.

    Parameters
    ----------
    run, name
        Of the stream.
    key, image
        The images' data key.
    columns, source, sources
        What the engine knows of each frame, and where from (of some: another source).
    described
        What the origin makes of the first header.
    constants, units
        What the engine knows of the images.
    found
        What the origin makes of all frames.
    origin
        Its name, the source of what it tells.
    """
    data: dict[str, Any] = dict(columns)
    data_keys = {
        key: image,
        **{
            column: column_key(values, source=sources.get(column, source))
            for column, values in columns.items()
        },
    }
    notes = list(found.notes)
    hints: dict[str, bool] = {}
    for told, values in found.columns.items():
        column = _free_name(safe_key(told), {key, *data})
        try:
            data_keys[column] = column_key(
                values,
                source=found.sources.get(told, origin),
                units=found.units.get(told),
            )
        except DocumentError as error:
            notes.append(f"no document can hold the values of {told[:80]}: {error.what}")
        else:
            data[column] = values
            hints[column] = found.hints is None or told in found.hints
    configuration, left_out = fit_configuration(
        {**constants, **described.configuration, **found.constants}
    )
    notes += left_out
    if notes:
        configuration["notes"] = notes[:_MOST_NOTES]
    detector = described.detector or key
    stream = run.stream(
        name,
        data_keys=data_keys,
        objects={_free_name(detector, set(data)): [key]} if detector != key else None,
        configuration={_free_name(detector, set(data)): configuration},
        units={**units, **_safe(described.units), **_safe(found.units)},
        hints=_hints(data_keys, hints, key, _free_name(detector, set(data))),
    )
    return ComposedStream(stream, data)


def _safe(units: Mapping[str, str]) -> dict[str, str]:
    return {safe_key(name): unit for name, unit in units.items()}


def _free_name(name: str, taken: set[str]) -> str:
    """Return the name, or one like it where that is taken."""
    free, number = name, 1
    while free in taken:
        number += 1
        free = f"{name}_{number}"
    return free


def _hints(
    data_keys: Mapping[str, dict[str, Any]], wanted: Mapping[str, bool], key: str, detector: str
) -> dict[str, Any] | None:
    """Return the hints of all objects where an origin picks among its columns; None: as ever."""
    if all(wanted.values()):
        return None
    return {
        (detector if name == key else name): {
            "fields": [name]
            if not data_key["shape"]
            and data_key["dtype"] in ("number", "integer")
            and wanted.get(name, True)
            else []
        }
        for name, data_key in data_keys.items()
    }


def event_times(
    found: FrameColumns, otherwise: NDArray[np.float64], source: str
) -> tuple[NDArray[np.float64], str]:
    """Return the time of each event, and where they come from.

    Where a frame does not tell, the other time stands for it, and the source says so.

    Examples
    --------
    >>> event_times(FrameColumns(times=np.array([5.0, np.nan])), np.array([7.0, 8.0]), "mtime")
    (array([5., 8.]), 'file (1 of 2: mtime)')
    """
    if found.times is None:
        return otherwise, source
    times = np.asarray(found.times, float)
    unknown = ~np.isfinite(times)
    if unknown.all():
        return otherwise, source
    told = found.time_source
    if unknown.any():
        told = f"{told} ({np.count_nonzero(unknown)} of {len(times)}: {source})"
    return np.where(unknown, otherwise, times), told
