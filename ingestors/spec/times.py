"""When a scan and its points were taken, and how that is known."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from ..times import configured_zone, parse_time, zone_told
from .scan import Scan
from .zones import file_zone

__all__ = ["ScanTimes", "scan_times"]


@dataclass(frozen=True)
class ScanTimes:
    """When a scan began and its points were taken, seconds since 1970-01-01 UTC."""

    start: float
    start_source: str
    rows: np.ndarray[tuple[int], np.dtype[np.float64]]
    rows_source: str
    notes: tuple[str, ...]


def scan_times(scan: Scan, mtime: float) -> ScanTimes:
    """Return when a scan and its points were taken, and how that is known."""
    notes: list[str] = []
    start, source = _start(scan, mtime, notes)
    rows = _epochs(scan)
    if rows is None:
        rows, rows_source = np.full(scan.rows, start), f"the run's: {source}"
    else:
        rows_source = "#E + Epoch"
        if source == "mtime":
            start, source = float(rows[0]), "file"
    return ScanTimes(start, source, rows, rows_source, tuple(notes))


def _start(scan: Scan, mtime: float, notes: list[str]) -> tuple[float, str]:
    zone = file_zone(scan.header)
    read = parse_time(scan.lines.date, zone or configured_zone())
    if read is None and not scan.lines.date:
        # Programs that write as SPEC does leave the date out.
        if scan.header.epoch is not None and scan.place.order == 1 and scan.place.number == 1:
            notes.append("the scan has no date: it began after the file was")
            return scan.header.epoch, "file"
        notes.append("the scan has no date: the start is when the file was written")
        return mtime, "mtime"
    if read is None:
        told = scan.lines.date[:40]
        notes.append(f"#D {told!r} is not a date: the start is when the file was written")
        return mtime, "mtime"
    if not read[1]:
        told = "the one in which the file was begun" if zone is not None else zone_told()
        notes.append(f"#D has no zone: {told}")
    return read[0], "file"


def _epochs(scan: Scan) -> np.ndarray[tuple[int], np.dtype[np.float64]] | None:
    """Return the points' times where a column Epoch tells them."""
    key = next((key for key, label in scan.labels.items() if label.lower() == "epoch"), None)
    if key is None or not scan.rows:
        return None
    values = scan.columns[key].astype(float)
    origin = scan.header.epoch if scan.header.epoch is not None else scan.lines.epoch
    if not np.isfinite(values).all():
        return None
    if values.min() > 9e8:
        return values  # some write seconds since 1970 itself
    return None if origin is None else values + origin
