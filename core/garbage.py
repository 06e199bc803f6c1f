"""When Python looks for garbage, of which there is none while much is made."""

from __future__ import annotations

import gc
from collections.abc import Iterator
from contextlib import contextmanager

__all__ = ["garbage_left"]


@contextmanager
def garbage_left() -> Iterator[None]:
    """Leave garbage where it is, in a block of code that makes many objects and keeps them.

    Python would go through all of them again and again to find none: a fifth of the time. For
    short blocks; other threads leave their garbage, too.

    Examples
    --------
    >>> with garbage_left():
    ...     gc.isenabled()
    False
    """
    was_enabled = gc.isenabled()
    gc.disable()
    try:
        yield
    finally:
        if was_enabled:
            gc.enable()
