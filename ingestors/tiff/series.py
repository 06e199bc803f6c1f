"""Series of TIFF files: the frames of one acquisition, a file each, numbered in their names."""

from __future__ import annotations

import math
from collections.abc import Generator, Iterator, Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass, replace
from typing import Any

import numpy as np
from numpy.typing import NDArray

from ...core.documents import Document, RunComposer, array_key
from ...core.errors import AssetError, UnsupportedFileError
from ...core.places import FileSet, file_uri, observe, run_uid, select_files, stretches
from ...core.places.observation import current_observation
from ...core.places.selection import Paths
from ..assets.tiff.directory import list_pages
from .composing import MIMETYPE, compose_stream, event_times
from .headers import FrameHeader, read_file_headers
from .metadata import TiffFacts, check_first_page, column_name, dims_of, inspect_file
from .origin import GENERIC, Described, TiffOrigin, describe, lay_out_pages, read_frames
from .sizes import difference
from .starting import StartTime, start_metadata
from .wholeness import look_at_all, tell_outcome

__all__ = ["SeriesEnd", "ingest_series", "ingest_tiff_series", "look_at", "series_stream"]

MOST_STRETCHES = 256
FEWEST = 4
"""Of fewer files, sizes do not tell which of them is odd."""


def ingest_tiff_series(
    paths: Paths,
    *,
    key: str = "image",
    metadata: Mapping[str, Any] | None = None,
) -> Iterator[Document]:
    """Ingest TIFF files as one run with an event for each image, in the order of their numbers.

    The header of one file is read, no pixel; of the others, when they were last written, which is
    the time of their events. Some may be damaged: reading their frame says so. Where numbers are
    missing among the names (of the grid of their steps, at least half of which must be there for
    them to count anything), the run's ``exit_status`` is "abort", and notes say which.

    Parameters
    ----------
    paths
        A glob or a list of paths, of files with one image each (or all with as many as the first).
    key
        What the images are called.
    metadata
        More for the start document; replaces what the files say.

    Raises
    ------
    NoDataError, MissingFileError
        If there are no such files.
    UnsupportedFileError
        If the first, middle and last file cannot be read.

    Examples
    --------
    >>> import tempfile, tifffile
    >>> folder = tempfile.mkdtemp()
    >>> for number in (1, 2, 4):
    ...     tifffile.imwrite(f"{folder}/img_{number}.tif", np.zeros((4, 6), "u2"))
    >>> documents = list(ingest_tiff_series(f"{folder}/*.tif"))
    >>> [name for name, doc in documents]
    ['start', 'descriptor', 'stream_resource', 'stream_datum', 'stream_datum', 'event_page', 'stop']
    >>> documents[-2][1]["data"]
    {'frame_number': [1, 2, 4]}
    """
    yield from ingest_series(paths, key=key, metadata=metadata)


def ingest_series(
    paths: Paths,
    *,
    origin: TiffOrigin = GENERIC,
    key: str = "image",
    metadata: Mapping[str, Any] | None = None,
) -> Iterator[Document]:
    """Ingest TIFF files of an origin as one run with an event for each image.

    As `ingest_tiff_series`, and the origin tells what the headers mean. The start document takes
    one header; those of the other files are read when documents are drained, and only for tags
    that the origin asks for.

    Examples
    --------
    >>> import tempfile, tifffile
    >>> from penstock.ingestors.tiff.origin import Described
    >>> path = tempfile.mkdtemp() + "/a_1.tif"
    >>> tifffile.imwrite(path, np.zeros((4, 6), "u2"))
    >>> camera = TiffOrigin(
    ...     "my-camera",
    ...     recognise=lambda facts: "it is mine",
    ...     describe=lambda facts: Described({"operator": "Ada"}, detector="ccd"),
    ... )
    >>> start = next(ingest_series(path, origin=camera))[1]
    >>> start["operator"], start["detectors"]
    ('Ada', ['ccd'])
    """
    files, facts, notes = look_at(paths)
    described = describe(origin, facts)
    start = StartTime.of(facts, described)
    run = RunComposer(
        uid=run_uid(files.place, selection=files.selection),
        time=start.time,
        metadata=start_metadata(
            facts,
            key,
            origin=origin,
            described=described,
            start=start,
            event_time_source="mtime" if origin.frames is None else "",
            notes=[*files.notes, *start.notes, *notes],
            given={**_naming(files, facts, key), **(metadata or {})},
        ),
    )
    yield run.start()
    end = yield from series_stream(run, files, facts, origin=origin, described=described, key=key)
    yield run.stop(
        time=max(start.time, described.end_time or end.time),
        exit_status=end.exit_status,
        reason=end.reason,
    )


def look_at(paths: FileSet | Paths) -> tuple[FileSet, TiffFacts, list[str]]:
    """Find the files of a series, and look at one of them: the first that can be read.

    Returns
    -------
    files, facts, notes
        Notes tell what is doubtful about the file, or wrong with one that was passed over.

    Raises
    ------
    NoDataError, MissingFileError
        If there are no such files.
    UnsupportedFileError
        If the first, middle and last file cannot be read.
    """
    with observe():
        files = paths if isinstance(paths, FileSet) else select_files(paths)
        facts, notes = _inspect_one(files)
    _check_alike(facts)
    return files, facts, notes


@dataclass(frozen=True)
class SeriesEnd:
    """How a series ended."""

    time: float
    """Of its last event."""
    exit_status: str
    reason: str


def series_stream(
    run: RunComposer,
    files: FileSet,
    facts: TiffFacts,
    *,
    origin: TiffOrigin = GENERIC,
    described: Described | None = None,
    key: str = "image",
    name: str = "primary",
    names_tell: bool = True,
) -> Generator[Document, None, SeriesEnd]:
    """Yield the documents of one stream, which holds the images of a series; return how it ended.

    Parameters
    ----------
    run
        The run.
    files, facts
        From `look_at`.
    origin, described
        Who wrote the files, and what that tells.
    key
        What the images are called.
    name
        Of the stream.
    names_tell
        Whether the numbers in the files' names are columns; else the origin knows better.
    """
    described = Described() if described is None else described
    state = look_at_all(files, facts)
    kind = facts.directory.kind(0)
    headers: list[FrameHeader] = []
    if origin.frames is not None:
        headers = read_file_headers(files.paths, origin.tags, skip=state.on_tape)
    found = read_frames(origin, facts, _of_pages(headers, state.pages))
    times, time_source = event_times(found, state.times, "mtime")
    axes = lay_out_pages(origin, facts)
    composed = compose_stream(
        run,
        name,
        key=key,
        image=array_key(
            kind.shape, kind.native, source=files.template, dims=dims_of(kind.axes), external=True
        ),
        columns=_columns(files, state.pages, key, names_tell),
        sources={"page": "page", "page_number": "page"},
        source="file name",
        described=described,
        constants={**facts.constants, **axes.constants, "event_time_source": time_source},
        units={**facts.units, **axes.units},
        found=found,
        origin=origin.name,
    )
    yield composed.stream.descriptor()
    yield from composed.stream.external(
        key, mimetype=MIMETYPE, **_resource(files, state.pages, kind.shape)
    )
    yield from composed.stream.pages(time=times, data=composed.columns)
    exit_status, reason = tell_outcome(files, state, headers)
    return SeriesEnd(float(times.max()), exit_status, reason)


def _of_pages(headers: list[FrameHeader], pages: int) -> list[FrameHeader]:
    """Return a header for each frame, where every file holds so many pages."""
    if pages == 1:
        return headers
    return [replace(header, page=page) for header in headers for page in range(pages)]


def _inspect_one(files: FileSet) -> tuple[TiffFacts, list[str]]:
    """Look at the first file that can be read of the first, the middle and the last.

    Where the middle and the last are as large as one another, and the first is not and holds
    something else, it does not speak for them.
    """
    notes: list[str] = []
    first: Exception | None = None
    looks = list(dict.fromkeys((0, len(files) // 2, len(files) - 1)))
    if _first_is_odd(files, looks):
        with suppress(UnsupportedFileError, AssetError):
            usual = list_pages(files.path(looks[1]))
            wrong = difference(files.path(0), usual) if usual.kind(0).plain else ""
            if wrong:
                notes.append(f"{files.names[0]} {wrong}")
                looks = looks[1:]
    for number in looks:
        try:
            facts = inspect_file(files.path(number))
            check_first_page(facts)
        except (UnsupportedFileError, AssetError) as error:
            first = first or error
            notes.append(f"{files.names[number]} cannot be read: {error.what}")
        else:
            return facts, [*notes, *_doubts(facts)]
    assert first is not None
    raise first


def _first_is_odd(files: FileSet, looks: Sequence[int]) -> bool:
    if len(files) < FEWEST:
        return False
    stats = current_observation().stats(files.path(number) for number in looks)
    first, *others = (None if stat is None else stat.size for stat in stats)
    return bool(first and others[0]) and first != others[0] == others[1]


def _check_alike(facts: TiffFacts) -> None:
    if len({(kind.shape, kind.native) for kind in facts.directory.kinds}) > 1:
        raise UnsupportedFileError(
            "the file holds images of different shape or dtype",
            where=facts.path,
            remedy="Ingest such files one by one with ingest_tiff_stack.",
        )


def _doubts(facts: TiffFacts) -> Iterator[str]:
    directory = facts.directory
    if len(directory) > 1:
        yield f"every file is taken to hold {len(directory)} images, as the first does"
    if directory.problem:
        yield directory.problem
    if directory.subimages:
        yield f"smaller versions of the images (SubIFDs, {directory.subimages} each) are left out"


def _naming(files: FileSet, facts: TiffFacts, key: str) -> dict[str, Any]:
    """Return what the names of the files tell, for the start document."""
    told: dict[str, Any] = {"file_name": files.template}
    axes = [*files.indices, *(["frame_number"] if files.numbers is not None else [])]
    if axes:
        told["hints"] = {"dimensions": [[[column_name(axis, key)], "primary"] for axis in axes]}
    if files.indices and files.numbers is not None:
        shape = [len(set(values)) for values in (*files.indices.values(), files.numbers)]
        if math.prod(shape) == len(files) and len(facts.directory) == 1:
            told["shape"] = shape
    return told


def _columns(files: FileSet, pages: int, key: str, names_tell: bool) -> dict[str, NDArray[Any]]:
    numbers: dict[str, Sequence[int]] = dict(files.indices)
    if files.numbers is not None:
        numbers["frame_number"] = files.numbers
    columns: dict[str, NDArray[Any]] = {}
    if names_tell:
        columns = {name: np.repeat(np.array(values), pages) for name, values in numbers.items()}
    if pages > 1:
        columns["page"] = np.tile(np.arange(pages), len(files))
    return {column_name(name, key): values for name, values in columns.items()}


def _resource(files: FileSet, pages: int, shape: tuple[int, ...]) -> dict[str, Any]:
    uri = file_uri(files.folder)
    resource = {"uri": uri if uri.endswith("/") else f"{uri}/"}
    chunk_shape = [1, *shape]
    if files.spelled is not None and files.numbers is not None and pages == 1:
        ranges = stretches(files.numbers)
        if len(ranges) <= MOST_STRETCHES:
            parameters: dict[str, Any] = {"template": files.spelled, "chunk_shape": chunk_shape}
            return {**resource, "parameters": parameters, "ranges": ranges}
    parameters = {
        "penstock": 1,
        "files": list(files.names),
        "frames_per_file": pages,
        "chunk_shape": chunk_shape,
    }
    return {**resource, "parameters": parameters, "ranges": [(0, len(files) * pages)]}
