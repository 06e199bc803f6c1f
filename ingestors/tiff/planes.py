"""Runs whose images are pages here and there in several TIFF files, as metadata lay them out.

OME-TIFF sets and Micro-Manager's data sets say which plane is which page of which file. What the
planes mean is theirs; here is how such a set becomes documents.
"""

from __future__ import annotations

import os
from collections.abc import Callable, Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from itertools import groupby
from typing import Any

import numpy as np
from numpy.typing import NDArray

from ...core.documents import Document, RunComposer, array_key
from ...core.errors import AssetError, UnsupportedFileError
from ...core.places import FileStat, file_uri, observe, stretches
from ...core.places.observation import current_observation
from ..assets.tiff.bytes import Source, open_file
from ..assets.tiff.directory import list_pages
from ..assets.tiff.pages import PageKind, read_header
from ..assets.tiff.tags import read_tags
from .axes import row_major_order
from .composing import MIMETYPE, compose_stream, event_times
from .headers import FrameHeader
from .metadata import TiffFacts, column_name, dims_of
from .origin import Described, FrameColumns, TiffOrigin, read_frames
from .starting import StartTime, start_metadata

__all__ = ["PlaneSet", "ingest_planes"]

REMEDY = 'Copy such files again, or read the others with read(bad_frames="mask").'


@dataclass(frozen=True)
class PlaneSet:
    """The planes of one run; the arrays have a value for each.

    Examples
    --------
    >>> planes = PlaneSet(
    ...     "/data",
    ...     ("red.tif", "green.tif"),
    ...     file=np.array([0, 1, 0, 1]),
    ...     page=np.array([0, 0, 1, 1]),
    ...     axes={"t": np.array([0, 0, 1, 1]), "c": np.array([0, 1, 0, 1])},
    ... )
    >>> planes.arranged().page.tolist(), planes.arranged().grid
    ([0, 1, 0, 1], ('c', 't'))
    """

    folder: str
    """Absolute, without symbolic links."""
    names: tuple[str, ...]
    """Of the files, relative to the folder."""
    file: NDArray[np.int64]
    """Which of the files."""
    page: NDArray[np.int64]
    """Which of its pages."""
    axes: Mapping[str, NDArray[np.int64]]
    """Positions along the axes of a scan, the slowest axis first."""
    found: FrameColumns = field(default_factory=FrameColumns)
    """What else is told of the planes."""
    held: Mapping[str, int] = field(default_factory=dict)
    """How many pages a file holds, by its name, where more than the planes' own are told of."""
    shown: tuple[str, ...] = ()
    """Axes that are columns though they may not vary."""

    def __len__(self) -> int:
        return len(self.file)

    def path(self, number: int) -> str:
        """Return the path of one of the files."""
        return os.path.join(self.folder, self.names[number])

    def take(self, rows: NDArray[Any]) -> PlaneSet:
        """Return some of the planes, in the order given."""
        return replace(
            self,
            file=self.file[rows],
            page=self.page[rows],
            axes={name: values[rows] for name, values in self.axes.items()},
            found=self.found.take(rows),
        )

    def arranged(self) -> PlaneSet:
        """Return the planes file by file, in the order of their pages.

        Files come in the order of the first plane that each holds: so files of one plane each stay
        in the order of the planes, and those of many are read from one end to the other.
        """
        first = {name: number for number, name in reversed(list(enumerate(self.file.tolist())))}
        rank = np.array([first.get(number, 0) for number in range(len(self.names))], np.int64)
        return self.take(np.lexsort((self.page, rank[self.file])))

    @property
    def grid(self) -> tuple[str, ...]:
        """The axes that vary, the slowest first, if the planes fill their grid row by row."""
        varying = {
            name: np.unique(values, return_inverse=True)[1]
            for name, values in self.axes.items()
            if np.ptp(values) > 0
        }
        return tuple(row_major_order(varying) or ())

    def without(self, missing: Collection[str]) -> PlaneSet:
        """Return the planes that do not lie in files of these names."""
        gone = [number for number, name in enumerate(self.names) if name in missing]
        if not gone:
            return self
        varying = [name for name, values in self.axes.items() if np.ptp(values) > 0]
        rest = self.take(np.flatnonzero(~np.isin(self.file, gone)))
        return replace(rest, shown=tuple(dict.fromkeys([*self.shown, *varying])))


def ingest_planes(
    planes: PlaneSet,
    *,
    uid: str,
    facts: TiffFacts,
    origin: TiffOrigin,
    described: Described,
    key: str = "image",
    find_all: Callable[[], PlaneSet] | None = None,
    missing: Sequence[str] = (),
    lacking: int = 0,
    metadata: Mapping[str, Any] | None = None,
) -> Iterator[Document]:
    """Yield the documents of a run with an event for each plane.

    One header has been read. Of the other files, the file system is asked when documents are
    drained; they are opened only for tags that the origin asks for.

    Parameters
    ----------
    planes
        Those that lie in files which are there, as far as is known at the start: the axes that are
        `shown` are those of the run.
    uid
        Of the run.
    facts
        Of a file that holds some of the planes, all of which are like its first one of them.
    origin, described
        Who wrote the files, and what that tells.
    key
        What the images are called.
    find_all
        Finds all planes, where many files have to be opened for that: called when documents are
        drained.
    missing
        Names of files of the run that are not there.
    lacking
        How many planes are told of that are not there.
    metadata
        More for the start document; replaces what the files say.

    Raises
    ------
    UnsupportedFileError
        If there are no planes.
    """
    if not len(planes):
        raise UnsupportedFileError("none of its planes is there", where=facts.path)
    planes = planes.arranged()
    kind = _kind_of(planes, facts)
    start = StartTime.of(facts, described)
    unknown = np.full(len(planes), facts.mtime)
    told_source = "" if origin.frames else event_times(planes.found, unknown, "mtime")[1]
    run = RunComposer(
        uid=uid,
        time=start.time,
        metadata=start_metadata(
            facts,
            key,
            origin=origin,
            described=described,
            start=start,
            event_time_source=told_source,
            notes=[*start.notes, *_tell_missing(missing)],
            given={**_naming(planes, key, whole=find_all is None), **(metadata or {})},
        ),
    )
    yield run.start()
    if find_all is not None:
        planes = find_all().arranged()
    with observe():
        stats = current_observation().stats(
            planes.path(number) for number in range(len(planes.names))
        )
    headers = _read_headers(planes, origin.tags) if origin.frames is not None else []
    read = read_frames(origin, facts, headers)
    found = planes.found.joined(read)
    mtimes = np.array([facts.mtime if stat is None else stat.mtime for stat in stats])
    times, source = event_times(found, mtimes[planes.file], "mtime")
    composed = compose_stream(
        run,
        "primary",
        key=key,
        image=array_key(
            kind.shape, kind.native, source=_source(planes), dims=dims_of(kind.axes), external=True
        ),
        columns={column_name(name, key): values for name, values in _positions(planes).items()},
        source=origin.name,
        sources={},
        described=described,
        constants={**facts.constants, "event_time_source": source},
        units=facts.units,
        found=found,
        origin=origin.name,
    )
    yield composed.stream.descriptor()
    for resource in _resources(planes, kind):
        yield from composed.stream.external(key, mimetype=MIMETYPE, **resource)
    yield from composed.stream.pages(time=times, data=composed.columns)
    exit_status, reason = _outcome(planes, kind, stats, headers, missing, lacking)
    ended = described.end_time or float(times.max())
    yield run.stop(time=max(run.time, ended), exit_status=exit_status, reason=reason)


def _kind_of(planes: PlaneSet, facts: TiffFacts) -> PageKind:
    """Return what kind of page the planes are, by the first of them in the file looked at."""
    for file, page in zip(planes.file.tolist(), planes.page.tolist(), strict=True):
        if planes.path(file) == facts.path and page < len(facts.directory):
            return facts.directory.kind(page)
    return facts.directory.kind(0)


def _positions(planes: PlaneSet) -> dict[str, NDArray[np.int64]]:
    """Return the axes that vary; the page where none does."""
    varying = [name for name, values in planes.axes.items() if np.ptp(values) > 0]
    order = [*(planes.grid or varying), *(name for name in planes.shown if name in planes.axes)]
    return {name: planes.axes[name] for name in dict.fromkeys(order)} or {"page": planes.page}


def _naming(planes: PlaneSet, key: str, *, whole: bool) -> dict[str, Any]:
    """Return what the names of files and the axes tell, for the start document."""
    told: dict[str, Any] = {
        "file_name": planes.names[int(planes.file[0])],
        "hints": {
            "dimensions": [[[column_name(name, key)], "primary"] for name in _positions(planes)]
        },
    }
    if whole and len(planes.grid) > 1:
        told["shape"] = [len(np.unique(planes.axes[name])) for name in planes.grid]
    return told


def _source(planes: PlaneSet) -> str:
    used = [planes.names[number] for number in dict.fromkeys(planes.file.tolist())]
    return used[0] if len(used) == 1 else f"{used[0]} and {len(used) - 1} more"


def _tell_missing(missing: Sequence[str]) -> list[str]:
    if not missing:
        return []
    noun = "file is" if len(missing) == 1 else "files are"
    return [f"{len(missing)} {noun} missing: {_listed(missing)}"]


def _listed(names: Sequence[str]) -> str:
    more = f" and {len(names) - 3} more" if len(names) > 3 else ""
    return ", ".join(names[:3]) + more


def _resources(planes: PlaneSet, kind: PageKind) -> Iterator[dict[str, Any]]:
    """Yield a resource for each stretch of files that hold their planes alike."""
    uri = file_uri(planes.folder, folder=True)
    files: list[tuple[str, tuple[tuple[int, int], ...] | None, int]] = []
    pairs = zip(planes.file.tolist(), planes.page.tolist(), strict=True)
    for number, rows in groupby(pairs, key=lambda pair: pair[0]):
        name, pages = planes.names[number], [page for _, page in rows]
        whole = pages == list(range(max(planes.held.get(name, 0), len(pages))))
        files.append((name, None if whole else tuple(stretches(pages)), len(pages)))
    for (pages_held, count), alike in groupby(files, key=lambda item: item[1:]):
        names = [name for name, _, _ in alike]
        parameters: dict[str, Any] = {
            "penstock": 1,
            "files": names,
            "frames_per_file": count,
            "chunk_shape": [1, *kind.shape],
        }
        if pages_held is not None:
            parameters["pages"] = [list(stretch) for stretch in pages_held]
        yield {"uri": uri, "parameters": parameters, "ranges": [(0, len(names) * count)]}


def _read_headers(planes: PlaneSet, codes: Collection[int]) -> list[FrameHeader]:
    """Return the tags of every plane's page, file by file; none is opened if none is asked for."""
    wanted = frozenset(codes)
    headers: list[FrameHeader] = []
    pairs = zip(planes.file.tolist(), planes.page.tolist(), strict=True)
    for number, rows in groupby(pairs, key=lambda pair: pair[0]):
        path, pages = planes.path(number), [page for _, page in rows]
        if not wanted:
            headers += [FrameHeader(path, page) for page in pages]
            continue
        try:
            headers += _read_pages(path, pages, wanted)
        except (AssetError, UnsupportedFileError, ValueError) as error:
            why = str(getattr(error, "what", error))
            headers += [FrameHeader(path, page, problem=why) for page in pages]
    return headers


def _read_pages(path: str, pages: Sequence[int], codes: frozenset[int]) -> list[FrameHeader]:
    with open_file(path) as descriptor:
        source = Source(descriptor)
        header = read_header(source)
        if header is None:
            raise ValueError("it is not a TIFF file")
        last = max(pages)
        ifds = (
            [header.first] if last == 0 else list_pages(path, last + 1, fd=descriptor).ifds.tolist()
        )
        return [
            FrameHeader(path, page, read_tags(source, header, ifds[page], codes))
            if page < len(ifds)
            else FrameHeader(path, page, problem=f"it has {len(ifds)} pages only")
            for page in pages
        ]


def _outcome(
    planes: PlaneSet,
    kind: PageKind,
    stats: Sequence[FileStat | None],
    headers: Sequence[FrameHeader],
    missing: Sequence[str],
    lacking: int,
) -> tuple[str, str]:
    """Return exit_status and reason; nothing in the files records them."""
    counts = np.bincount(planes.file, minlength=len(planes.names))
    gone = [planes.names[n] for n in np.flatnonzero(counts).tolist() if stats[n] is None]
    if gone:
        return "fail", f"inferred: nothing is known of {_listed(gone)} any more"
    short = [
        planes.names[number]
        for number in np.flatnonzero(counts).tolist()
        if (stat := stats[number]) is not None
        and stat.size < (int(counts[number]) * kind.nbytes if kind.plain else 1)
    ]
    if short:
        ends = "ends before its" if len(short) == 1 else "end before their"
        return "fail", f"inferred: {_listed(short)} {ends} pixels do. {REMEDY}"
    unread = [header for header in headers if header.problem]
    if unread:
        names = list(dict.fromkeys(os.path.basename(header.path) for header in unread))
        return "fail", f"inferred: {_listed(names)} cannot be read: {unread[0].problem}. {REMEDY}"
    if missing:
        return "abort", f"inferred: {_tell_missing(missing)[0]}"
    if lacking:
        return "abort", f"inferred: {lacking} planes that are told of are not there"
    return "success", "inferred: every plane that the metadata tell of is there"
