"""Printing for people: tables and a progress bar, plain where nobody looks.

Colours and the terminal's width are used at a terminal alone: there, cells are folded, and columns
of less importance left out. Piped output has no colours, and no line is cut.
`NO_COLOR <https://no-color.org>`_ is respected. rich is imported when printing.
"""

from __future__ import annotations

import datetime
import io
import json
import math
import os
import shlex
import shutil
import subprocess
import sys
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from itertools import zip_longest
from typing import TYPE_CHECKING, Any, TextIO

from penstock.commands.layout import choose_columns, fold, share_width
from penstock.core.wording import on_one_line

if TYPE_CHECKING:
    from rich.console import Console

__all__ = [
    "paged",
    "plain",
    "print_json",
    "print_table",
    "progress_bar",
    "short",
    "short_uid",
    "utc",
]


def plain(text: object) -> str:
    r"""Return text on one line that is safe to print: control characters are spelled out.

    Examples
    --------
    >>> plain("a\x1b[31m\n.tif")
    'a\\x1b[31m\\n.tif'
    """
    return on_one_line(text)


def short(path: str) -> str:
    """Return a path as it is shortest: relative to the working directory if it lies below it.

    Examples
    --------
    >>> short(os.path.join(os.getcwd(), "a.tif")), short("/somewhere/else/a.tif")
    ('a.tif', '/somewhere/else/a.tif')
    """
    try:
        here = os.path.join(os.getcwd(), "")
    except FileNotFoundError:  # the working directory is gone
        return path
    return path[len(here) :] if path.startswith(here) and len(path) > len(here) else path


def short_uid(uid: str) -> str:
    """Return as much of a uid as a terminal has room for; all of it where no person looks.

    Examples
    --------
    >>> short_uid("7f15a1c8-0000-5000-8000-000000000000")
    '7f15a1c8-0000-5000-8000-000000000000'
    """
    return uid[:8] if sys.stdout.isatty() else uid


def utc(seconds: object) -> str:
    """Return a time in seconds since 1970 as people write it; what is no such time as it is.

    Examples
    --------
    >>> utc(1709643720.0), utc(1e99), utc(None)
    ('2024-03-05 13:02:00.000 UTC', '1e+99', '')
    """
    if seconds is None:
        return ""
    try:
        when = datetime.datetime.fromtimestamp(float(str(seconds)), tz=datetime.UTC)
    except (OverflowError, ValueError, OSError):  # a file may claim any number
        return str(seconds)
    return when.isoformat(sep=" ", timespec="milliseconds").replace("+00:00", " UTC")


def print_json(value: Any) -> None:
    """Print plain data as JSON; numbers that JSON does not have (NaN, infinities) are null."""
    _write(json.dumps(_finite(value), indent=2, default=str) + "\n", sys.stdout)


def _finite(value: Any) -> Any:
    if isinstance(value, float):
        return value if math.isfinite(value) else None
    if isinstance(value, dict):
        return {str(key): _finite(item) for key, item in value.items()}
    if isinstance(value, list | tuple):
        return [_finite(item) for item in value]
    tolist = getattr(value, "tolist", None)  # arrays and scalars of numpy, not imported for it
    return value if tolist is None else _finite(tolist())


def print_table(
    title: str,
    columns: Sequence[str],
    rows: Sequence[Sequence[object]],
    *,
    style: str = "",
    expendable: Sequence[str] = (),
) -> None:
    """Print a table; nothing where there are no rows.

    Parameters
    ----------
    rows
        Their cells; one that is a list has a line for each of its items.
    expendable
        Columns that are left out where they find no room, the least important first.

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
    cells = [[_cell(cell) for cell in row] for row in rows]
    if sys.stdout.isatty():
        lines = _drawn(title, columns, cells, style, expendable)
    else:  # rich takes seconds for the runs of a season
        lines = [title, *_aligned([list(columns), *cells])]
    _write("\n".join(line.rstrip() for line in lines) + "\n", sys.stdout)


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
    console = _console(buffer)
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


@contextmanager
def paged() -> Iterator[None]:
    """Show what is printed within page by page, at a terminal that is too low for it.

    ``$PAGER`` says by what, ``less`` otherwise.
    """
    terminal = sys.stdout
    if not terminal.isatty():
        yield
        return
    page = _Page()
    sys.stdout = page
    try:
        yield
    finally:
        sys.stdout = terminal
        _show(page.getvalue(), terminal)


class _Page(io.StringIO):
    """What would be printed at a terminal."""

    def isatty(self) -> bool:
        return True


def _show(text: str, terminal: TextIO) -> None:
    pager = shlex.split(os.environ.get("PAGER", "less"))
    if pager and text.count("\n") >= shutil.get_terminal_size().lines:
        settings = {"LESS": "FRX", **os.environ}  # colours as they are; gone when it is left
        try:
            subprocess.run(pager, input=text.encode(errors="replace"), env=settings, check=False)
            return
        except OSError:  # there is no such program
            pass
    _write(text, terminal)


@contextmanager
def progress_bar(what: str) -> Iterator[Callable[[int, int, str], None] | None]:
    """Show a progress bar on standard error if that is a terminal; give what moves it, or None."""
    if not sys.stderr.isatty():
        yield None
        return
    from rich.markup import escape
    from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn

    console = _console(sys.stderr)
    columns = (TextColumn("{task.description}"), BarColumn(), MofNCompleteColumn())
    with Progress(*columns, console=console, transient=True) as progress:
        task = progress.add_task(what, total=None)

        def move(done: int, total: int, subject: str) -> None:
            name = escape(plain(os.path.basename(subject)))
            progress.update(task, completed=done, total=total, description=f"{what} {name}")

        yield move


def _console(file: TextIO) -> Console:
    """Return a console that writes as to a terminal, be `file` one or the buffer of one."""
    from rich.console import Console

    return Console(
        file=file, force_terminal=True, no_color=bool(os.environ.get("NO_COLOR")), highlight=False
    )


def _write(text: str, stream: TextIO) -> None:
    encoding = stream.encoding or "utf-8"
    stream.write(text.encode(encoding, "backslashreplace").decode(encoding))
