"""``penstock rm``: take runs out of a catalog."""

from __future__ import annotations

import argparse
from collections.abc import Sequence
from typing import Any

from penstock.commands import exit_codes
from penstock.commands.arguments import add_catalog, add_command, add_json, add_query
from penstock.commands.catalogs import open_catalog
from penstock.commands.foreign import foreign_output_aside
from penstock.commands.queries import parse_query
from penstock.commands.tables import print_table
from penstock.commands.terminal import print_json
from penstock.core.errors import CatalogError, PenstockError, QueryError
from penstock.core.report import Report, ReportItem

__all__ = ["add_parser", "run"]

_EXAMPLES = """\
examples:
  penstock rm runs.db 7f15
  penstock rm 45id -1                             the newest run
  penstock rm runs.db --query 'sample.name=test'  all that match; `penstock search` lists them
  penstock rm native_copies 7f15 --delete         a copy: the file goes

The files that a run was ingested from stay as they are.

exit codes:
  0  done
  1  there is no such catalog or run, or several runs fit
  2  usage, or a query that is not valid
"""


def add_parser(subparsers: Any) -> None:
    """Add the subcommand to the parser of the command line."""
    parser = add_command(
        subparsers,
        "rm",
        run,
        title="take runs out of a catalog",
        description="Take runs out of a catalog. Of a folder of copies, the copies are deleted.",
        examples=_EXAMPLES,
    )
    add_catalog(parser)
    parser.add_argument(
        "keys",
        nargs="*",
        metavar="RUN",
        help="a uid or its beginning, a scan_id, or -1 for the newest run",
    )
    add_query(parser)
    parser.add_argument("--delete", action="store_true", help="delete the files of copies")
    add_json(parser)


def run(options: argparse.Namespace) -> int:
    """Take the runs out and return the exit code."""
    from penstock.core.catalog.writable import WritableCatalog

    query = parse_query(options.query)
    if not options.keys and not query:
        raise QueryError("no run is named", remedy="Give its uid, or --query.")
    catalog: Any = open_catalog(options.catalog)
    if not isinstance(catalog, WritableCatalog) and not options.delete:
        raise CatalogError(
            "these runs are files, which would be deleted",
            where=options.catalog,
            remedy="Say so: --delete.",
        )
    report = _remove(catalog, options.keys, query)
    if options.json:
        print_json(report.to_dict())
        return exit_codes.of_copies(report)
    print_table(
        "Runs",
        ["run", "outcome", "uid", "why", "remedy"],
        [(item.subject, item.outcome, item.uid or "", item.why, item.remedy) for item in report],
        below=["why", "remedy"],
    )
    print(report if len(report) else "no runs found")
    return exit_codes.of_copies(report)


def _remove(catalog: Any, keys: Sequence[str], query: dict[str, Any]) -> Report:
    """Take runs out. All are found first: the newest but one is another when the newest is gone."""
    report = Report()
    with foreign_output_aside():
        found = [(key, _find(catalog, key)) for key in keys]
        known = {uid for _, uid in found}
        found += [
            (uid, uid) for uid in (catalog.search(query) if query else ()) if uid not in known
        ]
        for key, uid in found:
            try:
                if isinstance(uid, PenstockError):
                    raise uid
                report.add(ReportItem(key, "ok", uid=catalog.remove(uid)))
            except PenstockError as error:
                report.add(ReportItem.from_error(key, error))
    return report


def _find(catalog: Any, key: str) -> str | PenstockError:
    """Return the uid that a key stands for, or why it stands for none."""
    try:
        uid: str = catalog[key].uid
    except CatalogError:  # it is damaged, and can be taken out all the same
        return key
    except PenstockError as error:
        return error
    return uid
