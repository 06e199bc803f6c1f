"""Copies of the runs of a catalog, one after the other."""

from __future__ import annotations

import os
from collections.abc import Callable, Iterable
from typing import Any

from ..errors import TooLargeError
from ..places import prepare_folder
from ..report import Report, ReportItem
from .ingesting import Progress

__all__ = ["cache_runs"]


def cache_runs(
    uids: Iterable[str],
    get_run: Callable[[str], Any],
    directory: str | os.PathLike[str],
    progress: Progress | None = None,
    **settings: Any,
) -> Report:
    """Copy runs into a folder, and tell what became of each; one that fails stops no other.

    Parameters
    ----------
    settings
        As `BlueskyRun.cache` takes them.

    Raises
    ------
    UnusableFolderError
        If the folder cannot be written into; before any run is read.

    Examples
    --------
    >>> import tempfile
    >>> with tempfile.TemporaryDirectory() as folder:
    ...     cache_runs([], {}.get, folder)
    nothing to report
    """
    prepare_folder(directory)
    report = Report()
    waiting = list(uids)
    for done, uid in enumerate(waiting):
        if progress is not None:
            progress(done, len(waiting), uid)
        report.add(_cache(uid, get_run, directory, settings))
    if progress is not None:
        progress(len(waiting), len(waiting), "")
    return report


def _cache(
    uid: str,
    get_run: Callable[[str], Any],
    directory: str | os.PathLike[str],
    settings: dict[str, Any],
) -> ReportItem:
    try:
        item: ReportItem = get_run(uid).cache(directory, **settings)
    except TooLargeError as error:
        return ReportItem.from_error(uid, error, "refused")
    except Exception as error:  # noqa: BLE001 # an ingestor's code: one bad run stops no other
        return ReportItem.from_error(uid, error)
    return item
