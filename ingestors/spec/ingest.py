"""SPEC files: one run for each scan."""

from __future__ import annotations

import os
from collections.abc import Iterator, Mapping
from typing import Any

import numpy as np

from ...core.documents import Document, RunComposer, column_key, safe_metadata
from ...core.places import place_of_file, run_uid
from ...core.places.recalling import real_path
from .index import find_scan, index_file
from .scan import Scan, read_scan
from .times import ScanTimes, scan_times

__all__ = ["ingest_spec"]

_CLOCKS = frozenset({"epoch", "time"})
_MOST_NOTES = 20
_MOST_TEXT = 24 * 1024
"""Of what the file says of a scan, in its start document."""


def ingest_spec(
    filename: str | os.PathLike[str],
    *,
    scan: str | int | None = None,
    metadata: Mapping[str, Any] | None = None,
) -> Iterator[Document]:
    r"""Ingest one scan of a SPEC file.

    Its points are the events of ``primary``, a column each; spectra (``@A``) are columns of arrays.
    Where the motors stood is the one event of ``baseline``.

    Parameters
    ----------
    filename
        The file.
    scan
        Number and order of the scan (``"5.1"``; ``"5.2"`` where the number was used again), or the
        number alone where it was used once. May be left out where the file holds one scan.
    metadata
        More for the start document; replaces what the file says.

    Raises
    ------
    NoDataError, AmbiguousDataError
        If the scan is not there, or it is not told which.
    AssetError, UnsupportedFileError, TooLargeError
        If the file cannot be read, is no text, or the scan takes more than 256 MiB.

    Examples
    --------
    >>> import pathlib, tempfile
    >>> path = pathlib.Path(tempfile.mkdtemp(), "day1")
    >>> _ = path.write_text("#F day1\n#S 7 ascan th 0 1 1 1\n#L th  det\n0 5\n1 7\n")
    >>> documents = list(ingest_spec(path))
    >>> [name for name, doc in documents]
    ['start', 'descriptor', 'event_page', 'stop']
    >>> documents[0][1]["scan_id"], documents[2][1]["data"]
    (7, {'th': [0, 1], 'det': [5, 7]})
    """
    path = os.fspath(filename)
    index = index_file(real_path(path))
    place = find_scan(index, scan)
    found = read_scan(index, place)
    times = scan_times(found, index.mtime)
    _sort_out_spectra(found)
    run = RunComposer(
        uid=run_uid(place_of_file(path), part=place.name),
        time=times.start,
        metadata={**_start_metadata(found, times, path), **(metadata or {})},
    )
    yield run.start()
    if found.positions:
        yield from _baseline(run, found, times)
    yield from _primary(run, found, times)
    yield from _loose_spectra(run, found, times)
    yield run.stop(time=max([times.start, *times.rows.tolist()]), **_outcome(found))


def _sort_out_spectra(scan: Scan) -> None:
    """Note which spectra are not one for each point."""
    for key, spectra in scan.spectra.items():
        if len(spectra) != scan.rows:
            scan.notes.append(
                f"{key} has {len(spectra)} spectra for {scan.rows} points: a stream of its own"
            )


# Documents -------------------------------------------------------------------------------------


def _baseline(run: RunComposer, scan: Scan, times: ScanTimes) -> Iterator[Document]:
    stream = run.stream(
        "baseline",
        data_keys={
            key: column_key([value], source="SPEC:#P") for key, value in scan.positions.items()
        },
    )
    yield stream.descriptor()
    yield from stream.pages(
        time=[times.start], data={key: [value] for key, value in scan.positions.items()}
    )


def _primary(run: RunComposer, scan: Scan, times: ScanTimes) -> Iterator[Document]:
    data: dict[str, Any] = dict(scan.columns)
    keys = {
        key: column_key(values, source=f"SPEC:{scan.labels[key]}")
        for key, values in scan.columns.items()
    }
    for key, spectra in scan.spectra.items():
        if len(spectra) == scan.rows:
            data[key] = _stacked(spectra)
            keys[key] = column_key(data[key], source="SPEC:@")
    stream = run.stream("primary", data_keys=keys)
    yield stream.descriptor()
    yield from stream.pages(time=times.rows, data=data)


def _loose_spectra(run: RunComposer, scan: Scan, times: ScanTimes) -> Iterator[Document]:
    for key, spectra in scan.spectra.items():
        if len(spectra) == scan.rows:
            continue
        values = _stacked(spectra)
        stream = run.stream(key, data_keys={key: column_key(values, source="SPEC:@")})
        yield stream.descriptor()
        yield from stream.pages(time=np.full(len(spectra), times.start), data={key: values})


def _stacked(spectra: list[np.ndarray[Any, Any]]) -> Any:
    alike = len({len(spectrum) for spectrum in spectra}) == 1
    return np.stack(spectra) if alike else [spectrum.tolist() for spectrum in spectra]


# The start and the end ---------------------------------------------------------------------------


def _start_metadata(scan: Scan, times: ScanTimes, path: str) -> dict[str, Any]:
    command = scan.place.command
    counters = [key for key in scan.columns if key not in scan.moved and key.lower() not in _CLOCKS]
    spectra = [key for key, values in scan.spectra.items() if len(values) == scan.rows]
    metadata: dict[str, Any] = {
        "scan_id": scan.place.number,
        "file_name": os.path.basename(path),
        "command": command[:1000],
        "detectors": _bounded([*counters, *spectra]),
        "motors": list(scan.moved),
        "time_source": times.start_source,
        "event_time_source": times.rows_source,
        "spec": _texts(scan),
    }
    if command.split():
        metadata["plan_name"] = command.split()[0][:200]
    if uid := scan.lines.metadata.get("uid"):
        metadata["original_uid"] = uid
    if notes := [*times.notes, *scan.notes]:
        metadata["notes"] = [note[:1000] for note in notes[:_MOST_NOTES]]
    return {**metadata, **_scanned(scan)}


def _scanned(scan: Scan) -> dict[str, Any]:
    """Return what the start document says of the axes that were scanned."""
    if scan.motion is None or not scan.moved:
        return {}
    points = int(np.prod(scan.motion.shape, dtype=object))
    if not scan.motion.is_grid:
        # Motors that move together are one axis.
        return {
            "num_points": points,
            "hints": {"dimensions": [[list(scan.moved), "primary"]]},
        }
    extents = [[_at(scan, key, min), _at(scan, key, max)] for key in scan.moved if scan.rows]
    return {
        "num_points": points,
        "shape": list(scan.motion.shape),
        **({"extents": extents} if extents else {}),
        "hints": {
            "dimensions": [[[key], "primary"] for key in scan.moved],
            "gridding": "rectilinear",
        },
    }


def _at(scan: Scan, key: str, choose: Any) -> float:
    return float(choose(scan.columns[key].tolist()))


def _texts(scan: Scan) -> dict[str, Any]:
    """Return the file's own words about a scan, as many as fit."""
    words: dict[str, Any] = {
        "comments": [*scan.header.comments, *scan.lines.comments],
        "metadata": scan.lines.metadata,
        "header": scan.header.texts,
        "scan": scan.lines.texts,
    }
    kept: dict[str, Any] = {}
    left = _MOST_TEXT
    for name, said in words.items():
        items = said.items() if isinstance(said, dict) else enumerate(said)
        fitting: dict[Any, str] = {}
        for key, text in items:
            left -= len(str(key).encode()) + len(text.encode()) + 8
            if left < 0:
                break
            fitting[key] = text
        if fitting:
            kept[name] = fitting if isinstance(said, dict) else list(fitting.values())
    if left < 0:
        kept["left_out"] = f"what is said beyond {_MOST_TEXT} bytes"
    found: dict[str, Any] = safe_metadata(kept)
    return found


def _bounded(names: list[str], most: int = 500) -> list[str]:
    return names[:most]


def _outcome(scan: Scan) -> dict[str, str]:
    if scan.aborted:
        return {"exit_status": "abort", "reason": f"recorded: {scan.aborted}"}
    if scan.cut:
        return {"exit_status": "abort", "reason": f"inferred: {scan.cut}"}
    if not scan.rows:
        return {"exit_status": "abort", "reason": "inferred: the scan holds no points"}
    planned = None if scan.motion is None else int(np.prod(scan.motion.shape, dtype=object))
    if planned is not None and scan.rows < planned:
        reason = f"inferred: {scan.rows} of {planned} points were taken"
        return {"exit_status": "abort", "reason": reason}
    told = "nothing is missing" if planned is None else f"all {planned} points were taken"
    return {"exit_status": "success", "reason": f"inferred: {told}"}
