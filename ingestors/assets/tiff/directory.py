"""The pages of one TIFF file: what kind each is, and where it lies."""

from __future__ import annotations

import contextlib
import math
import os
import stat
import struct
from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np
import tifffile
from numpy.typing import NDArray

from ....core.errors import AssetError, PenstockError, TruncatedFileError, UnsupportedFileError
from .bytes import Source, open_file
from .pages import Header, PageKind, PageTemplate, read_header
from .quiet import keep_quiet

__all__ = [
    "TIFFFILE_ERRORS",
    "Directory",
    "Opening",
    "asset_error",
    "check_declared_size",
    "list_pages",
    "open_tifffile",
    "page_at",
]

keep_quiet()

MOST_PAGES = 2**22
MOST_TEMPLATES = 16
SUSPICIOUS_BYTES = 2**30
SUSPICIOUS_RATIO = 100_000
"""No codec of TIFF makes more than that many bytes of one, in images that somebody took."""

TIFFFILE_ERRORS: tuple[type[Exception], ...] = (
    tifffile.TiffFileError,
    ValueError,
    TypeError,
    KeyError,
    IndexError,
    AttributeError,
    ArithmeticError,
    RuntimeError,
    MemoryError,
    NotImplementedError,
    AssertionError,
    EOFError,
    struct.error,
)
"""What tifffile and imagecodecs raise about files that are not as they should be."""


_DAMAGE = (
    tifffile.TiffFileError,
    TypeError,
    LookupError,
    AttributeError,
    ArithmeticError,
    AssertionError,
    EOFError,
    struct.error,
)
"""Those of them that name no reason: the code has stumbled over what cannot be."""


@dataclass(frozen=True)
class Directory:
    """The pages of one TIFF file, in the order of the file.

    A file with one IFD for many images (ImageJ beyond 4 GB, tifffile's and MetaMorph's stacks) has
    as many pages here as it has images.
    """

    size: int
    """Of the file, bytes."""
    kinds: tuple[PageKind, ...]
    kind_of: NDArray[np.int32]
    """For each page, which of `kinds` it is."""
    ifds: NDArray[np.int64]
    """For each page, where it is described."""
    pixels: NDArray[np.int64]
    """For each page, where its pixels begin; -1 where they must be decoded."""
    problem: str = ""
    """Why the list ends before the file's own does; empty if it does not."""
    subimages: int = 0
    """How many smaller versions of its pages (SubIFDs) the first page points at."""

    def __len__(self) -> int:
        return len(self.ifds)

    def kind(self, page: int) -> PageKind:
        """Return what kind of page that is."""
        return self.kinds[int(self.kind_of[page])]

    def cut_off(self) -> NDArray[np.intp]:
        """Return the numbers of the pages whose pixels do not lie wholly in the file."""
        sizes = np.array([kind.nbytes for kind in self.kinds], dtype=np.int64)[self.kind_of]
        return np.flatnonzero((self.pixels >= 0) & (self.pixels + sizes > self.size))


class Opening:
    """An open TIFF file, and tifffile's view of it where somebody needs that: made once."""

    def __init__(self, fd: int, path: str) -> None:
        self.fd, self.path = fd, path
        self._stack = contextlib.ExitStack()
        self._tif: tifffile.TiffFile | None = None

    @property
    def tif(self) -> tifffile.TiffFile:
        """The file as tifffile sees it."""
        if self._tif is None:
            self._tif = self._stack.enter_context(open_tifffile(self.fd, self.path))
        return self._tif

    def __enter__(self) -> Opening:
        return self

    def __exit__(self, *_: object) -> None:
        self._stack.close()


def list_pages(
    path: str, most: int | None = None, *, fd: int | None = None, opening: Opening | None = None
) -> Directory:
    """List the pages of a TIFF file from its headers.

    Parameters
    ----------
    path
        Of the file.
    most
        Stop after so many pages.
    fd
        Its descriptor, if it is open.
    opening
        More than its descriptor, for who goes on to look at the pages.

    Raises
    ------
    AssetError
        If the file cannot be opened.
    UnsupportedFileError
        If it is no TIFF file, or not even its first page can be read.

    Examples
    --------
    >>> tifffile.imwrite("stack.tif", np.zeros((5, 4, 6), "u2"))
    >>> pages = list_pages("stack.tif")
    >>> len(pages), pages.kind(0).shape
    (5, (4, 6))
    """
    most = MOST_PAGES if most is None else most
    if opening is not None:
        return _Walk(opening, most).directory()
    if fd is not None:
        with Opening(fd, path) as lent:
            return _Walk(lent, most).directory()
    with open_file(path) as opened, Opening(opened, path) as own:
        return _Walk(own, most).directory()


@contextlib.contextmanager
def open_tifffile(fd: int, path: str) -> Iterator[tifffile.TiffFile]:
    """Let tifffile read an open file, without following it into other files of a set."""
    # A file object knows its name, which tifffile insists on, only if it opens it itself.
    opened = open(path, "rb", opener=lambda _path, _flags: os.dup(fd))  # noqa: SIM115 # below
    # It divides numbers of vendors' tags, zeros among them.
    with opened as file, np.errstate(all="ignore"):
        file.seek(0)
        # Its own guess at OME would open the other files of the set.
        with tifffile.TiffFile(file, is_ome=False) as tif:
            yield tif


def page_at(tif: tifffile.TiffFile, ifd: int, number: int) -> tifffile.TiffPage:
    """Return the page described at an offset, without walking to it."""
    if number == 0 and tif.pages.first.offset == ifd:
        return tif.pages.first
    tif.filehandle.seek(ifd)
    return tifffile.TiffPage(tif, index=number)


class _Walk:
    """One walk along the pages of an open file."""

    def __init__(self, opening: Opening, most: int) -> None:
        self.opening, self.path, self.most = opening, opening.path, most
        status = os.fstat(opening.fd)
        self.size = status.st_size
        self.is_regular = stat.S_ISREG(status.st_mode)
        self.source = Source(opening.fd)
        self.kinds: list[PageKind] = []
        self.templates: list[tuple[int, PageTemplate]] = []
        self.problem = ""
        self.subimages = 0

    def directory(self) -> Directory:
        if not self.is_regular:
            raise UnsupportedFileError("it is no regular file", where=self.path)
        if self.size == 0:
            raise UnsupportedFileError("the file is empty", where=self.path)
        header = read_header(self.source)
        if header is None:
            raise UnsupportedFileError("the file is not a TIFF file", where=self.path)
        found = list(self._pages(header))
        if len(found) == 1 and self.most > 1:
            virtual = self._images_of_one_page(found[0])
            if virtual is not None:
                found = virtual
        if not found:
            why = f": {self.problem}" if self.problem else ""
            raise UnsupportedFileError(f"the file holds no image{why}", where=self.path)
        table = np.array(found, dtype=np.int64).reshape(-1, 3)
        return Directory(
            size=self.size,
            kinds=tuple(self.kinds),
            kind_of=table[:, 0].astype(np.int32),
            ifds=table[:, 1].copy(),
            pixels=table[:, 2].copy(),
            problem=self.problem,
            subimages=self.subimages,
        )

    def _pages(self, header: Header) -> Iterator[tuple[int, int, int]]:
        """Yield kind, IFD and pixels of each page."""
        seen: set[int] = set()
        offset, number = header.first, 0
        while offset and number < self.most:
            if offset in seen:
                self.problem = f"the chain of pages leads from page {number - 1} back into itself"
                return
            seen.add(offset)
            found = self._known(offset)
            if found is None:
                try:
                    found = self._parse(header, self.opening.tif, offset, number)
                except TIFFFILE_ERRORS as error:  # our own UnsupportedFileError is one, too
                    if number == 0:
                        raise self._unreadable(error) from error
                    what = error.what if isinstance(error, PenstockError) else _said(error)
                    self.problem = f"page {number} cannot be read ({what})"
                    return
            kind, pixels, following = found
            if kind >= 0:  # pages without an image happen at the end of some writers' files
                yield kind, offset, pixels
            offset, number = following, number + 1

    def _unreadable(self, error: Exception) -> UnsupportedFileError:
        if isinstance(error, UnsupportedFileError):
            return error
        damaged = isinstance(error, _DAMAGE)
        why = f"is damaged ({_said(error)})" if damaged else f"cannot be read: {_said(error)}"
        return UnsupportedFileError(
            f"the file {why}",
            where=self.path,
            remedy="Copy it again from its source.",
        )

    def _known(self, offset: int) -> tuple[int, int, int] | None:
        for place, (kind, template) in enumerate(self.templates):
            found = template.find(self.source, offset)
            if found is not None:
                if place:
                    self.templates.insert(0, self.templates.pop(place))
                return kind, *found
        return None

    def _parse(
        self, header: Header, tif: tifffile.TiffFile, offset: int, number: int
    ) -> tuple[int, int, int]:
        page = page_at(tif, offset, number)
        if number == 0:
            self.subimages = len(page.subifds or ())
        kind = PageKind.of(page, header.order)
        following = _following(self.source, header, offset)
        if kind is None:
            if number == 0 and not following:
                raise UnsupportedFileError("the file's only page holds no image", where=self.path)
            return -1, -1, following
        check_declared_size(kind, self.size, self.path)
        if kind not in self.kinds:
            self.kinds.append(kind)
        which = self.kinds.index(kind)
        if following:
            # A template that does not find its own page (an odd IFD) is of no use.
            with contextlib.suppress(ValueError, struct.error):
                template = PageTemplate(header, self.source, offset, kind)
                if template.find(self.source, offset) is not None:
                    self.templates = [(which, template), *self.templates[: MOST_TEMPLATES - 1]]
        return which, int(page.dataoffsets[0]) if kind.plain else -1, following

    def _images_of_one_page(self, first: tuple[int, int, int]) -> list[tuple[int, int, int]] | None:
        """Return the pages of a file whose one IFD stands for many images."""
        which, ifd, pixels = first
        kind = self.kinds[which]
        if not kind.plain:
            return None
        try:
            tif = self.opening.tif
            page = tif.pages.first
            if not (page.is_imagej or page.is_shaped or page.is_stk):
                return None
            series = tif.series[0]
            images, rest = divmod(math.prod(series.shape), math.prod(kind.shape))
            if images < 2 or rest or series.dtype != page.dtype or series.dataoffset != pixels:
                return None
        except TIFFFILE_ERRORS:
            return None  # what it says of itself cannot be read; the page can
        there = max(0, self.size - pixels) // kind.nbytes
        if there < images:
            self.problem = f"{images} images are declared, and {there} lie in the file"
        count = min(images, max(there, 1), self.most)
        return [(which, ifd, pixels + number * kind.nbytes) for number in range(count)]


def check_declared_size(kind: PageKind, size: int, path: str) -> None:
    """Refuse a page that declares far more pixels than the file can hold.

    Raises
    ------
    UnsupportedFileError
        If it does.
    """
    if kind.nbytes > SUSPICIOUS_BYTES and kind.nbytes > size * (
        1 if kind.plain else SUSPICIOUS_RATIO
    ):
        raise UnsupportedFileError(
            f"a page declares {kind.nbytes / 2**30:.0f} GiB of pixels, in a file of {size} bytes",
            where=path,
        )


def _following(source: Source, header: Header, offset: int) -> int:
    raw = source.read(offset, header.count_size)
    count = int.from_bytes(raw, "little" if header.order == "<" else "big")
    at = offset + header.count_size + count * header.entry_size
    raw = source.read(at, header.pointer.size)
    if len(raw) < header.pointer.size:
        return 0  # several writers end the file with the last page's last entry
    return int(header.pointer.unpack(raw)[0])


def _said(error: Exception) -> str:
    return " ".join(f"{type(error).__name__}: {error}".split())[:200]


def asset_error(error: Exception, path: str, frame: int | None, ends_early: bool) -> AssetError:
    """Tell what tifffile raised as what became of a frame.

    Examples
    --------
    >>> print(asset_error(ValueError("corrupt strip"), "a.tif", 3, False))
    a.tif: frame 3 cannot be decoded: ValueError: corrupt strip
    """
    subject = "its pages" if frame is None else f"frame {frame}"
    if ends_early:
        return TruncatedFileError(f"the file ends before {subject} does", where=path)
    if isinstance(error, PenstockError):
        return AssetError(f"{subject} cannot be read: {error.what}", where=path)
    if isinstance(error, _DAMAGE):
        subject = "the file" if frame is None else f"the file of frame {frame}"
        return AssetError(
            f"{subject} is damaged ({_said(error)})",
            where=path,
            remedy="Copy it again from its source.",
        )
    return AssetError(f"{subject} cannot be decoded: {_said(error)}", where=path)
