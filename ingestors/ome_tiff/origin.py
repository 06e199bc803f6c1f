"""Files with OME-XML that are no set: each tells of itself, or what it tells cannot be read."""

from __future__ import annotations

import os
from collections.abc import Sequence
from dataclasses import replace
from typing import Any

import numpy as np

from ..tiff.headers import FrameHeader
from ..tiff.metadata import TiffFacts
from ..tiff.origin import Described, FrameColumns, TiffOrigin, part_constants
from .describe import describe_image, tell_planes
from .sets import OmeSet, Unresolved, find_set
from .xml import looks_like_ome, read_ome_xml

__all__ = ["OME", "OME_SET", "unlike_one_another"]

DESCRIPTION = 270


def unlike_one_another(found: OmeSet, names: Sequence[str]) -> bool:
    """Tell whether several files are each a set of one plane by itself, going by one of them.

    Examples
    --------
    >>> import numpy as np, tifffile
    >>> for number in (1, 2):
    ...     tifffile.imwrite(f"o_{number}.ome.tif", np.zeros((4, 6), "u2"), ome=True)
    >>> unlike_one_another(find_set("o_1.ome.tif"), ["o_1.ome.tif", "o_2.ome.tif"])
    True
    """
    planes = sum(len(image.file) for image in found.document.images)
    return len(names) > 1 and planes == 1 and any(name not in found.names for name in names)


def _recognise(facts: TiffFacts) -> str | None:
    return "OME-XML in ImageDescription" if looks_like_ome(facts.description) else None


def _describe(facts: TiffFacts) -> Described:
    found = find_set(facts.path)
    if isinstance(found, Unresolved):
        return Described(notes=(found.why,))
    if found is None or len(found.document.images) != 1:
        return Described()
    image = found.document.images[0]
    described = describe_image(found, image)
    if image.page.min() >= len(facts.directory):
        note = "its OME-XML tells of no plane that is there"
        described = replace(described, notes=(*described.notes, note))
    return replace(described, start={k: v for k, v in described.start.items() if k != "sample"})


def _tell_frames(facts: TiffFacts, headers: Sequence[FrameHeader]) -> FrameColumns:
    """Return what the OME-XML of each file tells of its one plane."""
    rows: list[dict[str, Any]] = []
    units: dict[str, str] = {}
    times = np.full(len(headers), np.nan)
    for number, header in enumerate(headers):
        text = header.tags.get(DESCRIPTION)
        document = read_ome_xml(text) if isinstance(text, str) and header.page == 0 else None
        row: dict[str, Any] = {}
        if document is not None and len(document.images) == 1 and len(document.images[0].file) == 1:
            image = document.images[0]
            folder, name = os.path.split(header.path)
            alone = OmeSet(header.path, folder, document, (name,))
            described = describe_image(alone, image)
            found = tell_planes(image, described)
            row = {**found.constants, **{key: values[0] for key, values in found.columns.items()}}
            units |= found.units
            if found.times is not None:
                times[number] = found.times[0]
            elif described.time is not None:
                times[number] = described.time
        rows.append(row)
    names = dict.fromkeys(name for row in rows for name in row)
    columns, constants = part_constants({name: [row.get(name) for row in rows] for name in names})
    return FrameColumns(columns=columns, constants=constants, units=units, times=times)


OME = TiffOrigin(
    "ome-tiff",
    recognise=_recognise,
    describe=_describe,
    tags=(DESCRIPTION,),
    frames=_tell_frames,
)
"""What reads OME-TIFF files one by one."""

OME_SET = replace(OME, tags=(), frames=None)
"""What reads sets: their OME-XML has told of every plane, and no other file need be opened."""
