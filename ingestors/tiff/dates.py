"""The DateTime tags of all pages of a TIFF file, without parsing the pages."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from ..assets.tiff.bytes import Source, open_file
from ..assets.tiff.pages import Header, read_header
from ..assets.tiff.tags import read_tags
from .metadata import TiffFacts
from .starting import parse_datetime

__all__ = ["page_dates"]

DATE_TIME = 306
LONGEST = 64


def page_dates(facts: TiffFacts) -> NDArray[np.float64] | None:
    """Return the time of each page, seconds since 1970-01-01 UTC; None unless every page tells it.

    Examples
    --------
    >>> import tifffile
    >>> from penstock.ingestors.tiff.metadata import inspect_file
    >>> with tifffile.TiffWriter("dated.tif") as file:
    ...     for second in "12":
    ...         file.write(np.zeros((4, 6), "u2"), datetime=f"2020:01:02 03:04:0{second}")
    >>> np.diff(page_dates(inspect_file("dated.tif"))).tolist()
    [1.0]
    """
    ifds = facts.directory.ifds
    if len(np.unique(ifds)) < len(ifds):
        return None  # one page stands for many
    known: dict[str, float | None] = {}
    times = np.empty(len(ifds))
    with open_file(facts.path) as fd:
        source = Source(fd)
        header = read_header(source)
        if header is None:
            return None
        for number, offset in enumerate(ifds.tolist()):
            text = _date_of(source, header, offset)
            if text not in known:
                known[text] = parse_datetime(text)
            time = known[text]
            if time is None:
                return None
            times[number] = time
    return times


def _date_of(source: Source, header: Header, offset: int) -> str:
    """Return the DateTime tag of the page described at `offset`; empty if there is none."""
    try:
        text = read_tags(source, header, offset, (DATE_TIME,)).get(DATE_TIME)
    except ValueError:
        return ""
    return text.strip() if isinstance(text, str) and len(text) <= LONGEST else ""
