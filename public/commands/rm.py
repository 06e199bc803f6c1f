"""``penstock rm``: take runs out of a catalog."""

from __future__ import annotations

import argparse
from typing import Any

from penstock.commands import exit_codes
from penstock.commands.catalogs import CATALOG_HELP, open_catalog
from penstock.commands.terminal import print_json, print_table
from penstock.core.errors import CatalogError, PenstockError
from penstock.core.report import Report, ReportItem

__all__ = ["add_parser", "run"]

_EXAMPLES = """\
examples:
  penstock rm runs.db 7f15
  penstock rm 45id -- -1                      the newest run
  penstock rm native_copies 7f15 --delete     a copy: the file goes

The files that a run was ingested from stay as they are.

exit codes:
  0  done
  1  there is no such catalog or run, or several runs fit
  2  usage
"""


def add_parser(subparsers: Any) -> None:
    """Add the subcommand to the parser of the command line."""
    parser: argparse.ArgumentParser = subparsers.add_parser(
        "rm",
        help="take runs out of a catalog",
        description="Take runs out of a catalog. Of a folder of copies, the copies are deleted.",
        epilog=_EXAMPLES,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    parser.add_argument("catalog", metavar="CATALOG", help=CATALOG_HELP)
    parser.add_argument(
        "keys",
        nargs="+",
        metavar="RUN",
        help="a uid or its beginning, a scan_id, or -1 for the newest run",
    )
    parser.add_argument("--delete", action="store_true", help="delete the files of copies")
    parser.add_argument("--json", action="store_true", help="print the report as JSON")
    parser.set_defaults(run=run)


def run(options: argparse.Namespace) -> int:
    """Take the runs out and return the exit code."""
    from penstock.core.catalog.writable import WritableCatalog

    catalog: Any = open_catalog(options.catalog)
    if not isinstance(catalog, WritableCatalog) and not options.delete:
        raise CatalogError(
            "these runs are files, which would be deleted",
            where=options.catalog,
            remedy="Say so: --delete.",
        )
    report = Report()
    for key in options.keys:
        try:
            uid = catalog.remove(key)
            report.add(ReportItem(key, "ok", uid=uid))
        except PenstockError as error:
            report.add(ReportItem.from_error(key, error))
    if options.json:
        print_json(report.to_dict())
    else:
        rows = [
            (item.subject, item.outcome, item.uid or "", item.why, item.remedy) for item in report
        ]
        print_table("Runs", ["run", "outcome", "uid", "why", "remedy"], rows)
    return exit_codes.of_copies(report)
