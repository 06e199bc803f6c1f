"""Finding the run that a person means: by uid, part of a uid, scan_id, or how recent it is."""

from __future__ import annotations

import operator
import re
from typing import Any

from ..errors import AmbiguousRunError, RunNotFoundError, RunOutOfRangeError
from ..index.run_index import RunIndex
from ..index.searching import Search

__all__ = ["find_uid"]

_SHOWN = 10


def find_uid(index: RunIndex, view: Search, key: Any) -> str:
    """Return the uid of the run that `key` means.

    A str is a uid, or else a part of one from its beginning that fits a single run, or else, if
    it spells an integer, that integer. A negative integer counts from the newest run (-1), any
    other is a scan_id, of which the newest run has it.

    Parameters
    ----------
    index
        Where the runs are.
    view
        The runs among which to look.

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
    >>> index = RunIndex()
    >>> id = index.put({"uid": "6f2a", "time": 0.0, "scan_id": 12})
    >>> [find_uid(index, Search(index), key) for key in ("6f2a", "6f", 12, "12", -1)]
    ['6f2a', '6f2a', '6f2a', '6f2a', '6f2a']
    """
    if isinstance(key, str):
        return _find_text(index, view, key)
    try:
        number = operator.index(key)
    except TypeError:
        number = None
    if number is None or isinstance(key, bool):
        raise RunNotFoundError(
            f"{key!r} is no uid and no number",
            remedy="Ask by uid, by the beginning of one, by scan_id, or by -1 for the newest run.",
        )
    return _find_number(index, view, number)


def _find_text(index: RunIndex, view: Search, key: str) -> str:
    if key in view:
        return key
    found = _beginning_with(index, view, key) if key else []
    if len(found) > 1:
        shown = ", ".join(found[:_SHOWN]) + (", …" if len(found) > _SHOWN else "")
        how_many = f"more than {_SHOWN}" if len(found) > _SHOWN else str(len(found))
        raise AmbiguousRunError(
            f"{how_many} runs have a uid that begins with {key!r}: {shown}",
            remedy="Give more of it.",
        )
    if found:
        return found[0]
    if re.fullmatch(r"-?[0-9]{1,18}", key):
        return _find_number(index, view, int(key))
    raise RunNotFoundError(
        f"no run has a uid that is or begins with {key!r}",
        remedy="list(catalog), or penstock ls, shows the uids.",
    )


def _beginning_with(index: RunIndex, view: Search, prefix: str) -> list[str]:
    """Return the uids that begin like this, but not more than can be shown."""
    found = []
    for uid in view.among(index.with_prefix(prefix, None if view.is_narrowed else _SHOWN + 1)):
        found.append(uid)
        if len(found) > _SHOWN:
            break
    return found


def _find_number(index: RunIndex, view: Search, number: int) -> str:
    if number < 0:
        found = view.nth_newest(-number - 1)
        if found is None:
            raise RunOutOfRangeError(
                f"{number} reaches back further than there are runs"
                if view.nth_newest(0)
                else "there are no runs here",
                remedy="-1 is the newest run." if view.nth_newest(0) else "",
            )
        return found
    for uid in view.among(index.with_scan_id(number)):
        return uid
    raise RunNotFoundError(
        f"no run has scan_id {number}",
        remedy="Numbers from 0 mean scan_ids; negative ones count from the newest run, -1.",
    )
