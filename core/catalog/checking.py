"""Whether the files of runs are still what they were: fresh, stale, missing or moved."""

from __future__ import annotations

import os
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, Literal, TypeAlias

from ..errors import NoDataError, PenstockError
from ..places import FileSet, Fingerprint, observe, select_files, take_fingerprint
from ..places.naming import find_kin
from ..places.observation import current_observation, is_regular
from ..places.pinning import pinned
from ..places.splitting import split_name
from ..registry import get_registry
from ..report import Outcome, ReportItem
from ..run.source import CallSource, RunSource
from .finding import Finder
from .stored import RecipeSource

__all__ = ["Finding", "State", "check_source", "first_file"]

State: TypeAlias = Literal["fresh", "stale", "missing", "moved", "unknown"]
"""What became of a run's files.

``fresh`` they are as they were; ``stale`` there are more of them, or they have changed; ``missing``
some are gone; ``moved`` all are gone, and files of these names, sizes and times of writing, which
belong to no other run, lie elsewhere below the same root; ``unknown`` nothing tells.
"""

_MOST_TOLD = 3
_OUTCOMES: dict[State, Outcome] = {
    "fresh": "ok",
    "stale": "partial",
    "moved": "partial",
    "missing": "failed",
    "unknown": "skipped",
}


@dataclass(frozen=True)
class Finding:
    """What was found out about the files of one run.

    Examples
    --------
    >>> Finding("fresh", "/data/a.h5").item("6f2a").outcome
    'ok'
    """

    state: State
    subject: str
    """The files, as a person would name them."""
    why: str = ""
    remedy: str = ""
    call: CallSource | None = None
    """The run's call; None where there is none."""
    paths: str | list[str] | None = None
    """What its first argument has to be for the run to be fresh again, where that can be done."""

    def item(self, uid: str) -> ReportItem:
        """Tell it as an item of a report."""
        details: dict[str, Any] = {"state": self.state}
        if self.state == "moved":
            details["moved_to"] = self.paths
        return ReportItem(
            self.subject, _OUTCOMES[self.state], self.why, self.remedy, uid=uid, details=details
        )


def check_source(source: RunSource, finder: Finder, remedy: str) -> Finding:
    """Look at the files of a run, without opening any.

    Parameters
    ----------
    finder
        Looks for files that have moved.
    remedy
        What to do about a run that is stale or has moved.

    Examples
    --------
    >>> from penstock.core.run.samples import count_run
    >>> check_source(count_run(1), Finder(), "").state
    'unknown'
    """
    label = str(getattr(source, "label", source.start["uid"]))
    try:
        call = source.call() if isinstance(source, RecipeSource) else source
        if not isinstance(call, CallSource):
            return Finding("unknown", label, "it has no files that could change")
        paths = _paths_of(call)
        if paths is None or call.recorded_fingerprint is None:
            return Finding("unknown", label, "nothing tells which its files are", call=call)
        with observe():
            return _look(call, paths, call.recorded_fingerprint, finder, remedy)
    except PenstockError as error:  # a recipe that cannot be called here
        return Finding("unknown", label, error.what, error.remedy or "")


def first_file(source: RunSource) -> str | None:
    """Return the first of a run's files; None where nothing tells, or none is there.

    Examples
    --------
    >>> from penstock.core.run.samples import count_run
    >>> first_file(count_run(1)) is None
    True
    """
    try:
        call = source.call() if isinstance(source, RecipeSource) else source
        if not isinstance(call, CallSource):
            return None
        paths = _paths_of(call)
        if paths is None:
            return None
        with pinned(call.pins):
            return next(iter(select_files(paths).paths), None)
    except (PenstockError, OSError):
        return None


def _paths_of(call: CallSource) -> Any:
    registry = get_registry()
    name = registry.name_of(call.function)
    if name is None:
        return None
    return call.args[0] if call.args else call.kwargs.get(registry.path_parameter(name))


def _look(
    call: CallSource, paths: Any, before: Fingerprint, finder: Finder, remedy: str
) -> Finding:
    given = [os.fspath(path) for path in paths] if _is_list(paths) else os.fspath(paths)
    subject = _told(given)
    try:
        with pinned(call.pins):
            files = select_files(paths)
        gone = [n for n, s in zip(files.names, files.stats(), strict=True) if s is None]
    except (NoDataError, OSError):
        files, gone = None, []
    if files is None or len(gone) == len(files):
        return _look_elsewhere(call, given, before, finder, remedy)
    if gone:
        why = f"{len(gone)} of {len(files)} files are gone: {_few(gone)}"
        return Finding("missing", subject, why, "Put them back, or ingest what is left.", call)
    whole = _newcomers(call, given, files)
    if whole is not None:
        more = len(whole) - len(files)
        noun = "1 more file has" if more == 1 else f"{more} more files have"
        return Finding("stale", subject, f"extended: {noun} come", remedy, call, whole)
    change = before.compare(take_fingerprint(files))
    if change == "same":
        return Finding("fresh", subject, call=call)
    why = "changed: the files are others now"
    if change == "extended":
        why = "extended: there is more of the files"
    return Finding("stale", subject, why, remedy, call, given)


def _look_elsewhere(
    call: CallSource, given: str | list[str], before: Fingerprint, finder: Finder, remedy: str
) -> Finding:
    subject = _told(given)
    found = finder.find(given, before)
    if len(found.exact) == 1:
        told = f"found as {_told(found.exact[0])}"
        return Finding("moved", subject, told, remedy, call, found.exact[0])
    where = _few([_told(paths) for paths in found.exact or found.alike])
    if found.exact:
        why = f"the files are gone, and several places hold such: {where}"
        return Finding("missing", subject, why, "Ingest the right one, and remove this run.", call)
    if found.alike:
        why = f"the files are gone, perhaps to {where}: names and sizes are the same there"
        advice = "If it is they, ingest them there, and remove this run."
        return Finding("missing", subject, why, advice, call)
    why = "the files are gone"
    return Finding("missing", subject, why, "Put them back, or remove the run.", call)


def _newcomers(call: CallSource, given: str | list[str], files: FileSet) -> list[str] | None:
    """Return all files of a family that has grown since a list named the whole of it, else None."""
    identity = call.pins.get(tuple(given)) if isinstance(given, list) else None
    if identity is None or identity.selection or any("/" in name for name in files.names):
        return None
    if not select_files(given).selection:
        return None
    families = find_kin(files.names)
    entries = current_observation().list_folder(files.folder)
    names = [
        name
        for name, entry in entries.items()
        if any(family.holds(*split_name(name)) for family in families) and is_regular(entry)
    ]
    return select_files([os.path.join(files.folder, name) for name in names]).paths


def _is_list(paths: Any) -> bool:
    return not isinstance(paths, str | os.PathLike)


def _told(paths: str | Sequence[str]) -> str:
    """Return what to call paths in a report."""
    if isinstance(paths, str):
        return paths
    if len(paths) == 1:
        return paths[0]
    folders = {os.path.dirname(path) for path in paths}
    if len(folders) > 1:
        return f"{paths[0]} and {len(paths) - 1} more"
    families = find_kin([os.path.basename(path) for path in paths])
    return os.path.join(folders.pop(), ", ".join(family.template for family in families[:2]))


def _few(names: Sequence[str]) -> str:
    return ", ".join(names[:_MOST_TOLD]) + (", …" if len(names) > _MOST_TOLD else "")
