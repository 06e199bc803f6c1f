"""Ingesting OME-TIFF: a run for each Image, whichever file of its set is given."""

from __future__ import annotations

import os
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any

from ...core.documents import Document
from ...core.errors import AssetError, UnsupportedFileError
from ...core.places import observe, run_uid, select_files
from ...core.places.recalling import real_path
from ...core.places.selection import Paths
from ..tiff.metadata import TiffFacts
from ..tiff.origin import Described
from ..tiff.planes import PlaneSet, ingest_planes
from ..tiff.series import ingest_series
from ..tiff.stack import ingest_stack
from .describe import describe_image, tell_planes
from .origin import OME, OME_SET, unlike_one_another
from .sets import OmeSet, Unresolved, find_set
from .xml import OmeImage

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
        planes = None
        if isinstance(found, OmeSet) and not unlike_one_another(found, files.names):
            planes = _find_planes(found, image)
    if planes is not None:
        yield from _ingest(planes, key, metadata)
    elif len(files) == 1:
        yield from ingest_stack(files.path(0), origin=OME, key=key, metadata=metadata)
    else:
        yield from ingest_series(paths, origin=OME, key=key, metadata=metadata)


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


@dataclass(frozen=True)
class _Found:
    """An image, and those of its planes that are there."""

    of: OmeSet
    image: OmeImage
    facts: TiffFacts
    described: Described
    planes: PlaneSet


def _find_planes(of: OmeSet, number: int | None) -> _Found | None:
    """Return an image's planes; None where its OME-XML is wrong about the file that holds it.

    Raises
    ------
    NoDataError
        If none of its files is there.
    """
    image = of.image(number)
    facts = of.look_at(image)
    described = describe_image(of, image)
    planes = of.planes(image, facts, tell_planes(image, described))
    return _Found(of, image, facts, described, planes) if len(planes) else None


def _ingest(found: _Found, key: str, metadata: Mapping[str, Any] | None) -> Iterator[Document]:
    of, image, facts = found.of, found.image, found.facts
    name = os.path.basename(facts.path)
    missing = [name for name in of.members(image) if name in of.missing]
    lacking = len(image.file) - len(found.planes)
    notes = [f"{name!r} is outside of the folder: it is not read" for name in of.refused[:3]]
    if lacking and not missing:
        notes.append(f"{lacking} planes are told of that {name} does not hold")
    more = len(facts.directory) - found.planes.held.get(name, 0)
    if more > 0:
        notes.append(f"{more} pages of {name} are no plane that its OME-XML tells of")
    described = found.described
    yield from ingest_planes(
        found.planes,
        uid=run_uid(of.place, of.part(image)),
        facts=facts,
        origin=OME_SET,
        described=replace(described, notes=(*described.notes, *notes)),
        key=key,
        missing=missing,
        lacking=lacking,
        metadata=metadata,
    )
