"""Data keys for the labels of columns, as files write them."""

from __future__ import annotations

from collections.abc import Iterable

from ..core.documents import safe_key

__all__ = ["unique_keys"]


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
