"""The mark of a call, by which the claim that it comes of is known when it is ingested."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import Any

from ..errors import NoDataError
from ..matching.marks import Mark, mark_claim
from ..matching.offers import Claim
from ..places import select_files
from ..places.selection import Paths
from ..registry import get_registry

__all__ = ["mark_call"]


def mark_call(
    function: Callable[..., Any], args: Sequence[Any], kwargs: Mapping[str, Any], paths: Paths
) -> Mark | None:
    """Return the mark of the claim that would lead to this call; None if none could.

    Parameters
    ----------
    paths
        Those among the arguments.

    Examples
    --------
    >>> mark_call(print, ("/a",), {}, "/a") is None
    True
    """
    registry = get_registry()
    name = registry.name_of(function)
    if name is None:
        return None
    try:
        files = tuple(select_files(paths).paths)
    except (NoDataError, OSError):
        return None
    ingestor = registry.ingestor(name)
    return mark_claim(
        Claim(name, ingestor.version, files, ingestor.ingest, tuple(args), dict(kwargs))
    )
