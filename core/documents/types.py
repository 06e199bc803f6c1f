"""The one type that flows between ingestors, catalogs and exporters."""

from __future__ import annotations

from typing import Any, TypeAlias

__all__ = ["Document"]

Document: TypeAlias = tuple[str, dict[str, Any]]
"""``(name, doc)``, as a RunEngine would emit it."""
