"""Plug-ins: what they offer, how they are found, and what is wrong with them."""

from typing import TYPE_CHECKING

from ..lazy import lazy_exports

if TYPE_CHECKING:
    from .calls import Call, calls_of
    from .handlers import InstalledHandlers, handler_entry_points
    from .hooks import hookimpl
    from .layouts import Layout, Role
    from .records import (
        Acquisition,
        AssetReader,
        Command,
        Exporter,
        Ingestor,
        PluginInfo,
        PluginProblem,
        RunsFound,
    )
    from .references import resolve_reference
    from .registry import Registry, get_registry, use_registry

__all__ = [
    "Acquisition",
    "AssetReader",
    "Call",
    "Command",
    "Exporter",
    "Ingestor",
    "InstalledHandlers",
    "Layout",
    "PluginInfo",
    "PluginProblem",
    "Registry",
    "Role",
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
        "Acquisition": ".records",
        "AssetReader": ".records",
        "Call": ".calls",
        "Command": ".records",
        "Exporter": ".records",
        "Ingestor": ".records",
        "InstalledHandlers": ".handlers",
        "Layout": ".layouts",
        "PluginInfo": ".records",
        "PluginProblem": ".records",
        "Registry": ".registry",
        "Role": ".layouts",
        "RunsFound": ".records",
        "calls_of": ".calls",
        "get_registry": ".registry",
        "handler_entry_points": ".handlers",
        "hookimpl": ".hooks",
        "resolve_reference": ".references",
        "use_registry": ".registry",
    },
)
