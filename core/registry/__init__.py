"""Plug-ins: what they offer, how they are found, and what is wrong with them."""

from typing import TYPE_CHECKING

from ..lazy import lazy_exports

if TYPE_CHECKING:
    from .calls import Call, calls_of
    from .handlers import InstalledHandlers, handler_entry_points
    from .hooks import hookimpl
    from .records import AssetReader, Exporter, Ingestor, PluginInfo, PluginProblem, RunsFound
    from .references import resolve_reference
    from .registry import Registry, get_registry, use_registry

__all__ = [
    "AssetReader",
    "Call",
    "Exporter",
    "Ingestor",
    "InstalledHandlers",
    "PluginInfo",
    "PluginProblem",
    "Registry",
    "RunsFound",
    "calls_of",
    "get_registry",
    "handler_entry_points",
    "hookimpl",
    "resolve_reference",
    "use_registry",
]

__getattr__, __dir__, _ = lazy_exports(
    __name__,
    {
        "AssetReader": ".records",
        "Call": ".calls",
        "Exporter": ".records",
        "Ingestor": ".records",
        "InstalledHandlers": ".handlers",
        "PluginInfo": ".records",
        "PluginProblem": ".records",
        "Registry": ".registry",
        "RunsFound": ".records",
        "calls_of": ".calls",
        "get_registry": ".registry",
        "handler_entry_points": ".handlers",
        "hookimpl": ".hooks",
        "resolve_reference": ".references",
        "use_registry": ".registry",
    },
)
