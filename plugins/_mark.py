"""The mark in a copy of a run: it is whole, and this is what it was made from.

It is a ``stream_resource`` document that nothing refers to, before the stop document, or last where
a run has none. Other readers pass over it.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

from ..core.documents import normalise
from ..core.documents.uids import child_uid
from ..core.errors import PenstockError

__all__ = [
    "DOCUMENT_NAMES",
    "NO_STOP",
    "is_mark",
    "make_mark",
    "read_parameters",
    "tell_cut",
    "tell_mark",
    "tell_masked",
]

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

_MOST_SHOWN = 10
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


def tell_masked(mark: Mapping[str, Any]) -> list[str]:
    """Tell of each data key which frames could not be read when the copy was made.

    Examples
    --------
    >>> tell_masked({"masked": {"image": [3, 4]}})
    ["2 frames of 'image' could not be read and are NaN: rows 3, 4"]
    """
    masked = mark.get("masked")
    told = []
    for key, rows in masked.items() if isinstance(masked, dict) else ():
        shown = ", ".join(map(str, rows[:_MOST_SHOWN])) + (", …" if len(rows) > _MOST_SHOWN else "")
        noun = "frame" if len(rows) == 1 else "frames"
        told.append(f"{len(rows)} {noun} of {key!r} could not be read and are NaN: rows {shown}")
    return told


_KINDS: dict[str, tuple[type, ...]] = {
    "fingerprint": (dict, type(None)),
    "copied": (int, float),
    "provenance": (dict,),
    "truncated": (str,),
    "has_stop": (bool,),
    "masked": (dict,),
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
