"""How many rows a table has, told by the ends of its lines: no value is looked at."""

from __future__ import annotations

import os
import re

from ...core.places.open_files import open_once

__all__ = ["count_lines", "count_lines_of_file"]

_BLOCK = 2**20
_NO_ROW = re.compile(rb"\n[ \t\r\f\v]*(?=[\n#%!]|//)")


def count_lines(text: bytes) -> int:
    r"""Count the lines that are neither empty nor comments.

    Examples
    --------
    >>> count_lines(b"# I0\n1\n\n2\n3")
    3
    """
    lines = b"\n" + text if text.endswith(b"\n") else b"\n" + text + b"\n"
    return lines.count(b"\n") - 1 - sum(1 for _ in _NO_ROW.finditer(lines))


def count_lines_of_file(path: str, most: int) -> int | None:
    """Count the lines of a file that are neither empty nor comments, a block at a time.

    None if the file has more bytes than `most`, or a line of more than a block.
    """
    count = position = 0
    kept = b""
    with open_once(path) as descriptor:
        if os.fstat(descriptor).st_size > most:
            return None
        while position <= most and (block := os.pread(descriptor, _BLOCK, position)):
            position += len(block)
            block = kept + block
            end = block.rfind(b"\n") + 1
            if not end and len(block) > _BLOCK:
                return None
            count += count_lines(block[:end]) if end else 0
            kept = block[end:]
    return count + (count_lines(kept) if kept else 0)
