"""What a run's files were found to be when its call entered a catalog, for every later pass.

A pass over a run calls its ingestor again, and by then files may have come or gone. Whose files
they are must not change with that: a list that named all files of a series when it was upserted
names that series also when one more has arrived, and a file of it that was deleted is a missing
frame, not another run.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from contextvars import ContextVar
from dataclasses import dataclass
from typing import TYPE_CHECKING, NamedTuple, TypeAlias

if TYPE_CHECKING:
    from .identity import Place

__all__ = [
    "Identity",
    "OneFile",
    "Pins",
    "Selector",
    "note_identity",
    "noted_identities",
    "pinned",
    "pinned_identity",
]


@dataclass(frozen=True)
class OneFile:
    """The question for the place of a file by itself, whatever family its name belongs to."""

    path: str


Selector: TypeAlias = str | tuple[str, ...] | OneFile
"""What was asked for: a path or pattern, a list of paths, or a file by itself."""


class Identity(NamedTuple):
    """Whose files an answer was about."""

    place: Place
    selection: str


Pins: TypeAlias = Mapping[Selector, Identity]

_pins: ContextVar[Pins | None] = ContextVar("penstock_pins", default=None)
_notes: ContextVar[dict[Selector, Identity] | None] = ContextVar("penstock_notes", default=None)


@contextmanager
def pinned(pins: Pins) -> Iterator[None]:
    """Let questions that were asked before mean the same files as then.

    Examples
    --------
    >>> from penstock.core.places import Place
    >>> with pinned({"a_*.tif": Identity(Place("", "/data", "a_{}.tif"), "")}):
    ...     pinned_identity("a_*.tif").place.name
    'a_{}.tif'
    """
    token = _pins.set(pins)
    try:
        yield
    finally:
        _pins.reset(token)


def pinned_identity(selector: Selector) -> Identity | None:
    """Return what a question was found to mean before; None if that is not pinned."""
    pins = _pins.get()
    return None if pins is None else pins.get(selector)


@contextmanager
def noted_identities() -> Iterator[dict[Selector, Identity]]:
    """Note what each question within was found to mean.

    Examples
    --------
    >>> from penstock.core.places import Place
    >>> with noted_identities() as notes:
    ...     note_identity("a.tif", Identity(Place("", "/data", "a.tif"), ""))
    >>> list(notes)
    ['a.tif']
    """
    notes: dict[Selector, Identity] = {}
    token = _notes.set(notes)
    try:
        yield notes
    finally:
        _notes.reset(token)


def note_identity(selector: Selector, identity: Identity) -> None:
    """Tell what a question was found to mean to whoever notes it."""
    notes = _notes.get()
    if notes is not None:
        notes[selector] = identity
