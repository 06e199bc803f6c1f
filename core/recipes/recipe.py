"""The recipe of a run: which registered ingestor to call, with what, meaning which files."""

from __future__ import annotations

import json
import os
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from functools import partial
from typing import Any, NamedTuple

from ..errors import RecipeError, UnregisteredIngestorError, UpsertError
from ..places import relocate
from ..places.identity import Place
from ..places.pinning import Identity, OneFile, Pins, Selector
from ..registry import get_registry
from ..registry.calls import calls_of
from ..registry.records import Ingestor
from ..registry.references import signature_of
from .bounds import check_paths, check_settings
from .paths import open_path, store_path
from .values import canonical_paths, decode, encode, encode_paths

__all__ = ["Call", "Recipe"]

_FORMAT = 1
_MOST_BYTES = 256 * 2**20


class Call(NamedTuple):
    """A call that a recipe became."""

    function: Callable[..., Any]
    args: tuple[Any, ...]
    kwargs: dict[str, Any]
    pins: dict[Selector, Identity]


@dataclass(frozen=True)
class Recipe:
    """A call of a registered ingestor, as plain data.

    Examples
    --------
    >>> recipe = Recipe("tiff-series", "1.0", {"$path": ("", "/data/a_*.tif")}, {"key": "raw"})
    >>> Recipe.from_json(recipe.to_json()).kwargs
    {'key': 'raw'}
    """

    ingestor: str
    """The name that it is registered under."""
    version: str
    """Its version when the run was stored."""
    paths: Any
    """What its first parameter, the one for paths, was given; as `values.encode_paths` has it. Of
    an ingestor that takes calls: ``{"$calls": [[name, recipe], …]}``."""
    kwargs: dict[str, Any] = field(default_factory=dict)
    """The others, encoded."""
    pins: tuple[Any, ...] = ()
    """What patterns and lists of paths were found to mean, encoded."""

    # From a call ---------------------------------------------------------------------------------

    @classmethod
    def of_call(
        cls, function: Callable[..., Any], args: Sequence[Any], kwargs: Mapping[str, Any]
    ) -> Recipe:
        """Write down a call.

        Raises
        ------
        UpsertError
            If the function is not a registered ingestor's, does not take these arguments, or one
            of them can not be stored.

        Examples
        --------
        >>> Recipe.of_call(print, ("a",), {})
        Traceback (most recent call last):
        ...
        penstock.core.errors.UpsertError: print: this function cannot be found again...
        """
        registry = get_registry()
        label = getattr(function, "__qualname__", repr(function))
        name = registry.name_of(function)
        if name is None:
            raise UpsertError(
                "this function cannot be found again by a later process",
                where=label,
                remedy="Register it as an ingestor in a plug-in (see the how-to guides), or keep "
                "its runs in a BlueskyInMemoryCatalog, or as copies (run.cache).",
            )
        record = registry.ingestor(name)
        try:
            paths, others = _bound(function, args, kwargs)
        except TypeError as error:
            raise UpsertError(f"it does not take these arguments: {error}", where=label) from error
        takes_paths = record.path_parameters
        return cls(
            name,
            record.version,
            _encode_calls(paths)
            if record.takes == "calls"
            else encode_paths(canonical_paths(paths, registry.path_parameter(name))),
            {
                key: encode_paths(canonical_paths(value, key))
                if key in takes_paths and value is not None
                else encode(value, key)
                for key, value in others.items()
            },
        )

    def with_pins(self, pins: Pins) -> Recipe:
        """Return the recipe with what its call was found to mean."""
        first = None if self._calls() is not None else _key_of(decode(self.paths))
        encoded = [
            [_encode_selector(selector, first), place.root, place.folder, place.name, selection]
            for selector, (place, selection) in pins.items()
        ]
        return replace(self, pins=tuple(encoded))

    # To a call -----------------------------------------------------------------------------------

    def call(self, *, is_own: bool, root_map: Mapping[str, str] | None = None) -> Call:
        """Return the call.

        Parameters
        ----------
        is_own
            Whether this user stored it. What others stored may set what the ingestor declares
            as harmless, and read files below the roots that the configuration names.
        root_map
            Prefixes of its paths, and where they lie now. What the files are taken to be stays.

        Raises
        ------
        RecipeError
            If it cannot be called here, or asks for more than it may.
        """
        record = self.record()
        if not is_own:
            check_settings(record, self.kwargs)
        moved = partial(_relocated, root_map=root_map or {})
        calls = self._calls()
        if (calls is not None) != (record.takes == "calls"):
            raise RecipeError(f"{self.ingestor} does not take what is stored for it")
        paths = (
            moved(decode(self.paths))
            if calls is None
            else [_call_of_part(*part, is_own=is_own, root_map=root_map) for part in calls]
        )
        kwargs = {key: decode(value) for key, value in self.kwargs.items()}
        kwargs |= {key: moved(kwargs[key]) for key in record.path_parameters if kwargs.get(key)}
        if not is_own:
            given = [kwargs[key] for key in record.path_parameters if kwargs.get(key) is not None]
            for item in given if calls is not None else [paths, *given]:
                check_paths(item, [*(root_map or {}).values()])
        function = get_registry().function_of(self.ingestor)
        try:
            signature_of(function).bind(paths, **kwargs)
        except TypeError as error:
            raise RecipeError(
                f"{self.ingestor} {record.version} does not take the stored call: {error}",
                remedy=f"It was stored by version {self.version or '(none)'}: ingest again.",
            ) from error
        return Call(function, (paths,), kwargs, self._pins(paths, moved))

    def _calls(self) -> list[tuple[str, Recipe]] | None:
        """Return the names and recipes of the calls that it takes; None if it takes paths.

        Raises
        ------
        RecipeError
            If what is stored are no calls.
        """
        if not isinstance(self.paths, dict) or "$calls" not in self.paths:
            return None
        parts: list[tuple[str, Recipe]] = []
        for part in self.paths["$calls"] if isinstance(self.paths["$calls"], list) else [None]:
            match part:
                case [str(name), [str(ingestor), str(version), paths, dict(kwargs)]]:
                    parts.append((name, Recipe(ingestor, version, paths, kwargs)))
                case _:
                    raise RecipeError("it holds something else where it should hold a call")
        return parts

    def record(self) -> Ingestor:
        """Return the record of its ingestor; `RecipeError` if none is registered so."""
        try:
            return get_registry().ingestor(self.ingestor)
        except UnregisteredIngestorError as error:
            raise RecipeError(
                f"the run was stored by an ingestor that is not here: {error.what}",
                remedy="Install the package that offers it; `penstock plugins` shows what there "
                "is, and what is broken.",
            ) from error

    def _pins(self, paths: Any, moved: Callable[[Any], Any]) -> dict[Selector, Identity]:
        pins: dict[Selector, Identity] = {}
        for pin in self.pins:
            match pin:
                case [selector, str(root), str(folder), str(name), str(selection)]:
                    identity = Identity(Place(root, folder, name), selection)
                    match selector:
                        case None:
                            pins[_key_of(paths)] = identity
                        case {"$note": [*words]} if all(isinstance(word, str) for word in words):
                            pins[tuple(words)] = identity
                        case {"$file": stored}:
                            pins[OneFile(moved(open_path(stored)))] = identity
                        case _:
                            pins[_key_of(moved(decode(selector)))] = identity
                case _:
                    raise RecipeError(f"it holds {pin!r} where a pinned identity should be")
        return pins

    # As text -------------------------------------------------------------------------------------

    def to_json(self) -> str:
        """Return it as text."""
        content = [_FORMAT, self.ingestor, self.version, self.paths, self.kwargs, self.pins]
        return json.dumps(content, separators=(",", ":"))

    @classmethod
    def from_json(cls, text: str) -> Recipe:
        """Return the recipe that `to_json` made text of.

        Raises
        ------
        RecipeError
            If it is none, or one of a later version of penstock.
        """
        try:
            content = json.loads(text) if len(text) <= _MOST_BYTES else None
        except (ValueError, RecursionError, TypeError) as error:
            raise RecipeError(f"the stored call is no recipe: {error}") from error
        match content:
            case [1, str(ingestor), str(version), paths, dict(kwargs), list(pins)]:
                return cls(ingestor, version, paths, kwargs, tuple(pins))
            case [int(number), *_] if number > _FORMAT:
                raise RecipeError(
                    f"the stored call is in format {number}, of a later penstock",
                    remedy="Update penstock.",
                )
        raise RecipeError("the stored call is no recipe")


def _bound(
    function: Callable[..., Any], args: Sequence[Any], kwargs: Mapping[str, Any]
) -> tuple[Any, dict[str, Any]]:
    """Return what the first parameter gets, and all others by name; TypeError if that fails."""
    bound = signature_of(function).bind(*args, **kwargs)
    given: dict[str, Any] = {}
    for name, parameter in bound.signature.parameters.items():
        if name not in bound.arguments:
            continue
        value = bound.arguments[name]
        if parameter.kind is parameter.VAR_KEYWORD:
            given |= value
        elif parameter.kind is parameter.VAR_POSITIONAL or (
            given and parameter.kind is parameter.POSITIONAL_ONLY
        ):
            raise TypeError(f"{name} has no name that it could be stored under")
        else:
            given[name] = value
    if not given:
        raise TypeError("no path is given")
    first = next(iter(bound.signature.parameters))
    if first not in given:
        raise TypeError(f"{first} is not given")
    return given.pop(first), given


def _encode_calls(parts: Any) -> dict[str, Any]:
    """Return the calls that an ingestor takes as JSON, each as its recipe has it."""
    recipes = []
    for call in calls_of(parts):
        recipe = Recipe.of_call(call.function, call.args, call.kwargs)
        content = [recipe.ingestor, recipe.version, recipe.paths, recipe.kwargs]
        recipes.append([call.name, content])
    return {"$calls": recipes}


def _call_of_part(
    name: str, recipe: Recipe, *, is_own: bool, root_map: Mapping[str, str] | None
) -> dict[str, Any]:
    """Return a part of a joined run as its ingestor takes it; as bound as any recipe."""
    call = recipe.call(is_own=is_own, root_map=root_map)
    return {
        "ingestor": recipe.ingestor,
        "args": list(call.args),
        "kwargs": call.kwargs,
        "name": name,
    }


def _encode_selector(selector: Selector, first: Selector | None) -> Any:
    """Return what was asked for as JSON; None where it is what the first parameter was given."""
    if selector == first:
        return None
    if isinstance(selector, tuple) and not all(map(os.path.isabs, selector)):
        return {"$note": list(selector)}
    if isinstance(selector, OneFile):
        return {"$file": store_path(selector.path)}
    return encode_paths(list(selector) if isinstance(selector, tuple) else selector)


def _key_of(paths: Any) -> Selector:
    match paths:
        case str():
            return paths
        case [*several] if all(isinstance(path, str) for path in several):
            return tuple(several)
    raise RecipeError("it holds something else where it should hold paths")


def _relocated(paths: Any, root_map: Mapping[str, str]) -> Any:
    """Return paths where they lie now; what is no path is for others to refuse."""
    if not root_map:
        return paths
    if isinstance(paths, list):
        return [_relocated(path, root_map) for path in paths]
    return relocate(paths, root_map) if isinstance(paths, str) else paths
