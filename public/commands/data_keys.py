"""Shapes and types of data keys, as people write them."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

__all__ = ["dtype_text", "shape_text"]

_KINDS = {"u": "uint", "i": "int", "f": "float", "c": "complex", "b": "bool", "U": "str"}


def shape_text(events: int | None, data_key: Mapping[str, Any]) -> str:
    """Return the shape of all events together; what is not known is a question mark.

    Examples
    --------
    >>> shape_text(11, {"shape": [96, None]})
    '11 × 96 × ?'
    """
    sizes = (events, *(data_key.get("shape") or ()))
    return " × ".join("?" if n is None else str(n) for n in sizes)


def dtype_text(dtype: object) -> str:
    """Return a machine type as people write it.

    Examples
    --------
    >>> dtype_text("<u2"), dtype_text("number")
    ('uint16', 'number')
    """
    text = str(dtype).lstrip("<>|=")
    kind, size = text[:1], text[1:]
    if kind not in _KINDS or not size.isdigit():
        return str(dtype)
    return _KINDS[kind] if kind in "bU" else f"{_KINDS[kind]}{8 * int(size)}"
