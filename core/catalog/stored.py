"""A run whose recipe is stored: a call that is made again when its rows are needed."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Any

from ..documents import Document
from ..places import Fingerprint, observe
from ..recipes import Recipe
from ..run.source import CallSource
from ..run.summary import RunSummary

__all__ = ["RecipeSource"]


@dataclass(frozen=True)
class RecipeSource:
    """A run of a catalog that stays: its documents are known, its rows come from the files.

    Examples
    --------
    >>> source = RecipeSource({"uid": "6f2a", "time": 0.0}, '[1,"tiff-series","1.0","a",{},[]]')
    >>> source.start["uid"], source.fingerprint()
    ('6f2a', None)
    """

    start: dict[str, Any]
    recipe: str
    """As JSON."""
    is_own: bool = False
    """Whether this user stored it; what others stored is held to bounds."""
    recorded_fingerprint: Fingerprint | None = None
    summary: RunSummary | None = field(default=None, compare=False)
    """What is known without calling: stop, descriptors, how many rows."""

    @property
    def label(self) -> str:
        """What to call it in messages."""
        return f"run {self.start['uid']}"

    def call(self) -> CallSource:
        """Return the call that the recipe stands for.

        Raises
        ------
        RecipeError
            If it cannot be called here, or asks for more than it may.
        """
        function, args, kwargs, pins = Recipe.from_json(self.recipe).call(is_own=self.is_own)
        return CallSource(function, args, kwargs, self.start, self.recorded_fingerprint, pins)

    def documents(self) -> Iterator[Document]:
        """Call the ingestor, and yield what it gives under the start document that is stored."""
        with observe():
            call = self.call()
        yield from call.documents()

    def fingerprint(self) -> Fingerprint | None:
        """Return the fingerprint of the files as they were when the run was stored."""
        return self.recorded_fingerprint

    def current_fingerprint(self) -> Fingerprint | None:
        """Return the fingerprint of the files as they are now."""
        with observe():
            return self.call().current_fingerprint()
