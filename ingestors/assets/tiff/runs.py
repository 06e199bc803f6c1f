"""Pages of one TIFF file, as many at a time as lie close together."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from typing import Any

import numpy as np
from numpy.typing import NDArray

from ....core.errors import AssetError
from .bytes import as_bytes, read_into
from .directory import Directory
from .reading import Wanted, check_kind, read_page, read_plain

__all__ = ["read_pages"]

SMALL_GAP = 16 * 1024
"""Pages with no more between them are read at once, and what is between them thrown away."""


def read_pages(
    fd: int,
    wanted: Wanted,
    pages_per_frame: int,
    directory: Directory,
    pages: Sequence[int | None],
    out: NDArray[Any],
) -> None:
    """Read pages of an open file into the rows of `out`.

    Parameters
    ----------
    fd, directory
        The file, and its pages.
    wanted
        What to read; `Wanted.frame` is that of the first page.
    pages_per_frame
        How many pages a frame has.
    pages
        Numbers of pages in the file; None for one that the stream does not have.
    out
        C-contiguous; one row a page.

    Raises
    ------
    AssetError
        (or a subclass) naming the file and the frame.
    """
    row = 0
    while row < len(pages):
        of_row = replace(wanted, frame=wanted.frame + row // pages_per_frame)
        page = pages[row]
        if page is None or page >= len(directory):
            raise _no_such_page(of_row, directory)
        kind = directory.kind(page)
        check_kind(kind, of_row)
        if directory.pixels[page] < 0:
            read_page(fd, of_row, int(directory.ifds[page]), page, out[row])
            row += 1
            continue
        run = 1 if wanted.region is not None else _close_pages(directory, pages[row:], kind.nbytes)
        if run == 1 or not _read_run(fd, directory, pages[row : row + run], out[row : row + run]):
            # On its own, so that a page that the file does not hold is named.
            read_plain(fd, of_row, kind, int(directory.pixels[page]), out[row])
            run = 1
        row += run


def _close_pages(directory: Directory, pages: Sequence[int | None], nbytes: int) -> int:
    """Count the pages, from the first on, that are alike and lie close after one another."""
    first = pages[0]
    if first is None:
        return 0
    count = 1  # of those that the stream has one after the other
    while count < len(pages) and pages[count] == first + count < len(directory):
        count += 1
    stop = first + count
    gaps = np.diff(directory.pixels[first:stop]) - nbytes
    alike = directory.kind_of[first + 1 : stop] == directory.kind_of[first]
    close = alike & (gaps >= 0) & (gaps <= SMALL_GAP)
    return count if close.all() else int(np.argmin(close)) + 1


def _read_run(
    fd: int, directory: Directory, pages: Sequence[int | None], out: NDArray[Any]
) -> bool:
    """Read pages that lie close together; return False if the file ends before they do."""
    first = pages[0] or 0
    kind = directory.kind(first)
    places = directory.pixels[first : first + len(pages)]
    gaps = np.diff(places) - kind.nbytes
    if gaps.any():
        between = memoryview(bytearray(int(gaps.max())))  # all of them go here
        buffers: list[Any] = []
        for row, gap in enumerate([*gaps.tolist(), 0]):
            buffers += [as_bytes(out[row]), between[:gap]]
    else:
        buffers = [as_bytes(out)]
    if read_into(fd, int(places[0]), buffers) < sum(len(buffer) for buffer in buffers):
        return False
    if not kind.dtype.isnative:
        out.byteswap(inplace=True)
    return True


def _no_such_page(wanted: Wanted, directory: Directory) -> AssetError:
    because = f": {directory.problem}" if directory.problem else ""
    return AssetError(
        f"there is no frame {wanted.frame}: the file has {len(directory)} pages{because}",
        where=wanted.path,
    )
