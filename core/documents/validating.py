"""Checking documents against the event model, affordably."""

from __future__ import annotations

from typing import Any

import event_model
import jsonschema

from ..errors import DocumentError

__all__ = ["validate"]

_ROWS = 2


def validate(name: str, doc: dict[str, Any]) -> None:
    """Check one document against its schema.

    Of an ``event_page`` only the first rows are checked against the schema (rows of a page are
    alike, and the schema would take a second for each 10,000), and all its columns for length.

    Raises
    ------
    DocumentError
        Naming the field that is wrong.

    Examples
    --------
    >>> validate("start", {"uid": "6f2a", "time": 0.0})
    >>> validate("start", {"uid": "6f2a"})
    Traceback (most recent call last):
    penstock.core.errors.DocumentError: start document: 'time' is a required property
    """
    try:
        kind = event_model.DocumentNames[name]
    except KeyError:
        raise DocumentError(
            f"{name!r} is not the name of a document",
            remedy="Yield pairs such as ('start', doc), as event_model defines them.",
        ) from None
    if name == "event_page":
        _check_lengths(doc)
        doc = _first_rows(doc)
    try:
        event_model.schema_validators[kind].validate(doc)
    except jsonschema.ValidationError as error:
        path = "".join(f"[{step!r}]" for step in error.absolute_path)
        message = error.message if len(error.message) < 500 else f"{error.message[:500]}…"
        raise DocumentError(message, where=f"{name} document{path}") from None


def _columns(doc: dict[str, Any]) -> dict[str, Any]:
    columns: dict[str, Any] = {key: doc[key] for key in ("seq_num", "time", "uid") if key in doc}
    for group in ("data", "timestamps"):
        columns.update({f"{group}.{key}": value for key, value in doc.get(group, {}).items()})
    return columns


def _check_lengths(doc: dict[str, Any]) -> None:
    rows = len(doc.get("seq_num", ()))
    for name, column in _columns(doc).items():
        if len(column) != rows:
            raise DocumentError(
                f"{name} has {len(column)} rows where seq_num has {rows}",
                where="event_page document",
            )


def _first_rows(doc: dict[str, Any]) -> dict[str, Any]:
    short = dict(doc)
    for key in ("seq_num", "time", "uid"):
        if key in short:
            short[key] = list(short[key][:_ROWS])
    for group in ("data", "timestamps", "filled"):
        if group in short:
            short[group] = {key: list(value[:_ROWS]) for key, value in short[group].items()}
    return short
