"""Whether all that a file promises has been written to it, as far as the file itself tells."""

from __future__ import annotations

import math
import os

import h5py

__all__ = ["is_being_written", "unwritten"]

_SUPERBLOCK_3 = b"\x89HDF\r\n\x1a\n\x03"
_FLAGS_AT = 11
_OPEN_FOR_WRITING = 0b101
"""Of the consistency flags: a writer has the file open; it writes for readers (SWMR)."""


def unwritten(dataset: h5py.Dataset) -> str:
    """Say how much of a dataset was never written; empty where nothing is missing, or told.

    A dataset can be made in its full size before its data come: what has not come reads as zeros.

    Examples
    --------
    >>> with h5py.File("a.h5", "w") as file:
    ...     images = file.create_dataset("images", (10, 4, 6), "u2", chunks=(1, 4, 6))
    ...     images[:3] = 1
    ...     unwritten(images)
    '7 of 10 chunks were never written'
    """
    if dataset.size in (None, 0) or dataset.is_virtual or dataset.external:
        return ""
    if dataset.chunks is None:
        compact = dataset.id.get_create_plist().get_layout() == h5py.h5d.COMPACT
        return "" if compact or dataset.id.get_storage_size() else "it was never written"
    pairs = zip(dataset.shape, dataset.chunks, strict=True)
    promised = math.prod(math.ceil(size / chunk) for size, chunk in pairs)
    missing = promised - int(dataset.id.get_num_chunks())
    return f"{missing} of {promised} chunks were never written" if missing > 0 else ""


def is_being_written(file: h5py.File) -> bool:
    """Tell whether a writer has the file open, or died without closing it.

    Only files of the newest superblock (3, which writing for readers needs) say so; see the HDF5
    File Format Specification, "File Consistency Flags".

    Examples
    --------
    >>> with h5py.File("a.h5", "w", libver="latest") as file:
    ...     file.flush()
    ...     is_being_written(file)
    True
    >>> with h5py.File("a.h5") as file:
    ...     is_being_written(file)
    False
    """
    # Through the descriptor that HDF5 has: the file is not opened once more.
    head = os.pread(file.id.get_vfd_handle(), _FLAGS_AT + 1, 0)
    return (
        len(head) > _FLAGS_AT
        and head.startswith(_SUPERBLOCK_3)
        and bool(head[_FLAGS_AT] & _OPEN_FOR_WRITING)
    )
