"""Looking at plug-ins closely: everything that they name is imported, and its signature checked.

What `Registry` finds wrong it finds without importing anything; here is the rest. For authors, and
for whoever looks after an installation.
"""

from __future__ import annotations

import argparse
import contextlib
import difflib
import inspect
import io
import traceback
from collections.abc import Callable, Iterator
from typing import Any

from ..errors import PenstockError, PluginError
from .discovery import FoundPlugin
from .earlier_functions import EarlierFunction
from .handlers import InstalledHandlers
from .installed import InstalledEntryPoint
from .records import AssetReader, Command, Exporter, Ingestor, PluginProblem
from .references import resolve_reference
from .registry import Registry

__all__ = ["check_handlers", "check_plugins"]

_Faults = Iterator[tuple[str, BaseException | None]]


def check_plugins(registry: Registry) -> list[PluginProblem]:
    """Import all that the plug-ins of a registry name, and return what is wrong with it.

    Examples
    --------
    >>> from penstock.core.registry import hookimpl
    >>> class Lab:
    ...     @hookimpl
    ...     def penstock_ingestors(self):
    ...         return [Ingestor("x", title="x", ingest="json:no_such", takes="file",
    ...                          formats=("tiff",))]
    >>> print(check_plugins(Registry.from_plugins([Lab()]))[0])
    plug-in Lab: ingestor x: ingest: json has no no_such. Correct the reference in the plug-in...
    """
    problems = []
    records: list[Ingestor | AssetReader | Exporter | Command] = [
        *registry.ingestors.values(),
        *dict.fromkeys(registry.asset_readers.values()),
        *registry.exporters.values(),
        *registry.commands.values(),
    ]
    for record in records:
        plugin = registry.plugin_of(record)
        noun = _NOUNS[type(record)]
        for what, error in _check_record(record, registry):
            problems.append(_problem(plugin, f"{noun} {record.name}: {what}", error))
    return problems


def check_handlers(handlers: InstalledHandlers) -> list[PluginProblem]:
    """Import all handlers of group ``databroker.handlers``, and return what is wrong with them.

    Examples
    --------
    >>> check_handlers(InstalledHandlers({}))
    []
    """
    problems = list(handlers.problems)
    ambiguous = {problem.plugin for problem in problems}
    for spec, points in handlers.entry_points.items():
        if spec in ambiguous:
            continue
        point = points[0]
        plugin = FoundPlugin(
            f"{point.group}:{point.distribution}",
            point.value,
            point.distribution,
            point.version,
            point.load,
        )
        for what, error in _check_handler(point):
            problems.append(_problem(plugin, f"handler {spec}: {what}", error))
    return problems


_NOUNS: dict[type, str] = {
    Ingestor: "ingestor",
    AssetReader: "asset reader",
    Exporter: "exporter",
    Command: "command",
}


def _problem(plugin: FoundPlugin, what: str, error: BaseException | None) -> PluginProblem:
    text = "" if error is None else "".join(traceback.format_exception(error))
    remedy = (error.remedy or "") if isinstance(error, PenstockError) else ""
    return PluginProblem(
        plugin.name, what, remedy, plugin.distribution, plugin.version, traceback=text
    )


def _check_record(
    record: Ingestor | AssetReader | Exporter | Command, registry: Registry
) -> _Faults:
    if isinstance(record, Ingestor):
        yield from _check_ingestor(record, registry)
    elif isinstance(record, AssetReader):
        yield from _check_call("open", record.open, "a resource and a context", 2)
    elif isinstance(record, Exporter):
        yield from _check_call("export", record.export, "a run and a directory", 2)
    else:
        yield from _check_call("run", record.run, "the options", 1)
        if record.configure is not None:
            faults = list(_check_call("configure", record.configure, "a parser", 1))
            yield from faults or _try_configure(record.configure)


def _check_ingestor(ingestor: Ingestor, registry: Registry) -> _Faults:
    names = (*ingestor.selects, *ingestor.needs)
    given = (
        f"the path(s) and {', '.join(ingestor.needs)}" if ingestor.needs else "the path(s) alone"
    )
    yield from _check_call("ingest", ingestor.ingest, given, 1, names, needed=ingestor.needs)
    if ingestor.probe is not None:
        yield from _check_call("probe", ingestor.probe, "a list of paths", 1)
    if ingestor.groups is not None:
        yield from _check_call("groups", ingestor.groups, "a folder, names and settings", 3)
    for pattern in ingestor.patterns:
        if not pattern or "/" in pattern:
            yield f"pattern {pattern!r} fits no file: patterns are about names, not paths", None
    yield from _check_roles(ingestor)
    for name in ingestor.beats:
        if name == ingestor.name or name not in registry.ingestors:
            near = difflib.get_close_matches(name, set(registry.ingestors) - {ingestor.name}, n=1)
            hint = f"; did you mean {near[0]!r}?" if near else ""
            yield f"it beats {name!r}, which is no other ingestor that is installed{hint}", None
    takes_files = ingestor.takes in ("file", "files")
    laid_out = bool(ingestor.layouts)
    limits = (ingestor.formats, ingestor.patterns, ingestor.probe)
    if takes_files and not any(limits) and not (laid_out and ingestor.only_laid_out):
        yield "without formats, patterns and a probe it would take any file", None
    elif ingestor.tier == "STRUCTURE" and not ingestor.probe:
        yield "its tier is STRUCTURE, which nothing but a probe can confirm", None
    elif ingestor.tier == "CONVENTION" and not (
        ingestor.formats and (ingestor.patterns or laid_out)
    ):
        yield "its tier is CONVENTION, which takes formats, and patterns or layouts", None


def _check_roles(ingestor: Ingestor) -> _Faults:
    """Check that the function takes the files of all roles by name, beside the first one's."""
    parameters = [
        role.parameter
        for layout in ingestor.layouts
        for role in layout.roles
        if role.parameter is not None
    ]
    if not parameters:
        return
    try:
        signature = inspect.signature(resolve_reference(ingestor.ingest))
    except (PluginError, TypeError, ValueError):  # told already, or written in C
        return
    given = signature.parameters
    if any(parameter.kind is parameter.VAR_KEYWORD for parameter in given.values()):
        return
    named = {
        name
        for number, (name, parameter) in enumerate(given.items())
        if number and parameter.kind in (parameter.KEYWORD_ONLY, parameter.POSITIONAL_OR_KEYWORD)
    }
    for name in dict.fromkeys(parameters):
        if name not in named:
            called = f"{ingestor.ingest}{signature}"
            yield f"layouts: {called} has no keyword parameter {name!r} for a role's files", None


def _check_call(
    field: str,
    reference: str,
    given: str,
    count: int,
    names: tuple[str, ...] = (),
    needed: tuple[str, ...] = (),
) -> _Faults:
    """Check that what a reference names can be called with that many positional arguments."""
    try:
        function = resolve_reference(reference)
        if isinstance(function, EarlierFunction):
            function = function.load()
    except PluginError as error:
        yield f"{field}: {error.what}", error
        return
    if inspect.iscoroutinefunction(function) or inspect.isasyncgenfunction(function):
        yield f"{field}: {reference} is asynchronous; a plain function is needed", None
    yield from _check_signature(field, reference, function, given, count, names, needed)


def _check_signature(
    field: str,
    reference: str,
    function: Callable[..., Any],
    given: str,
    count: int,
    names: tuple[str, ...],
    needed: tuple[str, ...],
) -> _Faults:
    try:
        signature = inspect.signature(function)
    except (TypeError, ValueError):  # written in C, and says nothing
        return
    try:
        signature.bind(*range(count), **dict.fromkeys(needed))
    except TypeError as error:
        yield f"{field}: {reference}{signature} cannot be called with {given}: {error}", None
    parameters = signature.parameters.values()
    if not any(parameter.kind is parameter.VAR_KEYWORD for parameter in parameters):
        for name in names:
            if name not in signature.parameters:
                yield f"{field}: {reference}{signature} has no parameter {name!r}", None


def _try_configure(reference: str) -> _Faults:
    try:
        # What it says to standard error before it gives up is no concern of ours.
        with contextlib.redirect_stderr(io.StringIO()):
            resolve_reference(reference)(argparse.ArgumentParser())
    except (Exception, SystemExit) as error:  # noqa: BLE001 # a plug-in's code: it is the finding
        yield f"configure: {reference} failed: {type(error).__name__}: {error}", error


def _check_handler(point: InstalledEntryPoint) -> _Faults:
    try:
        handler = point.load()
    except (Exception, SystemExit) as error:  # noqa: BLE001 # as above
        what = error if isinstance(error, PenstockError) else f"{type(error).__name__}: {error}"
        yield f"{point.value} cannot be imported: {what}", error
        return
    if not callable(handler):
        yield f"{point.value} cannot be called with the path of a resource", None
    elif isinstance(handler, type) and not any("__call__" in vars(k) for k in handler.__mro__):
        yield f"{point.value} has no __call__, which gives the value of a datum", None
