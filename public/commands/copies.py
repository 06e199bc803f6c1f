"""Copying the runs of a catalog, and telling what became of each."""

from __future__ import annotations

import os
import sys
from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

from penstock.commands.terminal import print_table, progress_bar, short, short_uid
from penstock.core.report import Report

if TYPE_CHECKING:
    from penstock.core.catalog.base import BlueskyCatalog

__all__ = ["copy_runs", "print_copies"]


def copy_runs(
    catalog: BlueskyCatalog, directory: str, query: Mapping[str, Any] | None = None
) -> Report:
    """Copy the runs of a catalog into a folder, with a progress bar.

    Examples
    --------
    >>> import tempfile
    >>> from penstock import BlueskyInMemoryCatalog
    >>> with tempfile.TemporaryDirectory() as folder:
    ...     copy_runs(BlueskyInMemoryCatalog(), folder)
    nothing to report
    """
    with progress_bar("copying") as progress:
        return catalog.cache(directory, query, progress)


def print_copies(report: Report) -> None:
    """Print a table of the copies, and one of the runs that could not be copied.

    Examples
    --------
    >>> print_copies(Report())
    no runs to copy
    """
    from rich.filesize import decimal

    print_table(
        "Copies",
        ["uid", "outcome", "events", "size", "file", "note"],
        [
            (
                short_uid(item.uid or ""),
                item.outcome,
                item.details.get("events", ""),
                decimal(item.details["bytes"]) if "bytes" in item.details else "",
                os.path.basename(item.subject) if sys.stdout.isatty() else short(item.subject),
                item.why,
            )
            for item in report.with_outcome("ok", "partial", "skipped")
        ],
        expendable=["file"],
    )
    print_table(
        "Not copied",
        ["outcome", "run", "why", "remedy"],
        [
            (item.outcome, item.subject, item.why, item.remedy)
            for item in report.with_outcome("failed", "refused")
        ],
        style="bold red",
    )
    print(f"copies: {report}" if len(report) else "no runs to copy")
