"""What an asset reader is: the one contract between documents that point at bytes and arrays.

A ``stream_resource`` document says where the bytes of one data key lie. An asset reader, found by
the document's mimetype, turns it into `Frames`: the frames of that resource, addressed by the
*datum index* that ``stream_datum`` documents use. Everything above (blocks, dask arrays, masks,
documents) is made of `Frames` and knows no format.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any, Protocol, TypeAlias, runtime_checkable

import numpy as np
from numpy.typing import NDArray

__all__ = ["AssetContext", "AssetOpener", "Frames", "Region"]

Region: TypeAlias = tuple[slice, ...]
"""One slice with step 1 and known bounds for each axis of a frame."""


@runtime_checkable
class Frames(Protocol):
    """The frames of one resource, read on demand.

    Instances are picklable, hold no open file, and can be read from several threads at once.
    """

    @property
    def frame_shape(self) -> tuple[int, ...]:
        """Shape of one frame: the shape of one event's datum. ``()`` for scalars."""

    @property
    def dtype(self) -> np.dtype[Any]:
        """The dtype in which `read` returns frames (native or as stored)."""

    @property
    def frames_per_chunk(self) -> int:
        """How many consecutive indices lie in one unit of storage (HDF5 chunk); 1 if unknown."""

    def read(self, start: int, stop: int, region: Region | None, out: NDArray[Any]) -> None:
        """Read the frames with indices ``start`` … ``stop - 1`` into `out`.

        Parameters
        ----------
        start, stop
            Datum indices, ``start < stop``.
        region
            Which part of each frame; None for whole frames.
        out
            C-contiguous, of `dtype`, of shape ``(stop - start, *frame_shape)`` or that of `region`.

        Raises
        ------
        AssetError
            (or a subclass) naming the file, and the frame where known. `out` is then undefined.
        """


@dataclass(frozen=True)
class AssetContext:
    """What a reader needs to know beside the document itself."""

    frame_shape: tuple[int, ...] | None = None
    """The data key's ``shape``, None where the descriptor leaves it open."""
    dtype: str | None = None
    """The data key's ``dtype_numpy``."""
    resolve: Callable[[str], str] = field(default=lambda uri: uri)
    """Turns the URI of a document into a path on this machine (`root_map`, URI prefixes)."""


AssetOpener: TypeAlias = Callable[[dict[str, Any], AssetContext], Frames]
"""``open(stream_resource, context) -> Frames``: what an asset reader's reference names."""
