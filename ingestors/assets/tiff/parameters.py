"""What ``stream_resource`` documents of TIFF files say: which files, and how they count."""

from __future__ import annotations

import re
from bisect import bisect_right
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property
from itertools import accumulate
from typing import Any, Protocol

from ....core.errors import AssetError

__all__ = ["Files", "ListedFiles", "TemplateFiles", "files_of", "leading_axis"]

VERSION = 1
_FIELD = re.compile(r"\{(?:0)?(?::(0?\d{0,2}d?))?\}")
_PRINTF = re.compile(r"%0?\d{0,2}(?:\.\d{1,2})?d")


class Files(Protocol):
    """The files of a resource, numbered."""

    def path(self, number: int) -> str:
        """Return the path of a file."""

    def pages_of_stream(self, number: int) -> int | None:
        """Return which page of its file is that page of the stream; None if none is."""

    @property
    def holds_all(self) -> bool:
        """Whether all pages of each file belong to the stream."""


@dataclass(frozen=True)
class TemplateFiles:
    """Files whose names one template spells, numbered as their names say.

    Examples
    --------
    >>> TemplateFiles("/data/", "img_{:05d}.tif").path(7)
    '/data/img_00007.tif'
    """

    prefix: str
    template: str

    def __post_init__(self) -> None:
        bare = _FIELD.sub("", self.template)
        if "{" in bare or "}" in bare:
            raise AssetError(
                f"the template {self.template!r} has fields that are not plain numbers",
                where=self.prefix,
            )
        if bare == self.template and not _PRINTF.search(bare):
            raise AssetError(f"the template {self.template!r} has no field", where=self.prefix)

    def path(self, number: int) -> str:
        """Return the path of the file with that number."""
        if "{" in self.template:
            return self.prefix + self.template.format(number)
        return self.prefix + _PRINTF.sub(lambda field: field.group() % number, self.template)

    def pages_of_stream(self, number: int) -> int | None:
        """Return the page itself: every page belongs to the stream."""
        return number

    @property
    def holds_all(self) -> bool:
        """Every page belongs to the stream."""
        return True


@dataclass(frozen=True)
class ListedFiles:
    """Files named one by one, numbered from 0.

    Examples
    --------
    >>> files = ListedFiles("/data/", ("b.tif", "a.tif"), ((0, 2), (5, 9)))
    >>> files.path(1), files.pages_of_stream(3)
    ('/data/a.tif', 6)
    """

    prefix: str
    names: tuple[str, ...]
    pages: tuple[tuple[int, int], ...] | None = None
    """Half-open stretches of the pages of each file that belong to the stream; None: all."""

    def path(self, number: int) -> str:
        """Return the path of the file with that number."""
        if not 0 <= number < len(self.names):
            raise AssetError(
                f"there is no file number {number} among the {len(self.names)} of the resource",
                where=self.prefix,
            )
        return self.prefix + self.names[number]

    def pages_of_stream(self, number: int) -> int | None:
        """Return which page of its file is page `number` of the stream."""
        if self.pages is None:
            return number
        stretch = bisect_right(self._firsts, number) - 1
        start, stop = self.pages[stretch]
        page = start + number - self._firsts[stretch]
        return page if page < stop else None

    @property
    def holds_all(self) -> bool:
        """Whether all pages of each file belong to the stream."""
        return self.pages is None

    @cached_property
    def _firsts(self) -> list[int]:
        """For each stretch, which page of the stream its first one is."""
        return [0, *accumulate(stop - start for start, stop in self.pages or ())][:-1]


def files_of(
    resource: Mapping[str, Any], path: str
) -> tuple[Files, int | None, tuple[int, ...] | None]:
    """Read the parameters of a resource.

    Returns
    -------
    files
        Where its files are.
    frames_per_file
        For `ListedFiles`; None where a file holds any number, or for `TemplateFiles`.
    chunk_shape
        As given, None if not.

    Raises
    ------
    AssetError
        If the parameters are not understood.

    Examples
    --------
    >>> files, _, _ = files_of({"parameters": {"template": "{:d}.tif"}}, "/d")
    >>> files.path(2)
    '/d/2.tif'
    """
    parameters = resource.get("parameters") or {}
    version = parameters.get("penstock")
    if version not in (None, VERSION):
        raise AssetError(
            f"is described by parameters of version {version!r}, which this penstock cannot read",
            where=path,
            remedy="Upgrade penstock.",
        )
    try:
        chunk = parameters.get("chunk_shape")
        chunk_shape = tuple(int(size) for size in chunk) if chunk else None
        if isinstance(parameters.get("template"), str):
            return TemplateFiles(_folder(path), parameters["template"]), None, chunk_shape
        if version == VERSION:
            names = tuple(_checked_name(name, path) for name in parameters["files"])
            pages = parameters.get("pages")
            stretches = None if pages is None else tuple((int(a), int(b)) for a, b in pages)
            frames_per_file = int(parameters["frames_per_file"])
            if frames_per_file < 1 or not names or stretches == ():
                raise ValueError("no files or no frames")
            return ListedFiles(_folder(path), names, stretches), frames_per_file, chunk_shape
    except (KeyError, TypeError, ValueError) as error:
        if isinstance(error, AssetError):
            raise
        raise AssetError(
            f"is described by parameters that are not understood: {error!r}", where=path
        ) from error
    if resource.get("mimetype") == "image/tiff":
        return ListedFiles("", (path,)), None, chunk_shape
    raise AssetError(
        "is described by parameters with neither a template nor a list of files", where=path
    )


def _folder(path: str) -> str:
    return path if path.endswith("/") else path + "/"


def _checked_name(name: Any, path: str) -> str:
    if not isinstance(name, str) or name.startswith("/") or ".." in name.split("/"):
        raise AssetError(f"its list of files names {name!r}, outside of the folder", where=path)
    return name


def leading_axis(
    frame_shape: Sequence[int], chunk_shape: Sequence[int] | None, page_shape: Sequence[int] | None
) -> int | None:
    """Return how many pages make a frame along its first axis; None where a frame is one page.

    Parameters
    ----------
    frame_shape
        Of one event's datum.
    chunk_shape
        Of the resource; if it has as many axes as the frame, its first counts pages of a file.
    page_shape
        Of the pages where known: it decides.

    Examples
    --------
    >>> leading_axis((5, 4, 6), None, (4, 6)), leading_axis((4, 6, 3), None, (4, 6, 3))
    (5, None)
    """
    if page_shape is not None:
        if tuple(page_shape) == tuple(frame_shape):
            return None
        return frame_shape[0] if tuple(page_shape) == tuple(frame_shape[1:]) else None
    if len(frame_shape) < 3 or (chunk_shape is not None and len(chunk_shape) != len(frame_shape)):
        return None
    return None if frame_shape[-1] in (3, 4) and chunk_shape is None else frame_shape[0]
