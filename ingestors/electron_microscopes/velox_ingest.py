"""Runs of Velox files: detectors that took as many frames are one stream."""

from __future__ import annotations

import os
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from ...core.documents import Document, RunComposer, array_key, column_key, safe_key
from ...core.errors import NoDataError
from ...core.places import file_uri, place_of_file, run_uid
from ...core.places.observation import current_observation
from ...core.places.recalling import real_path, recall
from ...core.registry import Acquisition, RunsFound
from ..assets.hdf5.frames import MIMETYPE, VERSION
from ..bounding import fit_configuration, fit_metadata
from ..hdf5.completeness import is_being_written
from ..hdf5.reader import open_reader
from ..labels import unique_keys
from .velox import Detector, find_detectors, is_velox, read_detector, tell_left_out

__all__ = ["ingest_velox", "probe_velox"]

_MOST_METADATA = 40 * 1024
_MOST_NOTES = 20


@dataclass(frozen=True)
class _Content:
    """All that the documents tell."""

    detectors: dict[str, Detector]
    """By data key, the one with most frames first."""
    notes: list[str]
    mtime: float
    writing: bool


def ingest_velox(
    filename: str | os.PathLike[str], *, metadata: Mapping[str, Any] | None = None
) -> Iterator[Document]:
    """Ingest the images of a Velox file (EMD) as one run.

    Detectors that took as many frames as the first are the stream ``primary``, a data key each;
    others are streams of their own. What is constant (voltages, exposure, pixel size, saturation)
    is configuration of the detector, what varies (the stage, the focus) is columns. The metadata of
    the first frame stand under ``velox``. Spectra are left out, and told. No pixel is read.

    Parameters
    ----------
    filename
        The file.
    metadata
        More for the start document; replaces what the file says.

    Raises
    ------
    NoDataError
        If it holds no images, or was not written by Velox.
    UnsupportedFileError, AssetError
        If it cannot be opened, or is damaged.

    Examples
    --------
    >>> from penstock.sample_files.origins.electron_microscopes import write_velox
    >>> (path,) = write_velox("velox")
    >>> run = list(ingest_velox(path))
    >>> run[0][1]["detectors"], run[-1][1]["num_events"]
    (['BM-Ceta'], {'primary': 3})
    """
    path = real_path(os.fspath(filename))
    content = recall(("velox", path), lambda: _read(path))
    first = next(iter(content.detectors.values()))
    time = content.mtime if first.time is None else first.time
    run = RunComposer(
        uid=run_uid(place_of_file(os.fspath(filename))),
        time=time,
        metadata={**_start_metadata(path, content), **(metadata or {})},
    )
    yield run.start()
    ends = [time]
    for name, members in _streams(content.detectors).items():
        times, source = _times(next(iter(members.values())), time)
        ends.append(float(times.max()) if len(times) else time)
        yield from _stream(run, name, members, path, times, source)
    yield run.stop(time=max(ends), **_outcome(content))


def probe_velox(paths: list[str]) -> RunsFound | None:
    """Accept a file that Velox wrote and that holds images.

    Raises
    ------
    NoDataError, UnsupportedFileError, AssetError
        If it holds none, or cannot be read.
    """
    if len(paths) != 1:
        return RunsFound(separate=True) if paths else None
    with open_reader(paths[0]) as reader:
        if not is_velox(reader):
            return None
        found = find_detectors(reader)
        shapes = [f"{info.shape} {info.dtype}" for info in found]
        events = (found[0].shape or (0,))[-1]
        return RunsFound(
            detail=f"/Version says Velox; images {', '.join(shapes[:4])}",
            notes=tuple(tell_left_out(reader)),
            acquisitions=(Acquisition(events=events),),
        )


def _read(path: str) -> _Content:
    with open_reader(path) as reader:
        if not is_velox(reader):
            raise NoDataError(
                "is no file of Velox", where=path, remedy="Ingest it with ingest_hdf5."
            )
        found = [read_detector(reader, info) for info in find_detectors(reader)]
        found.sort(key=lambda detector: -detector.frames)
        keys = unique_keys(detector.name or "image" for detector in found)
        notes = [
            *reader.tree.notes,
            *tell_left_out(reader),
            *(note for detector in found for note in detector.notes),
        ]
        return _Content(
            dict(zip(keys, found, strict=True)),
            notes,
            current_observation().stat(path).mtime,
            is_being_written(reader.file),
        )


def _start_metadata(path: str, content: _Content) -> dict[str, Any]:
    first = next(iter(content.detectors.values()))
    notes = list(content.notes)
    everything, left_out = fit_metadata(first.everything, _MOST_METADATA)
    notes += left_out
    times = _times(first, 0.0)[1]
    told: dict[str, Any] = {
        **first.start,
        "detectors": list(content.detectors),
        "file_name": os.path.basename(path),
        "time_source": "mtime" if first.time is None else "file",
        "event_time_source": times,
    }
    if everything:
        told["velox"] = everything
    missing = _missing(content)
    if notes or missing:
        told["notes"] = [note[:1000] for note in [*notes, *missing][:_MOST_NOTES]]
    return told


def _streams(detectors: Mapping[str, Detector]) -> dict[str, dict[str, Detector]]:
    most = next(iter(detectors.values())).frames
    streams: dict[str, dict[str, Detector]] = {}
    for key, detector in detectors.items():
        name = "primary" if detector.frames == most else key
        streams.setdefault(name, {})[key] = detector
    return streams


def _times(detector: Detector, start: float) -> tuple[NDArray[np.float64], str]:
    """Return the time of each frame, and where that comes from."""
    if detector.times is not None:
        return detector.times, "file"
    step = detector.constants.get("frame_time", 0.0)
    source = "start of the run, and the time of a frame" if step else "start of the run"
    return start + step * np.arange(1, detector.frames + 1), source


def _stream(
    run: RunComposer,
    name: str,
    detectors: Mapping[str, Detector],
    path: str,
    times: NDArray[np.float64],
    source: str,
) -> Iterator[Document]:
    keys: dict[str, dict[str, Any]] = {}
    data: dict[str, Any] = {}
    configuration: dict[str, dict[str, Any]] = {}
    units: dict[str, str] = {}
    for key, detector in detectors.items():
        keys[key] = array_key(
            detector.shape,
            detector.dtype,
            source=f"HDF5:{detector.path}",
            dims=["y", "x"],
            external=True,
        )
        configuration[key], _ = fit_configuration(
            {**detector.constants, "event_time_source": source}
        )
        units |= detector.units
        for column, values in detector.columns.items():
            data.setdefault(safe_key(column), values)
    for column, values in data.items():
        keys[column] = column_key(values, source=f"HDF5:{path}", units=units.get(column))
    composed = run.stream(name, data_keys=keys, configuration=configuration, units=units)
    yield composed.descriptor()
    for key, detector in detectors.items():
        if detector.frames:
            yield from composed.external(
                key,
                mimetype=MIMETYPE,
                uri=file_uri(path),
                parameters={
                    "penstock": VERSION,
                    "path": detector.path,
                    "frame_axis": 2,
                    "chunk_shape": list(detector.chunks),
                    "locking": False,
                },
                ranges=[(0, detector.frames)],
            )
    yield from composed.pages(time=times, data=data)


def _missing(content: _Content) -> list[str]:
    found = [
        f"of {key}, {detector.missing}"
        for key, detector in content.detectors.items()
        if detector.missing
    ]
    if content.writing:
        found.append("a writer has the file open, or died without closing it")
    return found


def _outcome(content: _Content) -> dict[str, str]:
    missing = _missing(content)
    if missing:
        return {"exit_status": "abort", "reason": f"inferred: {'; '.join(missing)}"}
    return {"exit_status": "success", "reason": "inferred: nothing is missing in the file"}
