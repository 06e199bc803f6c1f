"""One TIFF file of any number of images, whatever its writer and tifffile think of their order."""

from __future__ import annotations

import os
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, replace
from typing import Any

import numpy as np
from numpy.typing import NDArray

from ...core.documents import Document, RunComposer, array_key
from ...core.errors import UnsupportedFileError
from ...core.places import file_uri, place_of_file, run_uid, stretches
from ..assets.tiff.directory import Directory
from ..assets.tiff.pages import PageKind
from .axes import PageAxes
from .composing import MIMETYPE, compose_stream, event_times
from .dates import page_dates
from .headers import FrameHeader, read_page_headers
from .metadata import TiffFacts, check_first_page, column_name, dims_of, inspect_file
from .origin import (
    GENERIC,
    Described,
    FrameColumns,
    TiffOrigin,
    describe,
    lay_out_pages,
    read_frames,
)
from .starting import StartTime, start_metadata, zone_note

__all__ = ["ingest_stack", "ingest_tiff_stack"]

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
    yield from ingest_stack(filename, key=key, metadata=metadata)


def ingest_stack(
    filename: str | os.PathLike[str],
    *,
    origin: TiffOrigin = GENERIC,
    key: str = "image",
    metadata: Mapping[str, Any] | None = None,
) -> Iterator[Document]:
    """Ingest a TIFF file of an origin as one run with an event for each of its pages.

    As `ingest_tiff_stack`, and the origin tells what the headers mean. Those of all pages are read
    when documents are drained, and only for tags that the origin asks for.

    Examples
    --------
    >>> import tempfile, tifffile
    >>> from penstock.ingestors.tiff.origin import FrameColumns
    >>> path = tempfile.mkdtemp() + "/a.tif"
    >>> with tifffile.TiffWriter(path) as file:
    ...     for gain in (1, 2):
    ...         file.write(np.zeros((4, 6), "u2"), extratags=[(65000, 3, 1, gain, True)])
    >>> camera = TiffOrigin(
    ...     "my-camera",
    ...     recognise=lambda facts: "it is mine",
    ...     tags=(65000,),
    ...     frames=lambda facts, headers: FrameColumns({"gain": [h.tags[65000] for h in headers]}),
    ... )
    >>> list(ingest_stack(path, origin=camera))[-2][1]["data"]
    {'page': [0, 1], 'gain': [1, 2]}
    """
    folder, name = os.path.split(os.path.abspath(os.fspath(filename)))
    path = os.path.join(os.path.realpath(folder), name)
    facts = inspect_file(path)
    check_first_page(facts)
    streams = _sort_pages(facts.directory, path)
    axes = lay_out_pages(origin, facts)
    described = describe(origin, facts)
    start = StartTime.of(facts, described)
    times, source, began = _times(facts, start, described)
    run = RunComposer(
        uid=run_uid(place_of_file(os.fspath(filename))),
        time=began,
        metadata=start_metadata(
            facts,
            key,
            origin=origin,
            described=described,
            start=start,
            event_time_source=source if origin.frames is None else "",
            notes=_notes(facts, start, source, streams, axes),
            given={**_naming(facts, streams, axes, key), **(metadata or {})},
        ),
    )
    yield run.start()
    headers: list[FrameHeader] = []
    if origin.frames is not None:
        headers = read_page_headers(facts, origin.tags)
    found = read_frames(origin, facts, headers)
    times, source = event_times(found, times, source)
    for stream in streams:
        yield from _stream_documents(
            run,
            stream,
            facts,
            key,
            axes,
            origin=origin,
            described=described,
            found=_of_pages(found, stream.pages),
            times=times[stream.pages],
            source=source,
        )
    exit_status, reason = _outcome(facts)
    ended = described.end_time or float(times.max())
    yield run.stop(time=max(run.time, ended), exit_status=exit_status, reason=reason)


def _times(
    facts: TiffFacts, start: StartTime, described: Described
) -> tuple[NDArray[np.float64], str, float]:
    """Return the time of each page as far as the engine knows, its source, and the run's start."""
    # Only files that tell the time of their first page are asked for that of the others.
    dated = start.source == "file" and described.time is None and len(facts.directory) > 1
    dates = page_dates(facts) if dated else None
    if dates is not None:
        return dates, "file", float(dates.min())
    return np.full(len(facts.directory), facts.mtime), "mtime", start.time


def _of_pages(found: FrameColumns, pages: NDArray[np.intp]) -> FrameColumns:
    """Return what is told of some of the pages."""
    return replace(
        found,
        columns={
            name: values[pages]
            if isinstance(values, np.ndarray)
            else [values[page] for page in pages.tolist()]
            for name, values in found.columns.items()
        },
        times=None,
    )


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


def _notes(
    facts: TiffFacts, start: StartTime, source: str, streams: list[_Stream], axes: PageAxes
) -> list[str]:
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
    return notes


def _naming(facts: TiffFacts, streams: list[_Stream], axes: PageAxes, key: str) -> dict[str, Any]:
    """Return what the file's name and the axes of its pages tell, for the start document."""
    names = [column_name(axis, key) for axis in axes.columns or ("page",)]
    told: dict[str, Any] = {
        "file_name": os.path.basename(facts.path),
        "hints": {"dimensions": [[[name], "primary"] for name in names]},
    }
    if len(streams) == 1 and len(axes.shape) > 1:
        told["shape"] = list(axes.shape)
    return told


def _stream_documents(
    run: RunComposer,
    stream: _Stream,
    facts: TiffFacts,
    key: str,
    axes: PageAxes,
    *,
    origin: TiffOrigin,
    described: Described,
    found: FrameColumns,
    times: NDArray[np.float64],
    source: str,
) -> Iterator[Document]:
    name = os.path.basename(facts.path)
    kind, pages = stream.kind, stream.pages
    has_first = 0 in pages
    positions = {**axes.columns, "page": np.arange(len(facts.directory))}
    constants = {**facts.constants, **axes.constants} if has_first else {}
    composed = compose_stream(
        run,
        stream.name,
        key=key,
        image=array_key(
            kind.shape, kind.native, source=name, dims=dims_of(kind.axes), external=True
        ),
        columns={column_name(axis, key): values[pages] for axis, values in positions.items()},
        source=name,
        sources={},
        described=described if has_first else replace(described, configuration={}),
        constants={**constants, "event_time_source": source},
        units={**facts.units, **axes.units},
        found=found,
        origin=origin.name,
    )
    yield composed.stream.descriptor()
    parameters: dict[str, Any] = {
        "penstock": 1,
        "files": [name],
        "frames_per_file": len(pages),
        "chunk_shape": [1, *kind.shape],
    }
    if len(pages) < len(facts.directory):
        parameters["pages"] = [list(stretch) for stretch in stretches(pages.tolist())]
    uri = file_uri(os.path.dirname(facts.path))
    yield from composed.stream.external(
        key,
        mimetype=MIMETYPE,
        uri=uri if uri.endswith("/") else f"{uri}/",
        parameters=parameters,
        ranges=[(0, len(pages))],
    )
    yield from composed.stream.pages(time=times, data=composed.columns)


def _outcome(facts: TiffFacts) -> tuple[str, str]:
    """Return exit_status and reason; nothing in the file records them."""
    if facts.directory.problem:
        return "fail", f"inferred: {facts.directory.problem}"
    cut_off = max(len(facts.directory.cut_off()), int(facts.first_lacks > 0))
    if cut_off:
        return "fail", f"inferred: {cut_off} pages reach beyond the end of the file"
    return "success", "inferred: every page that the file declares is there"
