"""Plug-ins: what they offer, how they are found, and what is wrong with them."""

from ..lazy import lazy_exports

__getattr__, __dir__, __all__ = lazy_exports(
    __name__,
    {
        "AssetReader": ".records",
        "Ingestor": ".records",
        "InstalledHandlers": ".handlers",
        "PluginInfo": ".records",
        "PluginProblem": ".records",
        "Registry": ".registry",
        "RunsFound": ".records",
        "get_registry": ".registry",
        "handler_entry_points": ".handlers",
        "hookimpl": ".hooks",
        "resolve_reference": ".references",
        "use_registry": ".registry",
    },
)
