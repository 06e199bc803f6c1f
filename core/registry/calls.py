"""Calls of ingestors as plain data: what a run is made of that is joined of several."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any

from ..errors import SettingsError
from .registry import get_registry

__all__ = ["Call", "calls_of"]

_FIELDS = frozenset({"ingestor", "args", "kwargs", "name"})
_REMEDY = (
    'Give a list of dicts such as {"ingestor": "tiff-series", "args": ["a/*.tif"], "kwargs": {}, '
    '"name": "saxs"}.'
)


@dataclass(frozen=True)
class Call:
    """A call of a registered ingestor that takes files.

    Examples
    --------
    >>> call = Call.of({"ingestor": "tiff-series", "args": ["a/*.tif"], "name": "saxs"})
    >>> call.name, call.args, call.function.__name__
    ('saxs', ('a/*.tif',), 'ingest_tiff_series')
    """

    ingestor: str
    """The name under which it is registered."""
    args: tuple[Any, ...] = ()
    kwargs: Mapping[str, Any] = field(default_factory=dict)
    name: str = ""
    """What to call what it gives; empty if that was not said."""

    @classmethod
    def of(cls, plain: Any) -> Call:
        """Understand plain data: a dict with ``ingestor`` and ``args``, ``kwargs`` and ``name``.

        The ingestor is told by name, or by the reference ``"module:function"`` that it is
        registered with; no other function can be named.

        Raises
        ------
        SettingsError
            If the data do not tell a call of an ingestor that takes files.
        UnregisteredIngestorError
            If no ingestor is registered so.
        """
        if not isinstance(plain, Mapping):
            raise SettingsError(f"{_short(plain)} is no call", remedy=_REMEDY)
        unknown = plain.keys() - _FIELDS
        ingestor, name = plain.get("ingestor"), plain.get("name", "")
        args, kwargs = plain.get("args", ()), plain.get("kwargs") or {}
        if (
            unknown
            or not isinstance(ingestor, str)
            or not isinstance(name, str)
            or not isinstance(args, list | tuple)
            or not isinstance(kwargs, Mapping)
        ):
            raise SettingsError(f"{_short(dict(plain))} is no call", remedy=_REMEDY)
        record = get_registry().ingestor(_name_of(ingestor))
        if record.takes == "calls":
            raise SettingsError(
                f"{record.name} is no part: it takes parts itself",
                remedy="Name its parts instead.",
            )
        return cls(record.name, tuple(args), dict(kwargs), name)

    @property
    def function(self) -> Callable[..., Any]:
        """The generator function, imported now."""
        return get_registry().function_of(self.ingestor)


def calls_of(given: Any) -> tuple[Call, ...]:
    """Understand a list of calls.

    Raises
    ------
    SettingsError, UnregisteredIngestorError
        If it is none, or one of them is not what `Call.of` understands.

    Examples
    --------
    >>> [call.ingestor for call in calls_of([{"ingestor": "hdf5", "args": ["a.h5"]}])]
    ['hdf5']
    """
    if not isinstance(given, list | tuple):
        raise SettingsError(f"{_short(given)} is no list of calls", remedy=_REMEDY)
    return tuple(Call.of(plain) for plain in given)


def _name_of(ingestor: str) -> str:
    if ":" not in ingestor:
        return ingestor
    for name, record in get_registry().ingestors.items():
        if record.ingest == ingestor:
            return name
    return ingestor


def _short(value: Any, length: int = 80) -> str:
    text = repr(value)
    return text if len(text) <= length else f"{text[: length - 1]}…"
