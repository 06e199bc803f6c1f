"""The mark in a copy of a run: it is whole, and this is what it was made from.

It is a ``stream_resource`` document that nothing refers to, before the stop document, or last where
a run has none. Other readers pass over it.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

from ..core.documents.uids import child_uid
from ..core.errors import PenstockError

__all__ = ["DOCUMENT_NAMES", "NO_STOP", "is_mark", "make_mark", "tell_cut", "tell_mark"]

NO_STOP = "the run has no stop: it is in progress, or was cut short"

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


def tell_cut(
    path: str,
    read_mark: Callable[[str], tuple[Mapping[str, Any] | None, Mapping[str, Any] | None]],
) -> str:
    """Tell what is missing of a file whose end is not that of a whole copy; "" if nothing is."""
    try:
        mark, stop = read_mark(path)
    except PenstockError as error:
        return error.what
    if mark is not None:
        return tell_mark(mark, has_stop=stop is not None)
    return "" if stop is not None else NO_STOP


def tell_mark(mark: Mapping[str, Any], *, has_stop: bool) -> str:
    """Tell what is missing of a file that has a mark; "" of a whole one.

    Examples
    --------
    >>> tell_mark({"has_stop": True}, has_stop=False)
    'ends before the stop document'
    """
    if mark.get("has_stop") and not has_stop:
        return "ends before the stop document"
    return str(mark.get("truncated", ""))
