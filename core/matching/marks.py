"""Marks, by which a claim is known whose call and files are as they were, and nothing is called."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Collection, Iterable, Mapping
from typing import NamedTuple

from ..places.observation import current_observation
from .offers import Claim
from .plan import Decision, Verdict

__all__ = ["Mark", "mark_claim", "recall_marks", "store_marks"]

_BYTES = 16


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
    known = current_observation().part(_Known)
    if id(claim) in known:
        return known[id(claim)][1]
    try:
        call = json.dumps(
            [claim.ingestor, claim.version, claim.reference, claim.args, dict(claim.kwargs)],
            sort_keys=True,
        )
    except (TypeError, ValueError, RecursionError):
        return None
    # Who writes a file can set its times but the one of the change itself.
    states = current_observation().states(claim.files)
    mark = Mark(_digest(call.encode()), _digest(states.tobytes()))
    known[id(claim)] = claim, mark
    return mark


class _Known(dict[int, tuple[Claim, Mark]]):
    """The marks of claims within one observation, by the identity of the claims."""


def store_marks(verdicts: Iterable[Verdict], files: Mapping[str, Collection[str]]) -> list[bytes]:
    """Return the marks of what was chosen, to keep with the verdicts.

    Parameters
    ----------
    files
        The names in each folder whose states are kept, too: they tell whether a mark holds.
        Where a claim is about others, its place is empty.
    """
    stored = []
    for claim in _chosen(verdicts):
        parts = [path.rpartition("/") for path in claim.files]
        is_covered = all(name in files.get(folder, ()) for folder, _, name in parts)
        mark = mark_claim(claim) if is_covered else None
        stored.append(b"".join(mark or ()))
    return stored


def recall_marks(verdicts: Iterable[Verdict], stored: Iterable[bytes]) -> None:
    """Take marks that `store_marks` gave for what they are: the files have not changed.

    Raises
    ------
    ValueError
        They are of other verdicts.
    """
    known = current_observation().part(_Known)
    for claim, mark in zip(_chosen(verdicts), stored, strict=True):
        if mark:
            known[id(claim)] = claim, Mark(mark[:_BYTES], mark[_BYTES:])


def _chosen(verdicts: Iterable[Verdict]) -> list[Claim]:
    decisions = (verdict for verdict in verdicts if isinstance(verdict, Decision))
    return [claim for found in decisions if found.chosen for claim in found.chosen.claims]


def _digest(content: bytes) -> bytes:
    return hashlib.blake2b(content, digest_size=_BYTES).digest()
