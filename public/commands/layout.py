"""Laying out tables for a terminal: which columns fit, how wide, and where cells are broken.

Cells break after spaces; where a word is too long, after ``/``; and elsewhere only where it still
is. Dates and shapes count as words.
"""

from __future__ import annotations

import re
from collections.abc import Collection, Sequence

__all__ = ["GAP", "choose_columns", "fold", "share_width", "width_of"]

GAP = 2
"""Blank cells that each column takes beside its own width."""

_COMFORTABLE = 20
"""Cells of text below which another column is rather left out."""
_GLUED = re.compile(r"(?<=[\d?]) (?=\d|UTC|×)|(?<=×) (?=[\d?])")
_WORD = re.compile(r"(?<= )(?! )")
_PIECE = re.compile(r"(?<= )(?! )|(?<=[\w.})\]]/)(?=[^/ ])")


def choose_columns(
    cells: Sequence[Sequence[str]], width: int, expendable: Collection[int] = ()
) -> list[int]:
    """Return which columns are shown in this width.

    Parameters
    ----------
    cells
        For each column, its heading and cells; a cell may have several lines.
    expendable
        Columns that may be left out, the least important first.

    Examples
    --------
    >>> choose_columns([["uid", "6f2a"], ["time", "2024-03-05 13:02"]], 20, [1])
    [0]
    """
    shown = list(range(len(cells)))
    for column in expendable:
        needed = sum(_narrowest(cells[i], _COMFORTABLE) + GAP for i in shown)
        if needed <= width:
            break
        shown.remove(column)
    return shown


def share_width(cells: Sequence[Sequence[str]], width: int) -> list[int]:
    """Return how wide each column is to be: the widest ones give way first.

    Examples
    --------
    >>> share_width([["uid", "6f2a"], ["from", "a/long/path/of/a/file.tif"]], 25)
    [4, 17]
    """
    widths = [max(map(width_of, column)) for column in cells]
    least = [_narrowest(column, 0) for column in cells]
    excess = sum(widths) + GAP * len(cells) - width
    for floor in (least, [1] * len(cells)):
        while excess > 0:
            able = [i for i in range(len(cells)) if widths[i] > floor[i]]
            if not able:
                break
            widest = max(able, key=lambda i: widths[i])
            widths[widest] -= 1
            excess -= 1
    return widths


def fold(cell: str, width: int) -> str:
    """Break the lines of a cell so that none is wider.

    Examples
    --------
    >>> fold("data/2024-03-05/scan_{}.tif", 16).splitlines()
    ['data/2024-03-05/', 'scan_{}.tif']
    """
    return "\n".join(part for line in cell.split("\n") for part in _fold_line(line, width))


def _fold_line(line: str, width: int) -> list[str]:
    text = line.lstrip(" ")
    indent = line[: len(line) - len(text)]
    if text and indent and 2 * len(indent) < width:
        return [indent + part for part in _fold_line(text, width - len(indent))]
    lines = [""]

    def add(part: str) -> bool:
        fits = width_of(lines[-1] + part.rstrip(" ")) <= width
        if fits:
            lines[-1] += part
        return fits

    for word in _split(line, _WORD):
        if add(word):
            continue
        fits_alone = width_of(word.rstrip(" ")) <= width
        for piece in [word] if fits_alone else _split(word, _PIECE):
            if add(piece):
                continue
            if lines[-1]:
                lines.append("")
            for sign in piece:
                if not add(sign):
                    lines += sign
    return [part.rstrip(" ") for part in lines]


def _split(line: str, separator: re.Pattern[str]) -> list[str]:
    # U+00A0 stands for a space that does not break: it is not printable, so no cell holds one.
    return [part.replace("\xa0", " ") for part in separator.split(_GLUED.sub("\xa0", line))]


def _narrowest(cells: Sequence[str], comfortable: int) -> int:
    lines = [line for cell in cells for line in cell.split("\n")]
    pieces = [width_of(piece.rstrip(" ")) for line in lines for piece in _split(line, _PIECE)]
    return max(*pieces, min(comfortable, max(map(width_of, lines))), 1, 1)


def width_of(text: str) -> int:
    """Return how many cells of a terminal the widest line takes.

    Examples
    --------
    >>> width_of("foil"), width_of("銅")
    (4, 2)
    """
    lines = text.split("\n")
    if text.isascii():
        return max(map(len, lines))
    from rich.cells import cell_len

    return max(map(cell_len, lines))
