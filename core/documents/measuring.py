"""How large a document is: one measure, and the bound that start documents keep."""

from __future__ import annotations

import json
from typing import Any

from ..errors import DocumentError

__all__ = ["START_BYTES", "check_start_size", "json_bytes"]

START_BYTES = 64 * 1024
"""The most that a start document may take, in the measure of `json_bytes`."""


def json_bytes(value: Any) -> int:
    """Return how many bytes of UTF-8 the compact JSON of plain data takes, non-ASCII as it is.

    Examples
    --------
    >>> json_bytes({"a": [1, "é"]})
    14
    """
    text = json.dumps(value, ensure_ascii=False, separators=(",", ":"))
    return len(text.encode("utf-8", "surrogatepass"))


def check_start_size(doc: dict[str, Any]) -> None:
    """Refuse a start document that is too large to be listed and searched among many.

    Raises
    ------
    DocumentError
        Naming the largest field.

    Examples
    --------
    >>> check_start_size({"uid": "6f2a", "time": 0.0})
    """
    size = json_bytes(doc)
    if size <= START_BYTES:
        return
    largest = max(doc, key=lambda name: json_bytes(doc[name]))
    raise DocumentError(
        f"takes {size} bytes as JSON, where {START_BYTES} are the most",
        where="start document",
        remedy=f"Shorten {largest!r}, which takes {json_bytes(doc[largest])} of them, or put it "
        "into columns, configuration or a file of its own.",
    )
