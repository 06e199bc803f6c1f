"""A table in a text file, as a run with an event for each row."""

from __future__ import annotations

import os
from collections.abc import Iterator, Mapping
from typing import Any

from ...core.documents import Document, RunComposer, column_key, safe_metadata
from ...core.places import place_of_file, run_uid
from ...core.places.observation import current_observation
from ...core.places.recalling import real_path
from ..times import configured_zone, parse_time, zone_told
from .columns import LogColumn, frame_numbers, row_times
from .logs import read_log
from .table import Table

__all__ = ["ingest_text_log"]

_MOST_SAID = 24 * 1024


def ingest_text_log(
    filename: str | os.PathLike[str], *, metadata: Mapping[str, Any] | None = None
) -> Iterator[Document]:
    r"""Ingest the table in a text file: a log of motors and counters, such as stands beside images.

    Values are separated by tabs, commas, semicolons or blanks; labels stand above them, in a
    comment or not. Lines such as ``#Key: value`` above the table go into the start document. Where
    a column tells which frame a row is about, by number or by the name of its file, there is a
    column ``frame_number`` as well.

    Parameters
    ----------
    filename
        The file, of at most 32 MiB.
    metadata
        More for the start document; replaces what the file says.

    Raises
    ------
    UnsupportedFileError
        If the text is no table.
    MissingFileError, AssetError, TooLargeError
        If the file cannot be read, or is larger.

    Examples
    --------
    >>> import pathlib, tempfile
    >>> path = pathlib.Path(tempfile.mkdtemp(), "scan.log")
    >>> _ = path.write_text("#Sample:\tCu\n#Filename\tI0\nscan_01.tif\t2.5\nscan_02.tif\t2.6\n")
    >>> documents = list(ingest_text_log(path))
    >>> documents[0][1]["text_log"], documents[2][1]["data"]["frame_number"]
    ({'Sample': 'Cu'}, [1, 2])
    """
    path = os.fspath(filename)
    real = real_path(path)
    table, columns = read_log(real)
    data: dict[str, list[Any]] = {column.key: column.values for column in columns}
    keys = {
        column.key: column_key(column.values, source=f"text:{column.label}", units=column.units)
        for column in columns
    }
    if (frames := frame_numbers(columns)) is not None and "frame_number" not in keys:
        told, data["frame_number"] = frames
        keys["frame_number"] = column_key(frames[1], source=f"text:{told.label}")

    metadata = {**_start_metadata(table, path), **(metadata or {})}
    mtime = current_observation().stat(real).mtime
    start, times = _add_times(metadata, table, columns, mtime)
    run = RunComposer(uid=run_uid(place_of_file(path)), time=start, metadata=metadata)
    yield run.start()
    stream = run.stream("primary", data_keys=keys)
    yield stream.descriptor()
    yield from stream.pages(time=times, data=data)
    yield run.stop(time=max([start, *times]), **_outcome(table))


def _start_metadata(table: Table, path: str) -> dict[str, Any]:
    metadata: dict[str, Any] = {"file_name": os.path.basename(path)}
    left = _MOST_SAID
    said: dict[str, str] = {}
    for key, text in table.said.items():
        left -= len(key.encode()) + len(text.encode()) + 8
        if left < 0:
            break
        said[key] = text
    if said:
        metadata["text_log"] = safe_metadata(said)
    return metadata


def _add_times(
    metadata: dict[str, Any], table: Table, columns: list[LogColumn], mtime: float
) -> tuple[float, list[float]]:
    """Return when the run began and its rows were written; the metadata tell how it is known."""
    notes: list[str] = []
    rows = row_times(columns)
    said = next((text for key, text in table.said.items() if key.lower() in ("date", "time")), "")
    began = parse_time(said, configured_zone())
    knows_zone = rows[2] if rows is not None else began is None or began[1]
    if not knows_zone:
        notes.append(f"its times have no zone: {zone_told()}")
    if table.uneven and not table.is_cut:
        told = ", ".join(map(str, table.uneven[:5]))
        notes.append(f"rows with more or fewer values than the others are left out: {told}")
    if notes:
        metadata.setdefault("notes", notes)
    if rows is not None:
        source = f"text:{rows[1].label}"
        metadata.setdefault("time_source", "file")
        metadata.setdefault("event_time_source", source)
        return min(rows[0]), rows[0]
    start = mtime if began is None else began[0]
    metadata.setdefault("time_source", "mtime" if began is None else "file")
    metadata.setdefault("event_time_source", "mtime" if began is None else "the run's: file")
    return start, [start] * len(table.rows)


def _outcome(table: Table) -> dict[str, str]:
    if table.is_cut:
        return {"exit_status": "abort", "reason": "inferred: the file ends in the last row"}
    if table.uneven:
        reason = f"inferred: {len(table.uneven)} rows have more or fewer values than the others"
        return {"exit_status": "abort", "reason": reason}
    return {"exit_status": "success", "reason": "inferred: every row has all its values"}
