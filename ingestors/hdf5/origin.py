"""Origins: what somebody's software means by the groups and datasets of an HDF5 file.

The engine (`tree`, `signals`, `columns`, `content`, `documents`) knows trees, links, signals and
damage. What a path means is an origin's: an `Hdf5Origin` tells by which marks its files are known,
which runs are in one, and what each is made of, mostly by refining what `read_content` gives.
"""

from __future__ import annotations

import os
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any, TypeAlias

from ...core.documents import Document
from ...core.errors import AmbiguousDataError, PenstockError
from ...core.places import place_of_file, run_uid
from ...core.places.recalling import real_path, recall
from ...core.registry.records import Acquisition
from .content import Content, read_content
from .documents import run_documents
from .nexus import choose_entry, list_entries
from .reader import Reader, open_reader
from .signals import Selection, select_signals

__all__ = [
    "GENERIC",
    "MALFORMED",
    "Hdf5Origin",
    "Selecting",
    "ingest_file",
    "list_runs",
    "recognise",
    "select_default",
    "select_run",
]

MALFORMED = (
    AttributeError,
    ValueError,
    TypeError,
    LookupError,
    ArithmeticError,
    OSError,
    RuntimeError,
)
"""What reading odd metadata may raise."""
MOST_RUNS = 1000

Selecting: TypeAlias = Mapping[str, Any]
"""Keyword arguments that say which of the runs in a file is meant."""


def list_runs(reader: Reader) -> Sequence[Selecting]:
    """Return what selects each run of a file: its default entry, else each of its entries.

    By name, so that a call means the same entry when others have been appended; nothing selects
    the run of a file without entries.
    """
    try:
        entry = choose_entry(reader, None)
    except AmbiguousDataError:
        entries = list_entries(reader)
        if len(entries) < 2:
            raise
        return [{"entry": name} for name in list(entries)[:MOST_RUNS]]
    return [{} if entry is None else {"entry": entry.strip("/")}]


def select_default(reader: Reader, selecting: Selecting) -> Selection:
    """Return the data of a run: what ``dataset`` names, else what ``entry`` shows by default."""
    return select_signals(reader, selecting.get("dataset"), selecting.get("entry"))


@dataclass(frozen=True)
class Hdf5Origin:
    """How the HDF5 files of one origin are recognised and read.

    What its functions raise about malformed metadata becomes a note, and the file is read as one of
    any origin: it never stops good pixels. A `PenstockError` comes through.

    Examples
    --------
    >>> origin = Hdf5Origin(
    ...     "my-detector",
    ...     recognise=lambda reader: "/mine" if "/mine" in reader.tree.classes else None,
    ... )
    >>> origin.name
    'my-detector'
    """

    name: str
    """As its ingestor is registered."""
    recognise: Callable[[Reader], str | None]
    """Evidence for people, such as ``"root@creator 'Bliss'"``; None: not of this origin. Cheap, and
    by what the file holds, never by its name."""
    runs: Callable[[Reader], Sequence[Selecting]] = list_runs
    """The keyword arguments that select each run of a file."""
    select: Callable[[Reader, Selecting], Selection] = select_default
    """The data of the run that keyword arguments select; opens what links lead to, reads no pixel.
    The probe asks it of every run, and refuses those for which it raises."""
    read: Callable[[Reader, Selection], Content] = read_content
    """All that the documents need; asked when the run is ingested."""
    recorded: Callable[[Reader, Selection], Acquisition] | None = None
    """What the file records of the acquisition, for matching to join by; None: what NeXus has."""
    keeps_uid: bool = False
    """Whether the uid that a file records is the run's own, and not only its `original_uid`."""


GENERIC = Hdf5Origin("hdf5", recognise=lambda reader: "")
"""HDF5 and NeXus files of whatever origin."""


def recognise(origin: Hdf5Origin, reader: Reader) -> str | None:
    """Return an origin's evidence for an open file; None where there is none."""
    try:
        return origin.recognise(reader)
    except (PenstockError, *MALFORMED):
        return None


def select_run(origin: Hdf5Origin, reader: Reader, selecting: Selecting) -> tuple[Selection, str]:
    """Return the data of a run, and a note: empty, or why they are those of a file of any origin.

    Raises
    ------
    PenstockError
        If the data are not told, not there, or must not be followed.
    """
    try:
        return origin.select(reader, selecting), ""
    except PenstockError:
        raise
    except MALFORMED as error:
        return select_default(reader, selecting), _tell_malformed(origin, error)


def _tell_malformed(origin: Hdf5Origin, error: Exception) -> str:
    return f"what {origin.name} files say was not understood: {type(error).__name__}: {error}"


def ingest_file(
    origin: Hdf5Origin,
    filename: str | os.PathLike[str],
    selecting: Selecting,
    *,
    columns: str | Sequence[str] | None = None,
    metadata: Mapping[str, Any] | None = None,
    allow_external: bool = False,
) -> Iterator[Document]:
    """Yield the documents of one run of a file; it is read and closed before the first of them.

    Parameters
    ----------
    selecting
        Keyword arguments that select the run, as `Hdf5Origin.runs` gives them; None where the
        caller gave none.
    columns
        Paths of datasets with one value for each event, beside those that belong to it anyway.
    metadata
        More for the start document; replaces what the file says.
    allow_external
        Follow links and virtual sources to anywhere.
    """
    chosen = {name: value for name, value in selecting.items() if value is not None}
    named = (columns,) if isinstance(columns, str) else tuple(columns or ())
    path = real_path(os.fspath(filename))
    content = recall(
        ("hdf5", origin.name, path, repr((sorted(chosen.items()), named, allow_external))),
        lambda: _read_run(origin, path, chosen, named, allow_external),
    )
    uid = run_uid(place_of_file(os.fspath(filename)), part=content.part)
    if origin.keeps_uid:
        uid = content.described.start.get("original_uid", uid)
    yield from run_documents(uid, content, dict(metadata or {}), allow_external=allow_external)


def _read_run(
    origin: Hdf5Origin,
    path: str,
    selecting: Selecting,
    columns: tuple[str, ...],
    allow_external: bool,
) -> Content:
    with open_reader(path, allow_external=allow_external) as reader:
        if recognise(origin, reader) is None:
            origin, note = GENERIC, f"nothing in the file says that it is of {origin.name}"
        else:
            note = ""
        selection, trouble = select_run(origin, reader, selecting)
        selection = replace(selection, columns=columns)
        content, more = _read_content(origin, reader, selection)
        content.notes[:0] = filter(None, (note, trouble, more))
        return content


def _read_content(origin: Hdf5Origin, reader: Reader, selection: Selection) -> tuple[Content, str]:
    try:
        return origin.read(reader, selection), ""
    except PenstockError:
        raise
    except MALFORMED as error:
        plainly = replace(selection, belonging={}, told=frozenset())
        return read_content(reader, plainly), _tell_malformed(origin, error)
