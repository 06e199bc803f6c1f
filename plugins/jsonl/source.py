"""A run whose documents lie in a JSON Lines file."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

from ...core.documents import Document
from .._file_source import FileSource
from .reading import read_documents, read_mark

__all__ = ["JSONLSource"]


@dataclass(frozen=True)
class JSONLSource(FileSource):
    """A run whose documents lie in a JSON Lines file.

    Examples
    --------
    >>> import tempfile
    >>> from penstock.core.run import BlueskyRun
    >>> from penstock.core.run.samples import count_run
    >>> from penstock.plugins.jsonl import export_run
    >>> with tempfile.TemporaryDirectory() as folder:
    ...     run = BlueskyRun(count_run(3, uid="6f2a"))
    ...     source = JSONLSource(export_run(run, folder).details["path"], run.metadata["start"])
    ...     [name for name, doc in source.documents()]
    ['start', 'descriptor', 'event_page', 'stop']
    """

    def _read_documents(self) -> Iterator[Document]:
        return read_documents(self.path)

    def _read_mark(self) -> tuple[dict[str, Any] | None, dict[str, Any] | None]:
        return read_mark(self.path)
