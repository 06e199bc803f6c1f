"""What a copy of a run's documents in JSON Lines is: a line each, the name and the document."""

from __future__ import annotations

from typing import TYPE_CHECKING

from .._format import CopyFormat
from .encoding import write_document
from .reading import read_documents, read_ends, read_mark

if TYPE_CHECKING:
    from ...core.run import BlueskyRun

__all__ = ["FORMAT"]


def _estimate_size(run: BlueskyRun) -> int:
    return 0  # documents are small


FORMAT = CopyFormat(
    suffix=".jsonl",
    fill="no",
    has_arrays=False,
    write=write_document,
    estimate=_estimate_size,
    read_ends=read_ends,
    read_mark=read_mark,
    read_documents=read_documents,
)
