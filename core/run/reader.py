"""Reading a run's documents: what runs and their streams stand on."""

from __future__ import annotations

import copy
import threading
from collections.abc import Callable, Iterable, Iterator, Mapping
from typing import Any

import numpy as np

from ..documents import Document
from .opening import AssetAccess
from .outline import RunOutline, StreamOutline, drain, retold
from .rows import Segment, gather
from .source import RunSource
from .summary import RunSummary

__all__ = ["RunReader", "Transforms"]

_PLAIN = (int, float, str, bool)

Transforms = Mapping[str, Callable[[dict[str, Any]], dict[str, Any]]]


class RunReader:
    """Gives a run's start, outline, documents and rows, from its source.

    The documents are drained when the outline is first needed, and kept unless they hold too much.

    Parameters
    ----------
    source
        Where the documents come from.
    access
        How assets are found and read.
    transforms
        Functions of a document to apply on the way out, by document name.

    Examples
    --------
    >>> from penstock.core.run.samples import count_run
    >>> reader = RunReader(count_run(3))
    >>> reader.uid == reader.start["uid"], list(reader.streams), reader.row_count("primary")
    (True, ['primary'], 3)
    """

    def __init__(
        self,
        source: RunSource,
        access: AssetAccess | None = None,
        transforms: Transforms | None = None,
    ) -> None:
        self._source = source
        self._transforms = dict(transforms or {})
        self._outline: RunOutline | None = None
        self._summary: RunSummary | None = None
        self._lock = threading.RLock()
        self.access = access or AssetAccess()

    def __getstate__(self) -> dict[str, Any]:
        # Neither the lock nor what can be drained again.
        return {**self.__dict__, "_outline": None, "_summary": None, "_lock": None}

    def __setstate__(self, state: dict[str, Any]) -> None:
        self.__dict__.update(state)
        self._lock = threading.RLock()

    @property
    def uid(self) -> str:
        """The run's uid."""
        return str(self._source.start["uid"])

    @property
    def start(self) -> dict[str, Any]:
        """The start document; nothing is drained for it."""
        return self._transformed("start", self._source.start)

    @property
    def stop(self) -> dict[str, Any] | None:
        """The stop document; None while the run has none."""
        return self._known.stop

    @property
    def outline(self) -> RunOutline:
        """What the run consists of; its documents are drained at first use."""
        with self._lock:
            if self._outline is None:
                self._outline = drain(self.start, self._pull())
            return self._outline

    @property
    def drained(self) -> RunOutline | None:
        """The outline as ingested, if it is known already, and nothing was transformed."""
        return None if self._transforms else self._outline

    @property
    def _known(self) -> RunOutline | RunSummary:
        """What is known of the run; of one whose source knows enough, nothing is drained for it."""
        with self._lock:
            if self._outline is None and self._summary is None:
                summary = getattr(self._source, "summary", None)
                if summary is not None:
                    self._summary = self._transformed_summary(summary)
            return self._outline or self._summary or self.outline

    def _transformed_summary(self, summary: RunSummary) -> RunSummary:
        if not self._transforms:
            return summary
        stop = None if summary.stop is None else self._transformed("stop", summary.stop)
        descriptors = [self._transformed("descriptor", doc) for doc in summary.descriptors]
        return RunSummary.of_documents(stop, descriptors, summary.rows)

    @property
    def streams(self) -> dict[str, StreamOutline]:
        """The streams by name."""
        return self._known.streams

    def row_count(self, stream: str) -> int:
        """Return how many rows a stream has."""
        return self._known.row_count(stream)

    def documents(self) -> Iterator[Document]:
        """Yield the documents as ingested; they belong to the receiver, who may change them."""
        kept = self.outline.kept
        documents = retold(self._pull(), self.outline) if kept is None else kept
        for name, doc in documents:
            yield name, _own_copy(name, doc)

    def rows(
        self, descriptors: Iterable[dict[str, Any]], wanted: Callable[[str], bool]
    ) -> list[Segment]:
        """Gather the rows of some descriptors, of the data keys that are wanted."""
        return gather(self.documents(), self.outline, descriptors, self.access, wanted)

    def _pull(self) -> Iterator[Document]:
        for name, doc in self._source.documents():
            yield name, self._transformed(name, doc)

    def _transformed(self, name: str, doc: dict[str, Any]) -> dict[str, Any]:
        transform = self._transforms.get(name)
        return doc if transform is None else transform(copy.deepcopy(doc))


def _own_copy(name: str, doc: dict[str, Any]) -> dict[str, Any]:
    """Copy a document so that its receiver may change it; lazy arrays are not copied."""
    if name not in ("event", "event_page"):
        return copy.deepcopy(doc)
    return {key: _own_value(value) for key, value in doc.items()}


def _own_value(value: Any) -> Any:
    if isinstance(value, dict):
        return {key: _own_value(item) for key, item in value.items()}
    if isinstance(value, list):
        # Most columns are plain numbers or text: looking at the first of them is enough to know.
        plain = not value or isinstance(value[0], _PLAIN)
        return value.copy() if plain else [_own_value(item) for item in value]
    return value.copy() if isinstance(value, np.ndarray) else value
