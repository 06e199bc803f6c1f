"""Pixels of single TIFF pages into arrays: read as they lie where they can be, else decoded."""

from __future__ import annotations

import contextlib
import math
import struct
from dataclasses import dataclass
from typing import Any

import numpy as np
import tifffile
from numpy.typing import NDArray

from ....core.assets.protocol import Region
from ....core.errors import AssetError, FrameMismatchError, TruncatedFileError
from .bytes import Source, as_bytes, open_file, read_into
from .directory import (
    TIFFFILE_ERRORS,
    asset_error,
    check_declared_size,
    open_tifffile,
    page_at,
)
from .pages import Header, PageKind, PageTemplate, read_header, starts_like_tiff

__all__ = ["Expectation", "Wanted", "check_kind", "read_first_page", "read_page", "read_plain"]

SMALL = 64 * 1024
"""Up to so many bytes around the pixels are read together with them rather than on their own."""


@dataclass(frozen=True)
class Wanted:
    """Where a frame is to come from, and what it is to be."""

    path: str
    frame: int
    shape: tuple[int, ...]
    dtype: np.dtype[Any]
    region: Region | None


@dataclass(frozen=True)
class Expectation:
    """What the first page of a series' next file looks like if it is like the last one."""

    template: PageTemplate
    pixels: int
    """Where the pixels begin."""
    tail: int
    """How many bytes after them tell that the page is alike; 0 if none, or far off."""
    followed: bool
    """Whether another page follows the first."""


def check_kind(kind: PageKind, wanted: Wanted) -> None:
    """Raise FrameMismatchError if a page is not what its stream says."""
    if kind.shape != wanted.shape or kind.native != wanted.dtype:
        raise FrameMismatchError(
            f"frame {wanted.frame} is {_size(kind.shape)} {kind.native}"
            f" where the stream has {_size(wanted.shape)} {wanted.dtype}",
            where=wanted.path,
        )


def _size(shape: tuple[int, ...]) -> str:
    return " × ".join(map(str, shape))


def read_first_page(
    wanted: Wanted, expected: Expectation | None, out: NDArray[Any]
) -> Expectation | None:
    """Read the first page of a file into `out`.

    Where the file is as expected, that is one read of a few header bytes and the pixels; a file
    that is like it but has its pixels elsewhere takes some more; any other is parsed by tifffile.

    Parameters
    ----------
    wanted
        What to read.
    expected
        What an earlier call returned.
    out
        C-contiguous, of the shape of the region.

    Returns
    -------
    expectation
        For the next file; None if its pixels must be decoded.

    Raises
    ------
    AssetError
        (or a subclass) naming the file and the frame.
    """
    with open_file(wanted.path, wanted.frame) as fd:
        if expected is None or wanted.region is not None:
            source, there = Source(fd), 0
        else:
            source, there = _read_speculatively(fd, expected, out)
        header = read_header(source)
        if header is None:
            raise _not_tiff(source, wanted)
        if expected is not None and expected.template.fits(header):
            found = expected.template.find(source, header.first)
            if found is not None and (found[1] == 0 or expected.followed):
                kind = expected.template.kind
                check_kind(kind, wanted)
                if there < kind.nbytes or found[0] != expected.pixels:
                    if there and found[0] == expected.pixels:
                        raise _truncated(wanted, kind.nbytes - there)
                    read_plain(fd, wanted, kind, found[0], out)
                    return _expect(expected.template, source, *found)
                _to_native(kind, out)
                return expected
        return _read_unknown(fd, source, header, wanted, out)


def _read_speculatively(fd: int, expected: Expectation, out: NDArray[Any]) -> tuple[Source, int]:
    """Read pixels from where they were in the last file, with what lies around them.

    Returns the source that knows what lies around them, and how many bytes of pixels there were.
    """
    head = bytearray(expected.pixels if expected.pixels <= SMALL else 0)
    tail = bytearray(expected.tail)
    start = expected.pixels - len(head)
    count = read_into(fd, start, [head, as_bytes(out), tail])
    after = count - len(head) - out.nbytes
    windows = [
        (0, head[: max(0, min(count, len(head)))]),
        (expected.pixels + out.nbytes, tail[: max(0, after)]),
    ]
    return Source(fd, windows), max(0, min(count - len(head), out.nbytes))


def _read_unknown(
    fd: int, source: Source, header: Header, wanted: Wanted, out: NDArray[Any]
) -> Expectation | None:
    """Read a first page that is like none before, and learn from it."""
    try:
        with open_tifffile(fd, wanted.path) as tif:
            page = tif.pages.first
            kind = PageKind.of(page, header.order)
            if kind is None:
                raise _no_image(wanted)
            check_declared_size(kind, tif.filehandle.size, wanted.path)
            check_kind(kind, wanted)
            _check_single(tif, kind, header, wanted)
            if not kind.plain:
                _decode(page, wanted, out)
                return None
            pixels = int(page.dataoffsets[0])
    except TIFFFILE_ERRORS as error:
        if isinstance(error, AssetError):
            raise
        raise asset_error(error, wanted.path, wanted.frame, _ends_early(fd, source)) from error
    read_plain(fd, wanted, kind, pixels, out)
    with contextlib.suppress(ValueError, struct.error):
        template = PageTemplate(header, source, header.first, kind)
        source.asked.clear()
        read_header(source)
        found = template.find(source, header.first)
        if found is not None and found[0] == pixels:
            return _expect(template, source, *found)
    return None


def _check_single(tif: tifffile.TiffFile, kind: PageKind, header: Header, wanted: Wanted) -> None:
    """Refuse a file that holds a second frame, which nobody would ever see.

    A page of another kind (a thumbnail, say) is no frame.
    """
    try:
        page = tif.pages[1]
        second = PageKind.of(page, header.order) if isinstance(page, tifffile.TiffPage) else None
    except IndexError:
        return
    except TIFFFILE_ERRORS:  # what follows is no page
        return
    if second is not None and (second.shape, second.native) == (kind.shape, kind.native):
        raise FrameMismatchError(
            f"the file of frame {wanted.frame} holds more than one image",
            where=wanted.path,
            remedy="Ingest it on its own with ingest_tiff_stack.",
        )


def _expect(template: PageTemplate, source: Source, pixels: int, following: int) -> Expectation:
    end = pixels + template.kind.nbytes
    tail = max((stop - end for start, stop in source.asked if start >= end), default=0)
    return Expectation(template, pixels, tail if tail <= SMALL else 0, following > 0)


def read_page(fd: int, wanted: Wanted, ifd: int, number: int, out: NDArray[Any]) -> None:
    """Decode the page described at offset `ifd` into `out`."""
    try:
        with open_tifffile(fd, wanted.path) as tif:
            page = page_at(tif, ifd, number)
            kind = PageKind.of(page, tif.byteorder)
            if kind is None:
                raise _no_image(wanted)
            check_kind(kind, wanted)
            _decode(page, wanted, out)
    except TIFFFILE_ERRORS as error:
        if isinstance(error, AssetError):
            raise
        raise asset_error(error, wanted.path, wanted.frame, False) from error


def _decode(page: Any, wanted: Wanted, out: NDArray[Any]) -> None:
    size = page.parent.filehandle.size
    ends = [
        offset + count for offset, count in zip(page.dataoffsets, page.databytecounts, strict=False)
    ]
    # Some codecs fill what is missing with zeros, and say nothing.
    if page.compression != 1 and max(ends, default=0) > size:
        raise _truncated(wanted, max(ends) - size)
    try:
        # The caller decides about threads.
        image = page.asarray(maxworkers=1)
    except TIFFFILE_ERRORS as error:
        early = max(ends, default=0) > size
        raise asset_error(error, wanted.path, wanted.frame, early) from error
    if image.shape != wanted.shape or image.dtype.newbyteorder("=") != wanted.dtype:
        raise FrameMismatchError(
            f"frame {wanted.frame} decodes to {_size(image.shape)} {image.dtype}"
            f" where the stream has {_size(wanted.shape)} {wanted.dtype}",
            where=wanted.path,
        )
    out[...] = image if wanted.region is None else image[wanted.region]


def read_plain(fd: int, wanted: Wanted, kind: PageKind, pixels: int, out: NDArray[Any]) -> None:
    """Read a page, or a region of it, that lies in the file as it does in memory.

    Raises
    ------
    TruncatedFileError
        If the file ends early.
    """
    target, inner = out, None
    nbytes = out.nbytes
    if wanted.region is not None:
        first, *rest = wanted.region
        step = math.prod(kind.shape[1:]) * kind.dtype.itemsize
        pixels += first.start * step
        nbytes = (first.stop - first.start) * step
        if nbytes != out.nbytes:  # not whole rows: read those, then cut
            target = np.empty((first.stop - first.start, *kind.shape[1:]), out.dtype)
            inner = (slice(None), *rest)
    count = read_into(fd, pixels, [as_bytes(target)]) if nbytes else 0
    if count < nbytes:
        raise _truncated(wanted, nbytes - count)
    _to_native(kind, target)
    if inner is not None:
        out[...] = target[inner]


def _to_native(kind: PageKind, out: NDArray[Any]) -> None:
    if not kind.dtype.isnative:
        out.byteswap(inplace=True)


def _truncated(wanted: Wanted, missing: int) -> TruncatedFileError:
    return TruncatedFileError(
        f"the file ends {missing} bytes before frame {wanted.frame} does",
        where=wanted.path,
        remedy='Copy it again, or read the other frames with read(bad_frames="mask").',
    )


def _no_image(wanted: Wanted) -> AssetError:
    return AssetError(f"the page of frame {wanted.frame} holds no image", where=wanted.path)


def _not_tiff(source: Source, wanted: Wanted) -> AssetError:
    head = source.read(0, 4)
    if not head:
        return TruncatedFileError(f"the file of frame {wanted.frame} is empty", where=wanted.path)
    if starts_like_tiff(head):
        return asset_error(EOFError(), wanted.path, wanted.frame, True)
    return AssetError(f"the file of frame {wanted.frame} is not a TIFF file", where=wanted.path)


def _ends_early(fd: int, source: Source) -> bool:
    """Whether the description of the first page lies beyond the end of the file."""
    header = read_header(source)
    return header is not None and not Source(fd).read(header.first, 2)
