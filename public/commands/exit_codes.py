"""What the exit codes of the command line mean."""

from __future__ import annotations

from penstock.core.report import Report

__all__ = [
    "BROKEN_PIPE",
    "DONE",
    "EXIT_CODES",
    "FAILED",
    "INTERRUPTED",
    "NOTHING_CLAIMED",
    "UNDECIDED",
    "USAGE",
    "of_copies",
    "of_report",
]

DONE = 0
FAILED = 1
USAGE = 2
UNDECIDED = 3
NOTHING_CLAIMED = 4
INTERRUPTED = 130
BROKEN_PIPE = 141

EXIT_CODES = """\
exit codes:
  0  done; files that are no data (a text file, a PNG) may have been passed over, and are listed
  1  something failed: a path that does not exist, a damaged file, an ingestor that raised
  2  usage
  3  nothing failed, but several ingestors fit some files equally well: choose with --choose
  4  nothing failed and nothing is undecided, but no ingestor takes any of the files
  130 interrupted: what was done before is done, and whole
  141 whoever read the output had enough, as in penstock ls runs.db | head
"""


def of_report(report: Report) -> int:
    """Return the exit code for a report: what is worse comes first.

    Examples
    --------
    >>> from penstock.core.report import ReportItem
    >>> of_report(Report([ReportItem("a.tif", "ok", uid="1"), ReportItem("a.png", "refused")]))
    0
    >>> of_report(Report([ReportItem("a.png", "refused")]))
    4
    """
    if report.with_outcome("failed"):
        return FAILED
    if any("undecided" in item.details for item in report):
        return UNDECIDED
    if not report.with_outcome("ok", "partial", "skipped"):
        return NOTHING_CLAIMED
    return DONE


def of_copies(report: Report) -> int:
    """Return the exit code for a report on copies: whatever was not copied is a failure.

    Examples
    --------
    >>> from penstock.core.report import ReportItem
    >>> of_copies(Report([ReportItem("a.msgpack", "skipped", why="the copy is up to date")]))
    0
    >>> of_copies(Report([ReportItem("6f2a", "refused", why="no room")]))
    1
    """
    return FAILED if report.with_outcome("failed", "refused") else DONE
