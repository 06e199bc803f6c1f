"""Tables of what went wrong, in whatever command: what it is about, why, and what to do."""

from __future__ import annotations

from collections import Counter
from collections.abc import Hashable, Iterable, Sequence
from typing import TypeVar

from penstock.commands.tables import print_table
from penstock.commands.terminal import short, short_uid
from penstock.core.report import Report, ReportItem

__all__ = ["print_failures", "print_problems", "told_once"]

_MANY = 4

Reason = TypeVar("Reason", bound=Hashable)


def print_failures(title: str, items: Sequence[ReportItem], subject: str) -> None:
    """Print a table of what failed or was refused.

    What was refused for one reason is told once where there is much of it: nobody reads that a
    folder's forty scripts are no images, one by one.

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
        _folded(items),
        style="bold red" if any(item.outcome == "failed" for item in items) else "bold yellow",
        below=["why", "remedy"],
    )


def _folded(items: Sequence[ReportItem]) -> list[tuple[str, str, str, str]]:
    alike = Counter((item.outcome, item.why, item.remedy) for item in items)
    rows: list[tuple[str, str, str, str]] = []
    told: set[tuple[str, str, str]] = set()
    for item in items:
        reason = (item.outcome, item.why, item.remedy)
        subject, others = short(item.subject), alike[reason] - 1
        if item.outcome == "refused" and others >= _MANY:
            if reason in told:
                continue
            told.add(reason)
            subject = f"{subject} and {others} more (--json names them)"
        rows.append((item.outcome, subject, item.why, item.remedy))
    return rows


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


def told_once(reasons: Iterable[tuple[Reason, str]]) -> list[tuple[Reason, str]]:
    """Return each reason once, with the first that it is about, and how many others there are.

    Examples
    --------
    >>> told_once([("it is empty", "a.tif"), ("it is text", "b.tif"), ("it is empty", "c.tif")])
    [('it is empty', 'a.tif and 1 more'), ('it is text', 'b.tif')]
    """
    about: dict[Reason, list[str]] = {}
    for reason, subject in reasons:
        about.setdefault(reason, []).append(subject)
    return [
        (reason, f"{first} and {len(others)} more" if others else first)
        for reason, (first, *others) in about.items()
    ]
