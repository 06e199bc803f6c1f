"""What the user chose: the one ingestor to use, and keyword arguments for it."""

from __future__ import annotations

import fnmatch
import inspect
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, Literal

from ..config import get_config
from ..errors import SettingsError
from ..registry.records import Ingestor, RunsFound
from ..registry.references import resolve_reference
from ..registry.registry import get_registry
from .groups import Group
from .remembering import SavedChoice, pattern_of, recall
from .sampling import Sample

__all__ = ["Choice", "Choices", "choose"]


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
    kind: Literal["pin", "saved"] = "pin"
    """``saved``: it was remembered from an earlier time."""
    reason: str = "the user chose it"

    @property
    def told(self) -> str:
        """The choice in words."""
        chosen = "chosen by the user" if self.reason == "the user chose it" else self.reason
        settings = ", ".join(f"{name}={value!r}" for name, value in self.settings.items())
        return f"{chosen}, with {settings}" if settings else chosen

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


@dataclass(frozen=True)
class Choices:
    """What was chosen: by the user now, by the configuration, and what the user remembered.

    Examples
    --------
    >>> Choices.now(None).use is None
    True
    """

    use: Choice | None = None
    """What the user says now, of the whole selection; nothing else counts then."""
    pins: tuple[tuple[str, str], ...] = ()
    """Globs of paths, and the ingestors that the configuration gives them to."""
    pin_settings: Mapping[str, Mapping[str, Any]] = field(default_factory=dict)
    """By glob, keyword arguments for these."""
    saved: Mapping[tuple[str, str, str], SavedChoice] = field(default_factory=dict)

    @classmethod
    def now(cls, use: Choice | None) -> Choices:
        """Return what counts at this moment."""
        if use is not None:
            return cls(use)
        config = get_config()
        return cls(None, config.pins, config.pin_settings, recall())

    def of(
        self, group: Group, sample: Sample, ingestors: Iterable[Ingestor]
    ) -> tuple[Choice | None, str]:
        """Return what was chosen for a group, and what is to be told of a choice that is void."""
        if self.use is not None:
            return self.use, ""
        pin = self._pin_of(group.paths[0])
        if pin is not None:
            return self._pinned(pin, ingestors)
        if not self.saved:
            return None, ""
        saved = self.saved.get((sample.format or "", pattern_of(group), group.folder))
        if saved is None:
            return None, ""
        return _chosen(saved.ingestor, saved.settings, "saved", saved.told, ingestors)

    def with_groups(
        self, folder: str, names: Sequence[str], ingestors: Sequence[Ingestor]
    ) -> list[tuple[Choice, list[str]]]:
        """Return what was chosen that groups names by itself, and the names that it is for."""
        if self.use is not None:
            return [(self.use, list(names))] if self.use.ingestor.groups is not None else []
        grouping = {ingestor.name for ingestor in ingestors if ingestor.groups is not None}
        if not any(name in grouping for _, name in self.pins):
            return []
        by_pin: dict[tuple[str, str], list[str]] = {}
        for name in names:
            pin = self._pin_of(f"{folder.rstrip('/')}/{name}")
            if pin is not None and pin[1] in grouping:
                by_pin.setdefault(pin, []).append(name)
        chosen = [(self._pinned(pin, ingestors)[0], found) for pin, found in by_pin.items()]
        return [(choice, found) for choice, found in chosen if choice is not None]

    def _pin_of(self, path: str) -> tuple[str, str] | None:
        return next((pin for pin in self.pins if fnmatch.fnmatchcase(path, pin[0])), None)

    def _pinned(
        self, pin: tuple[str, str], ingestors: Iterable[Ingestor]
    ) -> tuple[Choice | None, str]:
        glob, name = pin
        settings = self.pin_settings.get(glob, {})
        return _chosen(name, settings, "pin", "the configuration pins it", ingestors)


def _chosen(
    name: str,
    settings: Mapping[str, Any],
    kind: Literal["pin", "saved"],
    reason: str,
    ingestors: Iterable[Ingestor],
) -> tuple[Choice | None, str]:
    for ingestor in ingestors:
        if ingestor.name == name:
            missing = [needed for needed in ingestor.needs if needed not in settings]
            if missing:
                return None, f"{reason}, but {name} needs {', '.join(missing)}: the choice is void"
            return Choice(ingestor, settings, kind, reason), ""
    if name in get_registry().ingestors:
        return None, ""  # it makes another part of the files
    return None, f"{reason}, but {name} is not installed any more: the choice is void"


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
    if missing := [name for name in choice.ingestor.needs if name not in choice.settings]:
        raise SettingsError(
            f"{use} needs {' and '.join(missing)}",
            remedy=f"Give it: `--set {missing[0]}=…`, or settings={{{missing[0]!r}: …}}.",
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
