"""Calling the ingestor that is tested, and saying what is wrong with it."""

from __future__ import annotations

import inspect
from collections.abc import Callable, Mapping
from functools import cached_property
from pathlib import Path
from typing import Any, ClassVar

from penstock.core.catalog import BlueskyInMemoryCatalog
from penstock.core.registry import Ingestor, get_registry
from penstock.core.run import BlueskyRun
from penstock.testing._inputs import as_text

__all__ = ["Tested", "demand"]


class Tested:
    """An ingestor that is tested, and files for it."""

    ingestor: ClassVar[str | Callable[..., Any]]
    """The name under which it is registered, or the function itself (then what is about its
    registration is left out, unless a plug-in registers that function)."""
    kwargs: ClassVar[Mapping[str, Any]] = {}
    """Keyword arguments for the function, beside the path or paths."""

    def write_files(self, folder: Path) -> Any:
        """Write what is to be ingested into an empty folder, the same each time.

        Returns
        -------
        Any
            The first argument of the ingestor: a path, a list of paths, or a glob.
        """
        raise NotImplementedError(
            f"write {type(self).__name__}.write_files(self, folder), which puts files into the "
            "folder and returns what the ingestor is called with"
        )

    # What the tests are made of --------------------------------------------------------------

    @cached_property
    def _record(self) -> Ingestor | None:
        registry = get_registry()
        if isinstance(self.ingestor, str):
            return registry.ingestor(self.ingestor)
        name = registry.name_of(self._function)
        return None if name is None else registry.ingestor(name)

    @cached_property
    def _function(self) -> Callable[..., Any]:
        if isinstance(self.ingestor, str):
            return get_registry().function_of(self.ingestor)
        given: Any = inspect.getattr_static(self, "ingestor")  # a function would be bound to self
        function: Callable[..., Any] = given.__func__ if isinstance(given, staticmethod) else given
        return function

    def _files(self, folder: Path) -> Any:
        folder.mkdir(parents=True)
        paths = as_text(self.write_files(folder))
        if not any(folder.rglob("*")):
            raise AssertionError("write_files wrote nothing into the folder that it was given")
        return paths

    def _call(self, paths: Any) -> Any:
        return self._function(paths, **self.kwargs)

    def _start(self, paths: Any) -> dict[str, Any]:
        """Pull the start document and let go of the rest, as a catalog does."""
        stream = iter(self._call(paths))
        try:
            name, doc = next(stream)
        finally:
            getattr(stream, "close", lambda: None)()
        demand(name == "start", f"the first document is a {name!r}: yield ('start', doc) first")
        start: dict[str, Any] = doc
        return start

    def _run(self, paths: Any) -> BlueskyRun:
        catalog = BlueskyInMemoryCatalog()
        return catalog[catalog.upsert(self._function, (paths,), dict(self.kwargs))]


def demand(is_so: bool, message: str) -> None:
    """Fail with a message that says what to do, where something is not so.

    Examples
    --------
    >>> demand(1 + 1 == 2, "count again")
    """
    if not is_so:
        raise AssertionError(message)
