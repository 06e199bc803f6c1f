"""The catalogs that are named on the command line: opening them, and listing their runs."""

from __future__ import annotations

import glob
import os
import sys
from collections.abc import Iterable, Mapping
from typing import TYPE_CHECKING, Any

from penstock.commands import exit_codes
from penstock.commands.terminal import print_json, print_table, short, utc
from penstock.core.report import Report

if TYPE_CHECKING:
    from penstock.core.catalog.base import BlueskyCatalog

__all__ = ["CATALOG_HELP", "DEFAULT_HELP", "list_runs", "open_catalog", "print_problems"]

CATALOG_HELP = (
    "a .db file, a folder of copies, a quoted glob such as 'copies/*.msgpack', or a name that the "
    "configuration gives one"
)
DEFAULT_HELP = "; without it the catalog called default, in your state folder"

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


def list_runs(catalog: BlueskyCatalog, place: str, *, as_json: bool) -> int:
    """Print the runs of a catalog, the newest first, and what could not be read; return the code.

    Parameters
    ----------
    place
        What the person called the catalog.
    """
    problems = catalog.problems  # first: it looks at the files, of which the runs are listed then
    starts = [run.metadata["start"] for run in catalog.values()]
    starts.sort(key=lambda start: start["time"], reverse=True)
    if as_json:
        print_json({"runs": starts, "problems": problems.to_dict()})
    else:
        _print_runs(starts)
        print_problems(problems)
        print(_summary(len(starts), catalog.query, place))
    return exit_codes.of_copies(problems)


def print_problems(problems: Report) -> None:
    """Print a table of the files that hold no run that can be read.

    Examples
    --------
    >>> print_problems(Report())
    """
    print_table(
        "Not read",
        ["outcome", "file", "why", "remedy"],
        [(item.outcome, short(item.subject), item.why, item.remedy) for item in problems],
        style="bold red",
    )


def _print_runs(starts: Iterable[Mapping[str, Any]]) -> None:
    told = [(start, [_cell(start.get(column)) for column in _COLUMNS]) for start in starts]
    used = [i for i in range(len(_COLUMNS)) if any(cells[i] for _, cells in told)]
    at_terminal = sys.stdout.isatty()
    print_table(
        "Runs",
        ["uid", "start time", *(_COLUMNS[i].partition("_name")[0] for i in used)],
        [
            (
                start["uid"][:8] if at_terminal else start["uid"],
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


def _summary(count: int, query: Mapping[str, Any], place: str) -> str:
    noun = "run" if count == 1 else "runs"
    if query:
        return f"{count} {noun} found" if count else "no runs found"
    if count:
        return f"{count} {noun}"
    folder = place if os.path.isdir(place) else os.path.dirname(place) or "."
    if glob.has_magic(folder):
        return "no runs"
    return f"no runs: {place} holds no copies. Make some: penstock ingest PATH --cache {folder}"
