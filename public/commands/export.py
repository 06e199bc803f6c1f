"""``penstock export``: write runs in a format that others read."""

from __future__ import annotations

import argparse
import json
import os
from typing import Any

from penstock.commands import exit_codes
from penstock.commands.arguments import add_catalog, add_command, add_json, add_query
from penstock.commands.catalogs import open_catalog
from penstock.commands.foreign import foreign_output_aside
from penstock.commands.problems import print_failures, print_problems
from penstock.commands.queries import parse_query
from penstock.commands.tables import print_table
from penstock.commands.terminal import print_json, progress_bar, short, short_uid
from penstock.core.errors import SettingsError
from penstock.core.report import Report

__all__ = ["add_parser", "run"]

_EXAMPLES = """\
examples:
  penstock export runs.db exported --to csv
  penstock export runs.db exported --to nexus --run 6f2a --run -1
  penstock export runs.db exported --to spec --query 'sample.name=copper foil'
  penstock export runs.db exported --to csv --name '{scan_id:05d}_{uid}' --option arrays=true
  penstock export --formats

Each run becomes a file or a folder of the given one, and gets its name when it is whole.

exit codes:
  0  every run was written
  1  some run could not be written, or the format has no place for it
  2  usage, or a query that is not valid
  130 interrupted; what was written is whole
"""


def add_parser(subparsers: Any) -> None:
    """Add the subcommand to the parser of the command line."""
    parser = add_command(
        subparsers,
        "export",
        run,
        title="write runs in a format that others read",
        description="Write the runs of a catalog, or some of them, into a folder in a format.",
        examples=_EXAMPLES,
    )
    add_catalog(parser, optional=True)
    parser.add_argument(
        "directory", nargs="?", type=os.path.expanduser, metavar="DIR", help="made if needed"
    )
    parser.add_argument("--to", metavar="FORMAT", help="the format; --formats lists them")
    parser.add_argument(
        "--run",
        action="append",
        dest="runs",
        default=[],
        metavar="RUN",
        help="a run by the beginning of its uid, its scan id, or its place from the newest, -1",
    )
    add_query(parser)
    parser.add_argument("--name", metavar="TEMPLATE", help="what runs are called; default {uid}")
    parser.add_argument(
        "--option",
        action="append",
        default=[],
        metavar="NAME=VALUE",
        help="an option of the format; --formats lists them",
    )
    parser.add_argument("--overwrite", action="store_true", help="replace what is there already")
    parser.add_argument("--formats", action="store_true", help="list the formats, and end")
    add_json(parser)
    parser.set_defaults(parser=parser)


def run(options: argparse.Namespace) -> int:
    """Export, print, and return the exit code."""
    if options.formats:
        return _list_formats(as_json=options.json)
    if not (options.directory and options.to):
        options.parser.error("CATALOG, DIR and --to FORMAT are needed")
    catalog = open_catalog(options.catalog)
    query = parse_query(options.query)
    if options.runs:
        uids = [catalog[key].uid for key in options.runs]
        query = {"$and": [{"uid": {"$in": uids}}, query or {}]}
    with foreign_output_aside(), progress_bar("writing") as progress:
        report = catalog.export(
            options.to,
            options.directory,
            query,
            progress,
            name=options.name,
            overwrite=options.overwrite,
            **_parse_options(options.option),
        )
    if options.json:
        print_json({**report.to_dict(), "problems": catalog.problems.to_dict()})
    else:
        _print_report(report)
        print_problems(catalog.problems)
    return exit_codes.of_copies(report) or exit_codes.of_copies(catalog.problems)


def _parse_options(texts: list[str]) -> dict[str, Any]:
    options = {}
    for text in texts:
        name, sign, value = text.partition("=")
        if not sign or not name.isidentifier():
            raise SettingsError(f"{text!r} is no option", remedy="Write it as NAME=VALUE.")
        try:
            options[name] = json.loads(value)
        except ValueError:
            options[name] = value
    return options


def _list_formats(*, as_json: bool) -> int:
    from penstock.core.registry import get_registry
    from penstock.core.run.exporting import options_of

    registry = get_registry()
    rows = []
    for name, exporter in sorted(registry.exporters.items()):
        function = registry.exporter_function(name)
        known = {key: found.default for key, found in options_of(function).items()}
        rows.append((name, exporter.suffix or "a folder", exporter.title, known))
    if as_json:
        names = ("name", "suffix", "title", "options")
        print_json([dict(zip(names, row, strict=True)) for row in rows])
    else:
        print_table(
            "Formats",
            ["name", "writes", "title", "options"],
            [(*row[:3], ", ".join(f"{k}={v!r}" for k, v in row[3].items())) for row in rows],
        )
    return exit_codes.DONE


def _print_report(report: Report) -> None:
    from rich.filesize import decimal

    print_table(
        "Exported",
        ["uid", "outcome", "size", "file", "note"],
        [
            (
                short_uid(item.uid or ""),
                item.outcome,
                decimal(item.details["bytes"]) if "bytes" in item.details else "",
                short(item.subject),
                item.why,
            )
            for item in report.with_outcome("ok", "partial")
        ],
        expendable=["size"],
        below=["note"],
    )
    print_failures("Not exported", report.with_outcome("failed", "refused"), "run")
    print(f"exported: {report}" if len(report) else "no runs to export")
