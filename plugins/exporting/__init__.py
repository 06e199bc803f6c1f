"""What exporters are made of: targets that are whole or not there, tables, and live documents."""

from typing import TYPE_CHECKING

from ...core.lazy import lazy_exports

if TYPE_CHECKING:
    from .live import LiveExporter
    from .outcome import Exported
    from .tables import Column, Images, Table, tables_of
    from .targets import whole_file, whole_folder

__all__ = [
    "Column",
    "Exported",
    "Images",
    "LiveExporter",
    "Table",
    "tables_of",
    "whole_file",
    "whole_folder",
]

__getattr__, __dir__, _ = lazy_exports(
    __name__,
    {
        "Column": ".tables",
        "Exported": ".outcome",
        "Images": ".tables",
        "LiveExporter": ".live",
        "Table": ".tables",
        "tables_of": ".tables",
        "whole_file": ".targets",
        "whole_folder": ".targets",
    },
)
