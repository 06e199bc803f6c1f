"""What stands in a msgpack copy of a run.

A file is a run's documents, each a msgpack array of its name and itself, one behind the other: what
suitcase-msgpack writes. Arrays are the maps that msgpack-numpy makes of them.
"""

from __future__ import annotations

__all__ = ["MAX_BYTES", "SUFFIX"]

SUFFIX = ".msgpack"

MAX_BYTES = 2**32 - 1
"""As many bytes as one array can have in msgpack."""
