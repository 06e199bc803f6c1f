"""Tables of what went wrong, in whatever command: what it is about, why, and what to do."""

from __future__ import annotations

from collections.abc import Sequence

from penstock.commands.tables import print_table
from penstock.commands.terminal import short, short_uid
from penstock.core.report import Report, ReportItem

__all__ = ["print_failures", "print_problems"]


def print_failures(title: str, items: Sequence[ReportItem], subject: str) -> None:
    """Print a table of what failed or was refused.

    Parameters
    ----------
    subject
        What the items are about: a heading.

    Examples
    --------
    >>> item = ReportItem("6f2a", "refused", "no room", "Make some.")
    >>> print_failures("Not copied", [item], "run")
    Not copied
     outcome  run   why      remedy
     refused  6f2a  no room  Make some.
    """
    print_table(
        title,
        ["outcome", subject, "why", "remedy"],
        [(item.outcome, short(item.subject), item.why, item.remedy) for item in items],
        style="bold red" if any(item.outcome == "failed" for item in items) else "bold yellow",
        below=["why", "remedy"],
    )


def print_problems(problems: Report) -> None:
    """Print tables of the files that hold no run that can be read, and of those not whole.

    Examples
    --------
    >>> print_problems(Report())
    """
    print_failures("Not read", [item for item in problems if item.outcome != "partial"], "file")
    print_table(
        "Not whole",
        ["uid", "file", "why", "remedy"],
        [
            (short_uid(item.uid or ""), short(item.subject), item.why, item.remedy)
            for item in problems.with_outcome("partial")
        ],
        style="bold yellow",
        below=["why", "remedy"],
    )
