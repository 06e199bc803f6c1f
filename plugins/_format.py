"""What a format of copies is: how they are called, written, listed and read."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, BinaryIO, NamedTuple, Protocol

from ..core.documents import Document

if TYPE_CHECKING:
    from ..core.run import BlueskyRun
    from ..core.run.bluesky_run import Fill

__all__ = ["CopyFormat", "Ends"]


class WriteDocument(Protocol):
    """Writes one document into a file."""

    def __call__(self, file: BinaryIO, name: str, doc: dict[str, Any]) -> None: ...


class Ends(NamedTuple):
    """What the two ends of a copy tell."""

    start: dict[str, Any]
    """The start document."""
    cut: str
    """What is missing at the end; "" of a whole file."""
    packed: bytes | None = None
    """The start document as msgpack, where the file holds it so."""


@dataclass(frozen=True)
class CopyFormat:
    """A format of copies: all that writing, listing and reading them must know of it."""

    suffix: str
    """How the names of copies end."""
    fill: Fill
    """Which documents they hold: see `BlueskyRun.documents`."""
    has_arrays: bool
    """Whether arrays are written as such, or as lists."""
    write: WriteDocument
    estimate: Callable[[BlueskyRun], int]
    """How many bytes a copy takes; raises TooLargeError where there can be none."""
    read_ends: Callable[[str], Ends]
    """Reads the two ends of a file, and of a whole one nothing between: thousands are listed."""
    read_mark: Callable[[str], tuple[dict[str, Any] | None, dict[str, Any] | None]]
    """Gives the mark and the stop document, or raises TruncatedFileError."""
    read_documents: Callable[[str], Iterator[Document]]
