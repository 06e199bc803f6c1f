"""``penstock search``: list the runs of a catalog whose documents match."""

from __future__ import annotations

import argparse
from typing import Any

from penstock.commands.arguments import QUERY, add_catalog, add_command
from penstock.commands.catalogs import open_catalog
from penstock.commands.listing import add_listing, list_runs
from penstock.commands.queries import parse_query
from penstock.core.errors import QueryError

__all__ = ["add_parser", "run"]

_EXAMPLES = """\
examples:
  penstock search native_copies 'sample.name=copper foil'
  penstock search native_copies 'scan_id>=500' 'scan_id<600' plan_name=count
  penstock search native_copies 'time>2024-03-05' 'time<2024-04'
  penstock search native_copies 'title~^Rocking' --sort scan_id
  penstock search native_copies --text 'copper foil'
  penstock search native_copies '{"sample.name": {"$in": ["Cu", "Ni"]}}' --json
  penstock search native_copies time=2024 --count-by sample.name
  penstock search native_copies --stop exit_status=abort
  penstock search native_copies --descriptor '{"data_keys.image": {"$exists": true}}'

A QUERY is one in MongoDB's language, as JSON, or a term: a name, one of = != < <= > >= ~ !~, and
a value. Several have to hold together. Names with dots reach into sub-documents; of a list one
element is enough. A value is read as JSON where it is JSON (12, true, null, ["x", "y"], "12" for
text), else it is text. After ~ stands a regular expression, which fits somewhere in a text; (?i)
before it makes upper and lower case the same.

The value of `time` is an ISO date, which may end early (2024, 2024-03, 2024-03-05,
2024-03-05T13:02, 2024-03-05T13:02:00+01:00), in UTC unless it says otherwise, or seconds since
1970. time=2024-03 is any time of that month, and < <= > >= compare with its beginning. In a
query that is JSON, times are seconds.

Quote terms with < > ~ ! or *: unquoted, the shell takes them for its own.

exit codes:
  0  done, whether or not anything was found
  1  some file holds no run that can be read, or there is no such catalog
  2  usage, or a query that is not valid
"""


def add_parser(subparsers: Any) -> None:
    """Add the subcommand to the parser of the command line."""
    parser = add_command(
        subparsers,
        "search",
        run,
        title="list the runs of a catalog that match",
        description="List the runs whose documents match, the newest first, or in another order.",
        examples=_EXAMPLES,
    )
    add_catalog(parser)
    parser.add_argument(
        "query", nargs="*", metavar="QUERY", help=f"{QUERY}, for the start document"
    )
    parser.add_argument(
        "--text",
        metavar="WORDS",
        help="runs in the texts of whose start documents all these words stand, wherever",
    )
    for name, which in (("stop", "the stop document"), ("descriptor", "one of the descriptors")):
        parser.add_argument(
            f"--{name}",
            action="append",
            default=[],
            metavar="QUERY",
            help=f"the same for {which}; may be given again, and all have to hold",
        )
    add_listing(parser)


def run(options: argparse.Namespace) -> int:
    """List the runs that match and return the exit code."""
    given = {"query": options.query, "stop": options.stop, "descriptor": options.descriptor}
    asked = {name: parse_query(parts) for name, parts in given.items() if parts}
    if options.text is not None:
        words = {"$text": {"$search": options.text}}
        asked["query"] = {"$and": [asked["query"], words]} if "query" in asked else words
    if not asked:
        raise QueryError(
            "there is no query",
            remedy="Write penstock search CATALOG QUERY, or --text, --stop or --descriptor in its "
            "place; penstock ls lists all runs.",
        )
    catalog = open_catalog(options.catalog).search(**asked)
    return list_runs(catalog, options)
