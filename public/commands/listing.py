"""Lists of runs: which, in which order, and which of their fields are shown."""

from __future__ import annotations

import argparse
import glob
import os
import shlex
import sys
from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any

from penstock.commands import exit_codes
from penstock.commands.arguments import add_json, count
from penstock.commands.counting import count_values, show_counts, text_of
from penstock.commands.foreign import foreign_output_aside
from penstock.commands.paging import paged
from penstock.commands.problems import print_problems
from penstock.commands.tables import print_table
from penstock.commands.terminal import plain, print_json, short_uid, utc
from penstock.core.report import Report

if TYPE_CHECKING:
    from penstock.core.catalog.base import BlueskyCatalog

__all__ = ["add_listing", "list_runs"]

_MOST_AT_TERMINAL = 1000
_TELLING = ("scan_id", "plan_name", "title", "sample", "detectors", "file_name")
"""What start documents say that tells one run from others; shown where any run says it."""
_EXPENDABLE = ("detectors", "plan", "sample", "title", "file")
"""What is left out first where there is no room."""


def add_listing(parser: argparse.ArgumentParser) -> None:
    """Add the options of a list of runs to the parser of a subcommand."""
    parser.add_argument(
        "--limit",
        type=count,
        metavar="N",
        help=f"list so many at most; all where that is left out, {_MOST_AT_TERMINAL} at a terminal",
    )
    parser.add_argument(
        "--offset", type=count, default=0, metavar="N", help="leave out the first N of the list"
    )
    parser.add_argument(
        "--sort",
        action="append",
        default=[],
        metavar="FIELD",
        help="list runs by this field of theirs, the smallest first, and those that are equal by "
        "the next that is given; without it the newest come first",
    )
    parser.add_argument("--reverse", action="store_true", help="list them the other way round")
    parser.add_argument(
        "--columns",
        type=_names,
        metavar="FIELD,...",
        help="show these fields of start documents, as `penstock show` names them",
    )
    parser.add_argument(
        "--count-by",
        action="append",
        metavar="FIELD",
        help="list no runs, but the values of this field of start documents, and how many runs "
        "have each; can be given several times",
    )
    add_json(parser, "start documents (or counts)")


def _names(text: str) -> list[str]:
    names = [name.strip() for name in text.split(",")]
    if not all(names):
        raise argparse.ArgumentTypeError(f"{text!r} is not FIELD,FIELD,...")
    return names


def list_runs(catalog: BlueskyCatalog, options: argparse.Namespace) -> int:
    """Print the runs of a catalog, or counts, and what could not be read; return the exit code.

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
    if options.count_by:
        with foreign_output_aside():
            counts = count_values(catalog, options.count_by)
        show_counts(counts, problems, limit, options)
    else:
        _show_runs(catalog, problems, limit, options)
    return exit_codes.of_copies(problems)


def _show_runs(
    catalog: BlueskyCatalog, problems: Report, limit: int | None, options: argparse.Namespace
) -> None:
    with foreign_output_aside():
        starts = _sorted(catalog, options).starts(limit, options.offset)
        total = len(starts) if limit is None and not options.offset else len(catalog)
    if options.json:
        print_json({"runs": starts, "total": total, "problems": problems.to_dict()})
        return
    with paged():
        _print_runs(starts, options.columns)
        print_problems(problems)
        print(_summary(len(starts), total, catalog.query, options.catalog, bool(len(problems))))


def _sorted(catalog: BlueskyCatalog, options: argparse.Namespace) -> BlueskyCatalog:
    order = [(field, 1) for field in options.sort]
    if "time" not in options.sort:
        order.append(("time", -1))
    sign = -1 if options.reverse else 1
    return catalog.sort(*((field, sign * direction) for field, direction in order))


def _print_runs(starts: Sequence[Mapping[str, Any]], chosen: Sequence[str] | None) -> None:
    columns: dict[str, list[str]]
    if chosen is not None:
        columns = {plain(field): _values_at(field, starts) for field in chosen}
    else:
        told = {field: [_cell(start.get(field)) for start in starts] for field in _TELLING}
        columns = {f.partition("_name")[0]: cells for f, cells in told.items() if any(cells)}
    uids = [short_uid(start["uid"]) for start in starts]
    times = [utc(start["time"], short=sys.stdout.isatty()) for start in starts]
    print_table(
        "Runs",
        ["uid", "start time", *columns],
        list(zip(uids, times, *columns.values(), strict=True)),
        expendable=[] if chosen else [name for name in _EXPENDABLE if name in columns],
    )


def _values_at(field: str, starts: Sequence[Mapping[str, Any]]) -> list[str]:
    """Return what each start says at a path, where it is found in a search, too."""
    from penstock.core.index.sorting import elements_at
    from penstock.core.mongo_operators import MISSING

    elements = elements_at(field)
    return [
        ", ".join(text_of(value) for value in elements(dict(start)) if value is not MISSING)
        for start in starts
    ]


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
    return _how_to_fill(place)


def _how_to_fill(place: str) -> str:
    """Return what to do about a catalog without runs."""
    if not os.path.isdir(place) and not glob.has_magic(place):
        return f"no runs. Ingest some: penstock ingest PATH --catalog {shlex.quote(place)}"
    folder = place if os.path.isdir(place) else os.path.dirname(place) or "."
    if glob.has_magic(folder):
        return "no runs"
    catalogs = sorted(path for path in glob.glob(f"{glob.escape(folder)}/*.db"))
    if catalogs:
        others = f" (and {len(catalogs) - 1} more)" if len(catalogs) > 1 else ""
        return (
            f"no runs: {place} holds no copies, but a catalog: "
            f"penstock ls {shlex.quote(os.path.normpath(catalogs[0]))}{others}"
        )
    return (
        f"no runs: {place} holds no copies. Make some: penstock ingest PATH "
        f"--cache {shlex.quote(folder)}"
    )
