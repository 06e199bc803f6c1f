"""One TIFF file of any number of images, whatever its writer and tifffile think of their order."""

from __future__ import annotations

import os
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from ...core.documents import Document, RunComposer, array_key, column_key
from ...core.errors import UnsupportedFileError
from ...core.places import file_uri, place_of_file, run_uid, stretches
from ..assets.tiff.directory import Directory
from ..assets.tiff.pages import PageKind
from .axes import PageAxes, page_axes
from .dates import page_dates
from .metadata import (
    StartTime,
    TiffFacts,
    check_first_page,
    column_name,
    dims_of,
    inspect_file,
    start_metadata,
    zone_note,
)
from .series import MIMETYPE

__all__ = ["ingest_tiff_stack"]

MOST_STREAMS = 64


def ingest_tiff_stack(
    filename: str | os.PathLike[str],
    *,
    key: str = "image",
    metadata: Mapping[str, Any] | None = None,
) -> Iterator[Document]:
    """Ingest a TIFF file as one run with an event for each of its pages.

    Pages of the most frequent shape and dtype are the stream ``primary``; others (thumbnails,
    labels, levels of a pyramid) are streams ``page_series_1`` and so on. Only headers are read.

    Parameters
    ----------
    filename
        The file. Other files of its set (OME) are not opened.
    key
        What the images are called.
    metadata
        More for the start document; replaces what the file says.

    Raises
    ------
    UnsupportedFileError
        If it is no TIFF file, or its first image cannot be read.
    MissingFileError, AssetError
        If it cannot be opened.

    Examples
    --------
    >>> import tempfile, tifffile
    >>> path = tempfile.mkdtemp() + "/stack.tif"
    >>> tifffile.imwrite(path, np.zeros((5, 4, 6), "u2"))
    >>> documents = list(ingest_tiff_stack(path))
    >>> [name for name, doc in documents]
    ['start', 'descriptor', 'stream_resource', 'stream_datum', 'event_page', 'stop']
    >>> documents[-1][1]["num_events"]
    {'primary': 5}
    """
    folder, name = os.path.split(os.path.abspath(os.fspath(filename)))
    path = os.path.join(os.path.realpath(folder), name)
    facts = inspect_file(path)
    check_first_page(facts)
    streams = _sort_pages(facts.directory, path)
    axes = page_axes(facts)
    start = StartTime.of(facts)
    # Only files that tell the time of their first page are asked for that of the others.
    dates = page_dates(facts) if start.source == "file" and len(facts.directory) > 1 else None
    times = np.full(len(facts.directory), facts.mtime) if dates is None else dates
    source = "mtime" if dates is None else "file"
    run = RunComposer(
        uid=run_uid(place_of_file(os.fspath(filename))),
        time=start.time if dates is None else float(dates.min()),
        metadata=_metadata(facts, key, start, source, streams, axes, metadata),
    )
    yield run.start()
    for stream in streams:
        yield from _stream_documents(run, stream, facts, key, axes, times, source)
    exit_status, reason = _outcome(facts)
    yield run.stop(time=max(run.time, float(times.max())), exit_status=exit_status, reason=reason)


@dataclass(frozen=True)
class _Stream:
    """Pages that are alike."""

    name: str
    kind: PageKind
    pages: NDArray[np.intp]


def _sort_pages(directory: Directory, path: str) -> list[_Stream]:
    groups: dict[tuple[Any, ...], list[int]] = {}
    for number, kind in enumerate(directory.kinds):
        groups.setdefault((kind.shape, kind.native), []).append(number)
    if len(groups) > MOST_STREAMS:
        raise UnsupportedFileError(
            f"the file holds images of {len(groups)} different shapes and dtypes",
            where=path,
            remedy="Write an ingestor that knows what they are.",
        )
    alike = [np.flatnonzero(np.isin(directory.kind_of, kinds)) for kinds in groups.values()]
    main = max(range(len(alike)), key=lambda group: len(alike[group]))
    alike.insert(0, alike.pop(main))
    return [
        _Stream(
            f"page_series_{number}" if number else "primary", directory.kind(int(pages[0])), pages
        )
        for number, pages in enumerate(alike)
    ]


def _metadata(
    facts: TiffFacts,
    key: str,
    start: StartTime,
    source: str,
    streams: list[_Stream],
    axes: PageAxes,
    given: Mapping[str, Any] | None,
) -> dict[str, Any]:
    directory = facts.directory
    notes = [*start.notes, *axes.notes]
    if source == "file" and not start.notes:
        notes.append(zone_note())
    if len(streams) > 1:
        counts = ", ".join(f"{len(stream.pages)} in {stream.name}" for stream in streams)
        notes.append(f"pages of different shape or dtype: {counts}")
    if directory.problem:
        notes.append(directory.problem)
    cut_off = max(len(directory.cut_off()), int(facts.first_lacks > 0))
    if cut_off:
        notes.append(f"{cut_off} pages reach beyond the end of the file")
    if directory.subimages:
        notes.append(
            f"smaller versions of the pages (SubIFDs, {directory.subimages} each) are left out"
        )
    metadata = start_metadata(facts, key, start, source, notes, None)
    metadata["file_name"] = os.path.basename(facts.path)
    names = [column_name(axis, key) for axis in axes.columns or ("page",)]
    metadata["hints"] = {"dimensions": [[[name], "primary"] for name in names]}
    if len(streams) == 1 and len(axes.shape) > 1:
        metadata["shape"] = list(axes.shape)
    return {**metadata, **(given or {})}


def _stream_documents(
    run: RunComposer,
    stream: _Stream,
    facts: TiffFacts,
    key: str,
    axes: PageAxes,
    times: NDArray[np.float64],
    source: str,
) -> Iterator[Document]:
    name = os.path.basename(facts.path)
    kind, pages = stream.kind, stream.pages
    positions = {**axes.columns, "page": np.arange(len(facts.directory))}
    columns = {column_name(axis, key): values[pages] for axis, values in positions.items()}
    described = {**facts.constants, **axes.constants} if 0 in pages else {}
    composer = run.stream(
        stream.name,
        data_keys={
            key: array_key(
                kind.shape, kind.native, source=name, dims=dims_of(kind.axes), external=True
            ),
            **{axis: column_key(values, source=name) for axis, values in columns.items()},
        },
        configuration={key: {**described, "event_time_source": source}},
        units={**facts.units, **axes.units},
    )
    yield composer.descriptor()
    parameters: dict[str, Any] = {
        "penstock": 1,
        "files": [name],
        "frames_per_file": len(pages),
        "chunk_shape": [1, *kind.shape],
    }
    if len(pages) < len(facts.directory):
        parameters["pages"] = [list(stretch) for stretch in stretches(pages.tolist())]
    uri = file_uri(os.path.dirname(facts.path))
    yield from composer.external(
        key,
        mimetype=MIMETYPE,
        uri=uri if uri.endswith("/") else f"{uri}/",
        parameters=parameters,
        ranges=[(0, len(pages))],
    )
    yield from composer.pages(time=times[pages], data=columns)


def _outcome(facts: TiffFacts) -> tuple[str, str]:
    """Return exit_status and reason; nothing in the file records them."""
    if facts.directory.problem:
        return "fail", f"inferred: {facts.directory.problem}"
    cut_off = max(len(facts.directory.cut_off()), int(facts.first_lacks > 0))
    if cut_off:
        return "fail", f"inferred: {cut_off} pages reach beyond the end of the file"
    return "success", "inferred: every page that the file declares is there"
