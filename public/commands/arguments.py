"""What the subcommands have in common: how their help looks, and options that several have."""

from __future__ import annotations

import argparse
import os
from collections.abc import Callable
from typing import Any

__all__ = ["QUERY", "add_catalog", "add_command", "add_json", "add_paths", "add_query", "count"]

_CATALOG = (
    "a .db file, a folder of copies, a quoted glob such as 'copies/*.msgpack', or a name that the "
    "configuration gives one"
)
_DEFAULT = "; without it the catalog called default, in your state folder"

QUERY = "a Mongo query as JSON, or a term such as 'sample.name=Cu', 'scan_id>500' or 'title~^Cu'"
"""What a query is, for the help."""


def add_command(
    subparsers: Any,
    name: str,
    run: Callable[[argparse.Namespace], int],
    *,
    title: str,
    description: str,
    examples: str,
) -> argparse.ArgumentParser:
    """Add a subcommand to the parser of the command line.

    Parameters
    ----------
    run
        Does it, and returns the exit code.
    title, description
        For the list of subcommands, and for the help on this one.
    examples
        Examples and exit codes, which stand below the help as they are.

    Examples
    --------
    >>> parser = argparse.ArgumentParser()
    >>> done = add_command(
    ...     parser.add_subparsers(), "nap", len, title="", description="", examples=""
    ... )
    >>> parser.parse_args(["nap"]).run is len
    True
    """
    parser: argparse.ArgumentParser = subparsers.add_parser(
        name,
        help=title,
        description=description,
        epilog=examples,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    parser.set_defaults(run=run)
    return parser


def add_catalog(parser: argparse.ArgumentParser, *, optional: bool = False) -> None:
    """Add the argument that says which catalog; where it is optional, ``default`` is meant."""
    if optional:
        parser.add_argument(
            "catalog", nargs="?", default="default", metavar="CATALOG", help=_CATALOG + _DEFAULT
        )
    else:
        parser.add_argument("catalog", metavar="CATALOG", help=_CATALOG)


def add_paths(parser: argparse.ArgumentParser) -> None:
    """Add the argument that says which files."""
    parser.add_argument(
        "paths",
        nargs="+",
        type=os.path.expanduser,  # where the shell leaves ~ alone, in quotes
        metavar="PATH",
        help="a file, a folder or a glob",
    )


def add_query(parser: argparse.ArgumentParser) -> None:
    """Add the option that says which runs of a catalog."""
    parser.add_argument(
        "--query",
        action="append",
        default=[],
        metavar="QUERY",
        help=f"which runs: {QUERY}; may be given again, and all have to hold",
    )


def add_json(parser: argparse.ArgumentParser, what: str = "the report") -> None:
    """Add the option that has JSON printed."""
    parser.add_argument("--json", action="store_true", help=f"print {what} as JSON")


def count(text: str) -> int:
    """Read how many.

    Examples
    --------
    >>> count("20")
    20
    """
    if not text.isdecimal():
        raise argparse.ArgumentTypeError(f"{text!r} is no number from 0 on")
    return int(text)
