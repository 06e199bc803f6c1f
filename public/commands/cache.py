"""``penstock cache``: copy the runs of a catalog into a folder."""

from __future__ import annotations

import argparse
import os
from typing import Any

from penstock.commands import exit_codes
from penstock.commands.arguments import add_catalog, add_command, add_json, add_query
from penstock.commands.catalogs import open_catalog
from penstock.commands.copies import add_bad_frames, copy_runs, print_copies
from penstock.commands.foreign import foreign_output_aside
from penstock.commands.problems import print_problems
from penstock.commands.queries import parse_query
from penstock.commands.terminal import print_json

__all__ = ["add_parser", "run"]

_EXAMPLES = """\
examples:
  penstock cache native_copies /media/usb
  penstock cache native_copies for_ana --query 'sample.name=copper foil'
  penstock cache native_copies texts --to jsonl      documents alone
  penstock cache 'copies/*.msgpack' more --query '{"scan_id": {"$gt": 500}}' --json

A copy that is there already and up to date is left as it is. Each gets its name when it is whole,
so that an interrupted command can simply be given again.

exit codes:
  0  every run has its copy
  1  some run could not be copied, or some file of the catalog not be read
  2  usage, or a query that is not valid
  130 interrupted; the copies that were made are whole
"""


def add_parser(subparsers: Any) -> None:
    """Add the subcommand to the parser of the command line."""
    parser = add_command(
        subparsers,
        "cache",
        run,
        title="copy runs, arrays and all, into a folder",
        description="Write a self-contained copy of every run into a folder: one msgpack file "
        "each, which penstock, databroker and suitcase-msgpack read.",
        examples=_EXAMPLES,
    )
    add_catalog(parser)
    parser.add_argument(
        "directory",
        type=os.path.expanduser,
        metavar="DIR",
        help="where the copies go; made if needed",
    )
    add_query(parser)
    parser.add_argument(
        "--to",
        choices=["msgpack", "jsonl"],
        default="msgpack",
        help="msgpack (arrays and all), or JSON Lines (documents alone; files stay where they are)",
    )
    add_bad_frames(parser)
    add_json(parser)


def run(options: argparse.Namespace) -> int:
    """Copy, print, and return the exit code."""
    query = parse_query(options.query)
    catalog = open_catalog(options.catalog)
    with foreign_output_aside():
        report = copy_runs(
            catalog, options.directory, query, format=options.to, bad_frames=options.bad_frames
        )
        problems = catalog.problems
    if options.json:
        print_json({**report.to_dict(), "problems": problems.to_dict()})
    else:
        print_copies(report)
        print_problems(problems)
    return exit_codes.of_copies(report) or exit_codes.of_copies(problems)
