"""A run's documents as a RunEngine would have emitted them live, for callbacks made for that."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from typing import Any

from ..documents import Document
from ..documents.uids import child_uid
from .reader import RunReader

__all__ = ["live_documents"]


def live_documents(reader: RunReader, canonical: Iterable[Document]) -> Iterator[Document]:
    """Yield filled single events, with placeholders for what live callbacks insist on.

    ``start``: ``scan_id`` 0, ``plan_name`` "ingested", ``plan_type`` "generator", empty
    ``detectors`` and ``motors``, ``num_points``. ``stop``: one with exit_status "abort" where the
    run has none.

    Examples
    --------
    >>> from penstock.core.run.samples import count_run
    >>> reader = RunReader(count_run(0, stop=False))
    >>> [name for name, doc in live_documents(reader, reader.documents())]
    ['start', 'descriptor', 'stop']
    """
    time, events, stopped = float(reader.start["time"]), dict[str, int](), False
    names = {uid: doc.get("name", "primary") for uid, doc in reader.outline.descriptors.items()}
    for name, doc in canonical:
        if name == "start":
            yield name, _placeholders(reader) | doc
            continue
        if name == "event":
            stream = names[doc["descriptor"]]
            events[stream] = events.get(stream, 0) + 1
            time = max(time, float(doc["time"]))
        stopped = stopped or name == "stop"
        yield name, doc
    if not stopped:
        yield (
            "stop",
            {
                "uid": child_uid(reader.uid, "stop"),
                "run_start": reader.uid,
                "time": time,
                "exit_status": "abort",
                "reason": "the run has no stop document",
                "num_events": events,
            },
        )


def _placeholders(reader: RunReader) -> dict[str, Any]:
    rows = reader.row_count("primary") if "primary" in reader.streams else 0
    return {
        "scan_id": 0,
        "plan_name": "ingested",
        "plan_type": "generator",
        "detectors": [],
        "motors": [],
        "num_points": rows,
    }
