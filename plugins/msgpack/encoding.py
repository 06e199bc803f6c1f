"""Documents as msgpack, arrays as msgpack-numpy writes them, streamed without copies of them."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any, BinaryIO

import msgpack
import numpy as np
from numpy.typing import NDArray

from ...core.documents import normalise, unmasked
from ...core.errors import DocumentError, TooLargeError
from .arrays import require_readable

__all__ = ["MAX_BYTES", "encode_document", "write_document"]

MAX_BYTES = 2**32 - 1
"""As many bytes as one array can have in msgpack."""

_STREAMED = 64 * 1024
"""Arrays of so many bytes go from where they are into the file."""


def write_document(file: BinaryIO, name: str, doc: dict[str, Any]) -> None:
    """Write a document into a file; see `encode_document`."""
    for part in encode_document(name, doc):
        file.write(part)


def encode_document(name: str, doc: dict[str, Any]) -> Iterator[bytes | memoryview]:
    """Yield the bytes of an item; large arrays among the columns of a page as they lie in memory.

    Raises
    ------
    DocumentError
        If it holds what msgpack cannot: integers of more than 64 bits, objects.
    TooLargeError
        If an array is larger than msgpack can hold.

    Examples
    --------
    >>> msgpack.unpackb(b"".join(encode_document("start", {"uid": "6f2a"})))
    ['start', {'uid': '6f2a'}]
    """
    packer = msgpack.Packer(default=_default, use_bin_type=True, unicode_errors="surrogatepass")
    if name not in ("event", "event_page") or not isinstance(doc.get("data"), dict):
        yield _pack(packer, [name, doc], name)
        return
    yield packer.pack_array_header(2) + packer.pack(name) + packer.pack_map_header(len(doc))
    for key, value in doc.items():
        if key != "data":
            yield packer.pack(key) + _pack(packer, value, name)
            continue
        yield packer.pack(key) + packer.pack_map_header(len(value))
        for data_key, column in value.items():
            yield packer.pack(data_key)
            yield from _encode_column(packer, column, f"{name}, {data_key!r}")


def _encode_column(packer: Any, column: Any, where: str) -> Iterator[bytes | memoryview]:
    column = unmasked(column)
    if isinstance(column, list) and any(_is_large(value) for value in column):
        yield packer.pack_array_header(len(column))
        for value in column:
            yield from _encode_column(packer, value, where)
    elif _is_large(column):
        array = _storable(column)
        if array.nbytes > MAX_BYTES:
            raise TooLargeError(
                f"an array of {array.nbytes / 2**30:.1f} GiB is larger than msgpack can hold",
                where=where,
                remedy="Use another format.",
            )
        head = _array_head(array)
        yield packer.pack_map_header(len(head) + 1)
        yield b"".join(packer.pack(key) + packer.pack(value) for key, value in head.items())
        yield packer.pack(b"data") + b"\xc6" + array.nbytes.to_bytes(4, "big")
        yield array.reshape(-1).view(np.uint8).data
    else:
        yield _pack(packer, column, where)


def _is_large(value: Any) -> bool:
    return isinstance(value, np.ndarray) and value.nbytes >= _STREAMED and not value.dtype.hasobject


def _pack(packer: Any, value: Any, where: str) -> bytes:
    try:
        packed: bytes = packer.pack(value)
    except (OverflowError, ValueError, TypeError) as error:
        if isinstance(error, DocumentError):
            raise
        raise DocumentError(
            f"cannot be written as msgpack: {error}",
            where=where,
            remedy="Give integers of at most 64 bits, and no objects.",
        ) from error
    return packed


def _default(value: Any) -> Any:
    """Turn what msgpack does not know into what it does, as msgpack-numpy would."""
    if isinstance(value, np.ndarray):
        value = unmasked(value)
        # Objects would become a pickle, which nobody should have to load.
        return value.tolist() if value.dtype.hasobject else _array_map(value)
    if isinstance(value, np.bool_ | np.number):
        return {b"nd": False, b"type": value.dtype.str, b"data": value.tobytes()}
    if isinstance(value, complex):
        return {b"complex": True, b"data": repr(value)}
    if hasattr(value, "__array__") and hasattr(value, "dtype") and hasattr(value, "shape"):
        return np.asarray(value)
    if isinstance(value, int):
        raise DocumentError(
            f"holds the integer {value}, which has more than 64 bits",
            remedy="Write it as text or as a float.",
        )
    return normalise(value)


def _array_map(value: NDArray[Any]) -> dict[bytes, Any]:
    array = _storable(value)
    if array.nbytes > MAX_BYTES:
        raise TooLargeError("an array is larger than msgpack can hold")
    return {**_array_head(array), b"data": array.tobytes()}


def _array_head(array: NDArray[Any]) -> dict[bytes, Any]:
    structured = array.dtype.kind == "V" and array.dtype.names is not None
    spelled = _as_lists(array.dtype.descr) if structured else array.dtype.str
    try:
        require_readable(spelled, array.shape)
    except ValueError as error:
        raise DocumentError(
            f"{error}, which is not read from copies",
            remedy="Give arrays of fewer fields and dimensions, and no objects.",
        ) from error
    return {
        b"nd": True,
        b"type": spelled,
        b"kind": b"V" if structured else b"",
        b"shape": array.shape,
    }


def _as_lists(spelled: Any) -> Any:
    return [_as_lists(part) for part in spelled] if isinstance(spelled, list | tuple) else spelled


def _storable(array: NDArray[Any]) -> NDArray[Any]:
    """Return it in C order, of a dtype that msgpack-numpy can spell."""
    return np.ascontiguousarray(array, dtype=_storable_dtype(array.dtype)).reshape(array.shape)


def _storable_dtype(dtype: np.dtype[Any]) -> np.dtype[Any]:
    """Return a dtype of the same values that msgpack-numpy can spell and read.

    It cannot where fields overlap or are out of order; padding and titles come back as other
    fields, and texts of no length not at all.
    """
    if dtype.subdtype is not None:
        base, shape = dtype.subdtype
        return np.dtype((_storable_dtype(base), shape))
    if dtype.names is not None and dtype.fields is not None:
        return np.dtype([(name, _storable_dtype(dtype.fields[name][0])) for name in dtype.names])
    return np.dtype(f"{dtype.kind}1") if dtype.kind in "SU" and not dtype.itemsize else dtype
