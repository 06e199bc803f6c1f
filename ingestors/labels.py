"""Data keys for the labels of columns, as files write them."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

from ..core.documents import safe_key

__all__ = ["name_detector", "unique_keys"]


def unique_keys(names: Iterable[str]) -> dict[str, str]:
    """Return a data key for each name, in order; names that make the same one get numbers.

    Examples
    --------
    >>> unique_keys(["s2 vgap", "s2.vgap"])
    {'s2_vgap': 's2 vgap', 's2_vgap_2': 's2.vgap'}
    """
    keys: dict[str, str] = {}
    numbers: dict[str, int] = {}
    for name in names:
        base = key = safe_key(name)
        while key in keys:
            # Counted on, not anew: a file may have its columns all alike, and many.
            numbers[base] = numbers.get(base, 1) + 1
            key = f"{base}_{numbers[base]}"
        keys[key] = name
    return keys


def name_detector(*names: Any) -> str:
    """Return what to call the detector: the first name that says something; empty if none does.

    Examples
    --------
    >>> name_detector("Unknown", "Pilatus 100K")
    'pilatus_100k'
    """
    for name in names:
        if isinstance(name, str) and name.strip() and name.strip() != "Unknown":
            return next(iter(unique_keys([name.strip()[:64].lower()])))
    return ""
