"""Copying a run into a folder, whatever the format: not twice, and whole or not at all."""

from __future__ import annotations

import os
import time
from collections.abc import Iterable, Iterator, Mapping
from typing import TYPE_CHECKING, Any, BinaryIO, Literal, TypeAlias

from ..core.assets.masking import UNREADABLE
from ..core.documents import Document, normalise
from ..core.errors import PenstockError, TruncatedFileError, UnsupportedFileError
from ..core.places import prepare_folder
from ..core.report import Outcome, ReportItem
from ..core.run.rows import external_keys
from ._format import CopyFormat
from ._limits import fitting_pages, growing_pages
from ._mark import NO_STOP, make_mark, tell_masked
from ._writing import (
    EarlySync,
    check_space,
    clear_leftovers,
    find_copy,
    open_new,
    refuse_existing,
)

if TYPE_CHECKING:
    from ..core.run import BlueskyRun
    from ..core.run.bluesky_run import BadFrames

__all__ = ["copy_run", "export_copy"]

Judgement: TypeAlias = Literal["absent", "fresh", "stale", "fuller"]


_MOST_WIDENED = 4
"""A masked copy holds floats of 32 bits, at least, where the run may have bytes."""


def copy_run(
    run: BlueskyRun, directory: str, files: CopyFormat, bad_frames: BadFrames = "raise"
) -> ReportItem:
    """Write a copy of a run into a folder, unless an up-to-date one is there.

    Raises
    ------
    TooLargeError
        Before anything is written.
    UnusableFolderError
        If the folder cannot be written into; before the run is read.
    PenstockError
        If a file of that name is there which is no copy of this run.
    """
    directory = prepare_folder(directory)
    file = run.provenance.get("file")
    if file and file.endswith(files.suffix) and _lies_in(file, directory):
        why = "the run is read from this folder"
        return ReportItem(file, "skipped", why, uid=run.uid, details={"path": file})
    clear_leftovers(directory)
    path = find_copy(directory, run.uid, files.suffix)
    start = run.metadata["start"]
    fingerprint = run.fingerprint()  # before reading: what changes meanwhile is stale afterwards
    state = None if fingerprint is None else fingerprint.to_dict()
    there = _judge(path, run, files, start, state)
    if there == "fresh":
        why, remedy = "the copy is up to date", ""
        if state is None:
            why = "the copy has the run's start and stop; nothing tells of its files"
            remedy = "Remove the copy to have it made again, or register the ingestor."
        return ReportItem(path, "skipped", why, remedy, uid=run.uid, details={"path": path})
    lack = _lack(run)
    if there == "fuller":
        why = f"a whole copy would be replaced by a partial one: {lack}"
        remedy = "Keep the copy, copy into another folder, or remove the copy first."
        return ReportItem(path, "refused", why, remedy, uid=run.uid, details={"path": path})

    return _copy(path, run, files, state, bad_frames, replaced=there == "stale")


def export_copy(
    run: BlueskyRun,
    target: str,
    files: CopyFormat,
    *,
    overwrite: bool,
    bad_frames: BadFrames = "raise",
) -> ReportItem:
    """Write a copy of a run under a name of the caller's.

    Raises
    ------
    TargetExistsError
        If there is something of that name, and it is not to be replaced.
    TooLargeError
        Before anything is written.
    """
    target = os.path.abspath(target)
    prepare_folder(os.path.dirname(target))
    refuse_existing(target, overwrite=overwrite)
    fingerprint = run.fingerprint()
    state = None if fingerprint is None else fingerprint.to_dict()
    return _copy(target, run, files, state, bad_frames, replaced=os.path.lexists(target))


def _copy(
    path: str,
    run: BlueskyRun,
    files: CopyFormat,
    state: Any,
    bad_frames: BadFrames,
    *,
    replaced: bool,
) -> ReportItem:
    """Write the copy, and tell what it lacks."""
    directory = os.path.dirname(path)
    needed = files.estimate(run)
    check_space(directory, needed)
    told = {"fingerprint": state, "copied": time.time(), "provenance": _made_by(run)}
    cut = _cut(run)
    if cut:
        told["truncated"] = cut
    mark = make_mark(run.uid, told)
    masked: dict[str, set[int]] | None = None
    try:
        size, events, is_complete = _write_file(path, run, files, mark, masked)
    except UNREADABLE:
        if bad_frames == "raise":
            raise
        check_space(directory, _MOST_WIDENED * needed)
        masked = {}
        size, events, is_complete = _write_file(path, run, files, mark, masked)
    faults = [] if is_complete else [_lack(run) or NO_STOP]
    faults += tell_masked(mark["parameters"])
    outcome: Outcome = "partial" if faults else "ok"
    why = "; ".join(faults)
    details = {"path": path, "bytes": size, "events": events, "replaced": replaced}
    return ReportItem(path, outcome, why, uid=run.uid, details=details)


def _made_by(run: BlueskyRun) -> dict[str, Any]:
    """Return who made the documents of a run, and why; not what is told of its files."""
    about_files = ("file", "copied", "truncated", "fingerprint", "replaced")
    told = {key: value for key, value in run.provenance.items() if key not in about_files}
    plain: dict[str, Any] = normalise(told)
    return plain


def _lies_in(file: str, directory: str) -> bool:
    """Tell whether a file lies in a folder, itself or as a link from or to elsewhere."""
    return directory in (
        os.path.realpath(os.path.dirname(file)),
        os.path.dirname(os.path.realpath(file)),
    )


def _cut(run: BlueskyRun) -> str:
    """Return what a copy of a run that was read from a cut file says of that; "" of others."""
    told = run.provenance
    if "truncated" not in told:
        return ""
    return f"was copied from {told.get('file')}, which {told['truncated']}"


def _lack(run: BlueskyRun) -> str:
    """Tell what makes a run a partial one; "" of a whole one."""
    told = run.provenance
    if "truncated" in told:
        return f"{told.get('file')} {told['truncated']}"
    return "" if run.metadata["stop"] is not None else NO_STOP


def _write_file(
    path: str,
    run: BlueskyRun,
    files: CopyFormat,
    mark: dict[str, Any],
    masked: dict[str, set[int]] | None,
) -> tuple[int, int, bool]:
    """Write the file; return its size, how many events it holds, and whether it has a stop."""
    with open_new(path) as file:
        documents = run.documents(fill=files.fill, masked=masked)
        events, is_complete = _write(
            file, _noting(documents, {} if masked is None else masked, mark), files, mark
        )
        file.flush()
        files.read_mark(file.name)  # nothing gets its name that readers would refuse
        return file.tell(), events, is_complete


def _noting(
    documents: Iterable[Document], masked: Mapping[str, set[int]], mark: dict[str, Any]
) -> Iterator[Document]:
    """Pass on documents, and note in the mark, which is written after them, what was masked."""
    yield from documents
    found = {key: sorted(rows) for key, rows in masked.items() if rows}
    if found:
        mark["parameters"]["masked"] = found


def _write(
    file: BinaryIO, documents: Iterable[Document], files: CopyFormat, mark: dict[str, Any]
) -> tuple[int, bool]:
    """Write documents, the mark before the stop; return how many events and whether it stopped."""
    events, stop = 0, None
    with EarlySync(file) as early:
        for name, doc in documents:
            if name == "stop":
                stop = doc
                continue
            events += 1 if name == "event" else len(doc["seq_num"]) if name == "event_page" else 0
            for fitting in fitting_pages(name, doc, arrays_as_lists=not files.has_arrays):
                parts = growing_pages(fitting, file.tell) if name == "event_page" else [fitting]
                for part in parts:
                    files.write(file, name, part)
                    early.note()
    mark["parameters"]["has_stop"] = stop is not None
    for part in fitting_pages("stream_resource", mark, arrays_as_lists=not files.has_arrays):
        files.write(file, "stream_resource", part)
    if stop is not None:
        for part in fitting_pages("stop", stop, arrays_as_lists=not files.has_arrays):
            files.write(file, "stop", part)
    return events, stop is not None


def _judge(
    path: str, run: BlueskyRun, files: CopyFormat, start: dict[str, Any], state: Any
) -> Judgement:
    """Tell whether the copy is ``"absent"``, ``"fresh"``, or ``"stale"`` and to be replaced.

    It is ``"fuller"`` where it has a stop and the run, of the same start, has none or was cut.

    Raises
    ------
    PenstockError
        If the file is no copy of this run: it is not ours to replace.
    """
    try:
        there = files.read_ends(path).start
        mark, stop = files.read_mark(path)
    except FileNotFoundError:
        return "absent"
    except TruncatedFileError:
        return "stale"
    except UnsupportedFileError as error:
        raise PenstockError(
            f"would be replaced by a copy of run {run.uid}, but {error.what}",
            where=path,
            remedy="Move it away, or copy into another folder.",
        ) from error
    if there.get("uid") != run.uid:
        raise PenstockError(
            f"would be replaced by a copy of run {run.uid}, but holds run {there.get('uid')}",
            where=path,
            remedy="Copy into another folder.",
        )
    if not _same(there, start):
        return "stale"
    if mark is not None and (state is not None or mark.get("fingerprint") is not None):
        is_fresh = mark.get("fingerprint") == state
    else:  # nothing tells what it was made from: the documents' two ends have to do
        is_fresh = stop is not None and _same_stop(stop, run)
        if is_fresh and mark is None and files.fill == "yes":  # others write references as well
            is_fresh = _is_self_contained(files.read_documents(path))
    if is_fresh:
        return "fresh"
    return "fuller" if stop is not None and _lack(run) else "stale"


def _is_self_contained(documents: Iterable[Document]) -> bool:
    """Tell whether events hold what their descriptors promise, and no references to assets."""
    awaited: set[tuple[str, str]] = set()
    for name, doc in documents:
        if name == "descriptor":
            awaited |= {(doc["uid"], key) for key in external_keys(doc)}
        elif name in ("event", "event_page"):
            awaited -= {(doc["descriptor"], key) for key in doc["data"]}
            for flags in (doc.get("filled") or {}).values():
                if any(flag is False for flag in (flags if name == "event_page" else [flags])):
                    return False
    return not awaited


def _same_stop(there: dict[str, Any], run: BlueskyRun) -> bool:
    """Compare stops, without what is another one in each pass through the run's documents."""
    stop = run.metadata["stop"]
    if stop is None or _same(_without(there, {"uid"}), _without(stop, {"uid"})):
        return stop is not None
    again = run.drain_again()["stop"] or {}
    fickle = {key for key in stop.keys() | again.keys() if stop.get(key) != again.get(key)}
    return bool(fickle) and _same(_without(there, fickle), _without(stop, fickle))


def _without(doc: dict[str, Any], keys: set[str]) -> dict[str, Any]:
    return {key: value for key, value in doc.items() if key not in keys}


def _same(one: Any, other: Any) -> bool:
    """Compare documents, NaN equal to itself."""
    return repr(normalise(one)) == repr(normalise(other))
