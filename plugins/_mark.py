"""The mark in a copy of a run: it is whole, and this is what it was made from.

It is a ``stream_resource`` document that nothing refers to, before the stop document, or last where
a run has none. Other readers pass over it.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from ..core.documents import normalise
from ..core.documents.uids import child_uid

__all__ = ["DOCUMENT_NAMES", "is_mark", "make_mark", "read_parameters"]

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
        and isinstance(mimetype := doc.get("mimetype"), str)
        and mimetype == _MIMETYPE
        and isinstance(doc.get("parameters"), dict)
    )


_KINDS: dict[str, tuple[type, ...]] = {
    "fingerprint": (dict, type(None)),
    "copied": (int, float),
    "provenance": (dict,),
    "truncated": (str,),
}


def read_parameters(mark: Mapping[str, Any], where: str) -> dict[str, Any]:
    """Return what a mark says, as plain data; what is not of its kind is left out.

    Examples
    --------
    >>> read_parameters(make_mark("6f2a", {"copied": 1.5, "truncated": 5}), "a.msgpack")
    {'copied': 1.5}
    """
    told = mark["parameters"]
    plain: dict[str, Any] = normalise(
        {
            key: told[key]
            for key, kinds in _KINDS.items()
            if isinstance(told.get(key), kinds) and key in told
        },
        where=where,
    )
    return plain
