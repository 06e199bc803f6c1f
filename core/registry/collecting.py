"""Loading plug-ins and calling their hooks, each on its own: one that fails stops no other."""

from __future__ import annotations

import dataclasses
import time
import traceback
from collections.abc import Callable, Iterable
from typing import Any, cast, get_args

import pluggy

from ..errors import PluginError
from ..formats import FORMATS
from .discovery import FoundPlugin
from .hooks import GROUP, HookSpecs
from .records import AssetReader, Exporter, Ingestor, PluginInfo, PluginProblem, Tier
from .references import check_reference

__all__ = ["Collected", "collect"]

_PLUGIN_FAULTS = (Exception, SystemExit)
"""What a plug-in's own code may raise without taking the host with it."""


@dataclasses.dataclass
class Collected:
    """What all plug-ins together offer, each record beside the plug-in that offers it."""

    plugins: list[PluginInfo] = dataclasses.field(default_factory=list)
    ingestors: list[tuple[FoundPlugin, Ingestor]] = dataclasses.field(default_factory=list)
    asset_readers: list[tuple[FoundPlugin, AssetReader]] = dataclasses.field(default_factory=list)
    exporters: list[tuple[FoundPlugin, Exporter]] = dataclasses.field(default_factory=list)
    problems: list[PluginProblem] = dataclasses.field(default_factory=list)


def collect(found: Iterable[FoundPlugin]) -> Collected:
    """Load plug-ins and call their hooks.

    Examples
    --------
    >>> collect([FoundPlugin("odd", "odd", "", "", lambda: __import__("no_such"))]).problems[0].what
    "it cannot be loaded: ModuleNotFoundError: No module named 'no_such'"
    """
    manager = pluggy.PluginManager(GROUP)
    manager.add_hookspecs(HookSpecs)
    collected = Collected()
    for plugin in found:
        _collect_one(manager, plugin, collected)
    return collected


def _collect_one(manager: pluggy.PluginManager, plugin: FoundPlugin, collected: Collected) -> None:
    started = time.perf_counter()
    try:
        module = plugin.load()
        manager.register(module, name=plugin.name)
    except _PLUGIN_FAULTS as error:
        collected.problems.append(_problem(plugin, "it cannot be loaded", error))
        collected.plugins.append(_info(plugin, "failed", started))
        return
    info = _info(plugin, "loaded", started)

    _report_unknown_hooks(manager, plugin, module, collected)
    hook = manager.hook
    ingestors = _call(hook.penstock_ingestors, plugin, module, Ingestor, _check_ingestor, collected)
    readers = _call(
        hook.penstock_asset_readers,
        plugin,
        module,
        AssetReader,
        _check_reader,
        collected,
    )
    exporters = _call(hook.penstock_exporters, plugin, module, Exporter, _check_exporter, collected)
    ingestors = [
        ingestor if ingestor.version else dataclasses.replace(ingestor, version=plugin.version)
        for ingestor in ingestors
    ]
    collected.ingestors += [(plugin, ingestor) for ingestor in ingestors]
    collected.asset_readers += [(plugin, reader) for reader in readers]
    collected.exporters += [(plugin, exporter) for exporter in exporters]
    collected.plugins.append(
        dataclasses.replace(
            info,
            ingestors=tuple(ingestor.name for ingestor in ingestors),
            asset_readers=tuple(reader.name for reader in readers),
            exporters=tuple(exporter.name for exporter in exporters),
        )
    )


def _report_unknown_hooks(
    manager: pluggy.PluginManager,
    plugin: FoundPlugin,
    module: Any,
    collected: Collected,
) -> None:
    # pluggy's own check_pending() stops at the first one and does not say whose it is.
    for caller in manager.get_hookcallers(module) or []:
        if caller.spec is None and not all(
            impl.optionalhook for impl in caller.get_hookimpls() if impl.plugin is module
        ):
            known = ", ".join(name for name in vars(HookSpecs) if name.startswith("penstock_"))
            collected.problems.append(
                _problem(
                    plugin,
                    f"there is no hook {caller.name}",
                    remedy=f"Hooks are: {known}.",
                )
            )


def _call(
    caller: pluggy.HookCaller,
    plugin: FoundPlugin,
    module: Any,
    kind: type[Any],
    check: Callable[[Any], None],
    collected: Collected,
) -> list[Any]:
    """Call one plug-in's implementation of a hook; give the records that are as they should be."""
    records: list[Any] = []
    for impl in caller.get_hookimpls():
        if impl.plugin is not module:
            continue
        if impl.wrapper or impl.hookwrapper:
            what = f"{caller.name} is a hook wrapper, which penstock does not call"
            collected.problems.append(_problem(plugin, what))
            continue
        try:
            results = list(cast(Iterable[Any], impl.function()))
        except _PLUGIN_FAULTS as error:
            collected.problems.append(_problem(plugin, f"{caller.name} failed", error))
            continue
        for result in results:
            if not isinstance(result, kind):
                what = f"{caller.name} gave {type(result).__name__} instead of {kind.__name__}"
                collected.problems.append(_problem(plugin, what))
                continue
            try:
                check(result)
            except (PluginError, TypeError, ValueError) as error:
                what = f"{kind.__name__} {result.name!r} is not valid"
                collected.problems.append(_problem(plugin, what, error))
            else:
                records.append(result)
    return records


def _check_ingestor(ingestor: Ingestor) -> None:
    check_name(ingestor.name)
    check_reference(ingestor.ingest)
    if ingestor.probe is not None:
        check_reference(ingestor.probe)
    _check_choice("takes", ingestor.takes, ("file", "files"))
    _check_choice("tier", ingestor.tier, get_args(Tier))
    for field in ("formats", "patterns", "beats", "selects", "settings", "path_settings"):
        _check_strings(field, getattr(ingestor, field))
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
    check_reference(exporter.export)


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
        what = f"{what}: {type(error).__name__}: {error}"
        text = "".join(traceback.format_exception(error))
    return PluginProblem(
        plugin.name, what, remedy, plugin.distribution, plugin.version, traceback=text
    )
