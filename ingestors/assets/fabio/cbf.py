"""The header of a CBF file, read without fabio, which decodes pixels, and hangs if it is cut.

After "Crystallographic Binary File" (IUCr's imgCIF): text in CIF, then MIME-like fields, four bytes
that say where pixels begin, and as many bytes as ``X-Binary-Size`` tells.
"""

from __future__ import annotations

import os
import re
from collections.abc import Mapping
from dataclasses import dataclass

from ....core.errors import TruncatedFileError, UnsupportedFileError

__all__ = ["CBFHeader", "read_cbf_header"]

_STARTER = b"\x0c\x1a\x04\xd5"
_USUAL, _LONGEST = 16 * 1024, 2**20
_TYPES = {
    "signed 8-bit integer": "i1",
    "signed 16-bit integer": "i2",
    "signed 32-bit integer": "i4",
    "unsigned 8-bit integer": "u1",
    "unsigned 16-bit integer": "u2",
    "unsigned 32-bit integer": "u4",
}
_FIELD = re.compile(r'^(X-[\w-]+|Content-[\w-]+):\s*"?([^"\r\n]*)"?', re.MULTILINE)
_CONTENTS = re.compile(r"_array_data\.header_contents\s+;(.*?)\n;", re.DOTALL)


@dataclass(frozen=True)
class CBFHeader:
    """What a header says."""

    shape: tuple[int, int]
    dtype: str
    lacks: int
    """How many bytes before the end of its pixels the file ends."""
    fields: Mapping[str, str]
    """Of the binary section, by name: ``X-Binary-Size``, ``Content-MD5``, …"""
    contents: str
    """What the detector's software writes about the image."""

    def check_whole(self, path: str, frame: str) -> None:
        """Raise if the file ends before its pixels do.

        Raises
        ------
        TruncatedFileError
            If it does.
        """
        if self.lacks > 0:
            raise TruncatedFileError(
                f"the file ends {self.lacks} bytes before {frame} does", where=path
            )


def read_cbf_header(descriptor: int, path: str) -> CBFHeader:
    """Read the header of an open file.

    Raises
    ------
    UnsupportedFileError
        If it is damaged.

    Examples
    --------
    >>> import fabio, numpy as np
    >>> fabio.cbfimage.CbfImage(data=np.zeros((4, 6), "i4")).write("c.cbf")
    >>> with open("c.cbf", "rb") as file:
    ...     read_cbf_header(file.fileno(), "c.cbf").shape
    (4, 6)
    """
    head = os.pread(descriptor, _USUAL, 0)
    if _STARTER not in head:
        head = os.pread(descriptor, _LONGEST, 0)
    end = head.find(_STARTER)
    if end < 0:
        raise UnsupportedFileError(
            "the file is damaged: no pixels begin in it",
            where=path,
            remedy="Copy it again from its source.",
        )
    text = head[:end].decode("latin-1")
    fields = dict(_FIELD.findall(text))
    try:
        rows = int(fields["X-Binary-Size-Second-Dimension"])
        columns = int(fields["X-Binary-Size-Fastest-Dimension"])
        dtype = _TYPES[fields["X-Binary-Element-Type"].strip().lower()]
        size = int(fields["X-Binary-Size"])
    except (KeyError, ValueError) as error:
        raise UnsupportedFileError(
            f"the file is damaged: its header does not tell size and type of its image ({error})",
            where=path,
        ) from None
    if min(rows, columns) < 1 or size < 0:
        raise UnsupportedFileError("it holds no image", where=path)
    lacks = end + len(_STARTER) + size - os.fstat(descriptor).st_size
    found = _CONTENTS.search(text)
    contents = found[1].strip("\r\n") if found else ""
    return CBFHeader((rows, columns), dtype, max(0, lacks), fields, contents)
