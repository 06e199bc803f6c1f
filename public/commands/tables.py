"""Tables: made to fit a terminal; elsewhere as wide as they are, for no line is cut.

At a terminal cells are folded, and columns of less importance left out. Texts that make a table too
wide stand below what they are about.
"""

from __future__ import annotations

import io
import sys
from collections.abc import Sequence
from itertools import zip_longest

from penstock.commands.layout import GAP, choose_columns, fold, share_width, width_of
from penstock.commands.terminal import console_of, plain, write

__all__ = ["print_table"]

_WIDE = 100
"""Cells in which a table stays that is not shown at a terminal, where its texts allow it."""
_INDENT = "  "


def print_table(
    title: str,
    columns: Sequence[str],
    rows: Sequence[Sequence[object]],
    *,
    style: str = "",
    expendable: Sequence[str] = (),
    below: Sequence[str] = (),
) -> None:
    """Print a table; nothing where there are no rows.

    Parameters
    ----------
    rows
        Their cells; one that is a list has a line for each of its items.
    expendable
        Columns that are left out where they find no room, the least important first.
    below
        The last columns, where they hold sentences: where the table would be too wide, they stand
        on lines of their own, below the column before them.

    Examples
    --------
    >>> print_table("Runs", ["uid", "files"], [["6f2a", 3], ["77c1", [1, 2]]])
    Runs
     uid   files
     6f2a  3
     77c1  1
           2
    """
    if not rows:
        return
    names = list(columns)
    cells = [[_cell(cell) for cell in row] for row in rows]
    if below and _width([names, *cells]) > (_terminal_width() or _WIDE):
        names, cells = _put_below(names, cells, len(names) - len(below))
    if sys.stdout.isatty():
        lines = _drawn(title, names, cells, style, expendable)
    else:  # rich takes seconds for the runs of a season
        lines = [title, *_aligned([names, *cells])]
    write("\n".join(line.rstrip() for line in lines) + "\n", sys.stdout)


def _terminal_width() -> int | None:
    """Return how wide the terminal is; None where there is none."""
    return console_of(io.StringIO()).width if sys.stdout.isatty() else None


def _width(rows: Sequence[Sequence[str]]) -> int:
    return sum(max(map(width_of, column)) + GAP for column in zip(*rows, strict=True))


def _put_below(
    names: list[str], rows: Sequence[Sequence[str]], first: int
) -> tuple[list[str], list[list[str]]]:
    """Join the columns from the first on to the one before them, as lines below its own."""

    def join(row: Sequence[str]) -> list[str]:
        sentences = [
            f"{_INDENT}{line}" for cell in row[first:] for line in cell.split("\n") if line
        ]
        return [*row[: first - 1], "\n".join([row[first - 1], *sentences])]

    heading = ", ".join(names[first - 1 :])
    return [*names[: first - 1], heading], [join(row) for row in rows]


def _cell(value: object) -> str:
    return "\n".join(map(plain, value)) if isinstance(value, list) else plain(value)


def _drawn(
    title: str,
    names: Sequence[str],
    rows: Sequence[Sequence[str]],
    style: str,
    expendable: Sequence[str],
) -> list[str]:
    """Return the lines of a table for the terminal: made to fit its width, with colours."""
    from rich.table import Table
    from rich.text import Text

    buffer = io.StringIO()
    console = console_of(buffer)
    columns = [list(column) for column in zip(names, *rows, strict=True)]
    shown = choose_columns(columns, console.width, [names.index(name) for name in expendable])
    left_out = [name for i, name in enumerate(names) if i not in shown]
    columns = [columns[i] for i in shown]
    table = Table(
        title=title, title_justify="left", title_style=style or "bold", box=None, pad_edge=True
    )
    folded = []
    for column, width in zip(columns, share_width(columns, console.width), strict=True):
        heading, *cells = [fold(cell, width) for cell in column]
        table.add_column(heading, overflow="fold", no_wrap=True)
        folded.append(cells)
    for row in zip(*folded, strict=True):
        table.add_row(*map(Text, row))
    console.print(table)
    if left_out:
        console.print(Text(f" (no room for: {', '.join(left_out)})"))
    return buffer.getvalue().splitlines()


def _aligned(rows: Sequence[Sequence[str]]) -> list[str]:
    """Return the lines of a table as wide as it is; cells may have several lines."""
    from rich.cells import cell_len  # some signs take two columns, some none

    split = [list(zip_longest(*(cell.split("\n") for cell in row), fillvalue="")) for row in rows]
    lines = [line for row in split for line in row]
    widths = [max(map(cell_len, column)) for column in zip(*lines, strict=True)]
    return [
        " "
        + "  ".join(cell + " " * (w - cell_len(cell)) for cell, w in zip(line, widths, strict=True))
        for line in lines
    ]
