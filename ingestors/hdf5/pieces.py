"""Pieces of one image, each a dataset of its own, that lie one behind the other.

A file that is not there yet is a piece, too. What tells how many frames it holds are the numbers of
the frames (``image_nr_low`` on each dataset, as Dectris' file writer has it), how many were to be
taken, and the other pieces; where these do not tell, nobody knows.
"""

from __future__ import annotations

import os
from collections.abc import Callable, Sequence
from contextlib import AbstractContextManager
from dataclasses import dataclass, replace
from itertools import pairwise
from typing import TypeAlias

import h5py

from ...core.errors import AssetError, UnsupportedFileError
from ..assets.hdf5.links import Target
from .completeness import unwritten
from .values import read_attribute

__all__ = ["Opener", "Piece", "lay_behind_one_another", "look_at", "tell_holes", "tell_missing"]

REMEDY = "Copy the missing file"
GONE = "is not there"
_MOST_TOLD = 5


@dataclass(frozen=True)
class Piece:
    """One of the datasets that make an image."""

    number: int
    name: str
    """For people: what the file calls it."""
    file: str
    dataset: str
    rows: int | None = None
    """How many frames it holds; None where nobody knows yet."""
    trouble: str = ""
    """Why it cannot be read; empty for one that is there."""
    unwritten: str = ""
    shape: tuple[int, ...] = ()
    """Of one frame; empty for a piece that was not opened."""
    dtype: str = ""
    chunks: tuple[int, ...] = ()
    first: int | None = None
    """The number of its first frame, where it is recorded."""
    is_other: bool = False
    """Whether it is something else than a stack of frames."""

    @property
    def is_gone(self) -> bool:
        """Whether its file is not there."""
        return self.trouble == GONE

    @property
    def is_opened(self) -> bool:
        """Whether what is known of it comes from itself."""
        return bool(self.shape)


Opener: TypeAlias = Callable[[Piece], AbstractContextManager[Target]]
"""Opens the dataset of a piece."""


def look_at(piece: Piece, opener: Opener) -> Piece:
    """Open a piece, and return what is known of it then."""
    try:
        with opener(piece) as target:
            dataset = target.object
            if not isinstance(dataset, h5py.Dataset):
                return replace(piece, is_other=True)
            shape = dataset.shape
            if shape is None or len(shape) != 3 or dataset.dtype.kind not in "biufc":
                return replace(piece, is_other=True)
            low = read_attribute(dataset, "image_nr_low")
            return replace(
                piece,
                file=target.file,
                dataset=target.name,
                rows=int(shape[0]),
                shape=tuple(int(size) for size in shape[1:]),
                dtype=dataset.dtype.str,
                chunks=tuple(dataset.chunks or ()),
                first=low if isinstance(low, int) and low > 0 else None,
                unwritten=unwritten(dataset),
            )
    except (AssetError, UnsupportedFileError) as error:
        return replace(piece, trouble=error.what)


def lay_behind_one_another(
    pieces: Sequence[Piece], opener: Opener, planned: int | None
) -> list[Piece] | None:
    """Return the pieces with their numbers of frames; None if they do not make one image.

    The first and the last are opened, and the rest only where these do not tell what it holds.
    """
    found = list(pieces)
    there = [at for at, piece in enumerate(found) if not piece.trouble]
    for at in dict.fromkeys((*there[:1], *there[-1:])):
        found[at] = look_at(found[at], opener)
    if len(there) == len(found) > 2 and _ends_tell(found[0], found[-1], len(found), planned):
        size = found[0].rows
        found[1:-1] = [replace(piece, rows=size) for piece in found[1:-1]]
    else:
        for at in there[1:-1]:
            found[at] = look_at(found[at], opener)
    opened = [piece for piece in found if piece.is_opened]
    kinds = {(piece.shape, piece.dtype) for piece in opened}
    if len(kinds) > 1 or any(piece.is_other for piece in found):
        return None
    # Where links inside of a file lead, they lead in those that were not opened.
    inner = {old.dataset: new.dataset for old, new in zip(pieces, found, strict=True) if new.shape}
    found = [
        piece if piece.shape else replace(piece, dataset=inner.get(piece.dataset, piece.dataset))
        for piece in found
    ]
    return _with_missing(found, planned)


def _ends_tell(first: Piece, last: Piece, count: int, planned: int | None) -> bool:
    """Whether first and last agree that all pieces before the last are as long as the first."""
    if not first.rows or not last.rows or not first.is_opened or not last.is_opened:
        return False
    before = first.rows * (count - 1)
    if first.first is not None and last.first is not None:
        return last.first - first.first == before
    return planned == before + last.rows


def _with_missing(pieces: list[Piece], planned: int | None) -> list[Piece]:
    """Fill in how many frames the pieces hold that could not be opened, where that is known."""
    found = list(pieces)
    full = {piece.rows for piece in found[:-1] if piece.is_opened}
    size = full.pop() if len(full) == 1 else None
    at = 0
    while at < len(found):
        if found[at].rows is not None:
            at += 1
            continue
        end = next((n for n in range(at, len(found)) if found[n].rows is not None), len(found))
        for n, rows in zip(
            range(at, end), _rows_between(found, at, end, size, planned), strict=True
        ):
            found[n] = replace(found[n], rows=rows)
        at = end
    return found


def _rows_between(
    found: list[Piece], at: int, end: int, size: int | None, planned: int | None
) -> list[int | None]:
    """Return how many frames each of the pieces ``at`` … ``end - 1`` holds."""
    count = end - at
    unknown: list[int | None] = [None] * count
    together = _frames_between(found, at, end, size, planned)
    if end < len(found):  # there are later ones, so that these are full
        if together is None or together < count or together % count:
            return unknown
        return [together // count] * count
    if together is None or together < 0:
        return unknown
    if size is None:
        return [together] if count == 1 and together else unknown
    # What was planned is taken one full piece after another; it may have been fewer in the end.
    rows = [min(size, max(0, together - size * n)) for n in range(count)]
    return [*rows] if together <= size * count else unknown


def _frames_between(
    found: list[Piece], at: int, end: int, size: int | None, planned: int | None
) -> int | None:
    """Return how many frames lie between a piece and a later one; None where nothing tells."""
    before = found[at - 1] if at else None
    begin: int | None = 1
    if before is not None:
        first, rows = before.first, before.rows
        begin = None if first is None or rows is None else first + rows
    if end < len(found):
        after = found[end].first
        if after is not None and begin is not None:
            return after - begin
        if size is not None:
            return size * (end - at)
    others = [piece.rows for piece in (*found[:at], *found[end:])]
    if planned is None or None in others:
        return None
    return planned - sum(rows or 0 for rows in others)


def tell_missing(pieces: Sequence[Piece]) -> list[str]:
    """Say of pieces that cannot be read what they would hold."""
    told = []
    row = 0
    for piece in pieces:
        if piece.trouble and piece.rows != 0:
            if piece.rows is None:
                what = "how many frames it holds is not known, and they are left out"
            else:
                span = f"{row}–{row + piece.rows - 1}" if piece.rows > 1 else f"{row}"
                what = f"{'rows' if piece.rows > 1 else 'row'} {span} cannot be read"
            name = piece.name.rpartition("/")[2]
            where = "" if name == os.path.basename(piece.file) else f"{name} is in "
            which = f"{piece.file}{', which' if where else ''} {piece.trouble}"
            told.append(f"{where}{which}: {what}. {REMEDY}.")
        row += piece.rows or 0
    return told


def tell_holes(pieces: Sequence[Piece]) -> list[str]:
    """Say which numbers are missing among those of the pieces.

    They count from 1, or from the first there is where that one holds the first frame.
    """
    numbers = [piece.number for piece in pieces]
    begin = 1 if (pieces[0].first or 1) > 1 else numbers[0]
    holes = [
        f"{low + 1}" if high - low == 2 else f"{low + 1}–{high - 1}"
        for low, high in pairwise([begin - 1, *numbers])
        if high - low > 1
    ]
    if not holes:
        return []
    more = ", …" if len(holes) > _MOST_TOLD else ""
    one = len(holes) == 1 and "–" not in holes[0]
    are = f"file {holes[0]} is" if one else f"files {', '.join(holes[:_MOST_TOLD])}{more} are"
    return [f"data {are} not among those numbered up to {numbers[-1]}. {REMEDY}."]
