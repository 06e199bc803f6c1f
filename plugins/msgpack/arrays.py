"""Arrays in a msgpack file: what msgpack-numpy writes, decoded as data and nothing else."""

from __future__ import annotations

import math
import os
import re
import sys
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from ...core.assets.array import AssetArray, Piece
from ...core.assets.protocol import Region
from ...core.errors import AssetError, MissingFileError, TruncatedFileError, UnsupportedFileError
from .._limits import ANY

__all__ = [
    "FileIdentity",
    "StoredArray",
    "StoredFrames",
    "decode_array",
    "require_readable",
    "require_text",
]

_PLAIN_DTYPE = re.compile(r"[<>|=]?[biufcSUV][0-9]{1,9}|[<>|=]?[mM]8(\[[0-9]{0,9}[a-zA-Z]{1,2}\])?")
_MAX_DIMENSIONS = 32
_MAX_STRUCTURES = 4
_MAX_FIELDS = 1000


@dataclass(frozen=True)
class FileIdentity:
    """A file as it was when offsets in it were found."""

    path: str
    inode: int
    size: int
    mtime_ns: int

    @classmethod
    def of(cls, descriptor: int, path: str) -> FileIdentity:
        """Take that of an open file."""
        stat = os.fstat(descriptor)
        return cls(path, stat.st_ino, stat.st_size, stat.st_mtime_ns)


@dataclass(frozen=True)
class StoredArray:
    """An array in a file."""

    file: FileIdentity
    offset: int
    shape: tuple[int, ...]
    dtype: np.dtype[Any]

    def rows(self) -> Piece:
        """Return it as rows along its first axis."""
        return Piece(StoredFrames(self.file, self.offset, self.shape[1:], self.dtype), 0, len(self))

    def frame(self) -> Piece:
        """Return it as the single row of a column."""
        return Piece(StoredFrames(self.file, self.offset, self.shape, self.dtype), 0, 1)

    def read(self) -> NDArray[Any]:
        """Read it whole."""
        return AssetArray([self.frame()])[0]

    def __len__(self) -> int:
        return self.shape[0]


@dataclass(frozen=True)
class StoredFrames:
    """Frames that lie one behind the other in a file, in C order; see `Frames`."""

    file: FileIdentity
    offset: int
    frame_shape: tuple[int, ...]
    dtype: np.dtype[Any]
    frames_per_chunk: int = 1

    def read(self, start: int, stop: int, region: Region | None, out: NDArray[Any]) -> None:
        """Read frames at their place in the file; see `Frames.read`."""
        frame_bytes = math.prod(self.frame_shape) * self.dtype.itemsize
        descriptor = self._open()
        try:
            if region is None:
                self._read_into(descriptor, start * frame_bytes, out)
            else:
                self._read_region(descriptor, start, stop, region, out)
        finally:
            os.close(descriptor)
        require_text(out, self.file)

    def _read_region(
        self, descriptor: int, start: int, stop: int, region: Region, out: NDArray[Any]
    ) -> None:
        frame_bytes = math.prod(self.frame_shape) * self.dtype.itemsize
        lines = region[0]
        line_bytes = frame_bytes // max(1, self.frame_shape[0])
        part = np.empty((lines.stop - lines.start, *self.frame_shape[1:]), dtype=self.dtype)
        for frame in range(start, stop):
            at = frame * frame_bytes + lines.start * line_bytes
            self._read_into(descriptor, at, part)
            out[frame - start] = part[(slice(None), *region[1:])]

    def _open(self) -> int:
        path = self.file.path
        try:
            descriptor = os.open(path, os.O_RDONLY | os.O_CLOEXEC | os.O_NONBLOCK)
        except FileNotFoundError as error:
            raise MissingFileError("the copy is no longer there", where=path) from error
        except OSError as error:
            raise AssetError(f"cannot be opened: {error.strerror}", where=path) from error
        if FileIdentity.of(descriptor, path) != self.file:
            os.close(descriptor)
            raise AssetError(
                "has been written since it was opened",
                where=path,
                remedy="Take the run out of the catalog again.",
            )
        return descriptor

    def _read_into(self, descriptor: int, at: int, out: NDArray[Any]) -> None:
        if out.nbytes == 0:
            return
        view = out.reshape(-1).view(np.uint8).data
        position = self.offset + at
        while view:
            try:
                count = os.preadv(descriptor, [view], position)
            except OSError as error:
                raise AssetError(
                    f"cannot be read at byte {position}: {error.strerror}", where=self.file.path
                ) from error
            if not count:
                raise TruncatedFileError(
                    f"ends at byte {position}, within an array", where=self.file.path
                )
            view, position = view[count:], position + count


@dataclass(frozen=True)
class Reference:
    """Bytes that were left in the file."""

    offset: int
    size: int


def decode_array(found: Mapping[Any, Any], file: FileIdentity) -> Any:
    """Decode a map in which msgpack-numpy writes an array, a numpy scalar or a complex number.

    Returns
    -------
    array
        A numpy array or scalar; a `StoredArray` where the bytes were left in the file.

    Raises
    ------
    UnsupportedFileError
        If it is an array of objects (which is a pickle: reading it would run what it says), of
        another type that is not plain, or if its bytes are not as many as it says.

    Examples
    --------
    >>> file = FileIdentity("a.msgpack", 0, 0, 0)
    >>> decode_array({b"nd": True, b"type": "<u2", b"kind": b"", b"shape": [2],
    ...               b"data": bytes([1, 0, 2, 0])}, file).tolist()
    [1, 2]
    """
    if b"complex" in found:
        return _complex(found, file)
    data = found.get(b"data")
    if found.get(b"kind") == b"O":
        raise _refused("holds an array of objects: a pickle, which can run any code", file)
    shape = found.get(b"shape") if found.get(b"nd") is True else []
    try:
        dtype, shape = require_readable(found.get(b"type"), shape)
    except (ValueError, TypeError) as error:
        raise _refused(str(error), file) from error
    size = data.size if isinstance(data, Reference) else len(_bytes(data, file))
    if math.prod(shape) * dtype.itemsize != size:
        raise _refused(f"an array {shape} of {dtype} has {size} bytes", file)
    if isinstance(data, Reference):
        if found.get(b"nd") is True and shape:
            return StoredArray(file, data.offset, shape, dtype)
        raise _refused("a number takes thousands of bytes", file)
    try:
        array = np.ndarray(shape, dtype, buffer=data)
    except (ValueError, TypeError) as error:
        raise _refused(f"an array {shape} of {dtype} cannot be: {error}", file) from error
    require_text(array, file)
    return array if found.get(b"nd") is True else array[()]


def require_readable(spelled: Any, shape: Any) -> tuple[np.dtype[Any], tuple[int, ...]]:
    """Return the dtype and the shape that are spelled, if arrays of them are read.

    A dtype is one of numbers, text, bytes or dates. Structured ones are lists of names and such
    dtypes; fields without a name are padding.

    Raises
    ------
    ValueError
        If they are not: it is asked before such an array is written, too.

    Examples
    --------
    >>> require_readable("<u2", [2, 3])
    (dtype('uint16'), (2, 3))
    """
    try:
        dtype = _checked_dtype(spelled, 0)
    except (ValueError, TypeError) as error:
        raise ValueError(f"an array has dtype {str(spelled)[:60]!r}") from error
    if dtype.hasobject:
        raise ValueError("holds an array of objects")
    if (
        not isinstance(shape, list | tuple)
        or len(shape) > _MAX_DIMENSIONS
        or not all(type(size) is int and 0 <= size < 2**63 for size in shape)
    ):
        raise ValueError(f"an array has shape {str(shape)[:60]}")
    is_empty = not math.prod(shape) * dtype.itemsize
    # Of no bytes there would be millions of lists and empty texts.
    if is_empty and math.prod(max(1, size) for size in shape) > ANY.values:
        raise ValueError(f"an array {tuple(shape)} has no bytes")
    return dtype, tuple(shape)


def _checked_dtype(spelled: Any, depth: int) -> np.dtype[Any]:
    if isinstance(spelled, bytes):
        spelled = spelled.decode("ascii")
    if isinstance(spelled, str):
        if spelled != "|b1" and not _PLAIN_DTYPE.fullmatch(spelled):
            raise ValueError("not plain")
        return np.dtype(spelled)
    if not isinstance(spelled, list) or depth > _MAX_STRUCTURES or len(spelled) > _MAX_FIELDS:
        raise TypeError("not a dtype")
    names, formats, offsets, position = [], [], [], 0
    for name, kind, *shape in spelled:
        field: np.dtype[Any] = _checked_dtype(kind, depth + 1)
        sizes = tuple(shape[0]) if shape else ()
        if len(sizes) > _MAX_DIMENSIONS or not all(type(n) is int and n >= 0 for n in sizes):
            raise ValueError("not a shape")
        if sizes:
            field = np.dtype((field, sizes))
        text = _field_name(name)
        if text:
            names.append(text)
            formats.append(field)
            offsets.append(position)
        position += field.itemsize
    return np.dtype({"names": names, "formats": formats, "offsets": offsets, "itemsize": position})


def _field_name(name: Any) -> str:
    if isinstance(name, list) and len(name) == 2:  # a title and a name
        name = name[1]
    text = name.decode() if isinstance(name, bytes) else name
    if not isinstance(text, str):
        raise TypeError("not a name")
    return text


def require_text(array: NDArray[Any], file: FileIdentity) -> None:
    """Raise `UnsupportedFileError` where what should be text are numbers of no characters."""
    for name in array.dtype.names or ():
        require_text(array[name], file)
    if array.dtype.kind == "U" and array.size and array.dtype.itemsize:
        codes = np.ascontiguousarray(array).reshape(-1)
        kind = np.dtype("u4").newbyteorder(array.dtype.byteorder)
        if codes.view(kind).max() > sys.maxunicode:
            raise _refused("an array of text holds what are no characters", file)


def _bytes(data: Any, file: FileIdentity) -> bytes:
    if not isinstance(data, bytes):
        raise _refused(f"the bytes of an array are a {type(data).__name__}", file)
    return data


def _complex(found: Mapping[Any, Any], file: FileIdentity) -> complex:
    data = found.get(b"data")
    text = data.decode("ascii", "replace") if isinstance(data, bytes) else data
    if not isinstance(text, str) or len(text) > 100:
        raise _refused("a complex number is not spelled like one", file)
    try:
        return complex(text)
    except ValueError as error:
        raise _refused("a complex number is not spelled like one", file) from error


def _refused(what: str, file: FileIdentity) -> UnsupportedFileError:
    return UnsupportedFileError(what, where=file.path)
