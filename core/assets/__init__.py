"""Assets: bytes that lie in files outside of the documents, as frames and as lazy arrays."""

from typing import TYPE_CHECKING

from ..lazy import lazy_exports

if TYPE_CHECKING:
    from .array import AssetArray, MissingFrames, Piece
    from .blocks import available_memory, block_rows, worker_count
    from .protocol import AssetContext, AssetOpener, Frames, Region

__all__ = [
    "AssetArray",
    "AssetContext",
    "AssetOpener",
    "Frames",
    "MissingFrames",
    "Piece",
    "Region",
    "available_memory",
    "block_rows",
    "worker_count",
]

__getattr__, __dir__, _ = lazy_exports(
    __name__,
    {
        "AssetArray": ".array",
        "AssetContext": ".protocol",
        "AssetOpener": ".protocol",
        "Frames": ".protocol",
        "MissingFrames": ".array",
        "Piece": ".array",
        "Region": ".protocol",
        "available_memory": ".blocks",
        "block_rows": ".blocks",
        "worker_count": ".blocks",
    },
)
