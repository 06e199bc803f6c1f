"""Parts of HDF5 files that writers of several origins need."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import h5py
import numpy as np
from numpy.typing import NDArray

__all__ = ["counts_of", "fill_group", "make_group"]


def counts_of(number: int, *shape: int) -> NDArray[np.uint16]:
    """Return counts of some shape, the same for a number every time."""
    return np.random.default_rng(number).poisson(20, shape).astype(np.uint16)


def make_group(parent: h5py.Group, path: str, kind: str, **attributes: Any) -> h5py.Group:
    """Make a group of a NeXus class, and those above it that are not there."""
    group = parent.require_group(path)
    group.attrs.update({"NX_class": kind, **attributes})
    return group


def fill_group(group: h5py.Group, values: Mapping[str, Any], **units: str) -> None:
    """Write values as datasets; those that `units` names have one."""
    for name, value in values.items():
        dataset = group.create_dataset(name, data=value)
        if name in units:
            dataset.attrs["units"] = units[name]
