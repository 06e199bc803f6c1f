"""Asking an ingestor's probe about files, in this process or in a worker that may crash."""

from __future__ import annotations

import errno
import os
from collections import OrderedDict, defaultdict
from collections.abc import Iterable, Sequence
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
from ..places.observation import active_observation, observe
from ..registry.answers import check_found
from ..registry.records import Ingestor, RunsFound
from ..registry.references import resolve_reference, tell_exit
from .ahead import ask_worker
from .caveats import doubt, note_consulted

__all__ = ["ask_together", "probe", "probe_all_plainly", "probe_plainly"]

_PLAINLY = "penstock.core.matching.probing:probe_plainly"
_ALL_PLAINLY = "penstock.core.matching.probing:probe_all_plainly"
_MOST_KEPT = 512
"""Files (or groups) whose answers are kept at a time."""
_MOST_CRASHES = 2
"""Of so many probes of the same files: the others would only crash, too."""
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


class _Together:
    """Which probes are asked about the same files, and what they answered."""

    def __init__(self) -> None:
        self.references: dict[tuple[str, ...], dict[str, tuple[str, ...]]] = {}
        """For files, the probes that each is asked with, itself among them."""
        self.answers: OrderedDict[tuple[str, ...], dict[str, Any]] = OrderedDict()
        self.crashes: dict[tuple[str, ...], list[FileCrashesReaderError]] = {}

    def keep(self, files: tuple[str, ...], answers: dict[str, Any]) -> None:
        self.answers.setdefault(files, {}).update(answers)
        self.answers.move_to_end(files)
        while len(self.answers) > _MOST_KEPT:
            forgotten, _ = self.answers.popitem(last=False)
            self.references.pop(forgotten, None)
            self.crashes.pop(forgotten, None)


def ask_together(ingestors: Iterable[Ingestor], paths: Sequence[str]) -> None:
    """Have probes that run in a worker asked about files in one question, when one of them is.

    These are the probes of one package (``lab.cameras``, whatever is below it); those of others may
    mind what it has open. What they share is then looked at once: a file is opened,
    and walked, for all of them. Where one crashes the worker, each is asked by itself.

    Examples
    --------
    >>> ask_together([Ingestor("x", title="x", ingest="json:loads", takes="file")], ["/a"])
    """
    observation = active_observation()
    if observation is None:
        return
    by_package: dict[str, list[str]] = defaultdict(list)
    for found in ingestors:
        if found.isolate and found.probe is not None:
            module = found.probe.partition(":")[0]
            by_package[".".join(module.split(".")[:2])].append(found.probe)
    observation.part(_Together).references[tuple(paths)] = {
        reference: tuple(several)
        for several in by_package.values()
        if len(several) > 1
        for reference in several
    }


def _probe_isolated(reference: str, paths: list[str]) -> RunsFound | None:
    try:
        answer = _answer_of(reference, paths)
    except FileCrashesReaderError as error:
        what = error.what.replace(_ALL_PLAINLY, "reading it").replace(_PLAINLY, "reading it")
        raise FileCrashesReaderError(what, where=error.where, remedy=error.remedy) from error
    note_consulted(paths[0], answer["consulted"])
    if "error" in answer:
        told = answer["error"]
        # Of no kind of ours: a fault of the plug-in, which says nothing of the file.
        raise rebuild_error(told if told["kind"] else _as_fault(told, reference), paths[0])
    found = answer["found"]
    return None if found is None else RunsFound.from_dict(found)


def _answer_of(reference: str, paths: list[str]) -> dict[str, Any]:
    """Return what a probe answers, asked by itself or with others."""
    seconds = get_config().probe_seconds
    observation = active_observation()
    together = _Together() if observation is None else observation.part(_Together)
    files = tuple(paths)
    known = together.answers.get(files, {}).get(reference)
    if known is not None:
        plain: dict[str, Any] = known
        return plain
    references = together.references.get(files, {}).get(reference, ())
    crashes = together.crashes.setdefault(files, []) if references else []
    if references and not crashes:
        try:
            answers = ask_worker(_ALL_PLAINLY, list(references), paths, timeout=seconds)
        except FileCrashesReaderError as error:
            crashes.append(error)
        else:
            together.keep(files, answers)
            found: dict[str, Any] = answers[reference]
            return found
    if len(crashes) > _MOST_CRASHES:
        raise crashes[-1]
    try:
        alone: dict[str, Any] = ask_worker(_PLAINLY, reference, paths, timeout=seconds)
    except FileCrashesReaderError as error:
        crashes.append(error)
        raise
    together.keep(files, {reference: alone})
    return alone


def _as_fault(told: dict[str, Any], reference: str) -> dict[str, Any]:
    return told | {"kind": PluginError.__name__, "where": reference, "remedy": None}


def probe_plainly(reference: str, paths: list[str]) -> dict[str, Any]:
    """Call a probe and give its answer as plain data: what a worker process runs."""
    answers = probe_all_plainly([reference], paths)
    plain: dict[str, Any] = answers[reference]
    return plain


def probe_all_plainly(references: list[str], paths: list[str]) -> dict[str, Any]:
    """Call several probes within one look at the file system; give the answer of each."""
    answers: dict[str, Any] = {}
    with observe() as observation:
        for reference in references:
            answer = answers[reference] = {}
            try:
                found = _probe(reference, paths)
                answer["found"] = None if found is None else found.to_dict()
            except Exception as error:  # noqa: BLE001 # the host raises it
                answer["error"] = tell_error(error)
            answer["consulted"] = sorted(observation.part(Consulted).take())
    return answers


def _probe(reference: str, paths: list[str]) -> RunsFound | None:
    try:
        found = resolve_reference(reference)(paths)
    except SystemExit as error:
        raise PluginError(tell_exit("its probe", error), where=reference) from error
    try:
        return check_found(found)
    except (TypeError, ValueError) as error:
        raise PluginError(f"its probe gave what is no answer: {error}", where=reference) from error
