"""Writing the runs of a catalog into a folder, one after the other."""

from __future__ import annotations

import os
from collections.abc import Callable, Iterable
from typing import Any

from ..errors import ExportError, SettingsError, TargetExistsError, TooLargeError
from ..places import prepare_folder
from ..report import Report, ReportItem
from ..run.exporting import export_run
from .ingesting import Progress

__all__ = ["cache_runs", "export_runs"]


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
    return _write_each(uids, lambda uid: get_run(uid).cache(directory, **settings), progress)


def export_runs(
    uids: Iterable[str],
    get_run: Callable[[str], Any],
    format: str,
    directory: str | os.PathLike[str],
    progress: Progress | None = None,
    **settings: Any,
) -> Report:
    """Write runs into a folder in a format, and tell what became of each.

    Parameters
    ----------
    settings
        As `penstock.core.run.exporting.export_run` takes them.

    Raises
    ------
    UnusableFolderError
        If the folder cannot be written into; before any run is read.

    Examples
    --------
    >>> export_runs([], {}.get, "csv", "exported")
    nothing to report
    """
    folder = prepare_folder(directory)
    return _write_each(
        uids, lambda uid: export_run(get_run(uid), format, folder, into=True, **settings), progress
    )


def _write_each(
    uids: Iterable[str], write: Callable[[str], ReportItem], progress: Progress | None
) -> Report:
    report = Report()
    waiting = list(uids)
    for done, uid in enumerate(waiting):
        if progress is not None:
            progress(done, len(waiting), uid)
        report.add(_write(uid, write))
    if progress is not None:
        progress(len(waiting), len(waiting), "")
    return report


def _write(uid: str, write: Callable[[str], ReportItem]) -> ReportItem:
    try:
        return write(uid)
    except SettingsError:
        raise  # as wrong for every other run
    except (ExportError, TargetExistsError, TooLargeError) as error:
        return ReportItem.from_error(uid, error, "refused")
    except Exception as error:  # noqa: BLE001 # an ingestor's code: one bad run stops no other
        return ReportItem.from_error(uid, error)
