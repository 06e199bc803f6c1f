"""Commands that plug-ins add: listed without importing them, and told of by their distributions."""

from __future__ import annotations

import argparse
import traceback
from functools import partial
from typing import TYPE_CHECKING, Any

from penstock.commands import ADDED_RUN, SUBCOMMANDS, exit_codes
from penstock.commands.foreign import foreign_output_aside, tell_problems
from penstock.core.errors import PenstockError, PluginError
from penstock.core.registry.discovery import FoundPlugin, has_plugins_of_others
from penstock.core.registry.records import Command, PluginProblem
from penstock.core.registry.references import resolve_reference

if TYPE_CHECKING:
    from penstock.core.registry.registry import Registry

__all__ = ["add_commands", "added_commands"]


def added_commands(registry: Registry) -> tuple[list[Command], list[PluginProblem]]:
    """Return the commands of plug-ins, and what is wrong with those that take a name of ours.

    Examples
    --------
    >>> from penstock import hookimpl
    >>> from penstock.core.registry import Registry
    >>> class Lab:
    ...     @hookimpl
    ...     def penstock_commands(self):
    ...         return [Command("ls", title="mine", run="json:dumps")]
    >>> added_commands(Registry.from_plugins([Lab()]))[1][0].what
    "command 'ls' is penstock's own, and cannot be replaced"
    """
    commands: list[Command] = []
    problems: list[PluginProblem] = []
    for command in registry.commands.values():
        if command.name not in SUBCOMMANDS:
            commands.append(command)
            continue
        plugin = registry.plugin_of(command)
        problems.append(
            PluginProblem(
                plugin.name,
                f"command {command.name!r} is penstock's own, and cannot be replaced",
                "Ask its author to choose another name.",
                plugin.distribution,
                plugin.version,
            )
        )
    return commands, problems


def add_commands(subparsers: Any, typed: str | None) -> None:
    """Add the commands of plug-ins to the parser; of the one that is typed its arguments, too."""
    if not has_plugins_of_others():  # help stays as cheap as it is
        return
    from penstock.core.registry.registry import get_registry

    with foreign_output_aside():
        registry = get_registry()
    commands, problems = added_commands(registry)
    if typed is not None and typed not in [command.name for command in commands]:
        tell_problems([*registry.problems, *problems])  # its plug-in may be among them
    for command in commands:
        plugin = registry.plugin_of(command)
        parser: argparse.ArgumentParser = subparsers.add_parser(
            command.name,
            help=f"{command.title} ({plugin.distribution or plugin.name})".replace("%", "%%"),
            description=command.title.replace("%", "%%"),
            formatter_class=argparse.RawDescriptionHelpFormatter,
        )
        if command.name == typed and command.configure is not None:
            try:
                resolve_reference(command.configure)(parser)
            except Exception as error:  # a plug-in's code: whatever it raises is told as its own
                raise _told(error, command, plugin) from error
        parser.set_defaults(**{ADDED_RUN: partial(_run, command, plugin)})


def _run(command: Command, plugin: FoundPlugin, options: argparse.Namespace) -> int:
    try:
        code = resolve_reference(command.run)(options)
    except BrokenPipeError:
        raise
    except Exception as error:  # as above
        raise _told(error, command, plugin) from error
    if code is None:
        return exit_codes.DONE
    if not isinstance(code, int):
        wrong = PluginError(f"it returned {code!r}, which is no exit code")
        raise _told(wrong, command, plugin)
    return code


def _told(error: Exception, command: Command, plugin: FoundPlugin) -> PenstockError:
    """Return an error that says in whose command it happened, and where where that is unclear."""
    whose = f"command {command.name} of {plugin.origin or plugin.name}"
    if isinstance(error, PenstockError):
        error.what = f"{error.what} ({whose})"
        return error
    frames = traceback.extract_tb(error.__traceback__)
    where = f"{frames[-1].filename}:{frames[-1].lineno}"
    return PluginError(f"{whose} failed: {type(error).__name__}: {error}", where=where)
