"""Loading plug-ins and calling their hooks, each on its own: one that fails stops no other."""

from __future__ import annotations

import dataclasses
import fnmatch
import re
import time
from collections.abc import Callable, Iterable
from typing import Any, cast, get_args

import pluggy

from ..formats import FORMATS
from .discovery import FoundPlugin
from .layouts import check_layout
from .manager import make_manager
from .records import AssetReader, Command, Exporter, Ingestor, PluginInfo, PluginProblem, Tier
from .references import check_reference

__all__ = ["Collected", "collect"]

_PLUGIN_FAULTS = (Exception, SystemExit)
"""What a plug-in's own code may raise without taking the host with it."""


class Collected:
    """What all plug-ins together offer, each record beside the plug-in that offers it."""

    def __init__(self) -> None:
        self.plugins: list[PluginInfo] = []
        self.ingestors: list[tuple[FoundPlugin, Ingestor]] = []
        self.asset_readers: list[tuple[FoundPlugin, AssetReader]] = []
        self.exporters: list[tuple[FoundPlugin, Exporter]] = []
        self.commands: list[tuple[FoundPlugin, Command]] = []
        self.problems: list[PluginProblem] = []


def collect(found: Iterable[FoundPlugin]) -> Collected:
    """Load plug-ins and call their hooks.

    Examples
    --------
    >>> collect([FoundPlugin("odd", "odd", "", "", lambda: __import__("no_such"))]).problems[0].what
    "it cannot be loaded: ModuleNotFoundError: No module named 'no_such'"
    """
    manager = make_manager()
    collected = Collected()
    for plugin in found:
        _collect_one(manager, plugin, collected)
    return collected


def _collect_one(manager: pluggy.PluginManager, plugin: FoundPlugin, collected: Collected) -> None:
    started = time.perf_counter()
    try:
        module = plugin.load()
        manager.register(module, name=f"{len(collected.plugins)} {plugin.name}")
    except _PLUGIN_FAULTS as error:
        collected.problems.append(_problem(plugin, "it cannot be loaded", error))
        collected.plugins.append(_info(plugin, "failed", started))
        return
    info = _info(plugin, plugin.state, started)

    offered: dict[str, list[Any]] = {hook: [] for hook in _HOOKS}
    # One by one, where calling a hook would stop at the first that raises, and not say whose it is.
    for caller in manager.get_hookcallers(module) or []:
        for impl in caller.get_hookimpls():
            if impl.plugin is not module:
                continue
            if caller.name in offered:
                offered[caller.name] += _call(caller.name, impl, plugin, collected)
            elif not impl.optionalhook:
                what = f"there is no hook {caller.name}"
                remedy = f"Hooks are: {', '.join(_HOOKS)}."
                collected.problems.append(_problem(plugin, what, remedy=remedy))
    offered["penstock_ingestors"] = [
        ingestor if ingestor.version else dataclasses.replace(ingestor, version=plugin.version)
        for ingestor in offered["penstock_ingestors"]
    ]
    names: dict[str, Any] = {}
    for hook, records in offered.items():
        kind = hook.removeprefix("penstock_")
        getattr(collected, kind).extend((plugin, record) for record in records)
        names[kind] = tuple(record.name for record in records)
    collected.plugins.append(dataclasses.replace(info, **names))


def _call(hook: str, impl: pluggy.HookImpl, plugin: FoundPlugin, collected: Collected) -> list[Any]:
    """Call one plug-in's implementation of a hook; give the records that are as they should be."""
    kind, check = _HOOKS[hook]
    if impl.wrapper or impl.hookwrapper:
        what = f"{hook} is a hook wrapper, which penstock does not call"
        collected.problems.append(_problem(plugin, what))
        return []
    try:
        results = list(cast(Iterable[Any], impl.function()))
    except _PLUGIN_FAULTS as error:
        collected.problems.append(_problem(plugin, f"{hook} failed", error))
        return []
    records: list[Any] = []
    for result in results:
        if not isinstance(result, kind):
            what = f"{hook} gave {type(result).__name__} instead of {kind.__name__}"
            collected.problems.append(_problem(plugin, what))
            continue
        try:
            check(result)
        except Exception as error:  # noqa: BLE001 # whatever a field holds that is none
            what = f"{kind.__name__} {result.name!r} is not valid"
            collected.problems.append(_problem(plugin, what, error))
        else:
            records.append(result)
    return records


def _check_ingestor(ingestor: Ingestor) -> None:
    check_name(ingestor.name)
    _check_text("title", ingestor.title)
    check_reference(ingestor.ingest)
    for reference in (ingestor.probe, ingestor.groups):
        if reference is not None:
            check_reference(reference)
    _check_choice("takes", ingestor.takes, ("file", "files", "calls"))
    _check_choice("tier", ingestor.tier, get_args(Tier))
    for field in ("formats", "patterns", "beats", "selects", "needs", "settings", "path_settings"):
        _check_strings(field, getattr(ingestor, field))
    for field in ("part", "version"):
        _check_text(field, getattr(ingestor, field))
    for field in ("isolate", "only_laid_out", "is_log", "gives_way"):
        if not isinstance(getattr(ingestor, field), bool):
            raise TypeError(f"{field} must be True or False, not {getattr(ingestor, field)!r}")
    for pattern in ingestor.patterns:
        re.compile(fnmatch.translate(pattern))  # raises where it cannot be matched
    if not isinstance(ingestor.layouts, tuple):
        raise TypeError(f"layouts must be a tuple, not {ingestor.layouts!r}")
    for layout in ingestor.layouts:
        check_layout(layout)
    for format_id in ingestor.formats:
        _check_choice("a format", format_id, tuple(FORMATS))


def _check_reader(reader: AssetReader) -> None:
    check_name(reader.name)
    check_reference(reader.open)
    _check_strings("mimetypes", reader.mimetypes)
    if not reader.mimetypes:
        raise ValueError("it has no mimetype")


def _check_exporter(exporter: Exporter) -> None:
    check_name(exporter.name)
    _check_text("title", exporter.title)
    check_reference(exporter.export)
    if not isinstance(exporter.suffix, str) or "/" in exporter.suffix:
        raise TypeError(
            f"suffix is how a file's name ends, such as '.csv', not {exporter.suffix!r}"
        )
    if exporter.copy is not None:
        check_reference(exporter.copy)


def _check_command(command: Command) -> None:
    check_name(command.name)
    if command.name.startswith("-"):
        raise ValueError(f"{command.name!r} would be taken for an option")
    _check_text("title", command.title)
    check_reference(command.run)
    if command.configure is not None:
        check_reference(command.configure)


_HOOKS: dict[str, tuple[type[Any], Callable[[Any], None]]] = {
    "penstock_ingestors": (Ingestor, _check_ingestor),
    "penstock_asset_readers": (AssetReader, _check_reader),
    "penstock_exporters": (Exporter, _check_exporter),
    "penstock_commands": (Command, _check_command),
}
"""For each hook what it gives, and what raises where a record is wrong."""


def _check_text(field: str, value: object) -> None:
    if not isinstance(value, str):
        raise TypeError(f"{field} must be text, not {value!r}")


def check_name(name: object) -> None:
    """Raise where a name could not be typed on a command line, or read in a table."""
    if not isinstance(name, str) or not name or name.split() != [name] or not name.isprintable():
        raise ValueError(f"{name!r} is no name: a word without spaces is needed")


def _check_strings(field: str, value: object) -> None:
    if not isinstance(value, tuple) or not all(isinstance(item, str) for item in value):
        raise TypeError(f"{field} must be a tuple of strings, not {value!r}")


def _check_choice(field: str, value: object, choices: tuple[str, ...]) -> None:
    if value not in choices:
        raise ValueError(f"{field} must be one of {', '.join(choices)}, not {value!r}")


def _info(plugin: FoundPlugin, state: Any, started: float) -> PluginInfo:
    return PluginInfo(
        plugin.name,
        plugin.module,
        state,
        plugin.distribution,
        plugin.version,
        import_seconds=time.perf_counter() - started,
    )


def _problem(
    plugin: FoundPlugin, what: str, error: BaseException | None = None, remedy: str = ""
) -> PluginProblem:
    text = ""
    if error is not None:
        import traceback

        what = f"{what}: {type(error).__name__}: {error}"
        text = "".join(traceback.format_exception(error))
    return PluginProblem(
        plugin.name, what, remedy, plugin.distribution, plugin.version, traceback=text
    )
