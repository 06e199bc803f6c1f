"""Writing copies of runs' documents as JSON Lines."""

from __future__ import annotations

from typing import TYPE_CHECKING

from ...core.report import ReportItem
from .._copying import copy_run, export_copy
from .format import FORMAT

if TYPE_CHECKING:
    from ...core.run import BlueskyRun

__all__ = ["export_file", "export_run"]


def export_run(run: BlueskyRun, directory: str) -> ReportItem:
    """Write a run's documents into a folder, ``<uid>.jsonl``; assets stay where they are.

    Each line is ``[name, document]``, as suitcase-jsonl writes it. Small arrays of numbers, flags
    and text in events become lists of equal values (JSON knows no widths: they come back as int64,
    float64). Dates that are Python's own become ISO 8601 text, as in metadata. An up-to-date file
    stays; one that is cut short or stale is replaced.

    Raises
    ------
    TooLargeError
        If events hold images themselves instead of referring to assets.
    DocumentError
        If events hold what JSON would give back as something else: complex numbers, bytes,
        numpy's dates and durations, records. Nothing is written then; `run.cache` copies them.

    Examples
    --------
    >>> import os, tempfile
    >>> from penstock.core.run import BlueskyRun
    >>> from penstock.core.run.samples import count_run
    >>> with tempfile.TemporaryDirectory() as folder:
    ...     item = export_run(BlueskyRun(count_run(3, uid="6f2a")), folder)
    ...     item.details["events"], os.listdir(folder)
    (3, ['6f2a.jsonl'])
    """
    return copy_run(run, directory, FORMAT)


def export_file(run: BlueskyRun, target: str, *, overwrite: bool = False) -> ReportItem:
    """Write a run into a file of that name; otherwise as `export_run`.

    Examples
    --------
    >>> from penstock.core.run import BlueskyRun
    >>> from penstock.core.run.samples import count_run
    >>> export_file(BlueskyRun(count_run(3)), "scan.jsonl").outcome
    'ok'
    """
    return export_copy(run, target, FORMAT, overwrite=overwrite)
