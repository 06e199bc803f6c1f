"""One value for each event, read from a dataset."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import h5py
import numpy as np

from ...core.documents import safe_key
from ...core.errors import AssetError
from ..assets.hdf5.filters import missing_filters
from ..assets.hdf5.links import Target
from ..assets.hdf5.sources import SourceCheck
from .values import text_attribute

__all__ = ["Column", "read_column"]

_MOST_BYTES = 16 * 2**20


@dataclass(frozen=True)
class Column:
    """One value for each event."""

    key: str
    values: np.ndarray[Any, Any]
    units: str
    path: str
    axis: int | None = None
    """The scan axis that it is the coordinate of."""
    start: str = ""
    """What its times count from, where it says so (NXlog's ``@start``)."""


def read_column(target: Target, name: str, check: SourceCheck) -> Column | None:
    """Read a dataset that is to stand in event pages; None where it is too large, or no values.

    Raises
    ------
    AssetError, UnsafeLinkError
        If it cannot be read.
    """
    dataset = target.object
    if not isinstance(dataset, h5py.Dataset):
        return None
    check.check(target)
    if dataset.size is None or dataset.size * max(8, dataset.dtype.itemsize) > _MOST_BYTES:
        return None
    if missing_filters(dataset):
        return None
    try:
        values = dataset[()] if dataset.shape else dataset[()][None]
    except (OSError, RuntimeError, TypeError, ValueError) as error:
        raise AssetError(
            f"cannot be read: HDF5 says {error}", where=f"{target.file}::{target.name}"
        ) from error
    values = _plain_values(values)
    if values is None:
        return None
    return Column(
        key=safe_key(name),
        values=values,
        units=text_attribute(dataset, "units"),
        path=target.name,
        start=text_attribute(dataset, "start"),
    )


def _plain_values(values: np.ndarray[Any, Any]) -> np.ndarray[Any, Any] | None:
    kind = values.dtype.kind
    if kind in "biuf":
        return values.astype(values.dtype.newbyteorder("="))
    if kind in "SO":
        texts = [
            item.split(b"\0", 1)[0].decode("utf-8", "replace").strip()
            if isinstance(item, bytes)
            else item
            for item in values.ravel()
        ]
        if all(isinstance(item, str) for item in texts):
            return np.array(texts, dtype=np.str_).reshape(values.shape)
    return None
