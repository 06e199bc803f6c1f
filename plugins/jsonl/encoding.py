"""Documents as lines of JSON, arrays as lists."""

from __future__ import annotations

import json
from typing import Any, BinaryIO

import numpy as np
from numpy.typing import NDArray

from ...core.documents import normalise, unmasked
from ...core.errors import DocumentError, TooLargeError
from ...core.run.columns import is_lazy
from .._limits import ANY, START

__all__ = ["write_document"]

_MAX_VALUE_BYTES = 2**20
"""As many bytes as an array in an event may have to be written as text."""


def write_document(file: BinaryIO, name: str, doc: dict[str, Any]) -> None:
    """Write a document into a file, as one line; see `penstock.plugins.jsonl.export_run`."""
    if name in ("event", "event_page"):
        rows = 1 if name == "event" else max(1, len(doc["seq_num"]))
        data = {key: _as_lists(key, value, rows) for key, value in doc["data"].items()}
        doc = {**doc, "data": data}
    line = json.dumps([name, normalise(doc, where=name)]).encode("ascii") + b"\n"
    limits = START if name == "start" else ANY
    if len(line) > limits.size:
        raise TooLargeError(
            f"a {name} document takes {len(line) / 2**20:.0f} MiB as JSON, where "
            f"{limits.size >> 20} MiB are the most",
            remedy="Write a msgpack copy: run.cache(directory).",
        )
    file.write(line)


def _as_lists(key: str, value: Any, rows: int) -> Any:
    """Return a value of an event, or a column of them, as JSON has it: equal to what it was.

    Raises
    ------
    DocumentError
        If JSON has nothing that is equal to it: it would come back as another value.
    TooLargeError
        If it is an image.
    """
    if isinstance(value, list | tuple):
        return [_as_lists(key, item, 1) for item in value]
    if isinstance(value, dict):
        return {name: _as_lists(key, item, 1) for name, item in value.items()}
    if isinstance(value, complex | bytes | bytearray) and not isinstance(value, np.generic):
        raise _unlike_json(key, type(value).__name__)
    if not hasattr(value, "dtype") or not hasattr(value, "shape"):
        return value
    if int(value.nbytes) // rows > _MAX_VALUE_BYTES:
        raise TooLargeError(
            f"{key!r} holds arrays of {int(value.nbytes) // rows / 2**20:.1f} MiB in its events",
            remedy="Write a msgpack copy: run.cache(directory).",
        )
    array = np.asarray(unmasked(value.compute() if is_lazy(value) else value))
    if array.dtype.kind == "O":
        return _as_lists(key, array.tolist(), 1)
    if array.dtype.kind not in "biufU" or not _fits_floats(array):
        raise _unlike_json(key, str(array.dtype))
    return array.tolist() if array.dtype.itemsize <= 8 else normalise(array)


def _fits_floats(array: NDArray[Any]) -> bool:
    """Tell whether what is wider than 64 bits loses nothing as a float of 64."""
    if array.dtype.kind != "f" or array.dtype.itemsize <= 8:
        return True
    return np.array_equal(array.astype("f8").astype(array.dtype), array, equal_nan=True)


def _unlike_json(key: str, what: str) -> DocumentError:
    return DocumentError(
        f"{key!r} holds values of type {what} in its events, which JSON cannot give back",
        remedy="Write a msgpack copy: run.cache(directory).",
    )
