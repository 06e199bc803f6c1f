"""Ingesting OME-TIFF: a run for each Image, whichever file of its set is given."""

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
from ..tiff.planes import ingest_planes
from ..tiff.series import ingest_series
from ..tiff.stack import ingest_stack
from .describe import describe_image, tell_planes
from .origin import OME, OME_SET, unlike_one_another
from .sets import OmeSet, Unresolved, find_set

__all__ = ["ingest_ome_tiff", "look_at_set"]

_MOST_LOOKS = 3


def ingest_ome_tiff(
    paths: Paths,
    *,
    image: int | None = None,
    key: str = "image",
    metadata: Mapping[str, Any] | None = None,
) -> Iterator[Document]:
    """Ingest an Image of an OME-TIFF set as one run with an event for each plane.

    The set is found from any of its files: those that hold all OME-XML, those that name another
    one which does (BinaryOnly), companion files. The header of one or two files is read, no pixel.
    Files that are missing make the run partial; names that lead out of the folder are not followed.
    Files that are each an Image of one plane by themselves become one series.

    The rules are those of the OME data model and "The OME-TIFF format"
    (docs.openmicroscopy.org/ome-model).

    Parameters
    ----------
    paths
        A path, a glob or a list of paths: any files of the set.
    image
        Which of the set's images, in the order of its OME-XML from 0; it need not be told where
        there is one.
    key
        What the pixels are called.
    metadata
        More for the start document; replaces what the files say.

    Raises
    ------
    AmbiguousDataError
        If there are several images and `image` is not given.
    NoDataError, MissingFileError
        If there are no such files, or no such image.
    UnsupportedFileError, AssetError
        If a file has no OME-XML, or cannot be read.

    Examples
    --------
    >>> import tempfile, numpy, tifffile
    >>> path = tempfile.mkdtemp() + "/cells.ome.tif"
    >>> planes = numpy.zeros((3, 2, 4, 6), "u2")
    >>> about = {"axes": "TCYX", "Channel": {"Name": ["DAPI", "GFP"]}, "PhysicalSizeX": 0.5}
    >>> tifffile.imwrite(path, planes, ome=True, metadata=about)
    >>> documents = list(ingest_ome_tiff(path))
    >>> page = documents[-2][1]["data"]
    >>> page["t"], page["channel"][:2]
    ([0, 0, 1, 1, 2, 2], ['DAPI', 'GFP'])
    """
    with observe():
        files = select_files(paths)
        found = look_at_set(files.paths)
        if isinstance(found, Unresolved) or unlike_one_another(found, files.names):
            documents = _apart(files.paths, paths, found, key, metadata)
        else:
            documents = _image_documents(found, image, key, metadata)
    yield from documents


def look_at_set(paths: Sequence[str]) -> OmeSet | Unresolved:
    """Find the set that files belong to, by the first of them that can be read.

    Raises
    ------
    UnsupportedFileError, AssetError
        If none of the first few is a file with OME-XML.
    """
    error: UnsupportedFileError | AssetError | None = None
    for path in paths[:_MOST_LOOKS]:
        folder, name = os.path.split(os.path.abspath(path))
        try:
            found = find_set(os.path.join(real_path(folder), name))
        except (UnsupportedFileError, AssetError) as problem:
            error = error or problem
            continue
        if found is not None:
            return found
        error = error or UnsupportedFileError(
            "it has no OME-XML",
            where=path,
            remedy="Ingest it with ingest_tiff_stack.",
        )
    assert error is not None
    raise error


def _apart(
    found_paths: Sequence[str],
    paths: Paths,
    found: OmeSet | Unresolved,
    key: str,
    metadata: Mapping[str, Any] | None,
) -> Iterator[Document]:
    """Ingest files that are no set: a stack, or a series of single images."""
    if len(found_paths) == 1:
        return ingest_stack(found_paths[0], origin=OME, key=key, metadata=metadata)
    return ingest_series(paths, origin=OME, key=key, metadata=metadata)


def _image_documents(
    of: OmeSet, number: int | None, key: str, metadata: Mapping[str, Any] | None
) -> Iterator[Document]:
    image = of.image(number)
    facts = of.look_at(image)
    described = describe_image(of, image)
    planes = of.planes(image, facts, tell_planes(image, described))
    if not len(planes):
        raise NoDataError("none of its planes is there", where=facts.path)
    notes = [f"{name!r} is outside of the folder: it is not read" for name in of.refused[:3]]
    lacking = len(image.file) - len(planes)
    missing = [name for name in of.members(image) if name in of.missing]
    if lacking and not missing:
        notes.append(f"{lacking} planes are told of that {os.path.basename(facts.path)} lacks")
    return ingest_planes(
        planes,
        uid=run_uid(of.place, of.part(image)),
        facts=facts,
        origin=OME_SET,
        described=replace(described, notes=(*described.notes, *notes)),
        key=key,
        missing=missing,
        lacking=lacking,
        metadata=metadata,
    )
