"""Ingesting what ImageJ and Fiji save: series of images, stacks and hyperstacks."""

from __future__ import annotations

import os
from collections.abc import Iterator, Mapping
from typing import Any

from ...core.documents import Document
from ...core.places.selection import Paths
from ..tiff.probe import probe_series_of, probe_stack_of
from ..tiff.series import ingest_series
from ..tiff.stack import ingest_stack
from .origin import ORIGIN

__all__ = ["ingest_imagej_series", "ingest_imagej_stack", "probe_series", "probe_stack"]

probe_series = probe_series_of(ORIGIN)
probe_stack = probe_stack_of(ORIGIN)


def ingest_imagej_series(
    paths: Paths, *, key: str = "image", metadata: Mapping[str, Any] | None = None
) -> Iterator[Document]:
    """Ingest images that ImageJ saved one by one as one run with an event for each.

    Sizes of pixels are in the unit that ImageJ tells; its text on the image (Info) is kept, up to
    16 KiB. After ImageJ's own way to write TIFF (imagej.net).

    Parameters
    ----------
    paths
        A glob or a list of paths, of files with one image each.
    key
        What the images are called.
    metadata
        More for the start document; replaces what the files say.

    Raises
    ------
    NoDataError, MissingFileError
        If there are no such files.
    UnsupportedFileError
        If the first, middle and last file cannot be read.

    Examples
    --------
    >>> import tempfile, numpy, tifffile
    >>> folder = tempfile.mkdtemp()
    >>> for number in (1, 2):
    ...     frame = numpy.zeros((4, 6), "u2")
    ...     path = f"{folder}/cell_{number}.tif"
    ...     tifffile.imwrite(path, frame, imagej=True, resolution=(2, 2), metadata={"unit": "um"})
    >>> run = dict(ingest_imagej_series(f"{folder}/*.tif"))
    >>> run["descriptor"]["configuration"]["image"]["data"]["pixel_size_x"]
    0.5
    """
    yield from ingest_series(paths, origin=ORIGIN, key=key, metadata=metadata)


def ingest_imagej_stack(
    filename: str | os.PathLike[str],
    *,
    key: str = "image",
    metadata: Mapping[str, Any] | None = None,
) -> Iterator[Document]:
    """Ingest a stack or hyperstack of ImageJ as one run with an event for each plane.

    Channels, slices and frames are columns ``c``, ``z`` and ``t``; labels of slices are one, too.
    Files beyond 4 GB, which have one header for all planes, are read as well. After ImageJ's own
    way to write TIFF (imagej.net).

    Parameters
    ----------
    filename
        The file.
    key
        What the images are called.
    metadata
        More for the start document; replaces what the file says.

    Raises
    ------
    UnsupportedFileError
        If it is no TIFF file, or its first image cannot be read.
    MissingFileError, AssetError
        If it cannot be opened.

    Examples
    --------
    >>> import tempfile, numpy, tifffile
    >>> path = tempfile.mkdtemp() + "/hyper.tif"
    >>> planes = numpy.zeros((2, 3, 4, 6), "u2")
    >>> tifffile.imwrite(path, planes, imagej=True, metadata={"axes": "ZCYX", "spacing": 1.3})
    >>> page = list(ingest_imagej_stack(path))[-2][1]["data"]
    >>> page["z"], page["c"]
    ([0, 0, 0, 1, 1, 1], [0, 1, 2, 0, 1, 2])
    """
    yield from ingest_stack(filename, origin=ORIGIN, key=key, metadata=metadata)
