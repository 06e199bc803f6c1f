"""Copies of runs' documents in JSON Lines files; assets stay where they are."""

from typing import TYPE_CHECKING

from ...core.lazy import lazy_exports

if TYPE_CHECKING:
    from .catalog import BlueskyJSONLCatalog
    from .writing import export_run

__all__ = ["BlueskyJSONLCatalog", "export_run"]

__getattr__, __dir__, _ = lazy_exports(
    __name__,
    {
        "BlueskyJSONLCatalog": ".catalog",
        "export_run": ".writing",
    },
)
