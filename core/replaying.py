"""A run's documents as a RunEngine would have emitted them live, for callbacks made for that."""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING, Any

from .documents import Document
from .documents.uids import child_uid

if TYPE_CHECKING:
    from .run import BlueskyRun

__all__ = ["live_documents"]


def live_documents(run: BlueskyRun) -> Iterator[Document]:
    """Yield filled single events, with placeholders for what live callbacks insist on.

    ``start``: ``scan_id`` 0, ``plan_name`` "ingested", ``plan_type`` "generator", empty
    ``detectors`` and ``motors``, ``num_points``. ``stop``: one with exit_status "abort" where the
    run has none.

    Examples
    --------
    >>> from penstock.core.run import BlueskyRun
    >>> from penstock.core.samples import count_run
    >>> names = [name for name, doc in live_documents(BlueskyRun(count_run(2, stop=False)))]
    >>> names
    ['start', 'descriptor', 'event', 'event', 'stop']
    """
    time, events, stopped = float(run.metadata["start"]["time"]), dict[str, int](), False
    names = {doc["uid"]: doc.get("name", "primary") for doc in run.outline.descriptors.values()}
    for name, doc in run.read_canonical():
        if name == "start":
            yield name, _placeholders(run) | doc
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
                "uid": child_uid(run.uid, "stop"),
                "run_start": run.uid,
                "time": time,
                "exit_status": "abort",
                "reason": "the run has no stop document",
                "num_events": events,
            },
        )


def _placeholders(run: BlueskyRun) -> dict[str, Any]:
    rows = len(run["primary"]) if "primary" in run else 0
    return {
        "scan_id": 0,
        "plan_name": "ingested",
        "plan_type": "generator",
        "detectors": [],
        "motors": [],
        "num_points": rows,
    }
