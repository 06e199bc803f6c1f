"""Showing what is long page by page, at a terminal that is too low for it."""

from __future__ import annotations

import io
import os
import shlex
import shutil
import signal
import subprocess
import sys
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from typing import TextIO

from penstock.commands.terminal import write

__all__ = ["paged"]


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
            with _interrupts_left_to_others():
                subprocess.run(
                    pager, input=text.encode(errors="replace"), env=settings, check=False
                )
            return
        except OSError:  # there is no such program
            pass
    write(text, terminal)


@contextmanager
def _interrupts_left_to_others() -> Iterator[None]:
    """Take no notice of Ctrl-C: it is meant for the pager, which has the terminal."""
    if threading.current_thread() is not threading.main_thread():  # which alone may say so
        yield
        return
    # A handler, for what is ignored would be ignored by the pager as well.
    before = signal.signal(signal.SIGINT, lambda number, frame: None)
    try:
        yield
    finally:
        signal.signal(signal.SIGINT, before)
