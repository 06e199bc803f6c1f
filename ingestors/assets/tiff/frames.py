"""Frames of TIFF files: one or many files, of one or many pages, plain or compressed.

Resources of mimetype ``multipart/related;type=image/tiff``, whose ``uri`` is a folder, have either

``template``
    As the field spells it: ``"img_{:05d}.tif"``; a datum index is the number in the file's name.
    Where an event's shape begins with a number of pages, ``chunk_shape[0]`` is how many of them
    each file holds, and event *i* has the files from ``i * shape[0] / chunk_shape[0]`` on.

or, version ``penstock: 1``, indices from 0,

``files``
    Names in the folder, in order.
``frames_per_file``
    Frame *i* is in file ``i // frames_per_file``.
``pages``
    Half-open stretches of the pages of each file that belong to the stream; all if not given.

A resource of mimetype ``image/tiff`` is one file of any number of pages.

Frames come in the machine's byte order, whatever the files have; so does ``dtype_numpy`` of the
documents that penstock's ingestors make of TIFF files.
"""

from __future__ import annotations

import os
import threading
from collections import OrderedDict
from typing import Any

import numpy as np
from numpy.typing import NDArray

from ....core.assets.protocol import AssetContext, Frames, Region
from ....core.errors import AssetError, MissingFileError, UnsupportedFileError
from .bytes import open_file
from .directory import Directory, asset_error, list_pages
from .parameters import Files, files_of, leading_axis
from .reading import Expectation, Wanted, read_first_page
from .runs import read_pages

__all__ = ["TiffFrames", "open_tiff"]

MOST_DIRECTORIES = 64


def open_tiff(resource: dict[str, Any], context: AssetContext) -> Frames:
    """Return the frames that a ``stream_resource`` document of TIFF files describes.

    A file is opened only if the data key leaves shape or dtype open.

    Raises
    ------
    AssetError
        If the parameters are not understood, or a file is needed and cannot be read.

    Examples
    --------
    >>> parameters = {"template": "img_{:d}.tif", "chunk_shape": [1, 4, 6]}
    >>> resource = {"uri": "/data", "parameters": parameters}
    >>> open_tiff(resource, AssetContext(frame_shape=(4, 6), dtype=">u2")).dtype.isnative
    True
    """
    path = context.resolve(resource["uri"])
    files, frames_per_file, chunk_shape = files_of(resource, path)
    shape, dtype = context.frame_shape, context.dtype
    if shape is None or dtype is None:
        found_shape, found_dtype = _inspect(files, frames_per_file)
        shape = found_shape if shape is None else shape
        dtype = found_dtype if dtype is None else dtype
    return TiffFrames(
        files,
        frame_shape=tuple(shape),
        dtype=np.dtype(dtype).newbyteorder("="),
        frames_per_file=frames_per_file,
        chunk_shape=chunk_shape,
    )


def _inspect(files: Files, frames_per_file: int | None) -> tuple[tuple[int, ...], str]:
    """Return shape and dtype of a page of the first file that is there."""
    error: AssetError | None = None
    for number in (0, 1) if frames_per_file is None else (0,):
        page = files.pages_of_stream(0) or 0
        try:
            kind = _directory(files.path(number), page + 1, None).kind(page)
        except MissingFileError as missing:
            error = missing
        else:
            return kind.shape, kind.native.str
    assert error is not None
    raise error


def _directory(path: str, most: int | None, frame: int | None, fd: int | None = None) -> Directory:
    try:
        directory = list_pages(path, most, fd=fd)
    except UnsupportedFileError as error:
        early = os.path.isfile(path) and os.path.getsize(path) == 0
        raise asset_error(error, path, frame, early) from error
    return directory


class TiffFrames:
    """The frames of TIFF files, read on demand; see `penstock.core.assets.protocol.Frames`.

    Parameters
    ----------
    files
        Where they are.
    frame_shape
        Of a page, or with a number of pages before.
    dtype
        In the machine's byte order.
    frames_per_file
        None: a file for each frame where `files` is a template, all frames in one file else.
    chunk_shape
        As in the resource.

    Examples
    --------
    >>> import tifffile
    >>> from penstock.ingestors.assets.tiff.parameters import ListedFiles
    >>> tifffile.imwrite("stack.tif", np.arange(120, dtype="u2").reshape(5, 4, 6))
    >>> files = ListedFiles("", ("stack.tif",))
    >>> frames = TiffFrames(files, frame_shape=(4, 6), dtype=np.dtype("u2"))
    >>> out = np.empty((2, 4, 6), "u2")
    >>> frames.read(1, 3, None, out)
    >>> int(out[-1, -1, -1])
    71
    """

    frames_per_chunk = 1

    def __init__(
        self,
        files: Files,
        *,
        frame_shape: tuple[int, ...],
        dtype: np.dtype[Any],
        frames_per_file: int | None = None,
        chunk_shape: tuple[int, ...] | None = None,
    ) -> None:
        self._given = (files, frame_shape, dtype, frames_per_file, chunk_shape)
        self._files = files
        self.frame_shape = frame_shape
        self.dtype = dtype
        self._by_template = frames_per_file is None and not hasattr(files, "names")
        self._frames_per_file = frames_per_file
        self._chunk_shape = chunk_shape
        self._pages_per_frame = leading_axis(frame_shape, chunk_shape, None)
        self._confirmed = False
        self._expected: Expectation | None = None
        self._directories: OrderedDict[str, tuple[tuple[int, ...], int | None, Directory]]
        self._directories = OrderedDict()
        self._lock = threading.Lock()

    def __reduce__(self) -> tuple[Any, ...]:
        return _rebuild, self._given

    def __repr__(self) -> str:
        return f"<TiffFrames {self._files} frame_shape={self.frame_shape} dtype={self.dtype}>"

    def read(self, start: int, stop: int, region: Region | None, out: NDArray[Any]) -> None:
        """Read frames ``start`` … ``stop - 1`` into `out`; see `Frames.read`."""
        if not self._confirmed:
            self._confirm(start)
        if not out.flags.c_contiguous:
            copy = np.empty(out.shape, out.dtype)
            self.read(start, stop, region, copy)
            out[...] = copy
            return
        leading = self._pages_per_frame
        if leading is None:
            self._read_pages(start, stop, 1, region, out)
        elif region is None:
            pages = out.reshape((stop - start) * leading, *self.frame_shape[1:])
            self._read_pages(start * leading, stop * leading, leading, None, pages)
        else:
            for frame in range(start, stop):
                first, last = (frame * leading + edge for edge in (region[0].start, region[0].stop))
                self._read_pages(first, last, leading, region[1:], out[frame - start])

    # Which page is where ---------------------------------------------------------------------

    def _confirm(self, frame: int) -> None:
        """See whether a frame is one page or several, as the files have it."""
        if len(self.frame_shape) > 2:
            guess = self._pages_per_frame or 1
            number, page = self._place(frame * guess, guess)
            path = self._files.path(number)
            shape = _directory(path, page + 1, frame).kind(0).shape
            self._pages_per_frame = leading_axis(self.frame_shape, self._chunk_shape, shape)
        self._confirmed = True

    def _pages_per_file(self, per_frame: int) -> int | None:
        if not self._by_template:
            return None if self._frames_per_file is None else self._frames_per_file * per_frame
        if per_frame == 1 and self._pages_per_frame is None:
            return 1
        chunk = self._chunk_shape
        same_rank = chunk is not None and len(chunk) == len(self.frame_shape)
        return chunk[0] if chunk is not None and same_rank else per_frame

    def _place(self, page: int, per_frame: int) -> tuple[int, int]:
        """Return file number, and page in it, of a page of the stream."""
        per_file = self._pages_per_file(per_frame)
        return (0, page) if per_file is None else divmod(page, per_file)

    def _read_pages(
        self, start: int, stop: int, per_frame: int, region: Region | None, out: NDArray[Any]
    ) -> None:
        per_file = self._pages_per_file(per_frame)
        page_shape = self.frame_shape[1:] if self._pages_per_frame else self.frame_shape
        page = start
        while page < stop:
            number, first = self._place(page, per_frame)
            last = stop if per_file is None else min(stop, (number + 1) * per_file)
            wanted = Wanted(
                self._files.path(number), page // per_frame, page_shape, self.dtype, region
            )
            target = out[page - start : last - start]
            if per_file == 1 and self._files.holds_all:
                self._expected = read_first_page(wanted, self._expected, target[0])
            else:
                self._read_from(wanted, first, per_frame, per_file, target)
            page = last

    # Files of many pages ---------------------------------------------------------------------

    def _read_from(
        self,
        wanted: Wanted,
        first: int,
        per_frame: int,
        per_file: int | None,
        out: NDArray[Any],
    ) -> None:
        """Read consecutive pages of the stream, from `first` on, out of one file."""
        pages = [self._files.pages_of_stream(first + row) for row in range(len(out))]
        most = None
        if per_file is not None:
            last = self._files.pages_of_stream(per_file - 1)
            most = None if last is None else last + 1
        with open_file(wanted.path, wanted.frame) as fd:
            read_pages(fd, wanted, per_frame, self._listed(fd, wanted, most), pages, out)

    def _listed(self, fd: int, wanted: Wanted, most: int | None) -> Directory:
        """Return the pages of an open file, from memory where it has not changed."""
        status = os.fstat(fd)
        state = (status.st_dev, status.st_ino, status.st_size, status.st_mtime_ns)
        with self._lock:
            known = self._directories.get(wanted.path)
            if known is not None and known[:2] == (state, most):
                self._directories.move_to_end(wanted.path)
                return known[2]
        directory = _directory(wanted.path, most, wanted.frame, fd)
        with self._lock:
            self._directories[wanted.path] = (state, most, directory)
            while len(self._directories) > MOST_DIRECTORIES:
                self._directories.popitem(last=False)
        return directory


def _rebuild(
    files: Files,
    frame_shape: tuple[int, ...],
    dtype: np.dtype[Any],
    frames_per_file: int | None,
    chunk_shape: tuple[int, ...] | None,
) -> TiffFrames:
    return TiffFrames(
        files,
        frame_shape=frame_shape,
        dtype=dtype,
        frames_per_file=frames_per_file,
        chunk_shape=chunk_shape,
    )
