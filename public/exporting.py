"""What exporters are made of: whole targets, tables, what to tell, and live documents.

Exporters of third parties are registered by the hook ``penstock_exporters``.
"""

from penstock.plugins.exporting import (
    Column,
    Exported,
    Images,
    LiveExporter,
    Table,
    tables_of,
    whole_file,
    whole_folder,
)

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
