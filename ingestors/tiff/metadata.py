"""What a TIFF file says of itself: its pages, its first page's tags, when it was written.

After "TIFF Revision 6.0" (Adobe, 1992). The text of tags is kept as it stands, and cut if long.
"""

from __future__ import annotations

import contextlib
import math
import os
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

import numpy as np
import tifffile

from ...core.documents import safe_key
from ...core.errors import AssetError, PenstockError, UnsupportedFileError
from ...core.places.recalling import recall
from ..assets.tiff.bytes import open_file
from ..assets.tiff.directory import TIFFFILE_ERRORS, Directory, Opening, list_pages, page_at
from ..assets.tiff.pages import LAYOUT_TAGS
from ..assets.tiff.tags import LONGEST_VALUE

__all__ = [
    "DIMS",
    "TiffFacts",
    "bounded",
    "check_first_page",
    "column_name",
    "dims_of",
    "inspect_file",
]

TEXT_TAGS = {
    269: "DocumentName",
    270: "ImageDescription",
    271: "Make",
    272: "Model",
    285: "PageName",
    305: "Software",
    306: "DateTime",
    315: "Artist",
    316: "HostComputer",
    33432: "Copyright",
}
LONGEST_TEXT = 16 * 1024
LONGEST_TEXTS = 32 * 1024
"""Of all tags together: a start document holds at most 64 KiB."""

DIMS = {"Y": "y", "X": "x", "S": "sample", "Z": "depth"}
"""Names of the axes of a page, by tifffile's letters."""

_UNITS = {2: "1/inch", 3: "1/cm"}


@dataclass(frozen=True)
class TiffFacts:
    """One TIFF file, looked at once."""

    path: str
    directory: Directory
    mtime: float
    first_lacks: int = 0
    """How many bytes before the end of its first page's data the file ends."""
    undecodable: str = ""
    """The compression of the first page, if nothing here can decode it."""
    texts: dict[str, str] = field(default_factory=dict)
    """Descriptive tags of the first page, by name."""
    constants: dict[str, Any] = field(default_factory=dict)
    """What else the first page says of its image."""
    units: dict[str, str] = field(default_factory=dict)
    """Of `constants`."""
    description: str = ""
    """ImageDescription of the first page, whole."""
    tags: Mapping[int, Any] = field(default_factory=dict)
    """What the first page's tags hold, by number, as tifffile reads them (it knows the private ones
    of many vendors), but those that lay out its pixels, and values of more than a few MiB."""
    is_imagej: bool = False
    resolution: dict[str, float] = field(default_factory=dict)
    """Pixels for each unit of length, along ``x`` and ``y``, whatever the unit."""
    series_axes: str = ""
    """Axes of the first series as tifffile sees them; empty if it does not."""
    series_shape: tuple[int, ...] = ()


def inspect_file(path: str) -> TiffFacts:
    """Look at the headers of a TIFF file; reads no pixels.

    Raises
    ------
    UnsupportedFileError
        If it is no TIFF file, damaged, or holds no image.
    AssetError
        If it cannot be opened.

    Examples
    --------
    >>> import numpy as np
    >>> tifffile.imwrite("a.tif", np.zeros((4, 6), "u2"), software="camera 1")
    >>> inspect_file("a.tif").texts["Software"]
    'camera 1'
    """
    found = recall(("tiff", path), lambda: _inspect_or_tell(path))
    if isinstance(found, PenstockError):
        raise found.with_traceback(None)
    return found


def _inspect_or_tell(path: str) -> TiffFacts | PenstockError:
    """Look at a file; what is wrong with it is a finding, too: many ask."""
    try:
        return _inspect(path)
    except PenstockError as error:
        return error


def _inspect(path: str) -> TiffFacts:
    with open_file(path) as fd, Opening(fd, path) as opening:
        status = os.fstat(fd)
        directory = list_pages(path, opening=opening)
        described: dict[str, Any] = {}
        try:
            page = page_at(opening.tif, int(directory.ifds[0]), 0)
            described = _describe(page) | _series_of(opening.tif)
        except TIFFFILE_ERRORS as error:
            if isinstance(error, AssetError):
                raise
            # Malformed metadata never stop good pixels; the pages were listed.
    return TiffFacts(path, directory, status.st_mtime, **described)


def _describe(page: tifffile.TiffPage) -> dict[str, Any]:
    texts: dict[str, str] = {}
    left = LONGEST_TEXTS
    for code, name in TEXT_TAGS.items():
        value = page.tags.valueof(code)
        if isinstance(value, bytes):
            value = value.decode("latin-1")
        if isinstance(value, str) and value.strip("\0 \r\n\t"):
            texts[name] = bounded(value.strip("\0"), min(LONGEST_TEXT, left))
            left -= min(left, len(texts[name].encode()))
    constants: dict[str, Any] = {
        "compression": getattr(page.compression, "name", str(page.compression)).lower(),
        "bits_per_sample": page.bitspersample,
    }
    units: dict[str, str] = {}
    unit = _UNITS.get(int(page.tags.valueof(296, 2) or 0))
    resolution: dict[str, float] = {}
    for code, axis in ((282, "x"), (283, "y")):
        value = _ratio(page.tags.valueof(code))
        if value is not None:
            resolution[axis] = value
            if unit is not None:
                constants[f"{axis}_resolution"], units[f"{axis}_resolution"] = value, unit
    return {
        "first_lacks": _missing_bytes(page),
        "undecodable": "" if _can_decode(page) else str(constants["compression"]),
        "texts": texts,
        "constants": constants,
        "units": units,
        "description": page.description if isinstance(page.description, str) else "",
        "tags": _tags_of(page),
        "is_imagej": bool(page.is_imagej),
        "resolution": resolution,
    }


def _tags_of(page: tifffile.TiffPage) -> dict[int, Any]:
    found: dict[int, Any] = {}
    for tag in page.tags:
        if tag.code not in LAYOUT_TAGS and tag.valuebytecount <= LONGEST_VALUE:
            # What one tag of a vendor's many holds may be odd.
            with np.errstate(all="ignore"), contextlib.suppress(*TIFFFILE_ERRORS, SyntaxError):
                found.setdefault(tag.code, tag.value)
    return found


def _missing_bytes(page: tifffile.TiffPage) -> int:
    size = page.parent.filehandle.size
    if page.is_final:
        end = page.dataoffsets[0] + page.nbytes
    elif page.compression != 1:
        parts = zip(page.dataoffsets, page.databytecounts, strict=False)
        end = max((offset + count for offset, count in parts), default=0)
    else:
        end = 0  # the last strip may be declared longer than it is
    return max(0, int(end) - size)


def _can_decode(page: tifffile.TiffPage) -> bool:
    try:
        return page.compression == 1 or bool(tifffile.TIFF.DECOMPRESSORS[page.compression])
    except (KeyError, ValueError, ImportError):
        return False


def _series_of(tif: tifffile.TiffFile) -> dict[str, Any]:
    """Return axes that the first page tells, where reading them does not mean reading all pages."""
    page = tif.pages.first
    if not (page.is_imagej or page.is_shaped):
        return {}
    try:
        series = tif.series[0]
    except TIFFFILE_ERRORS:
        return {}
    return {"series_axes": str(series.axes), "series_shape": tuple(map(int, series.shape))}


def _ratio(value: Any) -> float | None:
    try:
        above, below = value
        ratio = float(above) / float(below)
    except (TypeError, ValueError, ZeroDivisionError):
        return None
    return ratio if math.isfinite(ratio) and ratio > 0 else None


def bounded(text: str, longest: int) -> str:
    """Cut a text to so many bytes of UTF-8, and say so.

    Examples
    --------
    >>> bounded("abcdefgh", 100), bounded("a" * 100, 30)
    ('abcdefgh', 'aaaaaaaa … (cut, 100 in all)')
    """
    if len(text.encode("utf-8", "replace")) <= longest:
        return text
    ending = f" … (cut, {len(text)} in all)"
    room = max(0, longest - len(ending.encode()))
    return text.encode("utf-8", "replace")[:room].decode("utf-8", "ignore") + ending


def dims_of(axes: str) -> list[str]:
    """Name the axes of a page.

    Examples
    --------
    >>> dims_of("YXS")
    ['y', 'x', 'sample']
    """
    return [DIMS.get(axis, safe_key(f"axis_{axis.lower()}")) for axis in axes]


def column_name(name: str, key: str) -> str:
    """Name a column so that it is not what the images are called.

    Examples
    --------
    >>> column_name("page", "image"), column_name("page", "page")
    ('page', 'page_number')
    """
    return f"{name}_number" if name == key else name


def check_first_page(facts: TiffFacts) -> None:
    """Refuse a file of which no page can be read.

    Raises
    ------
    UnsupportedFileError
        If the file ends before its only pages do, or nothing decodes them.
    """
    directory = facts.directory
    if facts.first_lacks and len(directory) in (1, len(directory.cut_off())):
        raise UnsupportedFileError(
            f"the file ends {facts.first_lacks} bytes before its first image does",
            where=facts.path,
            remedy="Copy it again from its source.",
        )
    if facts.undecodable and len(directory.kinds) == 1:
        raise UnsupportedFileError(
            f"its compression ({facts.undecodable}) cannot be decoded", where=facts.path
        )
