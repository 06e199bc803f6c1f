"""``penstock ls``: list the runs of a catalog."""

from __future__ import annotations

import argparse
from typing import Any

from penstock.commands.catalogs import (
    CATALOG_HELP,
    DEFAULT_HELP,
    add_listing,
    list_runs,
    open_catalog,
)

__all__ = ["add_parser", "run"]

_EXAMPLES = """\
examples:
  penstock ls runs.db
  penstock ls native_copies --limit 20
  penstock ls 45id --limit 20 --offset 20
  penstock ls 'native_copies/*.msgpack' --json | jq '.runs[].uid'

Only start documents are read, and those of files that have not changed are remembered.

exit codes:
  0  done
  1  some file holds no run that can be read, or there is no such catalog
  2  usage
"""


def add_parser(subparsers: Any) -> None:
    """Add the subcommand to the parser of the command line."""
    parser: argparse.ArgumentParser = subparsers.add_parser(
        "ls",
        help="list the runs of a catalog",
        description="List the runs of a catalog, the newest first.",
        epilog=_EXAMPLES,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    parser.add_argument(
        "catalog", nargs="?", default="default", metavar="CATALOG", help=CATALOG_HELP + DEFAULT_HELP
    )
    add_listing(parser)
    parser.set_defaults(run=run)


def run(options: argparse.Namespace) -> int:
    """List the runs and return the exit code."""
    return list_runs(open_catalog(options.catalog), options)
