"""Whether TIFF files are the frames of a tomography: what matching asks about a layout's files."""

from __future__ import annotations

import os
import re
from collections.abc import Iterator
from dataclasses import replace

from ...core.errors import PenstockError
from ...core.places.consulting import consult
from ...core.registry.records import RunsFound
from ..tiff.probe import probe_series
from .scan_log import PROJECTIONS, read_scan_log

__all__ = ["probe_log", "probe_names"]


def probe_names(paths: list[str]) -> RunsFound | None:
    """Say whether files whose roles their names tell are a series of single images."""
    return probe_series(paths)


def probe_log(paths: list[str]) -> RunsFound | None:
    """Say whether a log beside the files tells which of them are projections, flats and darks."""
    for path in _logs_beside(paths[0]):
        consult(path)
        try:
            log = read_scan_log(path)
        except PenstockError:
            continue
        if log.digits and PROJECTIONS in log.roles:
            found = probe_series(paths)
            return None if found is None else replace(found, detail=f"{log.kind}; {found.detail}")
    return None


def _logs_beside(path: str) -> Iterator[str]:
    stem, _ = os.path.splitext(path)
    for digits, ending in ((4, ".log"), (6, "TomoStillScan.dat")):
        if re.search(rf"[0-9]{{{digits}}}$", stem):
            yield stem[:-digits] + ending
