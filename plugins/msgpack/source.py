"""A run whose documents lie in a msgpack file."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

from ...core.documents import Document
from .._file_source import FileSource
from .decoding import read_documents, read_mark

__all__ = ["MsgpackSource"]


@dataclass(frozen=True)
class MsgpackSource(FileSource):
    """A run whose documents lie in a msgpack file.

    Arrays of rows come as lazy arrays (`AssetArray`), which are read from the file when used.

    Examples
    --------
    >>> import tempfile
    >>> from penstock.core.run import BlueskyRun
    >>> from penstock.core.run.samples import count_run
    >>> with tempfile.TemporaryDirectory() as folder:
    ...     run = BlueskyRun(count_run(3, uid="6f2a"))
    ...     source = MsgpackSource(run.cache(folder).details["path"], run.metadata["start"])
    ...     [name for name, doc in source.documents()]
    ['start', 'descriptor', 'event_page', 'stop']
    """

    def _read_documents(self) -> Iterator[Document]:
        return read_documents(self.path)

    def _read_mark(self) -> tuple[dict[str, Any] | None, dict[str, Any] | None]:
        return read_mark(self.path)
