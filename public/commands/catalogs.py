"""The catalogs that are named on the command line: opening them, and listing their runs."""

from __future__ import annotations

import argparse
import glob
import os
import sys
from collections.abc import Iterable, Mapping
from typing import TYPE_CHECKING, Any

from penstock.commands import exit_codes
from penstock.commands.foreign import foreign_output_aside
from penstock.commands.terminal import paged, print_json, print_table, short, short_uid, utc
from penstock.core.report import Report

if TYPE_CHECKING:
    from penstock.core.catalog.base import BlueskyCatalog

__all__ = [
    "CATALOG_HELP",
    "DEFAULT_HELP",
    "add_listing",
    "list_runs",
    "open_catalog",
    "print_problems",
]

CATALOG_HELP = (
    "a .db file, a folder of copies, a quoted glob such as 'copies/*.msgpack', or a name that the "
    "configuration gives one"
)
DEFAULT_HELP = "; without it the catalog called default, in your state folder"

_MOST_AT_TERMINAL = 1000
_COLUMNS = ("scan_id", "plan_name", "title", "sample", "detectors", "file_name")
"""What start documents say that tells one run from others; shown where any run says it."""


def open_catalog(name: str) -> BlueskyCatalog:
    """Open the catalog that a person named.

    Raises
    ------
    NoDataError
        If there is none.

    Examples
    --------
    >>> open_catalog("no_such_folder/native_copies")
    Traceback (most recent call last):
    ...
    penstock.core.errors.NoDataError: no_such_folder/native_copies: there is no such folder...
    """
    from penstock import opening

    return opening.open_catalog(name)


def add_listing(parser: argparse.ArgumentParser) -> None:
    """Add the options of a list of runs to the parser of a subcommand."""
    parser.add_argument(
        "--limit",
        type=_count,
        metavar="N",
        help=f"list so many runs at most; all where that is left out, {_MOST_AT_TERMINAL} at a "
        "terminal",
    )
    parser.add_argument(
        "--offset", type=_count, default=0, metavar="N", help="leave out the N newest runs"
    )
    parser.add_argument("--json", action="store_true", help="print start documents as JSON")


def _count(text: str) -> int:
    if not text.isdecimal():
        raise argparse.ArgumentTypeError(f"{text!r} is no number of runs")
    return int(text)


def list_runs(catalog: BlueskyCatalog, options: argparse.Namespace) -> int:
    """Print the runs of a catalog, the newest first, and what could not be read; return the code.

    Parameters
    ----------
    options
        What the person said: those of `add_listing`, and what they called the catalog.
    """
    with foreign_output_aside():
        problems = catalog.problems  # first: it looks at the files, of which the runs are listed
    limit = options.limit
    if limit is None and sys.stdout.isatty() and not options.json:
        limit = _MOST_AT_TERMINAL
    with foreign_output_aside():
        starts = catalog.newest_starts(limit, options.offset)
        total = len(starts) if limit is None and not options.offset else len(catalog)
    if options.json:
        print_json({"runs": starts, "problems": problems.to_dict()})
        return exit_codes.of_copies(problems)
    with paged():
        _print_runs(starts)
        print_problems(problems)
        print(_summary(len(starts), total, catalog.query, options.catalog, bool(len(problems))))
    return exit_codes.of_copies(problems)


def print_problems(problems: Report) -> None:
    """Print tables of the files that hold no run that can be read, and of those not whole.

    Examples
    --------
    >>> print_problems(Report())
    """
    print_table(
        "Not read",
        ["outcome", "file", "why", "remedy"],
        [
            (item.outcome, short(item.subject), item.why, item.remedy)
            for item in problems
            if item.outcome != "partial"
        ],
        style="bold red",
    )
    print_table(
        "Not whole",
        ["uid", "file", "why", "remedy"],
        [
            (short_uid(item.uid or ""), short(item.subject), item.why, item.remedy)
            for item in problems.with_outcome("partial")
        ],
        style="bold yellow",
    )


def _print_runs(starts: Iterable[Mapping[str, Any]]) -> None:
    told = [(start, [_cell(start.get(column)) for column in _COLUMNS]) for start in starts]
    used = [i for i in range(len(_COLUMNS)) if any(cells[i] for _, cells in told)]
    print_table(
        "Runs",
        ["uid", "start time", *(_COLUMNS[i].partition("_name")[0] for i in used)],
        [
            (
                short_uid(start["uid"]),
                utc(start["time"]),
                *(cells[i] for i in used),
            )
            for start, cells in told
        ],
    )


def _cell(value: object) -> str:
    """Return one field of a start document in few words."""
    if isinstance(value, Mapping):
        value = value.get("name")
    if isinstance(value, list | tuple):
        return ", ".join(map(_cell, value))
    return "" if value is None else str(value)


def _summary(
    shown: int, count: int, query: Mapping[str, Any], place: str, has_problems: bool
) -> str:
    noun = "run" if count == 1 else "runs"
    if shown < count:
        return f"{shown} of {count} {noun}{' found' if query else ''}; others: --limit, --offset"
    if query:
        return f"{count} {noun} found" if count else "no runs found"
    if count:
        return f"{count} {noun}"
    if has_problems:
        return "no runs that can be read"
    if not os.path.isdir(place) and not glob.has_magic(place):
        return f"no runs. Ingest some: penstock ingest PATH --catalog {place}"
    folder = place if os.path.isdir(place) else os.path.dirname(place) or "."
    if glob.has_magic(folder):
        return "no runs"
    return f"no runs: {place} holds no copies. Make some: penstock ingest PATH --cache {folder}"
