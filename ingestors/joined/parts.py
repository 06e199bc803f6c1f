"""The parts of a joined run: calls of other ingestors, and what they give."""

from __future__ import annotations

import json
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from typing import Any

from ...core.documents import Document, safe_key
from ...core.errors import DocumentError, NoDataError, PenstockError, SettingsError
from ...core.places import Place
from ...core.places.identity import digest_of
from ...core.places.pinning import Identity, note_identity, pinned_identity
from ...core.registry import Call, calls_of
from ...core.run.reader import RunReader
from ...core.run.source import pull_start

__all__ = ["Part", "PartSource", "open_parts", "told"]

_PRIMARY = "primary"


@dataclass
class PartSource:
    """Gives the documents of one part as its ingestor does, up to where that fails."""

    call: Call
    start: dict[str, Any]
    failure: str = ""
    """Why the ingestor failed on the way; empty if it did not."""

    def documents(self) -> Iterator[Document]:
        """Yield the documents; an ingestor that fails ends them, and `failure` says why."""
        try:
            yield from self.call.function(*self.call.args, **self.call.kwargs)
        except (Exception, SystemExit) as error:  # noqa: BLE001 # an ingestor's code: it costs its own part
            self.failure = told(error)

    def fingerprint(self) -> None:
        """Return None: the joined run has one, of all its parts."""


@dataclass
class Part:
    """One part of a joined run."""

    name: str
    uid: str
    """Of the run that it would be by itself."""
    call: Call
    source: PartSource | None = None
    """None if it could not be opened at all."""
    failure: str = ""
    """Why it could not be opened."""
    reader: RunReader = field(init=False)

    def __post_init__(self) -> None:
        if self.source is not None:
            self.reader = RunReader(self.source)

    def drain(self) -> None:
        """Read its documents to the end."""
        if self.source is not None:
            _ = self.reader.outline

    @property
    def start(self) -> dict[str, Any]:
        """The start document of the part."""
        return {} if self.source is None else self.source.start

    @property
    def trouble(self) -> str:
        """Why some or all of it is missing; empty if nothing is."""
        return self.failure if self.source is None else self.source.failure


def told(error: BaseException) -> str:
    """Say what an error says, in one line.

    Examples
    --------
    >>> told(NoDataError("holds no scan", where="a")), told(ValueError("odd"))
    ('a: holds no scan', 'ValueError: odd')
    """
    if isinstance(error, PenstockError):
        return error.what if error.where is None else f"{error.where}: {error.what}"
    return f"{type(error).__name__}: {error}"


def open_parts(given: Any) -> list[Part]:
    """Call the ingestors of all parts, and read their documents to the end; no pixel is read.

    A part that cannot be opened is one without documents if it could be when the run was
    ingested: then its uid is known. Otherwise nothing tells what run this is.

    Raises
    ------
    SettingsError
        If these are not two or more calls, of different names and different runs.
    PenstockError
        If a part cannot be opened that never was, or none of them can.
    """
    calls = calls_of(given)
    if len(calls) < 2:
        raise SettingsError(
            f"{len(calls)} parts make no joined run",
            remedy="Give two or more; a single one is ingested by its own ingestor.",
        )
    parts: list[Part] = []
    errors: list[PenstockError] = []
    for name, call in zip(_names(calls), calls, strict=True):
        try:
            parts.append(_open(name, call))
        except (Exception, SystemExit) as error:  # an ingestor's code: told under the part's name
            errors.append(_named(error, name, call))
            known = pinned_identity(_selector(call))
            if known is None:
                raise errors[-1] from error
            parts.append(Part(name, known.place.name, call, failure=told(error)))
    uids = [part.uid for part in parts]
    if len(set(uids)) < len(uids):
        raise SettingsError(
            "two parts are the same run", remedy="Give each group of files to one part."
        )
    for part in parts:
        try:
            part.drain()
        except DocumentError as error:
            errors.append(_named(error, part.name, part.call))
            part.source, part.failure = None, told(error)
    if all(part.source is None for part in parts):
        raise errors[0]
    return parts


def _open(name: str, call: Call) -> Part:
    documents = call.function(*call.args, **call.kwargs)
    start = pull_start(documents, call.ingestor)
    note_identity(_selector(call), Identity(Place("", "", start["uid"]), ""))
    return Part(name, start["uid"], call, PartSource(call, start))


def _selector(call: Call) -> tuple[str, ...]:
    """Return the question under which a part's uid is noted for later passes."""
    asked = json.dumps([call.args, call.kwargs], sort_keys=True, default=str)
    return ("part of a joined run", call.ingestor, digest_of([asked]))


def _named(error: BaseException, name: str, call: Call) -> PenstockError:
    """Say which part an error is about."""
    part = f"part {name!r} ({call.ingestor})"
    if isinstance(error, PenstockError):
        return type(error)(f"{part}: {error.what}", where=error.where, remedy=error.remedy)
    return NoDataError(
        f"{part} failed: {told(error)}", remedy="Leave it out, or ask who wrote its ingestor."
    )


def _names(calls: Sequence[Call]) -> list[str]:
    """Return a name for each part: its own, else its ingestor's; numbers part those left alike."""
    given = [safe_key(call.name).replace("-", "_") for call in calls if call.name]
    if len(set(given)) < len(given):
        raise SettingsError(
            f"two parts have one name: {', '.join(given)}", remedy="Name each differently."
        )
    taken = {*given, _PRIMARY}
    names: list[str] = []
    for call in calls:
        base = name = safe_key(call.name or call.ingestor).replace("-", "_")
        number = 1
        while name in taken and not (call.name and name != _PRIMARY):
            number += 1
            name = f"{base}_{number}"
        taken.add(name)
        names.append(name)
    return names
