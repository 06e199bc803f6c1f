"""Leaving out data whose source is not there, where a run is more than they."""

from __future__ import annotations

from collections.abc import Iterable

from ...core.errors import AssetError
from ..assets.hdf5.sources import SourceCheck
from .nexus import Signal
from .reader import Reader

__all__ = ["part_missing"]


def part_missing(
    reader: Reader, signals: Iterable[Signal]
) -> tuple[tuple[Signal, ...], tuple[str, ...]]:
    """Return the signals that can be read, and why each of the others cannot.

    Raises
    ------
    UnsafeLinkError
        If one lies where the file may not point.
    """
    check = SourceCheck(reader.reach)
    there: list[Signal] = []
    missing: list[str] = []
    for signal in signals:
        try:
            check.check(signal.target, filters=False)
        except AssetError as error:
            missing.append(f"{signal.named} is left out: {error}")
        else:
            there.append(signal)
    return tuple(there), tuple(missing)
