"""What the header of every frame says, of the tags that somebody wants to know of.

No file is parsed and no pixel read: of each file its header, its (first) image file directory and
the values asked for.
"""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from itertools import chain
from typing import Any

from ...core.errors import AssetError
from ..assets.tiff.bytes import Source, open_file
from ..assets.tiff.pages import read_header
from ..assets.tiff.tags import read_tags
from .metadata import TiffFacts

__all__ = ["FrameHeader", "read_file_headers", "read_page_headers"]

_TOGETHER = 64
"""So many files are one thread's errand: where a file server is far away, errands overlap."""
_THREADS = 4


@dataclass(frozen=True, slots=True)
class FrameHeader:
    """What one frame says of itself."""

    path: str
    page: int = 0
    """Its number in the file."""
    tags: Mapping[int, Any] = field(default_factory=dict)
    """By number, as `read_tags` gives them."""
    problem: str = ""
    """Why nothing could be read, in a few words."""


def read_file_headers(
    paths: Sequence[str], codes: Collection[int], skip: Collection[str] = ()
) -> list[FrameHeader]:
    """Return the tags of the first page of each of many files.

    Parameters
    ----------
    codes
        Numbers of the tags; if none, no file is opened.
    skip
        Paths of files that are not to be opened: they lie on tape.

    Examples
    --------
    >>> import numpy as np, tifffile
    >>> for number in range(2):
    ...     tifffile.imwrite(f"s_{number}.tif", np.zeros((4, 6), "u2"), software=f"v{number}")
    >>> [header.tags for header in read_file_headers(["s_0.tif", "s_1.tif"], {305})]
    [{305: 'v0'}, {305: 'v1'}]
    """
    if not codes:
        return [FrameHeader(path) for path in paths]
    wanted, left_out = frozenset(codes), frozenset(skip)

    def read(part: Sequence[str]) -> list[FrameHeader]:
        return [
            FrameHeader(path, problem="it lies on tape")
            if path in left_out
            else _read_first(path, wanted)
            for path in part
        ]

    if len(paths) <= _TOGETHER:
        return read(paths)
    parts = [paths[at : at + _TOGETHER] for at in range(0, len(paths), _TOGETHER)]
    with ThreadPoolExecutor(_THREADS) as threads:
        return list(chain.from_iterable(threads.map(read, parts)))


def _read_first(path: str, codes: frozenset[int]) -> FrameHeader:
    try:
        with open_file(path) as descriptor:
            source = Source(descriptor)
            header = read_header(source)
            if header is None:
                return FrameHeader(path, problem="it is not a TIFF file")
            return FrameHeader(path, 0, read_tags(source, header, header.first, codes))
    except AssetError as error:
        return FrameHeader(path, problem=error.what)
    except ValueError as error:
        return FrameHeader(path, problem=str(error))


def read_page_headers(facts: TiffFacts, codes: Collection[int]) -> list[FrameHeader]:
    """Return the tags of all pages of one file.

    Of a page that stands for many images, each of these has the tags.

    Examples
    --------
    >>> import numpy as np, tifffile
    >>> from penstock.ingestors.tiff.metadata import inspect_file
    >>> with tifffile.TiffWriter("p.tif") as file:
    ...     for name in ("first", "second"):
    ...         file.write(np.zeros((4, 6), "u2"), description=name, metadata=None)
    >>> [header.tags[270] for header in read_page_headers(inspect_file("p.tif"), {270})]
    ['first', 'second']
    """
    offsets = facts.directory.ifds.tolist()
    if not codes:
        return [FrameHeader(facts.path, page) for page in range(len(offsets))]
    wanted = frozenset(codes)
    headers: list[FrameHeader] = []
    with open_file(facts.path) as descriptor:
        source = Source(descriptor)
        header = read_header(source)
        known: tuple[int, dict[int, Any], str] = (-1, {}, "")
        for page, offset in enumerate(offsets):
            if header is not None and offset != known[0]:
                try:
                    known = (offset, read_tags(source, header, offset, wanted), "")
                except ValueError as error:
                    known = (offset, {}, str(error))
            headers.append(FrameHeader(facts.path, page, known[1], known[2]))
    return headers
