"""``penstock ls``: list the runs of a catalog."""

from __future__ import annotations

import argparse
from typing import Any

from penstock.commands.arguments import add_catalog, add_command
from penstock.commands.catalogs import open_catalog
from penstock.commands.listing import add_listing, list_runs

__all__ = ["add_parser", "run"]

_EXAMPLES = """\
examples:
  penstock ls runs.db
  penstock ls native_copies --limit 20
  penstock ls 45id --limit 20 --offset 20
  penstock ls runs.db --sort scan_id --columns scan_id,sample.name
  penstock ls runs.db --reverse                        the oldest first
  penstock ls runs.db --count-by sample.name           which samples, and how many runs of each
  penstock ls 'native_copies/*.msgpack' --json | jq -r '.runs[].uid'

Only start documents are read, and those of files that have not changed are remembered.

exit codes:
  0  done
  1  some file holds no run that can be read, or there is no such catalog
  2  usage
"""


def add_parser(subparsers: Any) -> None:
    """Add the subcommand to the parser of the command line."""
    parser = add_command(
        subparsers,
        "ls",
        run,
        title="list the runs of a catalog",
        description="List the runs of a catalog, the newest first, or in another order.",
        examples=_EXAMPLES,
    )
    add_catalog(parser, optional=True)
    add_listing(parser)


def run(options: argparse.Namespace) -> int:
    """List the runs and return the exit code."""
    return list_runs(open_catalog(options.catalog), options)
