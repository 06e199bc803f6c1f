"""``penstock search``: list the runs of a catalog whose documents match."""

from __future__ import annotations

import argparse
from typing import Any

from penstock.commands.catalogs import CATALOG_HELP, add_listing, list_runs, open_catalog
from penstock.commands.queries import QUERY_HELP, parse_query
from penstock.core.errors import QueryError

__all__ = ["add_parser", "run"]

_EXAMPLES = """\
examples:
  penstock search native_copies 'sample.name=copper foil'
  penstock search native_copies 'scan_id>=500' 'scan_id<600' plan_name=count
  penstock search native_copies 'time>2024-03-05'
  penstock search native_copies '{"sample.name": {"$in": ["Cu", "Ni"]}}' --json
  penstock search native_copies --stop exit_status=abort
  penstock search native_copies --descriptor '{"data_keys.image": {"$exists": true}}'

A QUERY is one in MongoDB's language, as JSON, or a term: a name, one of = != < <= > >=, and a
value. Several have to hold together. Names with dots reach into sub-documents. A value is read as
JSON where it is JSON (12, true, null, "12" for text), else it is text. That of `time` is seconds
since 1970 or an ISO date (2024-03-05, 2024-03-05T13:02:00+01:00), in UTC unless it says otherwise;
time=2024-03-05 is any time of that day, and < <= > >= compare with its beginning. Quote terms with
< or >: unquoted, the shell takes what follows for a file.

exit codes:
  0  done, whether or not anything was found
  1  some file holds no run that can be read, or there is no such catalog
  2  usage, or a query that is not valid
"""


def add_parser(subparsers: Any) -> None:
    """Add the subcommand to the parser of the command line."""
    parser: argparse.ArgumentParser = subparsers.add_parser(
        "search",
        help="list the runs of a catalog that match",
        description="List the runs whose documents match, the newest first.",
        epilog=_EXAMPLES,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    parser.add_argument("catalog", metavar="CATALOG", help=CATALOG_HELP)
    parser.add_argument(
        "query", nargs="*", metavar="QUERY", help=f"{QUERY_HELP}, for the start document"
    )
    for name, which in (("stop", "the stop document"), ("descriptor", "one of the descriptors")):
        parser.add_argument(
            f"--{name}",
            action="append",
            metavar="QUERY",
            help=f"the same for {which}; may be given again, and all have to hold",
        )
    add_listing(parser)
    parser.set_defaults(run=run)


def run(options: argparse.Namespace) -> int:
    """List the runs that match and return the exit code."""
    given = {"query": options.query, "stop": options.stop, "descriptor": options.descriptor}
    asked = {name: parse_query(parts) for name, parts in given.items() if parts}
    if not asked:
        raise QueryError(
            "there is no query",
            remedy="Give one, or --stop or --descriptor; penstock ls lists all runs.",
        )
    catalog = open_catalog(options.catalog).search(**asked)
    return list_runs(catalog, options)
