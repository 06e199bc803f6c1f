"""``penstock plugins``: show what is installed, what it offers, and what is broken."""

from __future__ import annotations

import argparse
import dataclasses
from typing import Any

from penstock.commands import exit_codes
from penstock.commands.terminal import print_json, print_table

__all__ = ["add_parser", "run"]

_EXAMPLES = """\
examples:
  penstock plugins
  penstock plugins --json
  PENSTOCK_PLUGINS=tiff penstock plugins    load only the plug-in `tiff`

exit codes:
  0  all plug-ins work
  1  some plug-in has a problem
"""


def add_parser(subparsers: Any) -> None:
    """Add the subcommand to the parser of the command line."""
    parser: argparse.ArgumentParser = subparsers.add_parser(
        "plugins",
        help="show what is installed, and what is broken",
        description="Show the plug-ins that are installed, the ingestors and asset readers that "
        "they offer, and what is wrong with them.",
        epilog=_EXAMPLES,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    parser.add_argument("--json", action="store_true", help="print it as JSON")
    parser.set_defaults(run=run)


def run(options: argparse.Namespace) -> int:
    """Print the plug-ins and return the exit code."""
    from penstock.core.registry.registry import get_registry

    registry = get_registry()
    if options.json:
        print_json(
            {
                "plugins": [dataclasses.asdict(info) for info in registry.plugins],
                "ingestors": [
                    dataclasses.asdict(ingestor) for ingestor in registry.ingestors.values()
                ],
                "problems": [dataclasses.asdict(problem) for problem in registry.problems],
            }
        )
    else:
        print_table(
            "Plug-ins",
            ["name", "distribution", "version", "state", "import", "offers"],
            [
                (
                    info.name,
                    info.distribution,
                    info.version,
                    info.state,
                    f"{info.import_seconds * 1000:.0f} ms" if info.state != "left out" else "",
                    ", ".join((*info.ingestors, *info.asset_readers)),
                )
                for info in registry.plugins
            ],
            expendable=["import", "distribution", "version"],
        )
        print_table(
            "Ingestors",
            ["name", "takes", "formats", "what it reads"],
            [
                (ingestor.name, ingestor.takes, ", ".join(ingestor.formats), ingestor.title)
                for ingestor in registry.ingestors.values()
            ],
        )
        print_table(
            "Problems",
            ["plug-in", "distribution", "problem", "remedy"],
            [
                (problem.plugin, problem.distribution, problem.what, problem.remedy)
                for problem in registry.problems
            ],
            style="bold red",
        )
    return exit_codes.FAILED if registry.problems else exit_codes.DONE
