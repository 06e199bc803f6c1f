"""Asking an ingestor's probe about files, in this process or in a worker that may crash."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from ..errors import FileCrashesReaderError, PluginError
from ..places.observation import observe
from ..registry.records import Ingestor, RunsFound
from ..registry.references import resolve_reference
from .ahead import ask_worker

__all__ = ["probe", "probe_plainly"]

_PLAINLY = "penstock.core.matching.probing:probe_plainly"
_TIMEOUT = 60.0
"""Seconds that a probe in a worker may take."""


def probe(ingestor: Ingestor, paths: Sequence[str]) -> RunsFound | None:
    """Ask whether an ingestor finds runs in these files; None if it declines.

    Whatever the probe raises comes through: it says why a file is bad.

    Examples
    --------
    >>> probe(Ingestor("x", title="x", ingest="json:loads", takes="file"), ["/a"])
    RunsFound(kwargs=({},), detail='', notes=(), separate=False)
    """
    if ingestor.probe is None:
        return RunsFound()
    if not ingestor.isolate:
        return _probe(ingestor.probe, list(paths))
    try:
        plain = ask_worker(_PLAINLY, ingestor.probe, list(paths), timeout=_TIMEOUT)
    except FileCrashesReaderError as error:
        what = error.what.replace(_PLAINLY, "reading it")
        raise FileCrashesReaderError(what, where=error.where, remedy=error.remedy) from error
    return None if plain is None else RunsFound.from_dict(plain)


def probe_plainly(reference: str, paths: list[str]) -> dict[str, Any] | None:
    """Call a probe and give its answer as plain data: what a worker process runs."""
    with observe():
        found = _probe(reference, paths)
    return None if found is None else found.to_dict()


def _probe(reference: str, paths: list[str]) -> RunsFound | None:
    found = resolve_reference(reference)(paths)
    if found is None or isinstance(found, RunsFound):
        return found
    raise PluginError(
        f"the probe gave {type(found).__name__} instead of RunsFound or None", where=reference
    )
