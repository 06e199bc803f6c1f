"""``penstock check``: whether the files of runs are still what they were."""

from __future__ import annotations

import argparse
from collections import Counter
from typing import Any

from penstock.commands import exit_codes
from penstock.commands.catalogs import CATALOG_HELP, DEFAULT_HELP, open_catalog
from penstock.commands.foreign import foreign_output_aside
from penstock.commands.queries import QUERY_HELP, parse_query
from penstock.commands.terminal import print_json, print_table, progress_bar, short
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
  unknown  nothing tells
No file is opened. Copies are checked for being whole.

exit codes:
  0  done, and nothing is missing
  1  files are missing, a copy is damaged, or a run could not be ingested anew
  2  usage, or a query that is not valid
"""


def add_parser(subparsers: Any) -> None:
    """Add the subcommand to the parser of the command line."""
    parser: argparse.ArgumentParser = subparsers.add_parser(
        "check",
        help="tell whether the files of runs have changed, moved or gone",
        description="Tell for every run of a catalog whether its files are still what they were.",
        epilog=_EXAMPLES,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    parser.add_argument(
        "catalog", nargs="?", default="default", metavar="CATALOG", help=CATALOG_HELP + DEFAULT_HELP
    )
    parser.add_argument(
        "--query", action="append", default=[], metavar="QUERY", help=f"which runs: {QUERY_HELP}"
    )
    parser.add_argument(
        "--update", action="store_true", help="ingest anew what is stale or has moved"
    )
    parser.add_argument("--json", action="store_true", help="print the report as JSON")
    parser.set_defaults(run=run)


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
        _print(report)
    return exit_codes.of_copies(report)


def _print(report: Report) -> None:
    told = [item for item in report if item.why and item.outcome != "skipped"]
    states = [_state(item) for item in report]
    print_table(
        "Runs",
        ["uid", "state", "files", "what", "remedy"],
        [
            (
                (item.uid or "")[:8],
                _state(item),
                short(item.subject),
                item.why,
                item.remedy,
            )
            for item in told
        ],
        expendable=["remedy", "uid"],
    )
    counts = ", ".join(f"{number} {state}" for state, number in Counter(states).items())
    noun = "run" if len(report) == 1 else "runs"
    print(f"{len(report)} {noun}: {counts}" if counts else "no runs to check")


def _state(item: ReportItem) -> str:
    """Return what became of a run: what is fine, and why, was stale or had moved."""
    is_updated = item.outcome == "ok" and item.why
    return "updated" if is_updated else item.details.get("state", item.outcome)
