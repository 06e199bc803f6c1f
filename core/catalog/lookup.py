"""Finding the run that a person means: by uid, part of a uid, scan_id, or how recent it is."""

from __future__ import annotations

import operator
import re
from collections.abc import Callable
from typing import Any

from ..errors import AmbiguousRunError, RunNotFoundError, RunOutOfRangeError
from .store import MemoryStore

__all__ = ["find_uid"]

_SHOWN = 10


def find_uid(store: MemoryStore, key: Any, admits: Callable[[str], bool] | None) -> str:
    """Return the uid of the run that `key` means.

    A str is a uid, or else a part of one from its beginning that fits a single run, or else, if
    it spells an integer, that integer. A negative integer counts from the newest run (-1), any
    other is a scan_id, of which the newest run has it.

    Parameters
    ----------
    admits
        Whether a run is in the view that is looked into; None if all are.

    Raises
    ------
    RunNotFoundError
        (a KeyError) No run has that uid, part of a uid, or scan_id.
    AmbiguousRunError
        (a ValueError) Several uids begin like that.
    RunOutOfRangeError
        (an IndexError) There are not so many runs.

    Examples
    --------
    >>> from penstock.core.run.samples import count_run
    >>> from penstock.core.catalog.store import Entry
    >>> store = MemoryStore()
    >>> store.put(Entry(count_run(1, uid="6f2a", scan_id=12)))
    >>> [find_uid(store, key, None) for key in ("6f2a", "6f", 12, "12", -1)]
    ['6f2a', '6f2a', '6f2a', '6f2a', '6f2a']
    """
    if isinstance(key, str):
        return _find_text(store, key, admits)
    try:
        number = operator.index(key)
    except TypeError:
        number = None
    if number is None or isinstance(key, bool):
        raise RunNotFoundError(
            f"{key!r} is no uid and no number",
            remedy="Ask by uid, by the beginning of one, by scan_id, or by -1 for the newest run.",
        )
    return _find_recent(store, number, admits) if number < 0 else _find_scan(store, number, admits)


def _find_text(store: MemoryStore, key: str, admits: Callable[[str], bool] | None) -> str:
    if key in store and (admits is None or admits(key)):
        return key
    found = [uid for uid in store.with_prefix(key) if admits is None or admits(uid)] if key else []
    if len(found) > 1:
        shown = ", ".join(found[:_SHOWN]) + (", …" if len(found) > _SHOWN else "")
        raise AmbiguousRunError(
            f"{len(found)} runs have a uid that begins with {key!r}: {shown}",
            remedy="Give more of it.",
        )
    if found:
        return found[0]
    if re.fullmatch(r"-?[0-9]{1,18}", key):
        number = int(key)
        find = _find_recent if number < 0 else _find_scan
        return find(store, number, admits)
    raise RunNotFoundError(
        f"no run has a uid that is or begins with {key!r}",
        remedy="list(catalog) shows the uids.",
    )


def _find_scan(store: MemoryStore, number: int, admits: Callable[[str], bool] | None) -> str:
    for uid in store.with_scan_id(number):
        if admits is None or admits(uid):
            return uid
    raise RunNotFoundError(
        f"no run has scan_id {number}",
        remedy="Numbers from 0 mean scan_ids; negative ones count from the newest run, -1.",
    )


def _find_recent(store: MemoryStore, number: int, admits: Callable[[str], bool] | None) -> str:
    wanted = -number
    for uid in store.newest_first():
        if admits is None or admits(uid):
            wanted -= 1
            if wanted == 0:
                return uid
    raise RunOutOfRangeError(
        f"{number} reaches back further than there are runs",
        remedy="-1 is the newest run.",
    )
