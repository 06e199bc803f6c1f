"""The first bytes of a few files of a group, and what they say together."""

from __future__ import annotations

from dataclasses import dataclass

from .facts import FileFacts, facts_of
from .groups import Group

__all__ = ["Sample", "take_sample"]


@dataclass(frozen=True)
class Sample:
    """The first, middle and last file of a group, and what their first bytes say together."""

    facts: tuple[FileFacts, ...]
    format: str | None
    """The format of those that can be looked at."""
    by_name_only: bool
    """None of them may be opened: they lie on tape."""
    notes: tuple[str, ...] = ()
    is_mixed: bool = False
    """Files of several formats share the name pattern."""


def take_sample(group: Group) -> Sample:
    """Look at the first bytes of three files of a group at most.

    Of an acquisition that is laid out, these are files of its first role. An empty or unreadable
    file among good ones is a note: the series may still be growing.

    Examples
    --------
    >>> take_sample(Group("/no/such", ("a.tif",), "a.tif")).format is None
    True
    """
    paths = group.paths[: len(group.roles[0].names)] if group.roles else group.paths
    count = len(paths)
    facts = tuple(facts_of(paths[index]) for index in sorted({0, count // 2, count - 1}))
    formats = dict.fromkeys(fact.format for fact in facts)
    known = [found for found in formats if found is not None and found != "empty"]
    notes = [
        f"{fact.path}: {fact.trouble or 'it is empty (0 bytes)'}"
        for fact in facts
        if fact.trouble or fact.format == "empty"
    ]
    return Sample(
        facts,
        known[0] if known else next(iter(formats)),
        by_name_only=all(fact.is_on_tape for fact in facts),
        notes=tuple(notes) if known or any(fact.is_on_tape for fact in facts) else (),
        is_mixed=len(known) > 1,
    )
