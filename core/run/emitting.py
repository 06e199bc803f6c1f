"""Documents as single events of values that others can write: what a RunEngine would emit."""

from __future__ import annotations

import os
import warnings
from collections.abc import Iterable, Iterator, Mapping
from typing import Any

import numpy as np

from ..documents import Document, normalise, unpack_page

__all__ = ["emitted", "warn_of_path"]


def emitted(documents: Iterable[Document]) -> Iterator[Document]:
    """Yield filled documents, pages as single events, values as exporters can write them.

    Arrays of numbers, text and records stay. Arrays of dates, durations and objects, and what is
    no plain data (dates, sets, paths), become what `normalise` makes of them.
    """
    for name, doc in documents:
        for part in unpack_page(doc) if name == "event_page" else [doc]:
            yield "event" if name == "event_page" else name, _writable(part)


def _writable(value: Any) -> Any:
    kind = type(value)
    if kind in _PLAIN:
        return value
    if isinstance(value, np.ndarray | np.generic):
        return normalise(value) if value.dtype.hasobject or value.dtype.kind in "mM" else value
    if isinstance(value, Mapping):
        return {key: _writable(item) for key, item in value.items()}
    if isinstance(value, list | tuple):
        return [_writable(item) for item in value]
    return value if isinstance(value, bytes | complex) else normalise(value)


_PLAIN = frozenset({str, int, float, bool, type(None)})


def warn_of_path(uid: str) -> None:
    """Warn of a uid that would lead exporters elsewhere which take it for the name of a file."""
    if "/" in uid or os.sep in uid or uid.startswith("."):
        warnings.warn(
            f"the uid {uid!r} is a path, and exporters such as suitcase's make names of files of "
            "uids: they would write elsewhere. Use run.cache(directory), which does not.",
            UserWarning,
            stacklevel=3,
        )
