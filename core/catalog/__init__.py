"""Catalogs: runs that can be upserted, listed, looked up and searched."""

from ..lazy import lazy_exports

__getattr__, __dir__, __all__ = lazy_exports(
    __name__,
    {
        "BlueskyCatalog": ".base",
        "BlueskyInMemoryCatalog": ".in_memory",
        "BlueskySQLiteCatalog": ".in_file",
        "Progress": ".ingesting",
        "ingest_paths": ".ingesting",
    },
)
