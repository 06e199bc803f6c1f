"""How large a msgpack copy of a run will be, told before it is written."""

from __future__ import annotations

import math
from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

import numpy as np

from ...core.errors import TooLargeError
from .encoding import MAX_BYTES

if TYPE_CHECKING:
    from ...core.run import BlueskyRun

__all__ = ["estimate_size"]


def estimate_size(run: BlueskyRun) -> int:
    """Return how many bytes the arrays of a run take, as far as its descriptors tell.

    Raises
    ------
    TooLargeError
        If a frame is larger than msgpack can hold.
    """
    total = 0
    told = _told_keys(run)
    for name in run:
        for part in run[name].parts:
            rows, (descriptor,) = len(part), part.descriptors
            for key, data_key in descriptor["data_keys"].items():
                size = _value_bytes(told.get((descriptor["uid"], key), data_key))
                if size > MAX_BYTES:
                    raise TooLargeError(
                        f"a frame of {key!r} has {size / 2**30:.1f} GiB, and msgpack holds less "
                        "than 4 GiB in one piece",
                        where=f"run {run.uid}",
                        remedy="Read the run from its own files.",
                    )
                total += rows * size
    return total


def _told_keys(run: BlueskyRun) -> dict[tuple[str, str], dict[str, Any]]:
    """Return the data keys of arrays as their values tell them, where no dtype was described.

    Ingestors of others often leave it out. Filled descriptors come with the first rows.
    """
    untold = {
        (descriptor["uid"], key)
        for name in run
        for descriptor in run[name].descriptors
        for key, data_key in descriptor["data_keys"].items()
        if data_key.get("shape") and _dtype_of(data_key) is None
    }
    told: dict[tuple[str, str], dict[str, Any]] = {}
    if untold:
        for name, doc in run.documents(fill="delayed"):
            if name == "descriptor":
                told |= {(doc["uid"], key): item for key, item in doc["data_keys"].items()}
                if untold <= told.keys():
                    break
    return told


def _value_bytes(data_key: Mapping[str, Any]) -> int:
    shape: list[int] = [size or 0 for size in data_key.get("shape") or ()]
    dtype = _dtype_of(data_key)
    # What is not known is not a reason to refuse a copy that may fit.
    return math.prod(shape) * (1 if dtype is None else dtype.itemsize)


def _dtype_of(data_key: Mapping[str, Any]) -> np.dtype[Any] | None:
    spelled = data_key.get("dtype_numpy")
    try:
        if isinstance(spelled, list):  # a structured one, as JSON has it
            return np.dtype([tuple(field) for field in spelled])
        return np.dtype(spelled) if isinstance(spelled, str) and spelled else None
    except (TypeError, ValueError):
        return None
