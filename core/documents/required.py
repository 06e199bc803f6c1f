"""What every document must hold to be understood at all, whoever wrote it."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, TypeAlias

import numpy as np

from ..errors import DocumentError

__all__ = ["check_parts"]

_Kinds: TypeAlias = type | tuple[type, ...]
_NUMBER = (int, float, np.integer, np.floating)
_INTEGER = (int, np.integer)
_COLUMN = (list, tuple, np.ndarray)

_PARTS: dict[str, dict[str, _Kinds]] = {
    "descriptor": {"uid": str, "time": _NUMBER, "data_keys": Mapping},
    "event": {
        "uid": str,
        "descriptor": str,
        "seq_num": _INTEGER,
        "time": _NUMBER,
        "data": Mapping,
        "timestamps": Mapping,
    },
    "event_page": {
        "uid": _COLUMN,
        "descriptor": str,
        "seq_num": _COLUMN,
        "time": _COLUMN,
        "data": Mapping,
        "timestamps": Mapping,
    },
    "resource": {"uid": str, "spec": str, "resource_path": str},
    "datum": {"datum_id": str, "resource": str, "datum_kwargs": Mapping},
    "datum_page": {"datum_id": _COLUMN, "resource": str, "datum_kwargs": Mapping},
    "stream_resource": {"uid": str, "data_key": str, "uri": str},
    "stream_datum": {
        "uid": str,
        "stream_resource": str,
        "descriptor": str,
        "seq_nums": Mapping,
        "indices": Mapping,
    },
}

_OPTIONAL: dict[str, dict[str, _Kinds]] = {
    "descriptor": {"name": str, "configuration": Mapping},
    "event": {"filled": (Mapping, type(None))},
    "event_page": {"filled": (Mapping, type(None))},
    "resource": {"root": str, "resource_kwargs": Mapping},
    "stream_resource": {"mimetype": str, "parameters": Mapping},
}


def check_parts(name: str, doc: Any, *, where: str) -> None:
    """Raise `DocumentError` where a document lacks what reading it takes, or has it otherwise.

    It is no validation: what nobody here looks at may be missing. `validate` is that.

    Examples
    --------
    >>> check_parts("event", {"uid": "e", "descriptor": "d", "seq_num": 1}, where="a.jsonl")
    Traceback (most recent call last):
    penstock.core.errors.DocumentError: a.jsonl: an event document has no 'time'...
    """
    if not isinstance(doc, Mapping):
        raise _wrong(name, f"is a {type(doc).__name__}", where)
    for part, kinds in _PARTS.get(name, {}).items():
        if part not in doc:
            raise _wrong(name, f"has no {part!r}", where)
        _check_kind(name, doc, part, kinds, where)
    for part, kinds in _OPTIONAL.get(name, {}).items():
        if part in doc:
            _check_kind(name, doc, part, kinds, where)
    if name == "event_page":
        _check_page(doc, where)
    elif name == "descriptor":
        for key, data_key in doc["data_keys"].items():
            if not isinstance(data_key, Mapping):
                raise _wrong(name, f"does not describe its data key {key!r}", where)
    elif name == "stream_datum":
        for part in ("seq_nums", "indices"):
            if not all(isinstance(doc[part].get(end), _INTEGER) for end in ("start", "stop")):
                raise _wrong(name, f"has no start and stop in {part!r}", where)


def _check_kind(name: str, doc: Mapping[str, Any], part: str, kinds: _Kinds, where: str) -> None:
    if not isinstance(doc[part], kinds) or isinstance(doc[part], bool):
        raise _wrong(name, f"has a {type(doc[part]).__name__} as {part!r}", where)


def _check_page(page: Mapping[str, Any], where: str) -> None:
    rows = len(page["seq_num"])
    columns = {"uid": page["uid"], "time": page["time"]}
    for group in ("data", "timestamps", "filled"):
        columns |= {f"{group}.{key}": column for key, column in (page.get(group) or {}).items()}
    for key, column in columns.items():
        try:
            length = len(column)
        except TypeError:
            raise _wrong("event_page", f"has no column as {key!r}", where) from None
        if length != rows:
            raise _wrong(
                "event_page", f"has {length} rows of {key!r} and {rows} of 'seq_num'", where
            )
    for part, kinds in (("seq_num", "iu"), ("time", "iuf")):
        try:
            kind = np.asarray(page[part]).dtype.kind
        except ValueError:
            kind = "O"
        if rows and kind not in kinds:
            raise _wrong("event_page", f"has other things than numbers in {part!r}", where)


def _wrong(name: str, what: str, where: str) -> DocumentError:
    article = "an" if name[0] in "aeiou" else "a"
    return DocumentError(
        f"{article} {name} document {what}",
        where=where,
        remedy="Compose documents with event_model or RunComposer.",
    )
