"""Keeping tifffile's log quiet where penstock asks it: what is odd in a file is told in notes."""

from __future__ import annotations

import logging
import sys

__all__ = ["keep_quiet"]

_OURS = f"{__name__.partition('.')[0]}.ingestors."


def keep_quiet() -> None:
    """Leave out of tifffile's log what comes of calls from here; those of others are logged on.

    tifffile complains of each odd tag of each page: hundreds of lines for a file that is read well.
    """
    logging.getLogger("tifffile").addFilter(_is_of_others)


def _is_of_others(record: logging.LogRecord) -> bool:
    """Look whose call it was: so it is right in each thread, whatever the others do."""
    del record
    frame = sys._getframe(1)
    while frame.f_back is not None:
        frame = frame.f_back
        if frame.f_globals.get("__name__", "").startswith(_OURS):
            return False
    return True
