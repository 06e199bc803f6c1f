"""Ingesting images of X-ray detectors in the formats that fabio reads."""

from __future__ import annotations

import math
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from ...core.documents import Document, RunComposer, array_key
from ...core.errors import AssetError, UnsupportedFileError
from ...core.places import FileSet, file_uri, observe, run_uid, select_files
from ...core.places.selection import Paths
from ..assets.fabio.frames import MIMETYPE
from ..tiff.composing import compose_stream, event_times
from ..tiff.origin import Described, FrameColumns, part_constants
from .headers import ImageFacts, inspect_image
from .meanings import FrameTold, interpret

__all__ = ["ingest_fabio_images"]

_HEADERS_APART = ("cbf", "edf")
"""Formats whose headers are read without the pixels: those of all files are."""
_MOST_TOLD = 3
_MOST_NOTES = 20
_REMEDY = 'Copy such files again, or read the others with read(bad_frames="mask").'


def ingest_fabio_images(
    paths: Paths, *, key: str = "image", metadata: Mapping[str, Any] | None = None
) -> Iterator[Document]:
    """Ingest CBF, EDF, MAR and other files that fabio reads as one run, an event for each frame.

    Settings, motors and counters of the headers that change from frame to frame are event columns;
    the others are the detector's configuration. Headers of all files are read where the format
    keeps them apart from the pixels (CBF, EDF), else that of the first. An event has the time that
    its header tells, else that of the file. Needs the extra ``penstock[fabio]``.

    After fabio's documentation, Dectris' "PILATUS CBF Header Specification" and the header
    conventions of the ESRF's SPEC and Lima.

    Parameters
    ----------
    paths
        A glob or a list of paths, of files of one format, each with as many frames as the first.
    key
        What the images are called.
    metadata
        More for the start document; replaces what the files say.

    Raises
    ------
    NoDataError, MissingFileError
        If there are no such files.
    UnsupportedFileError
        If the first, middle and last file cannot be read, or fabio is not installed.

    Examples
    --------
    >>> import pathlib, tempfile
    >>> from penstock.sample_files.origins.fabio_images import write_edf
    >>> paths = write_edf(pathlib.Path(tempfile.mkdtemp()))
    >>> run = dict(ingest_fabio_images(paths))
    >>> run["start"]["scan_id"], run["event_page"]["data"]["th"]
    (7, [1.0, 1.5, 2.0])
    """
    with observe():
        files = select_files(paths)
        facts, doubts = _look(files)
    first = interpret(facts.format, facts.headers[0])
    began = facts.mtime if first.time is None else first.time
    run = RunComposer(
        uid=run_uid(files.place, selection=files.selection),
        time=began,
        metadata=_metadata(files, facts, first, key, [*files.notes, *doubts], metadata or {}),
    )
    yield run.start()
    frames = _frames(files, facts)
    times, time_source = event_times(frames.columns, frames.mtimes, "mtime")
    composed = compose_stream(
        run,
        "primary",
        key=key,
        image=array_key(
            facts.shape,
            facts.dtype,
            source=files.template,
            dims=["z", "y", "x"][-len(facts.shape) :] if len(facts.shape) <= 3 else None,
            external=True,
        ),
        columns=_name_columns(files, len(facts.headers)),
        source="file name",
        sources={"frame": "frame of its file"},
        described=Described(),
        constants={"format": facts.format, "event_time_source": time_source},
        units={},
        found=frames.columns,
        origin="header",
    )
    yield composed.stream.descriptor()
    uri = file_uri(files.folder)
    yield from composed.stream.external(
        key,
        mimetype=MIMETYPE,
        uri=uri if uri.endswith("/") else f"{uri}/",
        parameters={
            "penstock": 1,
            "format": facts.format,
            "files": list(files.names),
            "frames_per_file": len(facts.headers),
            "chunk_shape": [1, *facts.shape],
        },
        ranges=[(0, len(times))],
    )
    yield from composed.stream.pages(time=times, data=composed.columns)
    exit_status, reason = _outcome(files, frames.problems)
    yield run.stop(time=max(began, float(times.max())), exit_status=exit_status, reason=reason)


def _look(files: FileSet) -> tuple[ImageFacts, list[str]]:
    """Look at the first file that can be read of the first, the middle and the last."""
    notes: list[str] = []
    first: Exception | None = None
    for number in dict.fromkeys((0, len(files) // 2, len(files) - 1)):
        try:
            return inspect_image(files.path(number)), notes
        except (UnsupportedFileError, AssetError) as error:
            first = first or error
            notes.append(f"{files.names[number]} cannot be read: {error.what}")
    assert first is not None
    raise first


def _metadata(
    files: FileSet,
    facts: ImageFacts,
    first: FrameTold,
    key: str,
    notes: list[str],
    given: Mapping[str, Any],
) -> dict[str, Any]:
    told: dict[str, Any] = {
        "detectors": [key],
        "time_source": first.time_source if first.time is not None else "mtime",
        "file_name": files.template,
        **first.start,
    }
    axes = [*files.indices, *(["frame_number"] if files.numbers is not None else [])]
    axes += ["frame"] if len(facts.headers) > 1 else []
    if axes:
        told["hints"] = {"dimensions": [[[axis], "primary"] for axis in axes]}
    notes = [*notes, *first.notes]
    if facts.format not in _HEADERS_APART and len(files) > 1:
        notes.append("of the other files no header is read: it takes their pixels, too")
    if notes:
        told["notes"] = notes[:_MOST_NOTES]
    return {**told, **given}


@dataclass(frozen=True)
class _Frames:
    """What the headers of all frames tell."""

    columns: FrameColumns
    mtimes: NDArray[np.float64]
    problems: tuple[str, ...]


def _frames(files: FileSet, facts: ImageFacts) -> _Frames:
    with observe():
        stats = files.stats()
    each = len(facts.headers)
    mtimes = [facts.mtime if stat is None else stat.mtime for stat in stats]
    told: list[FrameTold | None] = []
    problems: list[str] = []
    for name, path, stat in zip(files.names, files.paths, stats, strict=True):
        one: ImageFacts | None = facts if path == facts.path else None
        if one is None and facts.format in _HEADERS_APART and not (stat and stat.on_tape):
            try:
                one = inspect_image(path)
            except (UnsupportedFileError, AssetError) as error:
                problems.append(f"{name} cannot be read: {error.what}")
        problems += [] if one is None else _differences(name, one, facts)
        headers = [] if one is None else one.headers[:each]
        told += [interpret(facts.format, header) for header in headers]
        told += [None] * (each - len(headers))
    read = [one for one in told if one is not None]
    names = list(dict.fromkeys(name for one in read for name in one.values))
    varying, constants = part_constants({n: [one.values.get(n) for one in read] for n in names})
    units: dict[str, str] = {}
    for frame in read:
        units.update(frame.units)
    defaults = [name for name in read[0].defaults if name in constants]
    if defaults:
        constants["at_default"] = defaults
    times = np.array([math.nan if one is None or one.time is None else one.time for one in told])
    columns = FrameColumns(
        columns={n: [None if one is None else one.values.get(n) for one in told] for n in varying},
        units=units,
        times=times,
        time_source=read[0].time_source or "header",
        constants=constants,
    )
    return _Frames(columns, np.repeat(np.array(mtimes), each), tuple(problems))


def _differences(name: str, one: ImageFacts, usual: ImageFacts) -> Iterator[str]:
    if one.problem:
        yield f"{name}: {one.problem}"
    if (one.format, one.shape, one.dtype) != (usual.format, usual.shape, usual.dtype):
        yield f"{name} holds {_spelled(one)}, not {_spelled(usual)}"
    elif len(one.headers) != len(usual.headers):
        yield f"{name} holds {len(one.headers)} frames, not {len(usual.headers)}"


def _spelled(facts: ImageFacts) -> str:
    return f"{' × '.join(map(str, facts.shape))} {facts.dtype} ({facts.format})"


def _name_columns(files: FileSet, each: int) -> dict[str, NDArray[Any]]:
    numbers: dict[str, Sequence[int]] = dict(files.indices)
    if files.numbers is not None:
        numbers["frame_number"] = files.numbers
    columns = {name: np.repeat(np.array(values), each) for name, values in numbers.items()}
    if each > 1:
        columns["frame"] = np.tile(np.arange(each), len(files))
    return columns


def _outcome(files: FileSet, problems: Sequence[str]) -> tuple[str, str]:
    """Return exit_status and reason; nothing in the files records them."""
    if problems:
        more = f" and {len(problems) - _MOST_TOLD} more" if len(problems) > _MOST_TOLD else ""
        return "fail", f"inferred: {'; '.join(problems[:_MOST_TOLD])}{more}. {_REMEDY}"
    exit_status = "abort" if files.numbering.missing else "success"
    return exit_status, f"inferred: among the names of the files, {files.numbering.told}"
