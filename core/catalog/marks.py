"""Marks, by which a claim is known whose call and files are as they were, and nothing is called."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Callable, Mapping, Sequence
from typing import Any, NamedTuple

from ..errors import NoDataError
from ..matching.offers import Claim
from ..places import select_files
from ..places.observation import current_observation
from ..places.selection import Paths
from ..registry import get_registry

__all__ = ["Mark", "mark_call", "mark_claim"]


class Mark(NamedTuple):
    """What a claim was, and what its files were, when it was ingested."""

    key: bytes
    """Which call: ingestor, version and arguments."""
    state: bytes
    """Sizes and times, of writing and of changing, of the claim's files."""


def mark_claim(claim: Claim) -> Mark | None:
    """Return the mark of a claim as its files are now; None if its call is no plain data.

    Each file is asked for its size once in an observation, and nothing is opened.

    Examples
    --------
    >>> one = mark_claim(Claim("j", "1.0", ("/a",), "json:dumps", ("/a",)))
    >>> one == mark_claim(Claim("j", "1.1", ("/a",), "json:dumps", ("/a",)))
    False
    """
    try:
        call = json.dumps(
            [claim.ingestor, claim.version, claim.reference, claim.args, dict(claim.kwargs)],
            sort_keys=True,
        )
    except (TypeError, ValueError, RecursionError):
        return None
    # Who writes a file can set its times but the one of the change itself.
    states = current_observation().states(claim.files)
    return Mark(_digest(call.encode()), _digest(states.tobytes()))


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


def _digest(content: bytes) -> bytes:
    return hashlib.blake2b(content, digest_size=16).digest()
