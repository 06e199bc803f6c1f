"""Metadata of files within bounds: a start document holds at most 64 KiB."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from ..core.documents import column_key, safe_key, safe_metadata
from ..core.documents.measuring import json_bytes
from ..core.documents.normalising import normalise
from ..core.errors import DocumentError

__all__ = ["fit_configuration", "fit_metadata"]

LARGEST_ARRAY = 1024
"""Bytes: arrays that are larger are no metadata."""
LARGEST_CONSTANT = 64 * 1024
"""Bytes of one value of a configuration."""
_MOST_LISTED = 12
_DEEPEST = 16


def fit_metadata(found: Mapping[str, Any], most: int) -> tuple[dict[str, Any], list[str]]:
    """Return metadata as a start document may hold it, within so many bytes, and what is left out.

    The largest values are left out first. Keys are made safe; values that are no metadata (large
    arrays, objects) are left out whatever their number.

    Returns
    -------
    fitted, notes
        Notes are empty if everything is there.

    Examples
    --------
    >>> fit_metadata({"gain": 2, "table": list(range(1000))}, 100)
    ({'gain': 2}, ['1 value does not fit into the start document: table'])
    """
    leaves: list[tuple[tuple[str, ...], Any, int]] = []
    dropped: list[str] = []
    _gather(found, (), leaves, dropped)
    total = sum(size for _, _, size in leaves)
    for path, _, size in sorted(leaves, key=lambda leaf: leaf[2], reverse=True):
        if total <= most:
            break
        total -= size
        dropped.append("/".join(path))
    gone = set(dropped)
    nested: dict[str, Any] = {}
    for path, value, _ in leaves:
        if "/".join(path) not in gone:
            branch = nested
            for part in path[:-1]:
                branch = branch.setdefault(part, {})
            branch[path[-1]] = value
    return nested, _told(dropped)


def fit_configuration(found: Mapping[str, Any]) -> tuple[dict[str, Any], list[str]]:
    """Return constants as a descriptor may hold them, and what is left out.

    Returns
    -------
    fitted, notes
        Notes are empty if everything is there.

    Examples
    --------
    >>> fit_configuration({"time": 2, "lens": object()})
    ({'time_value': 2}, ['no document can hold the value of lens'])
    """
    fitted: dict[str, Any] = {}
    notes: list[str] = []
    for name, value in found.items():
        if value is None:
            continue
        try:
            plain = normalise(value)
            column_key([plain], source=name)
            fits = json_bytes(plain) <= LARGEST_CONSTANT
        except (DocumentError, ValueError, RecursionError):
            fits = False
        if fits:
            fitted[safe_key(name)] = plain
        else:
            notes.append(f"no document can hold the value of {name[:80]}")
    return fitted, notes


def _gather(
    found: Mapping[Any, Any],
    path: tuple[str, ...],
    leaves: list[tuple[tuple[str, ...], Any, int]],
    dropped: list[str],
) -> None:
    names = list(safe_metadata(dict.fromkeys(map(str, found))))
    for name, value in zip(names, found.values(), strict=True):
        here = (*path, name)
        if isinstance(value, Mapping) and value and len(here) < _DEEPEST:
            _gather(value, here, leaves, dropped)
            continue
        try:
            plain = safe_metadata(normalise(value))
            size = json_bytes(plain)
        except (DocumentError, ValueError, RecursionError):
            dropped.append("/".join(here))
            continue
        if isinstance(plain, list) and size > LARGEST_ARRAY:
            dropped.append("/".join(here))
        else:
            leaves.append((here, plain, size + sum(len(part.encode()) for part in here) + 6))


def _told(dropped: list[str]) -> list[str]:
    if not dropped:
        return []
    verb = "value does" if len(dropped) == 1 else "values do"
    more = len(dropped) - _MOST_LISTED
    listed = ", ".join(name[:80] for name in dropped[:_MOST_LISTED])
    told = f"{len(dropped)} {verb} not fit into the start document: {listed}"
    return [told + (f" and {more} more" if more > 0 else "")]
