"""Whether an HDF5 file holds runs, and which: what matching asks before it claims the file.

Walking a hostile file can crash the process; matching runs this in a process of its own.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace

from ...core.errors import AmbiguousDataError, AssetError, NoDataError, UnsafeLinkError
from ...core.registry.records import RunsFound
from ..assets.hdf5.filters import describe_missing, missing_filters
from ..assets.hdf5.sources import SourceCheck
from ..times import configured_zone
from .images import Image, describe_image, name_keys
from .metadata import recorded_acquisition
from .nexus import choose_entry, list_entries
from .reader import Reader, open_reader
from .signals import select_signals

__all__ = ["probe"]

_MOST_ENTRIES = 1000


def probe(paths: list[str]) -> RunsFound | None:
    """Say which runs each of the files holds; they are ingested one by one.

    There is one set of keyword arguments for each entry that has data, by name, so that a call
    means the same entry when others have been appended; an empty one where a file has no entries.

    Raises
    ------
    AmbiguousDataError, NoDataError, UnsupportedFileError, AssetError, UnsafeLinkError
        That say why a single file cannot be ingested.

    Examples
    --------
    >>> import h5py, os, tempfile
    >>> path = os.path.join(tempfile.mkdtemp(), "a.h5")
    >>> with h5py.File(path, "w") as file:
    ...     file["images"] = [[[1, 2], [3, 4]]]
    >>> probe([path]).detail
    '/images (1, 2, 2) int64'
    """
    if len(paths) != 1:
        return RunsFound(separate=True) if paths else None
    with open_reader(paths[0]) as reader:
        entries = list_entries(reader)
        try:
            return _found(reader, [choose_entry(reader, None)])
        except AmbiguousDataError:
            if len(entries) < 2:
                raise
        return _found_entries(reader, list(entries)[:_MOST_ENTRIES])


def _found(reader: Reader, entries: list[str | None]) -> RunsFound:
    by_entry = {entry: _images(reader, entry) for entry in entries}
    images = [image for found in by_entry.values() for image in found]
    zone = configured_zone()
    return RunsFound(
        kwargs=tuple({} if entry is None else {"entry": entry.strip("/")} for entry in entries),
        detail="; ".join(str(image.signal) for image in images[:8]),
        notes=tuple(note for image in images for note in _doubts(image)),
        acquisitions=tuple(
            recorded_acquisition(reader, entry, zone, found[0].events if found else None)
            for entry, found in by_entry.items()
        ),
    )


def _doubts(image: Image) -> Iterator[str]:
    missing = missing_filters(image.signal.target.object)
    if missing:
        yield f"{image.signal.named} {describe_missing(missing)}"
    yield from image.faults


def _found_entries(reader: Reader, entries: list[str]) -> RunsFound:
    """Keep the entries that have data, and tell why the others have not."""
    good: list[str | None] = []
    notes = []
    for entry in entries:
        try:
            _images(reader, entry)
        except (AmbiguousDataError, NoDataError, AssetError, UnsafeLinkError) as error:
            notes.append(f"entry {entry!r}: {error.what}")
        else:
            good.append(entry)
    if not good:
        raise NoDataError(
            f"has {len(entries)} entries, none of which has data that can be told; {notes[0]}",
            where=reader.path,
            remedy="Choose one with dataset=….",
        )
    found = _found(reader, good)
    return replace(found, notes=(*notes, *found.notes))


def _images(reader: Reader, entry: str | None) -> list[Image]:
    selection = select_signals(reader, None, entry)
    check = SourceCheck(reader.reach)
    return [
        describe_image(reader, signal, key, check)
        for signal, key in zip(selection.signals, name_keys(selection.signals), strict=True)
    ]
