"""Going ahead while probes are under way in worker processes.

Judging a group is plain code that asks probes as it goes. Where a probe runs in a worker, that is
handed the question and the judgement is broken off (`ProbeUnderway`), to be made again from what is
known of the files by then; in the meantime other groups are judged. So the workers always have
something to do, and the host too.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Callable, Iterable
from typing import Any, TypeVar

from ..isolation import IsolatedCall, let_workers_go_on, submit_isolated
from ..places.observation import active_observation

__all__ = ["MOST_BROKEN_OFF", "ProbeUnderway", "ask_worker", "work_ahead"]

MOST_BROKEN_OFF = 128
"""Judgements that wait for answers at a time."""

_Item = TypeVar("_Item")
_Result = TypeVar("_Result")


class ProbeUnderway(BaseException):  # no error, and not for those who catch errors
    """The answer is not there yet: come again."""


class _Ahead:
    """The questions that are with workers, for as long as an observation lasts."""

    def __init__(self) -> None:
        self.calls: dict[tuple[str, ...], IsolatedCall] = {}
        self.may_break_off = False

    def close(self) -> None:
        """Give up what nobody waits for any more."""
        for call in self.calls.values():
            call.cancel()


def ask_worker(reference: str, *args: Any, timeout: float) -> Any:
    """Call a function in a worker process, as `call_isolated` does.

    Within `work_ahead`, raises `ProbeUnderway` until the answer is there.
    """
    observation = active_observation()
    ahead = _Ahead() if observation is None else observation.part(_Ahead)
    key = (reference, *(repr(arg) for arg in args))
    call = ahead.calls.get(key)
    if call is None:
        call = ahead.calls[key] = submit_isolated(reference, *args, timeout=timeout)
    if ahead.may_break_off and not call.done:
        raise ProbeUnderway
    try:
        return call.result()
    finally:
        del ahead.calls[key]


def work_ahead(items: Iterable[_Item], work: Callable[[_Item], _Result]) -> list[_Result]:
    """Work on each item; return the results in the order of the items.

    Work that raises `ProbeUnderway` is begun again later, when its probe has answered. What
    else it raises comes through.

    Examples
    --------
    >>> work_ahead("abc", ord)
    [97, 98, 99]
    """
    observation = active_observation()
    if observation is None:
        return [work(item) for item in items]
    ahead = observation.part(_Ahead)
    outer = ahead.may_break_off
    results: dict[int, _Result] = {}
    late: deque[tuple[int, _Item]] = deque()

    def try_again() -> None:
        number, item = late.popleft()
        ahead.may_break_off = False
        results[number] = work(item)

    count = 0
    try:
        for count, item in enumerate(items, 1):
            ahead.may_break_off = True
            try:
                results[count] = work(item)
            except ProbeUnderway:
                late.append((count, item))
            if late:
                let_workers_go_on()
            if len(late) > MOST_BROKEN_OFF:
                try_again()
        while late:
            try_again()
    finally:
        ahead.may_break_off = outer
    return [results[number] for number in range(1, count + 1)]
