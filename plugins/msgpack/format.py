"""What a msgpack copy of a run is.

A file is a run's documents, each a msgpack array of its name and itself, one behind the other: what
suitcase-msgpack writes. Arrays are the maps that msgpack-numpy makes of them.
"""

from __future__ import annotations

from .._format import CopyFormat
from .decoding import read_documents, read_ends, read_mark
from .encoding import write_document
from .estimating import estimate_size

__all__ = ["FORMAT"]

FORMAT = CopyFormat(
    suffix=".msgpack",
    fill="yes",
    has_arrays=True,
    write=write_document,
    estimate=estimate_size,
    read_ends=read_ends,
    read_mark=read_mark,
    read_documents=read_documents,
)
