"""Writing copies of runs as msgpack files."""

from __future__ import annotations

from typing import TYPE_CHECKING

from ...core.report import ReportItem
from .._copying import copy_run, export_copy
from .format import FORMAT

if TYPE_CHECKING:
    from ...core.run import BlueskyRun
    from ...core.run.bluesky_run import BadFrames

__all__ = ["export_file", "export_run"]


def export_run(run: BlueskyRun, directory: str, *, bad_frames: BadFrames = "raise") -> ReportItem:
    """Write a copy of a run, with all its arrays, into a folder; see `BlueskyRun.cache`.

    Examples
    --------
    >>> import os, tempfile
    >>> from penstock.core.run import BlueskyRun
    >>> from penstock.core.run.samples import count_run
    >>> with tempfile.TemporaryDirectory() as folder:
    ...     items = [export_run(BlueskyRun(count_run(3, uid="6f2a")), folder) for _ in range(2)]
    ...     os.listdir(folder), [item.outcome for item in items]
    (['6f2a.msgpack'], ['ok', 'skipped'])
    """
    return copy_run(run, directory, FORMAT, bad_frames)


def export_file(
    run: BlueskyRun, target: str, *, overwrite: bool = False, bad_frames: BadFrames = "raise"
) -> ReportItem:
    """Write a run into a file of that name; otherwise as `export_run`.

    Examples
    --------
    >>> from penstock.core.run import BlueskyRun
    >>> from penstock.core.run.samples import count_run
    >>> export_file(BlueskyRun(count_run(3)), "scan.msgpack").outcome
    'ok'
    """
    return export_copy(run, target, FORMAT, overwrite=overwrite, bad_frames=bad_frames)
