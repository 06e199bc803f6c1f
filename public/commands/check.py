"""``penstock check``: whether the files of runs are still what they were."""

from __future__ import annotations

import argparse
from collections import Counter
from typing import Any

from penstock.commands import exit_codes
from penstock.commands.arguments import add_catalog, add_command, add_json, add_query
from penstock.commands.catalogs import open_catalog
from penstock.commands.foreign import foreign_output_aside
from penstock.commands.paging import paged
from penstock.commands.problems import told_once
from penstock.commands.queries import parse_query
from penstock.commands.tables import print_table
from penstock.commands.terminal import print_json, progress_bar, short, short_uid
from penstock.core.errors import CatalogError
from penstock.core.report import Report, ReportItem

__all__ = ["add_parser", "run"]

_EXAMPLES = """\
examples:
  penstock check runs.db
  penstock check runs.db --query 'time>2024-03-01' --json | jq '.items[].details.state'
  penstock check runs.db --update

Of each run it says whether its files are
  fresh    as they were when they were ingested
  stale    more than they were, or changed
  moved    found elsewhere below the same root, by name, size and time
  missing  gone, some or all
  unknown  nothing tells, or somebody else ingested them from where you opened no root
No file is opened. Copies are checked for being whole.

exit codes:
  0  done, and nothing is missing
  1  files are missing, a copy is damaged, or a run could not be ingested anew
  2  usage, or a query that is not valid
"""


def add_parser(subparsers: Any) -> None:
    """Add the subcommand to the parser of the command line."""
    parser = add_command(
        subparsers,
        "check",
        run,
        title="tell whether the files of runs have changed, moved or gone",
        description="Tell for every run of a catalog whether its files are still what they were.",
        examples=_EXAMPLES,
    )
    add_catalog(parser, optional=True)
    add_query(parser)
    parser.add_argument(
        "--update", action="store_true", help="ingest anew what is stale or has moved"
    )
    add_json(parser)


def run(options: argparse.Namespace) -> int:
    """Check, print, and return the exit code."""
    from penstock.core.catalog.writable import WritableCatalog

    query = parse_query(options.query) or None
    catalog: Any = open_catalog(options.catalog)
    if not options.update:
        with foreign_output_aside():
            report = catalog.check(query)
    elif isinstance(catalog, WritableCatalog):
        with foreign_output_aside(), progress_bar("updating") as progress:
            report = catalog.refresh(query, progress)
    else:
        raise CatalogError(
            "copies are not brought up to date by themselves",
            where=options.catalog,
            remedy="Copy the runs again: penstock ingest PATH --cache FOLDER.",
        )
    if options.json:
        print_json(report.to_dict())
    else:
        with paged():
            _print(report)
    return exit_codes.of_copies(report)


def _print(report: Report) -> None:
    print_table(
        "Runs",
        ["uid", "state", "files", "why", "remedy"],
        [
            (short_uid(item.uid or ""), _state(item), short(item.subject), item.why, item.remedy)
            for item in report
            if item.why and item.outcome != "skipped"
        ],
        expendable=["uid"],
        below=["why", "remedy"],
    )
    unknown = [
        ((item.why, item.remedy), short(item.subject))
        for item in report
        if _state(item) == "unknown"
    ]
    print_table(
        "Unknown",
        ["run", "why", "remedy"],
        [(runs, *told) for told, runs in told_once(unknown)],
        below=["why", "remedy"],
    )
    counts = ", ".join(
        f"{number} {state}" for state, number in Counter(map(_state, report)).items()
    )
    noun = "run" if len(report) == 1 else "runs"
    print(f"{len(report)} {noun}: {counts}" if counts else "no runs to check")


def _state(item: ReportItem) -> str:
    """Return what became of a run: what is fine, and why, was stale or had moved."""
    is_updated = item.outcome == "ok" and item.why
    return "updated" if is_updated else item.details.get("state", item.outcome)
