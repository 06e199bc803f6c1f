"""Keeping what plug-ins print out of what penstock prints: ``--json`` is to be JSON."""

from __future__ import annotations

import contextlib
import os
import sys
from collections.abc import Iterator, Sequence
from typing import TYPE_CHECKING

from penstock.commands.terminal import plain

if TYPE_CHECKING:
    from penstock.core.registry.records import PluginProblem

__all__ = ["foreign_output_aside", "tell_problems"]


@contextlib.contextmanager
def foreign_output_aside() -> Iterator[None]:
    """Have what is printed go to standard error, while the code of plug-ins runs.

    Also what libraries in C print, and the programs that are started. It is for the command line
    alone, whose process is its own.

    Examples
    --------
    >>> with foreign_output_aside():
    ...     print("hello")
    >>> print("good day")
    good day
    """
    ours = sys.stdout
    ours.flush()
    aside = None
    # Where standard output or error is no file, there is nothing to put aside.
    with contextlib.suppress(OSError, ValueError):
        number, error = ours.fileno(), sys.stderr.fileno()
        aside = os.dup(number)
        os.dup2(error, number)
    try:
        with contextlib.redirect_stdout(sys.stderr):
            yield
    finally:
        if aside is not None:
            ours.flush()  # who had got hold of it printed to it
            os.dup2(aside, number)
            os.close(aside)


def tell_problems(problems: Sequence[PluginProblem]) -> None:
    """Say on standard error which plug-ins have problems.

    Examples
    --------
    >>> tell_problems([])
    """
    for problem in problems:
        print(f"penstock: {plain(problem)}", file=sys.stderr)
