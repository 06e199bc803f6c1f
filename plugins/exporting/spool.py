"""Documents of a run that goes on, kept in a file until they are wanted."""

from __future__ import annotations

import contextlib
import os
import secrets
from collections.abc import Iterator
from typing import Any

from ...core.documents import normalise
from ...core.run import RunSource
from .._file_source import FileSource
from ..msgpack.format import FORMAT

__all__ = ["Spool"]


class Spool:
    """Takes documents as they come, and gives them back as a run's source.

    Examples
    --------
    >>> import tempfile
    >>> with tempfile.TemporaryDirectory() as folder:
    ...     spool = Spool(folder)
    ...     spool.write("start", {"uid": "6f2a", "time": 0.0})
    ...     with spool.source() as source:
    ...         print([name for name, doc in source.documents()])
    ['start']
    """

    def __init__(self, folder: str) -> None:
        self._path = os.path.join(folder, f"{secrets.token_hex(8)}{FORMAT.suffix}")
        self._file = open(self._path, "xb")  # noqa: SIM115 # it stays open between documents
        self._start: dict[str, Any] = {}

    def write(self, name: str, doc: dict[str, Any]) -> None:
        """Keep a document."""
        if name == "start":
            self._start = normalise(doc, where="start")
            doc = self._start
        FORMAT.write(self._file, name, doc)

    @contextlib.contextmanager
    def source(self) -> Iterator[RunSource]:
        """Give the run's source; no more documents can be kept."""
        self._file.close()
        yield FileSource(self._path, self._start, FORMAT)

    def remove(self) -> None:
        """Remove the file."""
        self._file.close()
        with contextlib.suppress(FileNotFoundError):
            os.unlink(self._path)
