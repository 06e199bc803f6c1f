"""Labelled arrays (xarray) of the rows of a stream."""

from __future__ import annotations

import warnings
from collections.abc import Mapping, Sequence
from typing import Any, Literal

import numpy as np
import xarray as xr

from ..assets.array import AssetArray
from ..assets.blocks import available_memory
from ..documents.keys import RESERVED
from ..errors import DataShapeError, TooLargeError
from .columns import Column, concatenate, is_lazy
from .rows import Segment

__all__ = ["BadFrames", "BadFramesWarning", "build_dataset", "load_dataset"]

BadFrames = Literal["raise", "mask"]


class BadFramesWarning(UserWarning):
    """Some frames could not be read and were masked."""


def build_dataset(
    segments: Sequence[Segment],
    *,
    values: Literal["data", "timestamps"] = "data",
    attrs: Mapping[str, Any] | None = None,
) -> xr.Dataset:
    """Make a lazy dataset of the rows of a stream's descriptors.

    Parameters
    ----------
    segments
        In the order in which the rows are to stand.
    values
        The values of the data keys, or the times at which they were taken.

    Returns
    -------
    xarray.Dataset
        With coordinate ``time`` (seconds since 1970-01-01 UTC), the data keys, ``seq_num`` and
        ``uid``; external assets are dask arrays. A data key that is called like one of these has
        ``_value`` behind its name; a dimension that is called like a data key, the key before it.
    """
    keys = list(dict.fromkeys(key for segment in segments for key in getattr(segment, values)))
    rows = [len(segment.seq_num) for segment in segments]
    names = _variable_names(keys)
    variables: dict[str, Any] = {}
    # No dimension may be called like a variable: xarray would make a coordinate of that.
    dims_used: dict[str, int | None] = dict.fromkeys(("time", *names.values()))
    for key in keys:
        column, data_key = _join(segments, rows, key, values)
        variables[names[key]] = _variable(key, column, data_key, dims_used, values)
    variables["seq_num"] = ("time", _concat([s.seq_num for s in segments], "i8"))
    variables["uid"] = ("time", _concat([s.uid for s in segments], "U36"))
    time = _concat([s.time for s in segments], "f8")
    dataset = xr.Dataset(
        variables,
        coords={
            "time": ("time", time, {"units": "s", "long_name": "seconds since 1970-01-01 UTC"})
        },
        attrs=dict(attrs or {}),
    )
    return _in_sequence(dataset) if len(segments) > 1 else dataset


def _variable_names(keys: Sequence[str]) -> dict[str, str]:
    """Return the name in the dataset of each data key."""
    names: dict[str, str] = {}
    for key in keys:
        name = f"{key}_value" if key in RESERVED else key
        while name in names.values() or (name != key and name in keys):
            name += "_"
        names[key] = name
    return names


def _concat(parts: list[Any], dtype: str) -> np.ndarray[Any, Any]:
    return np.concatenate(parts) if parts else np.empty(0, dtype=dtype)


def _in_sequence(dataset: xr.Dataset) -> xr.Dataset:
    """Put rows of interleaved descriptors in the order of their sequence numbers."""
    numbers = dataset["seq_num"].values
    if np.all(np.diff(numbers) > 0) or len(np.unique(numbers)) != len(numbers):
        return dataset
    return dataset.isel(time=np.argsort(numbers, kind="stable"))


def _join(
    segments: Sequence[Segment], rows: list[int], key: str, values: str
) -> tuple[Column, dict[str, Any]]:
    """Return one key's column over all descriptors; rows of those that lack it are missing."""
    owners = [segment for segment in segments if key in getattr(segment, values)]
    data_key: dict[str, Any] = owners[-1].descriptor["data_keys"].get(key, {})
    pattern = next(
        (getattr(s, values)[key] for s in owners if len(getattr(s, values)[key])),
        getattr(owners[0], values)[key],
    )
    columns = [
        getattr(segment, values)[key]
        if key in getattr(segment, values)
        else _absent(pattern, count)
        for segment, count in zip(segments, rows, strict=True)
        if count or key in getattr(segment, values)
    ]
    columns = [column for column in columns if len(column)] or columns[:1]
    try:
        return concatenate(columns), data_key
    except ValueError as error:
        raise DataShapeError(
            f"{key!r} changes its shape within the stream: {error}",
            remedy=f"Read without it, read(exclude=[{key!r}]), or one descriptor at a time: "
            "run[stream].parts[0].read().",
        ) from None


def _absent(pattern: Column, rows: int) -> Column:
    shape = (rows, *pattern.shape[1:])
    kind = np.dtype(pattern.dtype).kind
    if isinstance(pattern, AssetArray) or is_lazy(pattern):
        import dask.array as da

        return da.full(shape, np.nan, dtype=_with_nan(np.dtype(pattern.dtype)))
    if kind in "US":
        return np.full(shape, "", dtype=pattern.dtype)
    return np.full(shape, np.nan) if kind in "iuf" else np.full(shape, None, dtype=object)


def _with_nan(dtype: np.dtype[Any]) -> np.dtype[Any]:
    """Return the smallest floating type that holds the values of `dtype`, and NaN."""
    return np.result_type(dtype, np.float32) if dtype.kind in "iub" else dtype


def _variable(
    key: str,
    column: Column,
    data_key: Mapping[str, Any],
    dims_used: dict[str, int | None],
    values: str,
) -> Any:
    attrs = {} if values == "timestamps" else _attributes(data_key)
    dims = _dims(key, column.shape[1:], data_key.get("dims") or (), dims_used)
    lazy = column.to_dask() if isinstance(column, AssetArray) else column
    return (("time", *dims), lazy, attrs)


def _attributes(data_key: Mapping[str, Any]) -> dict[str, Any]:
    names = ("units", "source", "precision")
    return {name: data_key[name] for name in names if data_key.get(name) is not None}


def _dims(
    key: str, shape: Sequence[int], named: Sequence[str], used: dict[str, int | None]
) -> list[str]:
    """Name the axes of a value; a name that stands for something else is qualified."""
    names = list(named) if len(named) == len(shape) and len(set(named)) == len(named) else []
    if not names:
        return [_numbered(size, used) for size in shape]
    result = []
    for name, size in zip(names, shape, strict=True):
        while used.get(name, size) != size:
            name = f"{key}_{name}"
        used[name] = size
        result.append(name)
    return result


def _numbered(size: int, used: dict[str, int | None]) -> str:
    number = 0
    while f"dim_{number}" in used:
        number += 1
    used[f"dim_{number}"] = size
    return f"dim_{number}"


# Reading ---------------------------------------------------------------------------------------


def load_dataset(
    segments: Sequence[Segment], *, attrs: Mapping[str, Any], bad_frames: BadFrames
) -> xr.Dataset:
    """Make a dataset whose values are in memory, read straight into their arrays.

    Raises
    ------
    TooLargeError
        If it would take more than half of the memory at hand.
    AssetError
        If an asset cannot be read and `bad_frames` is ``"raise"``.
    """
    check_size(segments)
    masked: dict[str, list[int]] = {}
    loaded = []
    for segment in segments:
        data: dict[str, Column] = {}
        for key, column in segment.data.items():
            data[key] = _load(column, key, segment, bad_frames, masked)
        loaded.append(
            Segment(
                segment.descriptor,
                segment.seq_num,
                segment.time,
                segment.uid,
                data,
                segment.timestamps,
            )
        )
    dataset = build_dataset(loaded, attrs=attrs)
    names = _variable_names(list(dict.fromkeys(key for s in loaded for key in s.data)))
    for key, numbers in masked.items():
        dataset[names[key]].attrs["bad_seq_nums"] = numbers
    return dataset


def _load(
    column: Column, key: str, segment: Segment, bad_frames: BadFrames, masked: dict[str, list[int]]
) -> Column:
    if is_lazy(column):
        return column.compute()
    if not isinstance(column, AssetArray):
        return column
    array, bad = column.read_all(mask=bad_frames == "mask")
    if not bad:
        return array
    numbers = segment.seq_num[bad].tolist()
    masked.setdefault(key, []).extend(numbers)
    warnings.warn(
        f"{len(bad)} of {len(array)} frames of {key!r} could not be read and are NaN: "
        f"seq_num {_shortened(numbers)}",
        BadFramesWarning,
        stacklevel=5,
    )
    array = array.astype(_with_nan(array.dtype), copy=False)
    array[bad] = np.nan
    return array


def _shortened(numbers: Sequence[int], most: int = 10) -> str:
    text = ", ".join(map(str, numbers[:most]))
    return text if len(numbers) <= most else f"{text}, …"


def check_size(segments: Sequence[Segment]) -> None:
    """Raise `TooLargeError` if the values would take more than half of the memory at hand."""
    needed = sum(
        int(column.nbytes)
        for segment in segments
        for column in segment.data.values()
        if isinstance(column, AssetArray) or is_lazy(column)
    )
    available = available_memory()
    if needed > available // 2:
        raise TooLargeError(
            f"reading would take {needed / 2**30:.1f} GiB of {available / 2**30:.1f} GiB available",
            remedy="Use to_dask() and compute what you need, or read(include=[…]) fewer data keys.",
        )
