"""Going ahead while probes are under way in worker processes.

Judging a group is plain code that asks probes as it goes. Where a probe runs in a worker, that is
handed the question and the judgement is broken off (`ProbeUnderway`), to be made again when the
answer is there; in the meantime other groups are judged. So the workers always have something to
do, and the host too.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass
from typing import Any, TypeVar

from ..isolation import IsolatedCall, let_workers_go_on, submit_isolated
from ..places.observation import Observation, active_observation

__all__ = ["MOST_BROKEN_OFF", "Parts", "ProbeUnderway", "ask_worker", "work_ahead"]

MOST_BROKEN_OFF = 128
"""Judgements that wait for answers at a time: what they hold stays in memory."""

_Ready = TypeVar("_Ready")
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


@dataclass(frozen=True)
class Parts:
    """What `finish` returns for an item that is to be worked on in parts."""

    items: Sequence[Any]


def work_ahead(
    observation: Observation,
    items: Iterable[Any],
    prepare: Callable[[Any], _Ready],
    finish: Callable[[_Ready], _Result | Parts],
) -> list[list[_Result]]:
    """Prepare and finish each item; return the results of each, in the order of the items.

    An item whose `finish` raises `ProbeUnderway` is finished later, from what `prepare` gave:
    that is called once an item. The results of `Parts` take the place of the item that they are
    of. Everything else that is raised comes through.

    Examples
    --------
    >>> work_ahead(Observation(), ["a", "b"], str.upper, ord)
    [[65], [66]]
    >>> def spell(text: str) -> int | Parts:
    ...     return ord(text) if len(text) == 1 else Parts(text)
    >>> work_ahead(Observation(), ["a", "bcd", "e"], str.upper, spell)
    [[65], [66, 67, 68], [69]]
    """
    ahead = observation.part(_Ahead)
    slots: list[list[Any]] = []
    waiting = deque(_with_slots(items, slots))
    late: deque[tuple[list[Any], _Ready]] = deque()
    try:
        while waiting or late:
            ahead.may_break_off = bool(waiting) and len(late) < MOST_BROKEN_OFF
            if ahead.may_break_off:
                slot, item = waiting.popleft()
                ready = prepare(item)
            else:
                slot, ready = late.popleft()
            if late:
                let_workers_go_on()
            try:
                outcome = finish(ready)
            except ProbeUnderway:
                late.append((slot, ready))
                continue
            if isinstance(outcome, Parts):
                waiting.extendleft(reversed(_with_slots(outcome.items, slot)))
            else:
                slot.append(outcome)
    finally:
        ahead.may_break_off = False
    return [list(_flatten(slot)) for slot in slots]


def _with_slots(items: Iterable[Any], slots: list[list[Any]]) -> list[tuple[list[Any], Any]]:
    """Give each item a place for its results, which keeps their order."""
    pairs: list[tuple[list[Any], Any]] = [([], item) for item in items]
    slots += [slot for slot, _ in pairs]
    return pairs


def _flatten(slots: list[Any]) -> Iterator[Any]:
    for slot in slots:
        if isinstance(slot, list):
            yield from _flatten(slot)
        else:
            yield slot
