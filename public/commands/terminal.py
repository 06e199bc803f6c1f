"""Printing for people: short texts, times and a progress bar, plain where nobody looks.

Colours are used at a terminal alone, and `NO_COLOR <https://no-color.org>`_ is respected. rich is
imported when printing.
"""

from __future__ import annotations

import datetime
import json
import math
import os
import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any, TextIO

from penstock.core.wording import on_one_line

if TYPE_CHECKING:
    from rich.console import Console

__all__ = [
    "console_of",
    "plain",
    "print_json",
    "progress_bar",
    "short",
    "short_uid",
    "utc",
    "write",
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


def utc(seconds: object, *, short: bool = False) -> str:
    """Return a time in seconds since 1970 as people write it; what is no such time as it is.

    Parameters
    ----------
    short
        Whether to leave out what is less than a second.

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
    shown = when.isoformat(sep=" ", timespec="seconds" if short else "milliseconds")
    return shown.replace("+00:00", " UTC")


def print_json(value: Any) -> None:
    """Print plain data as JSON; numbers that JSON does not have (NaN, infinities) are null."""
    write(json.dumps(_finite(value), indent=2, default=str) + "\n", sys.stdout)


def _finite(value: Any) -> Any:
    if isinstance(value, float):
        return value if math.isfinite(value) else None
    if isinstance(value, dict):
        return {str(key): _finite(item) for key, item in value.items()}
    if isinstance(value, list | tuple):
        return [_finite(item) for item in value]
    tolist = getattr(value, "tolist", None)  # arrays and scalars of numpy, not imported for it
    return value if tolist is None else _finite(tolist())


@contextmanager
def progress_bar(what: str) -> Iterator[Callable[[int, int, str], None] | None]:
    """Show a progress bar on standard error if that is a terminal; give what moves it, or None."""
    if not sys.stderr.isatty():
        yield None
        return
    from rich.markup import escape
    from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn

    console = console_of(sys.stderr)
    columns = (TextColumn("{task.description}"), BarColumn(), MofNCompleteColumn())
    with Progress(*columns, console=console, transient=True) as progress:
        task = progress.add_task(what, total=None)

        def move(done: int, total: int, subject: str) -> None:
            name = escape(plain(os.path.basename(subject)))
            progress.update(task, completed=done, total=total, description=f"{what} {name}")

        yield move


def console_of(file: TextIO) -> Console:
    """Return a console that writes as to a terminal, be `file` one or the buffer of one."""
    from rich.console import Console

    return Console(
        file=file, force_terminal=True, no_color=bool(os.environ.get("NO_COLOR")), highlight=False
    )


def write(text: str, stream: TextIO) -> None:
    """Write text; what the encoding of the stream lacks is spelled out."""
    encoding = stream.encoding or "utf-8"
    stream.write(text.encode(encoding, "backslashreplace").decode(encoding))
