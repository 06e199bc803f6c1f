"""Ingesting what MetaMorph saves: series of images, and stacks."""

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

__all__ = ["ingest_metamorph_series", "ingest_metamorph_stack", "probe_series", "probe_stack"]

probe_series = probe_series_of(ORIGIN)
probe_stack = probe_stack_of(ORIGIN)


def ingest_metamorph_series(
    paths: Paths, *, key: str = "image", metadata: Mapping[str, Any] | None = None
) -> Iterator[Document]:
    """Ingest images of MetaMorph, a file each, as one run with an event for each.

    Exposure, times and stage positions come from the description and date of each file; its
    settings are the camera's configuration. After "MetaMorph Stack (STK) Image File Format"
    (Universal Imaging) and files of several versions.

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
    >>> import pathlib, tempfile
    >>> from penstock.sample_files.origins.light_microscopy import write_metamorph_series
    >>> paths = write_metamorph_series(pathlib.Path(tempfile.mkdtemp()))
    >>> run = dict(ingest_metamorph_series(paths))
    >>> run["event_page"]["data"]["exposure_time"]
    [0.1, 0.2, 0.3]
    """
    yield from ingest_series(paths, origin=ORIGIN, key=key, metadata=metadata)


def ingest_metamorph_stack(
    filename: str | os.PathLike[str],
    *,
    key: str = "image",
    metadata: Mapping[str, Any] | None = None,
) -> Iterator[Document]:
    """Ingest a stack of MetaMorph as one run with an event for each plane.

    Its private tags tell when and where each plane was taken. After "MetaMorph Stack (STK) Image
    File Format" (Universal Imaging).

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
    >>> import pathlib, tempfile
    >>> from penstock.sample_files.origins.light_microscopy import write_metamorph_stack
    >>> (path,) = write_metamorph_stack(pathlib.Path(tempfile.mkdtemp()))
    >>> run = dict(ingest_metamorph_stack(path))
    >>> run["event_page"]["data"]["position_z"]
    [10.0, 10.5, 11.0]
    """
    yield from ingest_stack(filename, origin=ORIGIN, key=key, metadata=metadata)
