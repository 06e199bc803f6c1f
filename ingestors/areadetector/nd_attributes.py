"""NDAttributes in files of NDFileHDF5: datasets that say of themselves that they are one.

A layout (XML) puts each wherever it likes, some in several places; ``NDAttrName``, ``NDAttrSource``
and ``NDAttrSourceType`` on the dataset tell. After NDFileHDF5.cpp of ADCore.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Any

import h5py
import numpy as np
from numpy.typing import NDArray

from ...core.errors import AssetError, UnsafeLinkError
from ..assets.hdf5.sources import SourceCheck
from ..hdf5.one_column import read_column
from ..hdf5.reader import Reader
from ..hdf5.values import text_attribute
from .attributes import unit_in_name

__all__ = ["NDAttribute", "find_attributes", "is_attribute", "unit_of"]

_MARKS = (b"NDAttrName", b"NDAttrSource", b"NDAttrSourceType")
_MOST = 2000
_UNIT = re.compile(r"(?:,\s*|\[)([A-Za-z%µ°/^0-9]{1,8})\]?\s*$")
_UNITS = {
    **{unit: unit for unit in ("mm", "um", "nm", "m", "deg", "mrad", "eV", "keV", "K", "s", "ms")},
    **{unit: unit for unit in ("mA", "V", "mV", "A", "Hz", "kHz", "mbar", "g/cm3", "%")},
    "degrees": "deg",
    "degree": "deg",
    "degC": "degC",
    "C": "degC",
    "KeV": "keV",
    "pixels": "pixel",
    "pixel": "pixel",
    "counts": "counts",
    "degC/min": "degC/min",
}
"""Units as people write them behind a description, and what they are called."""


@dataclass
class NDAttribute:
    """One attribute, with a value for each frame or one for all."""

    name: str
    values: NDArray[Any]
    source: str
    """The parameter or process variable that it was read from."""
    units: str
    paths: list[str] = field(default_factory=list)
    """Where it is; the same values may be in several places."""

    @property
    def is_constant(self) -> bool:
        """Whether all values are the same (NaN are)."""
        same = self.values == self.values[:1]
        if self.values.dtype.kind == "f":
            same |= np.isnan(self.values) & np.isnan(self.values[:1])
        return bool(np.all(same))

    @property
    def constant(self) -> Any:
        """The value that all frames have, as plain data."""
        return self.values[0].tolist()


def is_attribute(dataset: h5py.Dataset) -> bool:
    """Whether a dataset is marked as an NDAttribute."""
    return all(h5py.h5a.exists(dataset.id, mark) for mark in _MARKS)


def find_attributes(reader: Reader) -> list[NDAttribute]:
    """Return the attributes of a file, each once, unless places have different values."""
    check = SourceCheck(reader.reach)
    found: dict[str, NDAttribute] = {}
    for dataset, path in _marked(reader):
        try:
            column = read_column(reader.find(path), "x", check)
        except (AssetError, UnsafeLinkError):
            continue
        values = _texts(dataset) if column is None or _is_char(dataset) else column.values
        if values is None or not len(values):
            continue
        name = text_attribute(dataset, "NDAttrName")
        known = found.get(name)
        if known is not None and _same(known.values, values):
            known.paths.append(path)
            continue
        key = name if known is None else f"{name} {path.strip('/')}"
        source = text_attribute(dataset, "NDAttrSource")
        unit = unit_of(dataset, name, text_attribute(dataset, "NDAttrDescription"))
        found[key] = NDAttribute(key, values, source, unit, [path])
    _take_units_beside(found)
    return list(found.values())


def _marked(reader: Reader) -> Iterator[tuple[h5py.Dataset, str]]:
    count = 0
    for path, info in reader.tree.datasets.items():
        if info.elsewhere or not info.shape or len(info.shape) > 2:
            continue
        dataset = reader.file[path]
        if is_attribute(dataset):
            count += 1
            yield dataset, path
        if count > _MOST:
            return


def _is_char(dataset: h5py.Dataset) -> bool:
    return len(dataset.shape) == 2 and dataset.dtype.kind in "iu" and dataset.dtype.itemsize == 1


def _texts(dataset: h5py.Dataset) -> NDArray[Any] | None:
    """Decode text that is kept as rows of int8, closed by a zero (older versions)."""
    if not _is_char(dataset):
        return None
    rows = np.asarray(dataset[()]).astype("u1")
    return np.array([row.tobytes().split(b"\0", 1)[0].decode("utf-8", "replace") for row in rows])


def _same(first: NDArray[Any], second: NDArray[Any]) -> bool:
    if first.shape != second.shape or first.dtype.kind != second.dtype.kind:
        return False
    return np.array_equal(first, second, equal_nan=first.dtype.kind == "f")


def unit_of(dataset: h5py.Dataset, name: str, description: str) -> str:
    """Return the unit of an attribute: its own, or what its name or description ends with."""
    unit = text_attribute(dataset, "units") or unit_in_name(name)
    if not unit:
        told = _UNIT.search(description)
        unit = "" if told is None else _UNITS.get(told[1], "")
    return "angstrom" if unit == "A" and "wavelength" in name.lower() else _UNITS.get(unit, unit)


def _take_units_beside(found: dict[str, NDAttribute]) -> None:
    """Take the units that attributes of their own tell: ``monoE_EGU`` those of ``monoE``."""
    for name, attribute in found.items():
        for suffix in ("_EGU", ".EGU"):
            told = found.get(f"{name}{suffix}")
            if told is not None and not attribute.units and isinstance(told.constant, str):
                unit = told.constant
                unit = "angstrom" if unit == "A" and "wave" in name.lower() else unit
                attribute.units = _UNITS.get(unit, unit)
