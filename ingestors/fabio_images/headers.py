"""What the headers of a file say: its format, how many frames it holds, and of what.

The header of CBF is read without fabio (`penstock.ingestors.assets.fabio.cbf`), all others by it.
"""

from __future__ import annotations

import os
import stat
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np

from ...core.errors import AssetError, PenstockError, UnsupportedFileError
from ...core.formats import HEAD_BYTES, identify
from ...core.places.open_files import open_once
from ...core.places.recalling import recall
from ..assets.fabio.cbf import read_cbf_header
from ..assets.fabio.opening import CLASSES, opened_image, require_fabio, told

__all__ = ["ImageFacts", "format_of", "inspect_image"]

_SUSPICIOUS_BYTES, _SUSPICIOUS_RATIO = 2**30, 100_000
_MARCCD = (1024, b"MMX")
"""MarCCD's files are TIFF, with a header of their own behind the first 1024 bytes."""


@dataclass(frozen=True)
class ImageFacts:
    """One file, looked at once."""

    path: str
    format: str
    """One of `CLASSES`."""
    shape: tuple[int, ...]
    dtype: np.dtype[Any]
    headers: tuple[Mapping[str, str], ...]
    """Of each frame, as fabio gives it."""
    mtime: float
    problem: str = ""
    """Where the file is not whole."""


def format_of(path: str) -> str | None:
    """Return which of fabio's formats a file has, by its first bytes; None if none.

    Raises
    ------
    OSError
        If it cannot be opened.

    Examples
    --------
    >>> with open("a.cbf", "wb") as file:
    ...     _ = file.write(b"###CBF: VERSION 1.5")
    >>> format_of("a.cbf")
    'cbf'
    """
    with open_once(path) as descriptor:
        head = os.pread(descriptor, HEAD_BYTES, 0)
    offset, name = _MARCCD
    if head[:4] in (b"II*\0", b"MM\0*") and head[offset + 4 : offset + 4 + len(name)] == name:
        return "marccd"
    found = identify(head)
    return found if found in CLASSES else None


def inspect_image(path: str) -> ImageFacts:
    """Look at a file; of CBF and EDF no pixel is read.

    Raises
    ------
    UnsupportedFileError
        If it has none of the formats, or is damaged, or fabio is not installed.
    AssetError
        If it cannot be opened.

    Examples
    --------
    >>> import fabio
    >>> image = fabio.cbfimage.CbfImage(data=np.zeros((4, 6), "i4"))
    >>> image.write("b.cbf")
    >>> facts = inspect_image("b.cbf")
    >>> facts.shape, facts.dtype.str, len(facts.headers)
    ((4, 6), '<i4', 1)
    """
    return recall(("fabio", path), lambda: _inspect(path))


def _inspect(path: str) -> ImageFacts:
    try:
        status = os.stat(path)
        if not stat.S_ISREG(status.st_mode):
            raise UnsupportedFileError("it is no regular file", where=path)
        found = format_of(path)
    except OSError as error:
        raise AssetError(f"cannot be read: {error.strerror or error}", where=path) from error
    if found is None:
        raise UnsupportedFileError("it has none of the formats that fabio reads", where=path)
    require_fabio(path, found.upper())
    facts = _of_cbf(path, status) if found == "cbf" else _of_fabio(path, found, status)
    size = int(np.prod(facts.shape, dtype=np.float64)) * facts.dtype.itemsize
    if size > _SUSPICIOUS_BYTES and size > status.st_size * _SUSPICIOUS_RATIO:
        raise UnsupportedFileError(
            f"it declares {size / 2**30:.0f} GiB of pixels, in a file of {status.st_size} bytes",
            where=path,
        )
    return facts


def _of_fabio(path: str, format_id: str, status: os.stat_result) -> ImageFacts:
    try:
        with opened_image(path, format_id) as image:
            frames = getattr(image, "_frames", None)
            headers = [frame.header for frame in frames] if frames else [image.header]
            cut = [at for at, one in enumerate(frames or ()) if getattr(one, "incomplete_data", 0)]
            kind = image if frames else image.data
            shape = tuple(int(size) for size in kind.shape)
            dtype = np.dtype(kind.dtype).newbyteorder("=")
    except PenstockError as error:
        raise UnsupportedFileError(error.what, where=path, remedy=error.remedy or "") from error
    except Exception as error:  # parsers of many formats: they raise what happens
        raise UnsupportedFileError(f"fabio cannot read it ({told(error)})", where=path) from error
    if not shape or 0 in shape:
        raise UnsupportedFileError("it holds no image", where=path)
    return ImageFacts(
        path,
        format_id,
        shape,
        dtype,
        tuple({str(key): str(value) for key, value in header.items()} for header in headers),
        status.st_mtime,
        f"the file ends before frame {cut[0]} does" if cut else "",
    )


def _of_cbf(path: str, status: os.stat_result) -> ImageFacts:
    with open_once(path) as descriptor:
        header = read_cbf_header(descriptor, path)
    return ImageFacts(
        path,
        "cbf",
        header.shape,
        np.dtype(header.dtype),
        ({"header_contents": header.contents, **header.fields},),
        status.st_mtime,
        f"the file ends {header.lacks} bytes before its image does" if header.lacks else "",
    )
