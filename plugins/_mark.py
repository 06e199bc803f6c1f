"""The mark in a copy of a run: it is whole, and this is what it was made from.

It is a ``stream_resource`` document that nothing refers to, before the stop document, or last where
a run has none. Other readers pass over it.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from ..core.documents.uids import child_uid

__all__ = ["DOCUMENT_NAMES", "is_mark", "make_mark"]

DOCUMENT_NAMES = frozenset(
    {
        "start",
        "descriptor",
        "event",
        "event_page",
        "resource",
        "datum",
        "datum_page",
        "stream_resource",
        "stream_datum",
        "stop",
    }
)

_MIMETYPE = "application/x-penstock-mark"


def make_mark(run_uid: str, parameters: Mapping[str, Any]) -> dict[str, Any]:
    """Make the mark of a copy.

    Examples
    --------
    >>> is_mark("stream_resource", make_mark("6f2a", {}))
    True
    """
    return {
        "uid": child_uid(run_uid, "mark"),
        "run_start": run_uid,
        "data_key": "",
        "mimetype": _MIMETYPE,
        "uri": "file://localhost/",
        "parameters": {"penstock": 1, **parameters},
    }


def is_mark(name: str, doc: Mapping[str, Any]) -> bool:
    """Tell whether a document is a mark.

    Examples
    --------
    >>> is_mark("stop", {"uid": "6f2a"})
    False
    """
    return (
        name == "stream_resource"
        and doc.get("mimetype") == _MIMETYPE
        and isinstance(doc.get("parameters"), dict)
    )
