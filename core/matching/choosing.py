"""What the user chose: the one ingestor to use, and keyword arguments for it."""

from __future__ import annotations

import inspect
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from ..errors import SettingsError
from ..registry.records import Ingestor, RunsFound
from ..registry.references import resolve_reference
from ..registry.registry import get_registry

__all__ = ["Choice", "choose"]


@dataclass(frozen=True)
class Choice:
    """An ingestor that the user named, and settings: keyword arguments for its function.

    Examples
    --------
    >>> ingestor = Ingestor("x", title="x", ingest="json:loads", takes="file")
    >>> Choice(ingestor, {"strict": False}).told
    'chosen by the user, with strict=False'
    """

    ingestor: Ingestor
    settings: Mapping[str, Any] = field(default_factory=dict)

    @property
    def told(self) -> str:
        """The choice in words."""
        settings = ", ".join(f"{name}={value!r}" for name, value in self.settings.items())
        return f"chosen by the user, with {settings}" if settings else "chosen by the user"

    def settle(self, found: RunsFound) -> tuple[dict[str, Any], ...]:
        """Return the keyword arguments of each call, given what the ingestor's probe found.

        Settings that select a run are one call, whatever runs the probe saw; others are added to
        each of its calls.

        Examples
        --------
        >>> found = RunsFound(({"entry": "1"}, {"entry": "2"}))
        >>> values = {"title": "", "ingest": "json:loads", "takes": "file", "selects": ("dataset",)}
        >>> Choice(Ingestor("x", **values), {"dataset": "/a"}).settle(found)
        ({'dataset': '/a'},)
        >>> Choice(Ingestor("x", **values), {"key": "b"}).settle(found)
        ({'entry': '1', 'key': 'b'}, {'entry': '2', 'key': 'b'})
        """
        if self.settings.keys() & set(self.ingestor.selects):
            return (dict(self.settings),)
        return tuple({**kwargs, **self.settings} for kwargs in found.kwargs)


def choose(use: str | None, settings: Mapping[str, Any] | None) -> Choice | None:
    """Look up the ingestor that the user names, and check that its function takes the settings.

    Raises
    ------
    UnregisteredIngestorError
        No ingestor is registered as `use`.
    SettingsError
        There are settings for no ingestor, or its function has no such parameters, or it takes no
        files.

    Examples
    --------
    >>> choose(None, None) is None
    True
    >>> choose(None, {"dataset": "/a"})
    Traceback (most recent call last):
    ...
    penstock.core.errors.SettingsError: settings (dataset) need the ingestor that they are for...
    """
    if use is None:
        if settings:
            raise SettingsError(
                f"settings ({', '.join(settings)}) need the ingestor that they are for",
                remedy="Name it: `--use NAME --set …`, or use=NAME, settings={…}.",
            )
        return None
    choice = Choice(get_registry().ingestor(use), dict(settings or {}))
    if choice.ingestor.takes == "calls":
        raise SettingsError(
            f"{use} takes calls of other ingestors, not files",
            remedy=f"Give them to it in Python: catalog.upsert({use!r}, ([…],), {{}}).",
        )
    if choice.settings:
        _check_parameters(choice)
    return choice


def _check_parameters(choice: Choice) -> None:
    function = resolve_reference(choice.ingestor.ingest)
    paths, *parameters = inspect.signature(function).parameters.values()
    by_name = (inspect.Parameter.KEYWORD_ONLY, inspect.Parameter.POSITIONAL_OR_KEYWORD)
    names = [parameter.name for parameter in parameters if parameter.kind in by_name]
    takes_any = any(parameter.kind is parameter.VAR_KEYWORD for parameter in parameters)
    unknown = [
        name
        for name in choice.settings
        if name not in names and (name == paths.name or not takes_any)
    ]
    if unknown:
        raise SettingsError(
            f"{choice.ingestor.name} has no setting {' or '.join(map(repr, unknown))}",
            remedy=f"It has: {', '.join(names) or 'none'}.",
        )
