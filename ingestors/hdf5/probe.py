"""Whether an HDF5 file holds runs, and which: what matching asks before it claims the file.

Walking a hostile file can crash the process; matching runs this in a process of its own.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator

from ...core.errors import AmbiguousDataError, AssetError, NoDataError, UnsafeLinkError
from ...core.registry.records import Acquisition, RunsFound
from ..assets.hdf5.filters import describe_missing, missing_filters
from ..assets.hdf5.sources import SourceCheck
from ..times import configured_zone
from .images import Image, describe_image, name_keys
from .metadata import recorded_acquisition
from .origin import GENERIC, Hdf5Origin, Selecting, recognise, select_run
from .reader import Reader, shared_reader
from .signals import Selection

__all__ = ["probe", "probe_of"]


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
    return _look(GENERIC, paths[0])


def probe_of(origin: Hdf5Origin) -> Callable[[list[str]], RunsFound | None]:
    """Return the probe of an origin's ingestor: it declines files that are not of this origin.

    Files are ingested one by one.

    Examples
    --------
    >>> probe_of(Hdf5Origin("x", recognise=lambda reader: None))([])
    """

    def probe_origin(paths: list[str]) -> RunsFound | None:
        if len(paths) != 1:
            return RunsFound(separate=True) if paths else None
        return _look(origin, paths[0])

    return probe_origin


def _look(origin: Hdf5Origin, path: str) -> RunsFound | None:
    with shared_reader(path) as reader:
        evidence = recognise(origin, reader)
        if evidence is None:
            return None
        runs = origin.runs(reader)
        found: list[tuple[Selecting, list[Image], Selection]] = []
        notes: list[str] = []
        for selecting in runs:
            try:
                selection, _ = select_run(origin, reader, selecting)
                images = _images(selection.reader or reader, selection)
                found.append((selecting, images, selection))
                notes += selection.missing
            except (AmbiguousDataError, NoDataError, AssetError, UnsafeLinkError) as error:
                if len(runs) == 1:
                    raise
                told = ", ".join(f"{name} {value!r}" for name, value in selecting.items())
                notes.append(f"{told}: {error.what}")
        if not found:
            raise NoDataError(
                f"has {len(runs)} entries, none of which has data that can be told; {notes[0]}",
                where=reader.path,
                remedy="Choose one with dataset=….",
            )
        all_images = [image for _, several, _ in found for image in several]
        shown = "; ".join(str(image.signal) for image in all_images[:8])
        return RunsFound(
            kwargs=tuple(dict(selecting) for selecting, _, _ in found),
            detail="; ".join(filter(None, (evidence, shown))),
            notes=(*notes, *(note for image in all_images for note in _doubts(image))),
            acquisitions=tuple(
                _recorded(origin, reader, selection, several) for _, several, selection in found
            ),
        )


def _recorded(
    origin: Hdf5Origin, reader: Reader, selection: Selection, images: list[Image]
) -> Acquisition:
    if origin.recorded is not None:
        return origin.recorded(reader, selection)
    events = images[0].events if images else None
    holder = selection.reader or reader
    return recorded_acquisition(holder, selection.entry, configured_zone(), events)


def _doubts(image: Image) -> Iterator[str]:
    missing = missing_filters(image.signal.target.object)
    if missing:
        yield f"{image.signal.named} {describe_missing(missing)}"
    yield from image.faults


def _images(reader: Reader, selection: Selection) -> list[Image]:
    check = SourceCheck(reader.reach)
    return [
        describe_image(reader, signal, key, check)
        for signal, key in zip(selection.signals, name_keys(selection.signals), strict=True)
    ]
