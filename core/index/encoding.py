"""Documents as text: JSON from which they come back equal, and which SQL can read where it can."""

from __future__ import annotations

import json
import re
from typing import Any

from ..errors import CatalogError, DocumentError

__all__ = ["decode_document", "decode_text", "decode_value", "encode_document", "encode_text"]

_strict = json.JSONEncoder(
    ensure_ascii=False, separators=(",", ":"), allow_nan=False, check_circular=False
).encode
_lenient = json.JSONEncoder(
    ensure_ascii=False, separators=(",", ":"), allow_nan=True, check_circular=False
).encode
_decode = json.JSONDecoder().decode

# A dot and then the end of a name; a text with an escaped quote can look like it, which only costs.
_DOTTED_NAME = re.compile(r'\.[^":]*":')


def encode_document(document: dict[str, Any]) -> tuple[bytes, bool]:
    """Return a document as JSON, and whether it is odd: SQL would not read it as Python does.

    Odd are NaN and infinities (no JSON), lone surrogates (no UTF-8), control characters (at NUL,
    SQLite cuts texts) and names with dots (which paths take before they are split).

    Parameters
    ----------
    document
        Plain data, as `normalise` returns it.

    Examples
    --------
    >>> encode_document({"sample": {"name": "Cu"}})
    (b'{"sample":{"name":"Cu"}}', False)
    >>> encode_document({"x": float("inf")}), encode_document({"a.b": 1})[1]
    ((b'{"x":Infinity}', True), True)
    """
    try:
        text = _strict(document)
        return text.encode(), "\\u" in text or _DOTTED_NAME.search(text) is not None
    except ValueError:  # also UnicodeEncodeError
        pass
    try:
        return encode_text(_lenient(document)), True
    except ValueError as error:
        raise DocumentError(
            f"cannot be stored: {error}", remedy="Use shorter numbers in documents."
        ) from error


def decode_document(text: str) -> dict[str, Any]:
    """Return the document that `encode_document` made a text of.

    Examples
    --------
    >>> decode_document('{"x":Infinity}')
    {'x': inf}
    """
    document = decode_value(text)
    if not isinstance(document, dict):
        raise CatalogError(f"a document in it is a {type(document).__name__}")
    return document


def decode_value(text: str) -> Any:
    """Return a value in a document, of which SQLite gave the text.

    Examples
    --------
    >>> decode_value("[1, NaN]")
    [1, nan]
    """
    try:
        return _decode(text)
    except (ValueError, TypeError, RecursionError) as error:
        raise CatalogError(f"a document in it cannot be read: {error}") from error


def encode_text(text: str) -> bytes:
    """Return text as SQLite keeps it; lone surrogates, which UTF-8 does not know, included.

    Bind it as ``CAST(? AS TEXT)``.
    """
    return text.encode("utf-8", "surrogatepass")


def decode_text(data: bytes) -> str:
    r"""Return text as Python knows it: the `text_factory` of all connections.

    Examples
    --------
    >>> decode_text(encode_text("\ud800")) == "\ud800"
    True
    """
    try:
        return data.decode("utf-8", "surrogatepass")
    except UnicodeDecodeError as error:
        raise CatalogError(f"a text in it cannot be read: {error}") from error
