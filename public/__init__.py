"""penstock: files in, Bluesky documents out, and a catalog on top.

Names are imported when they are first used, so that ``import penstock`` costs almost nothing.
"""

from importlib import import_module
from typing import TYPE_CHECKING, Any

from penstock._version import __version__
from penstock.core.lazy import lazy_exports

if TYPE_CHECKING:  # for type checkers and editors, which do not look behind __getattr__
    from penstock import errors, ingestors, queries
    from penstock.core.catalog import BlueskyInMemoryCatalog, BlueskySQLiteCatalog
    from penstock.core.matching.matcher import match
    from penstock.core.registry.hooks import hookimpl
    from penstock.core.registry.layouts import Layout, Role
    from penstock.core.registry.records import (
        Acquisition,
        AssetReader,
        Command,
        Exporter,
        Ingestor,
        RunsFound,
    )
    from penstock.core.run import BlueskyRun
    from penstock.opening import catalogs, open_catalog
    from penstock.plugins.jsonl import BlueskyJSONLCatalog
    from penstock.plugins.msgpack import BlueskyMsgpackCatalog

__all__ = [
    "Acquisition",
    "AssetReader",
    "BlueskyInMemoryCatalog",
    "BlueskyJSONLCatalog",
    "BlueskyMsgpackCatalog",
    "BlueskyRun",
    "BlueskySQLiteCatalog",
    "Command",
    "Exporter",
    "Ingestor",
    "Layout",
    "Role",
    "RunsFound",
    "__version__",
    "catalogs",
    "errors",
    "hookimpl",
    "ingestors",
    "match",
    "open_catalog",
    "queries",
]

_lazy_name = lazy_exports(
    __name__,
    {
        "Acquisition": ".core.registry.records",
        "AssetReader": ".core.registry.records",
        "BlueskyInMemoryCatalog": ".core.catalog",
        "BlueskyJSONLCatalog": ".plugins.jsonl",
        "BlueskyMsgpackCatalog": ".plugins.msgpack",
        "BlueskyRun": ".core.run",
        "BlueskySQLiteCatalog": ".core.catalog",
        "Command": ".core.registry.records",
        "Exporter": ".core.registry.records",
        "Ingestor": ".core.registry.records",
        "Layout": ".core.registry.layouts",
        "Role": ".core.registry.layouts",
        "RunsFound": ".core.registry.records",
        "catalogs": ".opening",
        "hookimpl": ".core.registry.hooks",
        "match": ".core.matching.matcher",
        "open_catalog": ".opening",
    },
)[0]
_MODULES = {"errors": ".errors", "ingestors": ".ingestors", "queries": ".queries"}


def __getattr__(name: str) -> Any:
    if name in _MODULES:
        return import_module(_MODULES[name], __name__)
    return _lazy_name(name)


def __dir__() -> list[str]:
    return sorted(__all__)
