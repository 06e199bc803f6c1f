"""Ingesting acquisitions of Micro-Manager: stacks, NDTiff, folders of single images."""

from __future__ import annotations

import os
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import replace
from typing import Any

from ...core.documents import Document
from ...core.errors import AssetError, NoDataError, UnsupportedFileError
from ...core.places import observe, run_uid, select_files
from ...core.places.recalling import real_path
from ...core.places.selection import Paths
from ..tiff.headers import FrameHeader
from ..tiff.metadata import TiffFacts
from ..tiff.origin import FrameColumns, TiffOrigin
from ..tiff.planes import ingest_planes
from .folder import read_folder_metadata
from .metadata import describe_acquisition, read_json, tell_images
from .sets import PAGE_METADATA, DataSet, find_all_planes, find_data_set

__all__ = ["ingest_micro_manager", "look_at_data_set"]

_MOST_LOOKS = 3


def ingest_micro_manager(
    paths: Paths, *, key: str = "image", metadata: Mapping[str, Any] | None = None
) -> Iterator[Document]:
    """Ingest an acquisition of Micro-Manager or pycro-manager as one run, an event for each image.

    It is found from any of its files: image stacks (``MMStack``), all of them that lie beside one
    another; NDTiff data sets, by their index; folders of single images with ``metadata.txt``. Axes
    are columns (``position``, ``t``, ``z``, ``c``, and those that somebody made), and so are
    exposure, elapsed time, stage positions and whatever properties of devices change from image to
    image. What pages say is read when documents are drained.

    After "Micro-Manager File Formats" (micro-manager.org) and the NDTiff specification
    (github.com/micro-manager/NDTiffStorage).

    Parameters
    ----------
    paths
        A path, a glob or a list of paths: any TIFF files of the acquisition, or its index.
    key
        What the images are called.
    metadata
        More for the start document; replaces what the files say.

    Raises
    ------
    NoDataError, MissingFileError
        If there are no such files.
    UnsupportedFileError, AssetError
        If Micro-Manager did not write them, or they cannot be read.

    Examples
    --------
    >>> import pathlib, tempfile
    >>> from penstock.sample_files.origins.light_microscopy import write_ndtiff
    >>> run = dict(ingest_micro_manager(write_ndtiff(pathlib.Path(tempfile.mkdtemp()))))
    >>> page = run["event_page"]["data"]
    >>> page["t"], page["channel"]
    ([0, 0, 1, 1], ['DAPI', 'FITC', 'DAPI', 'FITC'])
    """
    with observe():
        found = look_at_data_set(select_files(paths).paths)
    described = describe_acquisition(found.summary, found.image)
    missing = sorted(found.missing)
    planes = found.planes.without(found.missing)
    if not len(planes):
        raise NoDataError("none of its images is there", where=found.planes.folder)
    yield from ingest_planes(
        planes,
        uid=run_uid(found.place),
        facts=found.facts,
        origin=_origin_of(found, described.time),
        described=replace(described, notes=(*described.notes, *found.notes)),
        key=key,
        find_all=(lambda: find_all_planes(found)) if found.stacks else None,
        missing=missing,
        lacking=len(found.planes) - len(planes),
        metadata=metadata,
    )


def _origin_of(found: DataSet, began: float | None) -> TiffOrigin:
    """Return what reads the images of one acquisition."""

    def tell(facts: TiffFacts, headers: Sequence[FrameHeader]) -> FrameColumns:
        if found.by_page:
            images = [read_json(header.tags.get(PAGE_METADATA)) for header in headers]
        else:
            _, by_name = read_folder_metadata(found.planes.folder)
            images = [by_name.get(os.path.basename(header.path), {}) for header in headers]
        return tell_images(images, began)

    return TiffOrigin(
        "micro-manager",
        recognise=lambda facts: found.kind,
        tags=(PAGE_METADATA,) if found.by_page else (),
        frames=tell,
    )


def look_at_data_set(paths: Sequence[str]) -> DataSet:
    """Find the acquisition that files belong to, by the first of them that can be read.

    Raises
    ------
    UnsupportedFileError, AssetError
        If none of the first few is one of Micro-Manager.
    """
    error: UnsupportedFileError | AssetError | None = None
    for path in paths[:_MOST_LOOKS]:
        folder, name = os.path.split(os.path.abspath(path))
        try:
            found = find_data_set(os.path.join(real_path(folder), name))
        except (UnsupportedFileError, AssetError) as problem:
            error = error or problem
            continue
        if found is not None:
            return found
        error = error or UnsupportedFileError(
            "nothing says that Micro-Manager wrote it",
            where=path,
            remedy="Ingest it with ingest_tiff_stack.",
        )
    assert error is not None
    raise error
