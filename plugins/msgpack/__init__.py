"""Copies of runs in msgpack files: what suitcase-msgpack writes, written and read with care."""

from typing import TYPE_CHECKING

from ...core.lazy import lazy_exports

if TYPE_CHECKING:
    from .catalog import BlueskyMsgpackCatalog
    from .writing import export_run

__all__ = ["BlueskyMsgpackCatalog", "export_run"]

__getattr__, __dir__, _ = lazy_exports(
    __name__,
    {
        "BlueskyMsgpackCatalog": ".catalog",
        "export_run": ".writing",
    },
)
