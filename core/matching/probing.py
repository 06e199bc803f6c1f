"""Asking an ingestor's probe about files, in this process or in a worker that may crash."""

from __future__ import annotations

import errno
import os
from collections.abc import Sequence
from typing import Any

from .._isolated import tell_error
from ..config import get_config
from ..errors import (
    AmbiguousDataError,
    FileCrashesReaderError,
    NoDataError,
    PluginError,
    UnsupportedFileError,
)
from ..isolation import rebuild_error
from ..places.consulting import Consulted
from ..places.observation import observe
from ..registry.answers import check_found
from ..registry.records import Ingestor, RunsFound
from ..registry.references import resolve_reference, tell_exit
from .ahead import ask_worker
from .caveats import doubt, note_consulted

__all__ = ["probe", "probe_plainly"]

_PLAINLY = "penstock.core.matching.probing:probe_plainly"
_LASTING = (NoDataError, AmbiguousDataError, UnsupportedFileError)
"""Errors that tell of what a file holds: they come again until it changes. Others may not."""

_TRANSIENT = (
    "errno",  # so HDF5 tells of it
    *(
        os.strerror(getattr(errno, name))
        for name in ("EIO", "ESTALE", "ETIMEDOUT", "EACCES", "EPERM", "ENOENT", "EMFILE", "ENOMEM")
    ),
)


def probe(ingestor: Ingestor, paths: Sequence[str]) -> RunsFound | None:
    """Ask whether an ingestor finds runs in these files; None if it declines.

    Whatever the probe raises comes through: it says why a file is bad. So does `ProbeUnderway`,
    where its answer is not there yet.

    Examples
    --------
    >>> probe(Ingestor("x", title="x", ingest="json:loads", takes="file"), ["/a"])
    RunsFound(kwargs=({},), detail='', notes=(), separate=False, acquisitions=())
    """
    if ingestor.probe is None:
        return RunsFound()
    try:
        if ingestor.isolate:
            found = _probe_isolated(ingestor.probe, list(paths))
        else:
            found = _probe(ingestor.probe, list(paths))
            note_consulted(paths[0])
    except Exception as error:
        if type(error) not in _LASTING or _is_transient(str(error)):
            doubt(paths[0])
        raise
    if found is not None and any(map(_is_transient, found.notes)):
        doubt(paths[0])
    return found


def _is_transient(text: str) -> bool:
    """Tell whether the file system speaks out of a text: next time it may say something else."""
    return any(said in text for said in _TRANSIENT)


def _probe_isolated(reference: str, paths: list[str]) -> RunsFound | None:
    try:
        answer = ask_worker(_PLAINLY, reference, paths, timeout=get_config().probe_seconds)
    except FileCrashesReaderError as error:
        what = error.what.replace(_PLAINLY, "reading it")
        raise FileCrashesReaderError(what, where=error.where, remedy=error.remedy) from error
    note_consulted(paths[0], answer["consulted"])
    if "error" in answer:
        told = answer["error"]
        # Of no kind of ours: a fault of the plug-in, which says nothing of the file.
        raise rebuild_error(told if told["kind"] else _as_fault(told, reference), paths[0])
    found = answer["found"]
    return None if found is None else RunsFound.from_dict(found)


def _as_fault(told: dict[str, Any], reference: str) -> dict[str, Any]:
    return told | {"kind": PluginError.__name__, "where": reference, "remedy": None}


def probe_plainly(reference: str, paths: list[str]) -> dict[str, Any]:
    """Call a probe and give its answer as plain data: what a worker process runs."""
    answer: dict[str, Any] = {}
    with observe() as observation:
        try:
            found = _probe(reference, paths)
            answer["found"] = None if found is None else found.to_dict()
        except Exception as error:  # noqa: BLE001 # the host raises it
            answer["error"] = tell_error(error)
        answer["consulted"] = sorted(observation.part(Consulted).take())
    return answer


def _probe(reference: str, paths: list[str]) -> RunsFound | None:
    try:
        found = resolve_reference(reference)(paths)
    except SystemExit as error:
        raise PluginError(tell_exit("its probe", error), where=reference) from error
    try:
        return check_found(found)
    except (TypeError, ValueError) as error:
        raise PluginError(f"its probe gave what is no answer: {error}", where=reference) from error
