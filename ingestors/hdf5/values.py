"""Small values of HDF5 files as plain data: attributes and scalars, whatever they are stored as."""

from __future__ import annotations

import math
from typing import Any

import h5py
import numpy as np

__all__ = ["is_text", "read_attribute", "read_small", "text_attribute", "to_plain"]

MOST_BYTES = 1024
"""Larger arrays are data, not metadata."""
LONGEST_TEXT = 4096

_TROUBLE = (OSError, RuntimeError, KeyError, TypeError, ValueError, UnicodeError)


def to_plain(value: Any, dtype: np.dtype[Any] | None = None) -> Any:
    """Return a value as Python's own: text decoded, arrays of one element as that element.

    What has no plain form (references, files' own types) becomes None.

    Examples
    --------
    >>> to_plain(np.array([b"Cu "])), to_plain(np.float32(0.5)), to_plain(np.array([1, 2]))
    ('Cu', 0.5, [1, 2])
    """
    names = None if dtype is None else h5py.check_enum_dtype(dtype)
    if names:
        labels = {int(number): label for label, number in names.items()}
        plain = to_plain(np.asarray(value))
        return (
            [labels.get(n, n) for n in plain]
            if isinstance(plain, list)
            else labels.get(plain, plain)
        )
    if isinstance(value, np.ndarray):
        if value.size == 1:
            return to_plain(value.reshape(-1)[0])
        return [to_plain(item) for item in value]
    if isinstance(value, np.void) and value.dtype.names:
        return {name: to_plain(value[name]) for name in value.dtype.names}
    if isinstance(value, np.generic):
        value = value.item()
    if isinstance(value, bytes):
        value = value.split(b"\0", 1)[0].decode("utf-8", "replace")
    if isinstance(value, str):
        return _shorten(value.strip())
    if isinstance(value, complex):
        return [value.real, value.imag]
    return value if isinstance(value, bool | int | float) else None


def _shorten(text: str) -> str:
    text = text.encode("utf-8", "replace").decode("utf-8")
    if len(text) <= LONGEST_TEXT:
        return text
    return f"{text[:LONGEST_TEXT]}… ({len(text)} characters)"


def is_text(dtype: np.dtype[Any] | None) -> bool:
    """Whether a dtype of h5py's holds text.

    Examples
    --------
    >>> is_text(np.dtype("S4")), is_text(h5py.string_dtype()), is_text(np.dtype("u1"))
    (True, True, False)
    """
    return dtype is not None and (dtype.kind in "SU" or h5py.check_string_dtype(dtype) is not None)


def _is_small(shape: tuple[int, ...] | None, dtype: np.dtype[Any]) -> bool:
    if shape is None:
        return False
    count = math.prod(shape)
    return count == 1 or count * max(dtype.itemsize, 8 if dtype.hasobject else 1) <= MOST_BYTES


def _has_plain_form(dtype: np.dtype[Any]) -> bool:
    if dtype.names:
        return all(_has_plain_form(dtype[name]) for name in dtype.names)
    if dtype.subdtype is not None:
        return _has_plain_form(dtype.subdtype[0])
    return is_text(dtype) or dtype.kind in "biufc"


def read_small(dataset: h5py.Dataset) -> Any:
    """Return the value of a small dataset as plain data; None if it is large, or has no plain form.

    Raises nothing for a damaged value: there is no value then.

    Examples
    --------
    >>> with h5py.File("x", "w", driver="core", backing_store=False) as file:
    ...     read_small(file.create_dataset("x", data=[b"Cu"]))
    'Cu'
    """
    try:
        if not _is_small(dataset.shape, dataset.dtype) or not _has_plain_form(dataset.dtype):
            return None
        if dataset.is_virtual or dataset.external:
            return None
        value = dataset[()]
        if value.dtype.kind == "i" and value.dtype.itemsize == 1 and value.size > 1:
            return _text_of_numbers(value)
        return to_plain(value, dataset.dtype)
    except AttributeError:  # text of variable length comes as bytes
        return to_plain(value, None)
    except _TROUBLE:
        return None


def _text_of_numbers(value: np.ndarray[Any, Any]) -> Any:
    """Decode text that was stored as int8 array, closed by a zero (EPICS char waveforms)."""
    raw = value.astype("u1").tobytes().split(b"\0", 1)[0]
    if value.ndim == 1 and len(raw) > 1 and all(32 <= byte < 127 for byte in raw):
        return to_plain(raw)
    return to_plain(value)


def read_attribute(found: h5py.Group | h5py.Dataset, name: str) -> Any:
    """Return an attribute as plain data; None if there is none, or it is large or damaged.

    Examples
    --------
    >>> with h5py.File("x", "w", driver="core", backing_store=False) as file:
    ...     file.attrs["units"] = np.array([b"mm"])
    ...     read_attribute(file, "units")
    'mm'
    """
    try:
        raw = name.encode("utf-8", "surrogateescape")
        if not h5py.h5a.exists(found.id, raw):
            return None
        attribute = h5py.h5a.open(found.id, raw)
        shape, dtype = attribute.shape, attribute.dtype
        if not _is_small(shape, dtype) or not _has_plain_form(dtype):
            return None
        if shape == () and is_text(dtype):  # most are; `attrs` takes three times as long
            text = np.empty((), dtype)
            attribute.read(text)
            value: Any = text[()]
            if dtype.kind == "O":
                value = value.decode("utf-8", "surrogateescape")
            return to_plain(value, dtype)
        return to_plain(found.attrs[name], dtype)
    except _TROUBLE:
        return None


def text_attribute(found: h5py.Group | h5py.Dataset, name: str) -> str:
    """Return an attribute if it is text, else ``""``.

    Examples
    --------
    >>> with h5py.File("x", "w", driver="core", backing_store=False) as file:
    ...     text_attribute(file, "NX_class")
    ''
    """
    value = read_attribute(found, name)
    return value if isinstance(value, str) else ""
