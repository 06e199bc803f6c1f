"""A signal as images or curves: which of its axes count events, and what it is called."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import h5py
import numpy as np

from ...core.documents import safe_key
from ...core.errors import NoDataError
from ..assets.hdf5.sources import SourceCheck
from .nexus import Signal
from .pieces import tell_missing
from .reader import Reader
from .values import text_attribute

__all__ = ["Image", "count_scan_axes", "describe_image", "name_keys"]

MOST_ROWS = 65_536
"""A longer row of numbers is one waveform, not a scan."""
_FRAME_RANKS = {
    "scalar": 0,
    "scaler": 0,
    "spectrum": 1,
    "vertex": 1,
    "image": 2,
    "rgb-image": 3,
    "rgba-image": 3,
    "hsl-image": 3,
    "hsla-image": 3,
    "cmyk-image": 3,
}


@dataclass(frozen=True)
class Image:
    """A signal, and how its events lie in it."""

    key: str
    signal: Signal
    shape: tuple[int, ...]
    dtype: np.dtype[Any]
    chunks: tuple[int, ...]
    scan_axes: int
    """So many leading axes count events."""
    units: str

    @property
    def scan_shape(self) -> tuple[int, ...]:
        """Sizes of the axes that count events."""
        return self.shape[: self.scan_axes]

    @property
    def frame_shape(self) -> tuple[int, ...]:
        """Shape of one event's datum."""
        return self.shape[self.scan_axes :]

    @property
    def events(self) -> int:
        """How many events there are."""
        return math.prod(self.scan_shape)

    @property
    def faults(self) -> list[str]:
        """What is missing of the pieces that it lies in."""
        return [*tell_missing(self.signal.pieces), *self.signal.notes]

    @property
    def is_column(self) -> bool:
        """Whether its values are small enough to stand in event pages."""
        return not self.frame_shape and self.events <= MOST_ROWS


def describe_image(reader: Reader, signal: Signal, key: str, check: SourceCheck) -> Image:
    """Work out which axes of a signal count events, and check that its bytes are there.

    Raises
    ------
    AssetError, UnsafeLinkError
        If a virtual or external source is missing, too short or not allowed.
    """
    check.check(signal.target, filters=False)
    dataset = signal.target.object
    assert isinstance(dataset, h5py.Dataset)
    shape = dataset.shape
    if shape is None:
        raise NoDataError(f"{signal.named!r} is empty", where=reader.path)
    interpretation = text_attribute(dataset, "interpretation")
    if not interpretation and signal.group is not None:
        interpretation = text_attribute(signal.group.object, "interpretation")
    if signal.pieces:
        shape = signal.info.shape or shape  # of all of them
    return Image(
        key=key,
        signal=signal,
        shape=tuple(int(size) for size in shape),
        dtype=np.dtype(dataset.dtype.str),
        chunks=tuple(dataset.chunks or ()),
        scan_axes=count_scan_axes(tuple(shape), interpretation)
        if signal.scan_axes is None
        else min(signal.scan_axes, len(shape)),
        units=text_attribute(dataset, "units"),
    )


def count_scan_axes(shape: tuple[int, ...], interpretation: str = "") -> int:
    """Return how many leading axes of a dataset count events.

    Examples
    --------
    >>> count_scan_axes((10, 512, 512)), count_scan_axes((512, 512)), count_scan_axes((3, 4, 5, 6))
    (1, 0, 2)
    >>> count_scan_axes((100, 80, 3), "rgb-image"), count_scan_axes((100, 2048), "spectrum")
    (0, 1)
    """
    rank = _FRAME_RANKS.get(interpretation.lower())
    if rank is not None and rank <= len(shape):
        if rank == 3 and shape[-1] not in (3, 4) and shape[-3] not in (3, 4):
            rank = 2
        return len(shape) - rank
    if len(shape) == 1:
        return 1 if shape[0] <= MOST_ROWS else 0
    return max(0, len(shape) - 2)


def name_keys(signals: Sequence[Signal]) -> list[str]:
    """Return a data key for each signal: its own name, with its group's where that is not enough.

    A dataset that only says ``data`` is still called so: its group names the object.
    """
    keys: list[str] = []
    for signal in signals:
        parts = [part for part in signal.named.split("/") if part]
        if signal.label:
            parts[-1] = signal.label
        for count in range(1, len(parts) + 1):
            key = safe_key("_".join(parts[-count:]))
            if key not in keys:
                break
        else:
            key = safe_key(f"{'_'.join(parts)}_{len(keys)}")
        keys.append(key)
    return keys
