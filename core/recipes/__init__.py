"""Recipes: calls of registered ingestors as JSON, which can become calls again."""

from typing import TYPE_CHECKING

from ..lazy import lazy_exports

if TYPE_CHECKING:
    from .recipe import Call, Recipe

__all__ = ["Call", "Recipe"]

__getattr__, __dir__, _ = lazy_exports(__name__, {"Call": ".recipe", "Recipe": ".recipe"})
