"""Opening images with fabio: the class of the format that the first bytes tell, and no guessing."""

from __future__ import annotations

import base64
import hashlib
import importlib
import os
import stat
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import numpy as np
from numpy.typing import NDArray

from ....core.errors import AssetError, MissingFileError, TruncatedFileError, UnsupportedFileError
from ....core.places.open_files import open_once
from .cbf import read_cbf_header

__all__ = ["CLASSES", "frame_data", "opened_image", "require_fabio", "told"]

CLASSES = {
    "bruker86": ("brukerimage", "BrukerImage"),
    "bruker100": ("bruker100image", "Bruker100Image"),
    "cbf": ("cbfimage", "CbfImage"),
    "dtrek": ("dtrekimage", "DtrekImage"),
    "edf": ("edfimage", "EdfImage"),
    "esperanto": ("esperantoimage", "EsperantoImage"),
    "ge": ("GEimage", "GeImage"),
    "mar345": ("mar345image", "Mar345Image"),
    "marccd": ("marccdimage", "MarccdImage"),
    "oxd": ("OXDimage", "OxdImage"),
    "raxis": ("raxisimage", "RaxisImage"),
}
"""Of each format, module and class in fabio."""


def require_fabio(where: str, wanted: str) -> None:
    """Raise unless fabio is installed.

    Raises
    ------
    UnsupportedFileError
        With what to do.

    Examples
    --------
    >>> require_fabio("a.cbf", "CBF")
    """
    try:
        importlib.import_module("fabio")
    except ImportError as error:
        raise UnsupportedFileError(
            f"{wanted} files are read by the package fabio, which is not here ({error})",
            where=where,
            remedy='Install it: pip install "penstock[fabio]".',
        ) from error


@contextmanager
def opened_image(path: str, format_id: str) -> Iterator[Any]:
    """Open a file with fabio; gives its image, which is closed in the end.

    Of EDF it holds headers only, and reads pixels when it is asked; of others pixels, too.

    Raises
    ------
    MissingFileError
        If the file is not there.
    AssetError
        If it is no regular file, fabio cannot read it, or its pixels lie in another file.
    UnsupportedFileError
        If the file is damaged, fabio is not installed, or the format is none of its.

    Examples
    --------
    >>> with opened_image("nowhere.edf", "edf"):
    ...     pass
    Traceback (most recent call last):
    penstock.core.errors.MissingFileError: nowhere.edf: the file is missing...
    """
    image = _open(path, format_id)
    try:
        for frame in getattr(image, "_frames", ()):
            if getattr(frame, "bfname", None) is not None:
                raise AssetError(
                    f"its pixels lie in another file ({frame.bfname}), which is not opened",
                    where=path,
                )
        yield image
    finally:
        image.close()


def _open(path: str, format_id: str) -> Any:
    if format_id not in CLASSES:
        raise UnsupportedFileError(f"{format_id!r} is no format of fabio's", where=path)
    require_fabio(path, format_id.upper())
    module, name = CLASSES[format_id]
    image_class = getattr(importlib.import_module(f"fabio.{module}"), name)
    try:
        if not stat.S_ISREG(os.stat(path).st_mode):
            raise AssetError("it is no regular file", where=path)
        if format_id == "cbf":
            with open_once(path) as descriptor:
                read_cbf_header(descriptor, path).check_whole(path, "its image")
        image = image_class().read(path)
        if image is None:  # as it answers for variants that it does not know
            raise AssetError("fabio does not know this variant of the format", where=path)
        return image
    except (FileNotFoundError, NotADirectoryError):
        raise MissingFileError(
            "the file is missing",
            where=path,
            remedy="Put it back, or tell with root_map where the files are now.",
        ) from None
    except (AssetError, UnsupportedFileError):
        raise
    except Exception as error:  # parsers of many formats: they raise what happens
        raise AssetError(f"fabio cannot read the file ({told(error)})", where=path) from error


def told(error: Exception) -> str:
    """Return what fabio raised in a few words.

    Examples
    --------
    >>> told(ValueError("no dimensions"))
    'ValueError: no dimensions'
    """
    return " ".join(f"{type(error).__name__}: {error}".split())[:200]


def frame_data(image: Any, frame: int, path: str, index: int) -> NDArray[Any]:
    """Return the pixels of one frame of an open image, in the machine's byte order.

    fabio puts zeros in the place of what is missing, and logs checksums that differ: both are
    errors here.

    Raises
    ------
    AssetError
        Naming the frame by its index in the resource.
    """
    if not 0 <= frame < image.nframes:
        raise AssetError(f"frame {index} is not in the file", where=path)
    _check_whole(image, frame, path, index)
    try:
        data = np.asarray(image.data if image.nframes == 1 else image.getframe(frame).data)
    except Exception as error:  # as above
        raise AssetError(f"fabio cannot read frame {index} ({told(error)})", where=path) from error
    return data.astype(data.dtype.newbyteorder("="), copy=False)


def _check_whole(image: Any, frame: int, path: str, index: int) -> None:
    frames = getattr(image, "_frames", None) or [None]
    if getattr(frames[min(frame, len(frames) - 1)], "incomplete_data", False):
        raise TruncatedFileError(f"the file ends before frame {index} does", where=path)
    expected = image.header.get("Content-MD5") if hasattr(image, "cbs") else None
    if not expected:
        return
    raw = image.cbs[image.start_binary + len(image.STARTER) :]
    if base64.b64encode(hashlib.md5(raw).digest()).decode() != expected:
        raise AssetError(
            f"the pixels of frame {index} differ from their checksum",
            where=path,
            remedy="Copy the file again from its source.",
        )
