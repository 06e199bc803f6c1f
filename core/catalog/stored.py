"""A run whose recipe is stored: a call that is made again when its rows are needed."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any

from ..documents import Document
from ..matching.marks import Mark
from ..places import Fingerprint, observe
from ..recipes import Recipe
from ..recipes.seals import is_sealed, seal
from ..run.outline import RunOutline
from ..run.source import CallSource, RunSource
from ..run.summary import RunSummary

__all__ = ["RecipeSource", "summarise"]


@dataclass(frozen=True)
class RecipeSource:
    """A run of a catalog that stays: its documents are known, its rows come from the files.

    Examples
    --------
    >>> source = RecipeSource.of_own({"uid": "6f2a", "time": 0.0}, Recipe("hdf5", "", "a.h5"))
    >>> source.is_own, source.fingerprint()
    (True, None)
    """

    start: dict[str, Any]
    recipe: str
    """As JSON."""
    seal: str | None = None
    """By which the user who stored it is known."""
    recorded_fingerprint: Fingerprint | None = None
    summary: RunSummary | None = field(default=None, compare=False)
    """What is known without calling: stop, descriptors, how many rows."""
    mark: Mark | None = None
    """The claim that it was ingested from, on the way into a catalog."""
    root_map: Mapping[str, str] = field(default_factory=dict)
    """Prefixes of the recipe's paths, and where they lie now."""

    @classmethod
    def of_own(cls, start: dict[str, Any], recipe: Recipe, **more: Any) -> RecipeSource:
        """Return the source of a run that this user stores."""
        text = recipe.to_json()
        return cls(start, text, seal(_sealed_text(start, text)), **more)

    @property
    def is_own(self) -> bool:
        """Whether this user stored it; what others stored is held to bounds."""
        return is_sealed(_sealed_text(self.start, self.recipe), self.seal)

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
        recipe = Recipe.from_json(self.recipe)
        function, args, kwargs, pins = recipe.call(is_own=self.is_own, root_map=self.root_map)
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


def _sealed_text(start: Mapping[str, Any], recipe: str) -> str:
    return f"{start['uid']}\n{recipe}".encode("utf-8", "backslashreplace").decode()


def summarise(source: RunSource) -> RunSummary | None:
    """Read a run's documents to sum them up; None if its events hold arrays.

    Those are somebody's pixels, and too much to go through for what can be asked again.

    Examples
    --------
    >>> from penstock.core.run.samples import count_run
    >>> summarise(count_run(3)).rows
    {'primary': 3}
    """
    outline = RunOutline(source.start, kept=None)
    documents = source.documents()
    try:
        for name, doc in documents:
            if name in ("event", "event_page") and _holds_arrays(doc):
                return None
            outline.add(name, doc)
    finally:
        close = getattr(documents, "close", None)
        if close is not None:
            close()
    return RunSummary.of_outline(outline)


def _holds_arrays(doc: Mapping[str, Any]) -> bool:
    for value in doc.get("data", {}).values():
        first = value[0] if isinstance(value, list) and value else value
        if getattr(value, "ndim", 0) > 1 or getattr(first, "ndim", 0) > 0:
            return True
    return False
