"""From the items of a msgpack file to documents, arrays left in the file."""

from __future__ import annotations

import math
import os
import struct
from collections.abc import Iterator
from typing import Any

import msgpack
import numpy as np

from ...core.assets.array import AssetArray, Piece
from ...core.documents import Document, check_parts, normalise, page_from_events
from ...core.errors import TruncatedFileError, UnsupportedFileError
from .._format import Ends
from .._limits import ANY, START
from .._mark import DOCUMENT_NAMES, is_mark, read_parameters, tell_cut, tell_mark
from .._opening import opened
from .arrays import FileIdentity, Reference, StoredArray, decode_array
from .walking import Item, Payload, limits_at, walk_items

__all__ = ["decode_item", "read_documents", "read_ends", "read_mark"]

_TOKEN = struct.Struct(">BbQQ")
_FIXEXT16, _CODE = 0xD8, 1
_SMALL_START = 8192
_SMALL_DEPTH = 20
_TAIL = 8192
_FIRST = b"\x92\xa5start"
"""How a copy begins, before its start document."""
_LAST = (b"\x92\xafstream_resource", b"\x92\xa4stop")
"""How the documents begin that are the last of a whole copy."""
_TEXT = frozenset({str})
_LEAVES = frozenset({str, int, float, bool, type(None)})
# The walk refuses values of extension types: a file cannot hold such a token itself.


def decode_item(descriptor: int, item: Item, file: FileIdentity) -> Document:
    """Decode one item.

    Raises
    ------
    UnsupportedFileError
        If it is not a pair of a document's name and a document.
    """
    try:
        decoded = _Decoder(descriptor, item, file).decode()
    except (ValueError, TypeError, RecursionError, msgpack.UnpackException) as error:
        if isinstance(error, UnsupportedFileError):
            raise
        raise UnsupportedFileError(
            f"the document at byte {item.start} cannot be decoded: {error}", where=file.path
        ) from error
    if not isinstance(decoded, list) or len(decoded) != 2:
        raise UnsupportedFileError(
            f"is no copy of a run: byte {item.start} begins no pair of a name and a document",
            where=file.path,
        )
    name, doc = decoded
    if not isinstance(name, str) or name not in DOCUMENT_NAMES or not isinstance(doc, dict):
        raise UnsupportedFileError(
            f"is no copy of a run: byte {item.start} begins no document", where=file.path
        )
    return name, doc


class _Decoder:
    def __init__(self, descriptor: int, item: Item, file: FileIdentity) -> None:
        self.descriptor = descriptor
        self.item = item
        self.file = file
        self.loose: set[int] = set()
        """Where the bytes begin that belong to no array, as far as is known."""

    def decode(self) -> Any:
        """Decode with references; bytes that belong to no array are few, and read."""
        decoded = self._unpack(self._skeleton(self.item.payloads))
        if self.loose:
            payloads = self.item.payloads
            loose = sum(payload.size for payload in payloads if payload.offset in self.loose)
            if loose > limits_at(self.item.start).size:
                raise UnsupportedFileError(
                    f"the document at byte {self.item.start} holds {loose >> 20} MiB of bytes that "
                    "are no arrays",
                    where=self.file.path,
                )
            left = tuple(payload for payload in payloads if payload.offset not in self.loose)
            decoded = self._unpack(self._skeleton(left))
        return decoded

    def _unpack(self, skeleton: bytes) -> Any:
        return msgpack.unpackb(
            skeleton,
            raw=False,
            unicode_errors="surrogatepass",
            strict_map_key=False,
            object_hook=self._map,
            ext_hook=self._reference,
        )

    def _skeleton(self, payloads: tuple[Payload, ...]) -> bytes:
        """Return the item's bytes with a token in the place of each payload."""
        parts: list[bytes] = []
        position = self.item.start
        for payload in payloads:
            parts.append(_read(self.descriptor, position, payload.header, self.file))
            parts.append(_TOKEN.pack(_FIXEXT16, _CODE, payload.offset, payload.size))
            position = payload.offset + payload.size
        parts.append(_read(self.descriptor, position, self.item.stop, self.file))
        return b"".join(parts)

    def _reference(self, code: int, data: bytes) -> Reference:
        reference = Reference(*struct.unpack(">QQ", data))
        self.loose.add(reference.offset)
        return reference

    def _map(self, found: dict[Any, Any]) -> Any:
        if b"nd" not in found and b"complex" not in found:
            return found
        data = found.get(b"data")
        if isinstance(data, Reference):
            self.loose.discard(data.offset)
        return decode_array(found, self.file)


def _read(descriptor: int, start: int, stop: int, file: FileIdentity) -> bytes:
    content = os.pread(descriptor, stop - start, start)
    while len(content) < stop - start:
        more = os.pread(descriptor, stop - start - len(content), start + len(content))
        if not more:
            raise TruncatedFileError(f"ends at byte {start + len(content)}", where=file.path)
        content += more
    return content


# Documents -------------------------------------------------------------------------------------


def read_documents(path: str) -> Iterator[Document]:
    """Yield the documents in a file; rows come with arrays that are read when they are used.

    Raises
    ------
    TruncatedFileError
        At the end of what is whole, if the file ends within a document.
    UnsupportedFileError
        If it is no copy of a run.
    """
    with opened(path) as descriptor:
        identity = FileIdentity.of(descriptor, path)
        for item in walk_items(descriptor, path):
            name, doc = decode_item(descriptor, item, identity)
            if not is_mark(name, doc):
                check_parts(name, doc, where=path)
                yield _lazy(name, doc)


def _lazy(name: str, doc: dict[str, Any]) -> Document:
    """Make columns of the arrays of rows; read those that stand elsewhere."""
    if name == "event" and any(isinstance(v, StoredArray) for v in _values(doc)):
        name, doc = "event_page", page_from_events([doc])
    if name == "event_page" and isinstance(doc.get("data"), dict):
        doc["data"] = {key: _column(column) for key, column in doc["data"].items()}
    return name, {key: _loaded(value) for key, value in doc.items()}


def _values(doc: dict[str, Any]) -> list[Any]:
    data = doc.get("data")
    return list(data.values()) if isinstance(data, dict) else []


def _column(column: Any) -> Any:
    if isinstance(column, StoredArray):
        return AssetArray([column.rows()], label=f"array in {column.file.path}")
    if not isinstance(column, list) or not any(isinstance(v, StoredArray) for v in column):
        return column
    alike = {(v.shape, v.dtype) if isinstance(v, StoredArray) else None for v in column}
    if len(alike) > 1:
        return _loaded(column)
    pieces: list[Piece] = [value.frame() for value in column]
    return AssetArray(pieces, label=f"arrays in {column[0].file.path}")


def _loaded(value: Any) -> Any:
    """Read arrays that are no columns: there are few of them."""
    if isinstance(value, StoredArray):
        return value.read()
    if isinstance(value, dict):
        return {key: _loaded(item) for key, item in value.items()}
    if isinstance(value, list) and any(isinstance(v, StoredArray | dict | list) for v in value):
        return [_loaded(item) for item in value]
    return value


def read_ends(path: str) -> Ends:
    """Read the start document of a file, as plain data, and look at its end; see `CopyFormat`."""
    with opened(path) as descriptor:
        start, packed = _read_small_start(os.pread(descriptor, _SMALL_START, 0))
        if start is None:
            start = _walk_start(descriptor, path)
        size = os.lseek(descriptor, 0, os.SEEK_END)
        cut = _look_at_end(os.pread(descriptor, _TAIL, max(0, size - _TAIL)))
    return Ends(start, tell_cut(path, read_mark) if cut is None else cut, packed)


def _walk_start(descriptor: int, path: str) -> dict[str, Any]:
    for item in walk_items(descriptor, path):
        name, doc = decode_item(descriptor, item, FileIdentity.of(descriptor, path))
        if name != "start":
            raise UnsupportedFileError(f"begins with {name!r}, not a start", where=path)
        _require_few(doc, "its start document", START.values, path)
        plain: dict[str, Any] = normalise(
            {key: _loaded(value) for key, value in doc.items()}, where=path
        )
        return plain
    raise TruncatedFileError("is empty", where=path, remedy="Copy the run again.")


def _require_few(doc: dict[str, Any], what: str, most: int, path: str) -> None:
    if _count_elements(doc) > most:
        raise UnsupportedFileError(f"{what} has arrays of more than {most} values", where=path)


def _count_elements(value: Any) -> int:
    """Return how many values there are in arrays: in metadata, each becomes one of Python's own."""
    if isinstance(value, StoredArray | np.ndarray):
        return math.prod(value.shape)
    if isinstance(value, dict):
        value = value.values()
    elif not isinstance(value, list):
        return 0
    return sum(map(_count_elements, value))


def _read_small_start(content: bytes) -> tuple[dict[str, Any] | None, bytes | None]:
    """Decode a start document of the usual kind, small and without arrays; return its bytes, too.

    Thousands of files are listed; a walk would take ten times as long. What is not decoded here
    for whatever reason is walked, and judged then.
    """
    unpacker = msgpack.Unpacker(
        raw=False,
        unicode_errors="surrogatepass",
        max_buffer_size=_SMALL_START,
        max_array_len=1024,
        max_map_len=1024,
    )
    try:
        unpacker.feed(content)
        name, doc = unpacker.unpack()
    except (ValueError, TypeError, RecursionError, msgpack.UnpackException):
        return None, None
    if name != "start" or not isinstance(doc, dict) or not _is_plain(doc):
        return None, None
    is_usual = content.startswith(_FIRST)
    return doc, content[len(_FIRST) : unpacker.tell()] if is_usual else None


def _is_plain(value: dict[str, Any]) -> bool:
    """Whether it nests little, and holds nothing that is more than it seems."""
    level: list[Any] = [value]
    for _ in range(_SMALL_DEPTH):
        below: list[Any] = []
        for container in level:
            if type(container) is dict:
                if not _TEXT.issuperset(map(type, container)):
                    return False
                container = container.values()
            elif type(container) is not list:
                return False
            below += [item for item in container if type(item) not in _LEAVES]
        if not below:
            return True
        level = below
    return False


def read_mark(path: str) -> tuple[dict[str, Any] | None, dict[str, Any] | None]:
    """Read the mark and the stop document, if the file is whole; nothing of rows is decoded.

    Raises
    ------
    TruncatedFileError
        If it is not whole.
    """
    with opened(path) as descriptor:
        identity = FileIdentity.of(descriptor, path)
        last: list[Item] = []
        for item in walk_items(descriptor, path):
            last = [*last[-1:], item]
        mark = stop = None
        for item in last:
            name, doc = decode_item(descriptor, item, identity)
            if is_mark(name, doc):
                _require_few(doc, "its mark", START.values, path)
                mark = read_parameters({"parameters": _loaded(doc["parameters"])}, path)
            elif name == "stop":
                _require_few(doc, "its stop document", ANY.values, path)
                stop = normalise(_loaded(doc), where=path)
    return mark, stop


def _look_at_end(tail: bytes) -> str | None:
    """Tell what is missing of a file with such an end, "" of a whole one; None: it is not told."""
    for head in _LAST:
        at = tail.rfind(head)
        ending = _decode_small(tail[at:]) if at >= 0 else []
        if ending and is_mark(*ending[0]):
            return tell_mark(ending[0][1]["parameters"], has_stop=len(ending) > 1)
        if ending and ending[0][0] == "stop":
            return ""
    return None


def _decode_small(content: bytes) -> list[Document]:
    """Decode one or two documents that end where the bytes do; none if they are not that."""
    unpacker = msgpack.Unpacker(
        raw=False, max_buffer_size=_TAIL, max_array_len=1024, max_map_len=1024
    )
    documents: list[Document] = []
    try:
        unpacker.feed(content)
        while unpacker.tell() < len(content) and len(documents) < 2:
            name, doc = unpacker.unpack()
            if not isinstance(name, str) or not isinstance(doc, dict):
                return []
            documents.append((name, doc))
    except (ValueError, TypeError, RecursionError, msgpack.UnpackException):
        return []
    return documents if unpacker.tell() == len(content) else []
