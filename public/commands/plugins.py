"""``penstock plugins``: show what is installed, what it offers, and what is broken."""

from __future__ import annotations

import argparse
import dataclasses
from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

from penstock.commands import exit_codes
from penstock.commands.arguments import add_command, add_json
from penstock.commands.foreign import foreign_output_aside
from penstock.commands.paging import paged
from penstock.commands.tables import print_table
from penstock.commands.terminal import plain, print_json

if TYPE_CHECKING:
    from penstock.core.registry.handlers import InstalledHandlers
    from penstock.core.registry.records import PluginInfo, PluginProblem
    from penstock.core.registry.registry import Registry

__all__ = ["add_parser", "run"]

_EXAMPLES = """\
examples:
  penstock plugins
  penstock plugins --check          import all that they name, and check it
  penstock plugins --traceback      where in its code a plug-in failed
  penstock plugins --check --json | jq .problems
  PENSTOCK_PLUGINS=tiff penstock plugins    load only the plug-in `tiff`

exit codes:
  0  all plug-ins work
  1  some plug-in has a problem
  2  usage
"""


def add_parser(subparsers: Any) -> None:
    """Add the subcommand to the parser of the command line."""
    parser = add_command(
        subparsers,
        "plugins",
        run,
        title="show what is installed, and what is broken",
        description="Show the plug-ins that are installed, what they offer (ingestors, asset "
        "readers, exporters, commands), and what is wrong with them.",
        examples=_EXAMPLES,
    )
    parser.add_argument(
        "--check",
        action="store_true",
        help="import every function that they name, and check its signature; check patterns and "
        "precedence, too",
    )
    parser.add_argument(
        "--traceback", action="store_true", help="show the tracebacks of what failed"
    )
    add_json(parser, "it, tracebacks and all,")


def run(options: argparse.Namespace) -> int:
    """Print the plug-ins and return the exit code."""
    from penstock.commands.added import added_commands
    from penstock.core.registry.handlers import handler_entry_points
    from penstock.core.registry.registry import get_registry

    with foreign_output_aside():
        registry = get_registry()
        handlers = handler_entry_points()
        problems = [*registry.problems, *added_commands(registry)[1], *handlers.problems]
        if options.check:
            from penstock.core.registry.checking import check_handlers, check_plugins

            problems += check_plugins(registry)
            problems += check_handlers(handlers)[len(handlers.problems) :]
    if options.json:
        print_json(_as_plain_data(registry, handlers, problems))
    else:
        with paged():
            _print(registry, handlers, problems)
            if options.traceback:
                _print_tracebacks(problems)
            if options.check and not problems:
                print("Everything that they name is there, and can be called as it should.")
    return exit_codes.FAILED if problems else exit_codes.DONE


def _as_plain_data(
    registry: Registry, handlers: InstalledHandlers, problems: Sequence[PluginProblem]
) -> dict[str, Any]:
    def as_dicts(records: Any) -> list[dict[str, Any]]:
        return [dataclasses.asdict(record) for record in records]

    return {
        "plugins": as_dicts(registry.plugins),
        "ingestors": as_dicts(registry.ingestors.values()),
        "asset_readers": as_dicts(dict.fromkeys(registry.asset_readers.values())),
        "exporters": as_dicts(registry.exporters.values()),
        "commands": as_dicts(registry.commands.values()),
        "handlers": [
            point._asdict() for points in handlers.entry_points.values() for point in points
        ],
        "problems": as_dicts(problems),
    }


def _print(
    registry: Registry, handlers: InstalledHandlers, problems: Sequence[PluginProblem]
) -> None:
    print_table(
        "Plug-ins",
        ["name", "distribution", "version", "state", "import", "offers"],
        [
            (
                info.name,
                info.distribution,
                info.version,
                info.state,
                f"{info.import_seconds * 1000:.1f} ms"
                if info.state in ("loaded", "failed")
                else "",
                _offers(info),
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
        "Handlers (group databroker.handlers)",
        ["spec", "distribution", "version", "class"],
        [
            (spec, point.distribution, point.version, point.value)
            for spec, points in handlers.entry_points.items()
            for point in points
        ],
        expendable=["version", "distribution"],
    )
    print_table(
        "Problems",
        ["plug-in", "distribution", "version", "problem", "remedy"],
        [
            (problem.plugin, problem.distribution, problem.version, problem.what, problem.remedy)
            for problem in problems
        ],
        style="bold red",
        expendable=["version", "distribution"],
        below=["problem", "remedy"],
    )


def _offers(info: PluginInfo) -> list[str]:
    """Return a line for each kind of thing that a plug-in offers."""
    kinds = {
        "ingestor": info.ingestors,
        "asset reader": info.asset_readers,
        "exporter": info.exporters,
        "command": info.commands,
    }
    return [
        f"{kind}{'s' if len(names) > 1 else ''}: {', '.join(names)}"
        for kind, names in kinds.items()
        if names
    ]


def _print_tracebacks(problems: Sequence[PluginProblem]) -> None:
    for problem in problems:
        if problem.traceback:
            print(f"\n{plain(problem)}")
            print("\n".join(map(plain, problem.traceback.splitlines())))
