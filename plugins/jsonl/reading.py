"""Reading documents from JSON Lines files."""

from __future__ import annotations

import json
import os
from collections.abc import Iterator
from typing import Any, BinaryIO

from ...core.documents import Document, check_parts
from ...core.documents.normalising import MAX_DEPTH
from ...core.errors import TruncatedFileError, UnsupportedFileError
from .._format import Ends
from .._limits import ANY, BYTES_A_CONTAINER, CONTAINERS, DEPTH, MAP, START
from .._mark import DOCUMENT_NAMES, is_mark, read_parameters, tell_cut, tell_mark
from .._opening import open_regular

__all__ = ["read_documents", "read_ends", "read_mark"]

_TAIL = 8192
_SIGNS_OF_VALUES = (b",", b":", b"[", b"{")
"""There are no more values in a line than these; those that stand in texts count as well."""


def read_documents(path: str) -> Iterator[Document]:
    """Yield the documents in a file.

    Raises
    ------
    TruncatedFileError
        At the end of what is whole, if the file ends within a document.
    UnsupportedFileError
        If a line is no document.
    """
    for name, doc in _read(path):
        if not is_mark(name, doc):
            check_parts(name, doc, where=path)
            yield name, doc


def read_ends(path: str) -> Ends:
    """Read the start document of a file, and look at its end; see `CopyFormat`."""
    with open_regular(path) as file:
        name, doc = next(_read_lines(file, path), ("", {}))
        if not name:
            raise TruncatedFileError("is empty", where=path, remedy="Copy the run again.")
        if name != "start":
            raise UnsupportedFileError(f"begins with {name!r}, not a start", where=path)
        size = file.seek(0, os.SEEK_END)
        file.seek(max(0, size - _TAIL))
        cut = _look_at_end(file.read(_TAIL), path)
    return Ends(doc, tell_cut(path, read_mark) if cut is None else cut)


def read_mark(path: str) -> tuple[dict[str, Any] | None, dict[str, Any] | None]:
    """Read the mark and the stop document, if the file is whole; TruncatedFileError if not."""
    mark = stop = None
    for name, doc in _read(path):
        if is_mark(name, doc):
            mark = read_parameters(doc, path)
        elif name == "stop":
            stop = doc
    return mark, stop


def _look_at_end(tail: bytes, path: str) -> str | None:
    """Tell what is missing of a file with such an end; None where it is no stop behind a mark."""
    lines = tail.split(b"\n")
    if len(lines) > 3 and not lines[-1]:
        try:
            (name, doc), (last, _) = (_parse(line, 0, path) for line in lines[-3:-1])
        except UnsupportedFileError:
            return None
        if last == "stop" and is_mark(name, doc):
            return tell_mark(doc["parameters"], has_stop=True)
    return None


def _read(path: str) -> Iterator[Document]:
    with open_regular(path) as file:
        yield from _read_lines(file, path)


def _read_lines(file: BinaryIO, path: str) -> Iterator[Document]:
    position = 0
    limits = START
    containers = CONTAINERS + os.fstat(file.fileno()).st_size // BYTES_A_CONTAINER
    while line := file.readline(limits.size + 1):
        if len(line) > limits.size:
            raise UnsupportedFileError(
                f"the line at byte {position} has more than {limits.size >> 20} MiB", where=path
            )
        if sum(map(line.count, _SIGNS_OF_VALUES)) > limits.values:
            raise UnsupportedFileError(
                f"the line at byte {position} holds more than {limits.values} values", where=path
            )
        containers -= line.count(b"[") + MAP * line.count(b"{")
        if containers < 0:
            raise UnsupportedFileError(
                f"with the line at byte {position} it holds too many lists and maps", where=path
            )
        if not line.endswith(b"\n"):
            raise TruncatedFileError(
                f"ends at byte {position + len(line)}, within the document that begins at byte "
                f"{position}",
                where=path,
                remedy="Copy the run again.",
            )
        yield _parse(line, position, path)
        position += len(line)
        limits = ANY


def _parse(line: bytes, position: int, path: str) -> Document:
    try:
        parsed = json.loads(line)
    except (ValueError, RecursionError) as error:
        raise UnsupportedFileError(
            f"the line at byte {position} is not JSON: {error}", where=path
        ) from error
    if (
        not isinstance(parsed, list)
        or len(parsed) != 2
        or not isinstance(parsed[0], str)
        or parsed[0] not in DOCUMENT_NAMES
        or not isinstance(parsed[1], dict)
    ):
        raise UnsupportedFileError(
            f"is no copy of a run: the line at byte {position} is no document", where=path
        )
    if not _is_shallow(parsed, DEPTH):
        raise UnsupportedFileError(
            f"the line at byte {position} nests more than {MAX_DEPTH} deep", where=path
        )
    return parsed[0], parsed[1]


def _is_shallow(value: Any, depth: int) -> bool:
    if not isinstance(value, list | dict):
        return True
    if not depth:
        return False
    items = value.values() if isinstance(value, dict) else value
    return all(_is_shallow(item, depth - 1) for item in items if isinstance(item, list | dict))
