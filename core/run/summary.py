"""What is known of a run without its rows: what a catalog stores beside the start document."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, field
from typing import Any

from ..documents import normalise
from .outline import RunOutline, StreamOutline

__all__ = ["RunSummary"]


@dataclass
class RunSummary:
    """A run's stop, its streams with their descriptors, and how many rows these have.

    Examples
    --------
    >>> first = {"uid": "d1", "name": "primary", "data_keys": {"x": {"shape": []}}}
    >>> summary = RunSummary.of_documents(None, [first], {"primary": 3})
    >>> list(summary.streams), summary.row_count("primary")
    (['primary'], 3)
    """

    stop: dict[str, Any] | None = None
    streams: dict[str, StreamOutline] = field(default_factory=dict)
    rows: dict[str, int] = field(default_factory=dict)

    @classmethod
    def of_documents(
        cls,
        stop: dict[str, Any] | None,
        descriptors: Iterable[dict[str, Any]],
        rows: dict[str, int],
    ) -> RunSummary:
        """Sum up documents."""
        streams: dict[str, StreamOutline] = {}
        for doc in descriptors:
            name = doc.get("name", "primary")
            streams.setdefault(name, StreamOutline(name)).descriptors.append(doc)
        return cls(stop, streams, rows)

    @classmethod
    def of_outline(cls, outline: RunOutline) -> RunSummary:
        """Sum up what was drained; as plain data, whatever an ingestor put into descriptors."""
        rows = {name: outline.row_count(name) for name in outline.streams}
        descriptors = [normalise(doc) for doc in outline.descriptors.values()]
        stop = None if outline.stop is None else normalise(outline.stop)
        return cls.of_documents(stop, descriptors, rows)

    @property
    def descriptors(self) -> list[dict[str, Any]]:
        """The descriptors of all streams."""
        return [doc for stream in self.streams.values() for doc in stream.descriptors]

    def row_count(self, stream: str) -> int:
        """Return how many rows a stream has."""
        return self.rows[stream]
