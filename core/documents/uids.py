"""Uids that follow from other uids, so that ingesting twice yields the same documents."""

from __future__ import annotations

import json
import uuid

__all__ = ["child_uid", "event_uids"]

_NAMESPACE = uuid.UUID("c1f3c0de-7b1f-5e0e-9a55-7e57ab1e0001")


def child_uid(parent: str, *path: str | int) -> str:
    """Return the uid of something inside a run: a UUIDv5 of its parent's uid and its path there.

    Examples
    --------
    >>> child_uid("run", "descriptor", "primary") == child_uid("run", "descriptor", "primary")
    True
    >>> child_uid("run", "ab", "c") == child_uid("run", "a", "bc")
    False
    """
    return str(uuid.uuid5(_NAMESPACE, json.dumps([parent, *path])))


def event_uids(parent: str, first: int, count: int) -> list[str]:
    """Return the uids of `count` consecutive events from sequence number `first` on.

    The last group of digits of each is the sequence number: making a UUIDv5 for each of 100,000
    events would cost more than everything else about them.

    Examples
    --------
    >>> event_uids(child_uid("run", "event"), 1, 2)[1][-12:]
    '000000000002'
    """
    prefix = parent[:24]
    return [f"{prefix}{number:012x}" for number in range(first, first + count)]
