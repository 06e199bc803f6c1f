"""Copying the runs of a catalog, and telling what became of each."""

from __future__ import annotations

import argparse
import os
import sys
from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

from penstock.commands.problems import print_failures
from penstock.commands.tables import print_table
from penstock.commands.terminal import progress_bar, short, short_uid
from penstock.core.report import Report

if TYPE_CHECKING:
    from penstock.core.catalog.base import BlueskyCatalog
    from penstock.core.run.bluesky_run import BadFrames

__all__ = ["add_bad_frames", "copy_runs", "print_copies"]


def add_bad_frames(parser: argparse.ArgumentParser) -> None:
    """Add the option that tells what to do about frames that cannot be read."""
    parser.add_argument(
        "--bad-frames",
        choices=["raise", "mask"],
        default="raise",
        help="frames that cannot be read: make no copy of their run (raise), or copy it with NaN "
        "in their place (mask)",
    )


def copy_runs(
    catalog: BlueskyCatalog,
    directory: str,
    query: Mapping[str, Any] | None = None,
    *,
    format: str = "msgpack",
    bad_frames: BadFrames = "raise",
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
        return catalog.cache(directory, query, progress, format=format, bad_frames=bad_frames)


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
    print_failures("Not copied", report.with_outcome("failed", "refused"), "run")
    print(f"copies: {report}" if len(report) else "no runs to copy")
