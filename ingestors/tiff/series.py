"""Series of TIFF files: the frames of one acquisition, a file each, numbered in their names."""

from __future__ import annotations

import math
import os
from collections.abc import Iterable, Iterator, Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from ...core.documents import Document, RunComposer, array_key, column_key
from ...core.errors import AssetError, UnsupportedFileError
from ...core.places import (
    FileSet,
    FileStat,
    file_uri,
    observe,
    run_uid,
    select_files,
    stretches,
)
from ...core.places.observation import current_observation
from ..assets.tiff.bytes import open_file
from ..assets.tiff.directory import Directory, list_pages
from ..assets.tiff.pages import starts_like_tiff
from .axes import page_axes
from .metadata import (
    StartTime,
    TiffFacts,
    check_first_page,
    column_name,
    dims_of,
    inspect_file,
    start_metadata,
)
from .sizes import difference, odd_sizes

__all__ = ["MIMETYPE", "ingest_tiff_series"]

MIMETYPE = "multipart/related;type=image/tiff"
MOST_STRETCHES = 256
FEWEST = 4
"""Of fewer files, sizes do not tell which of them is odd."""
REMEDY = 'Copy such files again, or read the others with read(bad_frames="mask").'
MOST_LOOKS = 2
"""So many files are opened beside the first, if it is doubtful that they are whole."""


def ingest_tiff_series(
    paths: str | os.PathLike[str] | Iterable[str | os.PathLike[str]],
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
    with observe():
        files = select_files(paths)
        facts, notes = _inspect_one(files)
    _check_alike(facts)
    start = StartTime.of(facts)
    run = RunComposer(
        uid=run_uid(files.place, selection=files.selection),
        time=start.time,
        metadata=_metadata(
            files, facts, key, start, [*files.notes, *start.notes, *notes], metadata
        ),
    )
    yield run.start()

    series = _look_at_all(files, facts)
    kind = facts.directory.kind(0)
    columns = _columns(files, series.pages, key)
    axes = page_axes(facts)
    stream = run.stream(
        "primary",
        data_keys={
            key: array_key(
                kind.shape,
                kind.native,
                source=files.template,
                dims=dims_of(kind.axes),
                external=True,
            ),
            **{
                name: column_key(values, source="page" if name == "page" else "file name")
                for name, values in columns.items()
            },
        },
        configuration={key: {**facts.constants, **axes.constants, "event_time_source": "mtime"}},
        units={**facts.units, **axes.units},
    )
    yield stream.descriptor()
    yield from stream.external(key, mimetype=MIMETYPE, **_resource(files, series.pages, kind.shape))
    yield from stream.pages(time=series.times, data=columns)
    exit_status, reason = _outcome(files, series)
    yield run.stop(
        time=max(start.time, float(series.times.max())), exit_status=exit_status, reason=reason
    )


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


def _metadata(
    files: FileSet,
    facts: TiffFacts,
    key: str,
    start: StartTime,
    notes: list[str],
    given: Mapping[str, Any] | None,
) -> dict[str, Any]:
    metadata = start_metadata(facts, key, start, "mtime", notes, None)
    metadata["file_name"] = files.template
    axes = [*files.indices, *(["frame_number"] if files.numbers is not None else [])]
    if axes:
        metadata["hints"] = {"dimensions": [[[column_name(axis, key)], "primary"] for axis in axes]}
    if files.indices and files.numbers is not None:
        shape = [len(set(values)) for values in (*files.indices.values(), files.numbers)]
        if math.prod(shape) == len(files) and len(facts.directory) == 1:
            metadata["shape"] = shape
    return {**metadata, **(given or {})}


@dataclass(frozen=True)
class _Series:
    """What the file system says of all files."""

    pages: int
    """In each file."""
    times: NDArray[np.float64]
    """Of each event."""
    gone: tuple[str, ...]
    """Files of which the file system says nothing any more."""
    wrong: tuple[str, ...]
    """What is wrong with some of them, as their sizes tell, in sentences."""


def _look_at_all(files: FileSet, facts: TiffFacts) -> _Series:
    directory = facts.directory
    with observe():
        stats = files.stats()
    times = np.array([facts.mtime if stat is None else stat.mtime for stat in stats])
    return _Series(
        len(directory),
        np.repeat(times, len(directory)),
        tuple(name for name, stat in zip(files.names, stats, strict=True) if stat is None),
        tuple(_find_wrong(files, stats, directory)),
    )


def _find_wrong(
    files: FileSet, stats: list[FileStat | None], directory: Directory
) -> Iterator[str]:
    sizes = dict(zip(files.names, (None if s is None else s.size for s in stats), strict=True))
    empty = [name for name, size in sizes.items() if size == 0]
    if empty:
        yield f"{_told(empty)} {'is' if len(empty) == 1 else 'are'} empty"
    if not directory.kind(0).plain:
        return
    short = _find_short(files, {n: size for n, size in sizes.items() if size}, directory)
    other = [name for name in short[:MOST_LOOKS] if not _starts_like_tiff(files, name)]
    yield from (f"{name} is not a TIFF file" for name in other)
    short = [name for name in short if name not in other]
    if short:
        ends = "ends before its" if len(short) == 1 else "end before their"
        yield f"{_told(short)} {ends} pixels do"
    known = {*empty, *other, *short}
    on_tape = {n for n, s in zip(files.names, stats, strict=True) if s is not None and s.on_tape}
    yield from _find_odd(files, sizes, known | on_tape, directory)


def _find_odd(
    files: FileSet, sizes: dict[str, int | None], known: set[str], directory: Directory
) -> Iterator[str]:
    """Tell of files whose size is another than that of the rest, if they hold something else."""
    odd = [files.names[number] for number in odd_sizes(list(sizes.values()))]
    by_size: dict[int | None, list[str]] = {}
    for name in odd:
        if name not in known:
            by_size.setdefault(sizes[name], []).append(name)
    groups = list(by_size.values())
    wrong = [
        (names, difference(files.path(files.names.index(names[0])), directory))
        for names in groups[:MOST_LOOKS]
    ]
    for names, what in wrong:
        if what:
            alike = f", and {_told(names[1:])} of the same size" if names[1:] else ""
            yield f"{names[0]} {what}{alike}"
    rest = [name for names in groups[MOST_LOOKS:] for name in names]
    if rest and any(what for _, what in wrong):
        yield f"{_told(rest)} {'has' if len(rest) == 1 else 'have'} another size than the others"


def _find_short(files: FileSet, sizes: dict[str, int], directory: Directory) -> list[str]:
    """Return the names of files that are smaller than their pixels."""
    kind = directory.kind(0)
    pixels = kind.nbytes * len(directory)
    needed = int(directory.pixels.max()) + kind.nbytes
    sure: list[str] = []
    doubtful: list[str] = []
    for name, size in sizes.items():
        if size < pixels:
            sure.append(name)
        elif size < needed:
            # Less may be written about its pixels than about those of the first.
            doubtful.append(name)
    looked_at = [name for name in doubtful[:MOST_LOOKS] if _ends_early(files, name)]
    return sure + (looked_at + doubtful[MOST_LOOKS:] if looked_at else [])


def _ends_early(files: FileSet, name: str) -> bool:
    try:
        directory = list_pages(f"{files.folder}/{name}")
    except (UnsupportedFileError, AssetError):
        return True
    return bool(directory.problem) or len(directory.cut_off()) > 0


def _starts_like_tiff(files: FileSet, name: str) -> bool:
    try:
        with open_file(f"{files.folder}/{name}") as descriptor:
            return starts_like_tiff(os.pread(descriptor, 4, 0))
    except AssetError:
        return True  # nobody knows: its size is what is wrong


def _columns(files: FileSet, pages: int, key: str) -> dict[str, NDArray[Any]]:
    columns: dict[str, NDArray[Any]] = {
        name: np.repeat(np.array(values), pages) for name, values in files.indices.items()
    }
    if files.numbers is not None:
        columns["frame_number"] = np.repeat(np.array(files.numbers), pages)
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


def _outcome(files: FileSet, series: _Series) -> tuple[str, str]:
    """Return exit_status and reason; nothing in the files records them."""
    if series.gone:
        return "fail", f"inferred: nothing is known of {_told(series.gone)} any more"
    if series.wrong:
        return "fail", f"inferred: {'; '.join(series.wrong)}. {REMEDY}"
    # Whether numbers count frames, and which are missing then, is for the names to say.
    exit_status = "abort" if files.numbering.missing else "success"
    return exit_status, f"inferred: among the names of the files, {files.numbering.told}"


def _told(names: Sequence[str]) -> str:
    more = f" and {len(names) - 3} more" if len(names) > 3 else ""
    return ", ".join(names[:3]) + more
