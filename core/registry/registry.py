"""The registry: what all plug-ins together offer, and what is wrong with them."""

from __future__ import annotations

import threading
from collections import defaultdict
from collections.abc import Callable, Iterable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import replace
from functools import partial
from types import MappingProxyType
from typing import Any, TypeVar

from ..errors import PluginError, UnregisteredIngestorError
from .collecting import collect
from .discovery import HOST, FoundPlugin, find_plugins
from .records import AssetReader, Command, Exporter, Ingestor, PluginInfo, PluginProblem
from .references import is_referred_to, resolve_reference, signature_of

__all__ = ["Registry", "get_registry", "use_registry"]

_Record = TypeVar("_Record", Ingestor, AssetReader, Exporter, Command)
_Named = TypeVar("_Named", Ingestor, Exporter, Command)


class Registry:
    """What a set of plug-ins offers.

    Use `get_registry` for the installed ones, `from_plugins` for chosen ones.

    Parameters
    ----------
    found
        The plug-ins to load. Those that fail are told by `problems`; the others work on.
    left_out, problems
        What is known already of plug-ins that are not among `found`.

    Examples
    --------
    >>> from penstock.core.registry import hookimpl
    >>> class Lab:
    ...     @hookimpl
    ...     def penstock_ingestors(self):
    ...         return [Ingestor("lab", title="Lab", ingest="json:loads", takes="file")]
    >>> registry = Registry.from_plugins([Lab()])
    >>> list(registry.ingestors), registry.problems
    (['lab'], ())
    >>> registry.function_of("lab").__name__, registry.path_parameter("lab")
    ('loads', 's')
    """

    def __init__(
        self,
        found: Iterable[FoundPlugin],
        left_out: Iterable[PluginInfo] = (),
        problems: Iterable[PluginProblem] = (),
    ) -> None:
        collected = collect(found)
        faults = [*problems, *collected.problems]
        self._owners: dict[tuple[type, object], FoundPlugin] = {}
        ingestors = self._keep("ingestor", collected.ingestors, faults)
        self._exporters = self._keep("exporter", collected.exporters, faults)
        self._commands = self._keep("command", collected.commands, faults)
        self._asset_readers = _by_key(
            [
                (mimetype, plugin, reader)
                for plugin, reader in collected.asset_readers
                for mimetype in reader.mimetypes
            ],
            "asset reader for mimetype",
            faults,
        )
        for plugin, reader in collected.asset_readers:
            if any(kept is reader for kept in self._asset_readers.values()):
                self._owners[AssetReader, reader.mimetypes] = plugin
        self._ingestors = _without_cycles(ingestors, faults)
        self._plugins = (*collected.plugins, *left_out)
        self._problems = tuple(faults)

    def _keep(
        self,
        noun: str,
        offers: list[tuple[FoundPlugin, _Named]],
        faults: list[PluginProblem],
    ) -> dict[str, _Named]:
        """Key records by their names, and remember whose they are."""
        kept = _by_key([(record.name, plugin, record) for plugin, record in offers], noun, faults)
        for plugin, record in offers:
            if kept.get(record.name) is record:
                self._owners[type(record), record.name] = plugin
        return kept

    @classmethod
    def discover(cls) -> Registry:
        """Load what is installed."""
        return cls(*find_plugins())

    @classmethod
    def from_plugins(cls, plugins: Iterable[Any]) -> Registry:
        """Make a registry of modules or objects that carry hook implementations."""
        found = []
        for plugin in plugins:
            name = getattr(plugin, "__name__", None) or type(plugin).__name__
            found.append(FoundPlugin(name, name, "", "", partial(_itself, plugin)))
        return cls(found)

    @property
    def ingestors(self) -> Mapping[str, Ingestor]:
        """The ingestors by name."""
        return MappingProxyType(self._ingestors)

    @property
    def asset_readers(self) -> Mapping[str, AssetReader]:
        """The asset readers by mimetype."""
        return MappingProxyType(self._asset_readers)

    @property
    def exporters(self) -> Mapping[str, Exporter]:
        """The exporters by name."""
        return MappingProxyType(self._exporters)

    @property
    def commands(self) -> Mapping[str, Command]:
        """The commands that plug-ins add to the command line, by name."""
        return MappingProxyType(self._commands)

    @property
    def plugins(self) -> tuple[PluginInfo, ...]:
        """Every plug-in that was found, and what became of it."""
        return self._plugins

    @property
    def problems(self) -> tuple[PluginProblem, ...]:
        """What is wrong with plug-ins; empty where all is well."""
        return self._problems

    def ingestor(self, name: str) -> Ingestor:
        """Return the ingestor of that name, or raise `UnregisteredIngestorError`."""
        try:
            return self._ingestors[name]
        except KeyError:
            import difflib

            near = difflib.get_close_matches(name, self._ingestors, n=1)
            known = ", ".join(sorted(self._ingestors)) or "none"
            raise UnregisteredIngestorError(
                f"no ingestor is registered as {name!r}"
                + (f"; did you mean {near[0]!r}?" if near else ""),
                remedy=f"Registered are: {known}. `penstock plugins` shows plug-ins that failed.",
            ) from None

    def function_of(self, name: str) -> Callable[..., Any]:
        """Import and return the generator function of an ingestor."""
        return resolve_reference(self.ingestor(name).ingest)

    def exporter_function(self, name: str) -> Callable[..., Any]:
        """Import and return the function of an exporter, or raise `PluginError`."""
        return resolve_reference(self._exporter(name).export)

    def copy_function(self, name: str) -> Callable[..., Any]:
        """Import and return the function that keeps copies in an exporter's format."""
        exporter = self._exporter(name)
        if exporter.copy is None:
            raise PluginError(
                f"the exporter {name!r} keeps no copies",
                remedy="Export with run.export(format, target).",
            )
        return resolve_reference(exporter.copy)

    def _exporter(self, name: str) -> Exporter:
        try:
            return self._exporters[name]
        except KeyError:
            known = ", ".join(sorted(self._exporters)) or "none"
            raise PluginError(
                f"no exporter is registered as {name!r}",
                remedy=f"Registered are: {known}. `penstock plugins` shows plug-ins that failed.",
            ) from None

    def name_of(self, function: Callable[..., Any]) -> str | None:
        """Return the name that a function is registered under, None if it is not.

        Nothing is imported: other ingestors' modules stay untouched.
        """
        for name, ingestor in self._ingestors.items():
            if is_referred_to(function, ingestor.ingest):
                return name
        return None

    def path_parameter(self, name: str) -> str:
        """Return the name of an ingestor's first parameter: the one that takes the path(s)."""
        function = self.function_of(name)
        for parameter in signature_of(function).parameters.values():
            if parameter.kind in (
                parameter.POSITIONAL_ONLY,
                parameter.POSITIONAL_OR_KEYWORD,
            ):
                return parameter.name
            break
        raise PluginError(
            "the function takes no path as its first parameter",
            where=self.ingestor(name).ingest,
            remedy="Give it one: def ingest(path, …).",
        )

    def plugin_of(self, record: Ingestor | AssetReader | Exporter | Command) -> FoundPlugin:
        """Return the plug-in that one of the records here comes from."""
        key = record.mimetypes if isinstance(record, AssetReader) else record.name
        return self._owners[type(record), key]

    def distribution_of(self, name: str) -> str:
        """Return the distribution that an ingestor comes from; empty where it has none."""
        return self.plugin_of(self.ingestor(name)).distribution

    def __repr__(self) -> str:
        counts = f"{len(self._ingestors)} ingestors, {len(self._asset_readers)} mimetypes"
        return f"<Registry: {counts}, {len(self._problems)} problems>"


def _itself(plugin: Any) -> Any:
    return plugin


def _by_key(
    offers: list[tuple[str, FoundPlugin, _Record]],
    noun: str,
    faults: list[PluginProblem],
) -> dict[str, _Record]:
    """Key records; where several plug-ins offer one key, only penstock's own may keep it."""
    grouped: dict[str, list[tuple[FoundPlugin, _Record]]] = defaultdict(list)
    for key, plugin, record in offers:
        grouped[key].append((plugin, record))
    kept = {}
    for key, owners in grouped.items():
        own = [record for plugin, record in owners if plugin.distribution == HOST]
        if len(owners) == 1:
            kept[key] = owners[0][1]
            continue
        if len(own) == 1:
            kept[key] = own[0]
        names = "; ".join(f"{plugin.name} {plugin.origin}".strip() for plugin, _ in owners)
        outcome = "penstock's own is used" if len(own) == 1 else "none of them is used"
        faults.append(
            PluginProblem(
                ", ".join(dict.fromkeys(plugin.name for plugin, _ in owners)),
                f"{noun} {key!r} is offered more than once ({names}): {outcome}",
                "Uninstall all but one, or ask an author to choose another name.",
                distribution=", ".join(
                    dict.fromkeys(p.distribution for p, _ in owners if p.distribution)
                ),
            )
        )
    return kept


def _without_cycles(
    ingestors: dict[str, Ingestor], faults: list[PluginProblem]
) -> dict[str, Ingestor]:
    """Refuse the `beats` of ingestors that, in the end, claim to beat themselves."""

    def beaten_by(name: str) -> set[str]:
        seen: set[str] = set()
        waiting = list(ingestors[name].beats)
        while waiting:
            other = waiting.pop()
            if other in ingestors and other not in seen:
                seen.add(other)
                waiting += ingestors[other].beats
        return seen

    circular = sorted(name for name in ingestors if name in beaten_by(name))
    if not circular:
        return ingestors
    faults.append(
        PluginProblem(
            ", ".join(circular),
            f"these ingestors claim to beat each other in a circle: {', '.join(circular)}; "
            "their precedence is ignored",
            "Remove one name from `beats`.",
        )
    )
    return {
        name: replace(ingestor, beats=()) if name in circular else ingestor
        for name, ingestor in ingestors.items()
    }


# The process-wide registry ---------------------------------------------------------------------

_lock = threading.RLock()
_installed: Registry | None = None
_in_use: list[Registry] = []


def get_registry() -> Registry:
    """Return the registry in use: the installed plug-ins, loaded at the first call.

    Examples
    --------
    >>> get_registry() is get_registry()
    True
    """
    global _installed
    with _lock:
        if _in_use:
            return _in_use[-1]
        if _installed is None:
            _installed = Registry.discover()
        return _installed


@contextmanager
def use_registry(registry: Registry) -> Iterator[Registry]:
    """Use another registry, in the whole process, until the block ends.

    Threads that compute arrays need the same asset readers, so this is no context variable.

    Examples
    --------
    >>> with use_registry(Registry.from_plugins([])) as registry:
    ...     get_registry() is registry
    True
    """
    with _lock:
        _in_use.append(registry)
    try:
        yield registry
    finally:
        with _lock:
            _in_use.remove(registry)
