"""Whether files are OME-TIFF, and which images of which set they hold."""

from __future__ import annotations

import os
from collections.abc import Iterable

from ...core.errors import AssetError, UnsupportedFileError
from ...core.places import consult
from ...core.registry import Acquisition, RunsFound
from .describe import describe_image
from .ingest import look_at_set
from .origin import unlike_one_another
from .sets import OmeSet, Unresolved
from .xml import OmeImage

__all__ = ["probe_ome_tiff"]


def probe_ome_tiff(paths: list[str]) -> RunsFound | None:
    """Accept files of one OME-TIFF set: a run for each image that any of them holds a part of.

    Files of which each is a set by itself are a series if they hold one plane each; else they are
    taken one by one.

    Examples
    --------
    >>> import numpy as np, tifffile
    >>> tifffile.imwrite("c.ome.tif", np.zeros((3, 4, 6), "u2"), ome=True, metadata={"axes": "ZYX"})
    >>> probe_ome_tiff(["c.ome.tif"]).detail
    'OME-XML: 1 image in 1 file, 3 planes'
    """
    try:
        found = look_at_set(paths)
    except (UnsupportedFileError, AssetError):
        return None
    if isinstance(found, Unresolved):
        return RunsFound(detail="OME-XML", notes=(found.why,), separate=len(paths) > 1)
    names = [os.path.basename(path) for path in paths]
    if unlike_one_another(found, names):
        detail = f"OME-XML: {len(paths)} files, each an image by itself"
        return RunsFound(detail=detail, acquisitions=(Acquisition(events=len(paths)),))
    if len(names) > 1 and not set(names) <= set(found.names):
        return RunsFound(detail="OME-XML: files of several sets", separate=True)
    given = set(names)
    for name in found.names:
        if name not in given and name not in found.refused:
            consult(os.path.join(found.folder, name))
    images = [image for image in found.document.images if given & set(found.members(image))]
    images = images or list(found.document.images)  # by its metadata file alone
    several = len(found.document.images) > 1
    return RunsFound(
        kwargs=tuple({"image": image.number} if several else {} for image in images),
        detail=_told(found, images),
        notes=tuple(_doubts(found, images)),
        acquisitions=tuple(
            Acquisition(events=len(image.file), start=describe_image(found, image).time)
            for image in images
        ),
    )


def _told(found: OmeSet, images: list[OmeImage]) -> str:
    files = len({name for image in images for name in found.members(image)})
    planes = sum(len(image.file) for image in images)
    told = f"{_count(len(images), 'image')} in {_count(files, 'file')}"
    return f"OME-XML: {told}, {_count(planes, 'plane')}"


def _count(number: int, noun: str) -> str:
    return f"{number} {noun}{'s' * (number != 1)}"


def _doubts(found: OmeSet, images: list[OmeImage]) -> Iterable[str]:
    yield from found.notes
    missing = [name for image in images for name in found.members(image) if name in found.missing]
    missing = list(dict.fromkeys(missing))
    if missing:
        more = f" and {len(missing) - 3} more" if len(missing) > 3 else ""
        yield f"{_count(len(missing), 'file')} of the set missing: {', '.join(missing[:3])}{more}"
