"""The worker processes of `core.isolation`, and the calls that they are handed."""

from __future__ import annotations

import json
import os
import select
import sys
import time
from collections import deque
from collections.abc import Iterable
from typing import Any

from ._worker import Worker, WorkerLostError
from .errors import FileCrashesReaderError, PluginError

__all__ = ["Call", "Pool"]

MOST_WORKERS = 4
"""At the most; no more than there are processors."""
MOST_AHEAD = 16
"""Calls that a worker is handed at a time: it need not wait for the host between them."""

_START_TIMEOUT = 60.0
_LOOK_AGAIN = 0.1
"""Seconds: another thread may have taken the answer that this one waits for."""


class Call:
    """A call, where it is to be made, and what came of it."""

    def __init__(self, reference: str, request: dict[str, Any], timeout: float) -> None:
        self.reference = reference
        self.timeout = timeout
        self.subject = _subject(request["args"])
        self.request = request
        self.path = list(sys.path)
        self.cwd = _working_folder()
        self.answer: dict[str, Any] | None = None
        self.lost: Exception | None = None
        self.was_blamed = False
        """It was under way when a worker crashed that had served others before."""
        self.pack()

    @property
    def done(self) -> bool:
        """Whether there is an answer, or an error instead."""
        return self.answer is not None or self.lost is not None

    def pack(self, **told: Any) -> bytes:
        """Return it as a message; raises `PluginError` where it is no plain data."""
        try:
            message = self.request | {"cwd": self.cwd} | told
            return json.dumps(message, default=os.fspath).encode()
        except (TypeError, ValueError, RecursionError) as error:
            raise PluginError(
                f"the arguments are no plain data: {error}", where=self.reference
            ) from error


def _working_folder() -> str | None:
    try:
        return os.getcwd()
    except FileNotFoundError:
        return None


def _subject(args: Iterable[Any]) -> str | None:
    """Return the file that a call is about: its first path, else its first text."""
    texts = [
        os.fspath(item)
        for arg in args
        for item in (arg if isinstance(arg, list | tuple) else (arg,))
        if isinstance(item, str | os.PathLike)
    ]
    return next((text for text in texts if os.sep in text), texts[0] if texts else None)


class _Seat:
    """A worker, and the calls that it has been handed, the one under way first."""

    def __init__(self) -> None:
        self.worker = Worker()
        self.calls: deque[Call] = deque()
        self.is_ready = False
        self.served = 0
        self.since = time.monotonic()
        """When the call under way can have begun, or the start of the worker."""
        self.path: list[str] = []
        """Where it imports from; long, and so told only when it changes."""

    @property
    def is_busy(self) -> bool:
        return bool(self.calls) or not self.is_ready

    @property
    def time_limit(self) -> float:
        return self.calls[0].timeout if self.is_ready else _START_TIMEOUT

    def hand(self, call: Call) -> None:
        if self.is_ready and not self.calls:
            self.since = time.monotonic()
            self.worker.forget_words()
        told = {} if call.path == self.path else {"path": call.path}
        self.path = call.path
        self.calls.append(call)
        self.worker.send(call.pack(**told))

    def ends(self, since: float) -> float:
        """When its time is up, if somebody waits since then."""
        return max(self.since, since) + self.time_limit

    def receive(self) -> bool:
        answers = self.worker.receive()
        for answer in answers:
            if self.is_ready:
                self.calls.popleft().answer = answer
                self.served += 1
                self.worker.forget_words()
            # What it has said until now may be the last words of its first call already.
            self.is_ready = True
            self.since = time.monotonic()
        return bool(answers)


class Watch:
    """Waits a moment, until a worker may have something to say, or its time is up.

    Another thread may meanwhile take what it has said, or drop it: then there is nothing, the next
    time one looks.
    """

    def __init__(self, seats: Iterable[_Seat], since: float) -> None:
        self._poll = select.poll()
        seconds = _LOOK_AGAIN
        for seat in seats:
            seconds = min(seconds, seat.ends(since) - time.monotonic())
            if not seat.worker.alive:
                seconds = 0.0
            for fd in seat.worker.readable:
                self._poll.register(fd, select.POLLIN)
            for fd in seat.worker.writable:
                self._poll.register(fd, select.POLLOUT)
        self._milliseconds = max(0.0, seconds) * 1000

    def wait(self) -> None:
        self._poll.poll(self._milliseconds)


class Pool:
    """The workers, and the calls that wait for one."""

    def __init__(self) -> None:
        self._seats: list[_Seat] = []
        self._waiting: deque[Call] = deque()
        self._most = min(MOST_WORKERS, os.cpu_count() or 1)

    def submit(self, call: Call) -> None:
        self._waiting.append(call)
        self.go_on()

    def expect(self, call: Call) -> None:
        """Take care that a call that somebody waits for is with a worker, or the next to be."""
        if not call.done and not any(call in seat.calls for seat in self._seats):
            # First of all, and also where a fork or an interrupt has left it behind.
            if call in self._waiting:
                self._waiting.remove(call)
            self._waiting.appendleft(call)
        self._hand_out()

    def watch(self, since: float) -> Watch:
        """Return what to wait for, `since` when somebody waits: outside of any lock."""
        return Watch([seat for seat in self._seats if seat.is_busy], since)

    def take_in(self, since: float | None) -> None:
        """Send and receive what can be, miss workers that are lost, and hand out more calls.

        `since` is when whoever waits began to; None where nobody does.
        """
        for seat in [seat for seat in self._seats if seat.is_busy]:
            self._attend(seat, since)
        self._hand_out()

    def give_up(self, call: Call) -> None:
        """Start anew, after an interrupt: nobody knows what was sent and received.

        What others wait for is redone.
        """
        self.stop()
        if call in self._waiting:
            self._waiting.remove(call)

    def go_on(self) -> None:
        if self._waiting or any(seat.is_busy for seat in self._seats):
            self.take_in(None)

    def cancel(self, call: Call) -> None:
        if call in self._waiting:
            self._waiting.remove(call)
        for seat in list(self._seats):
            if call in seat.calls:
                seat.calls.remove(call)
                self._waiting.extendleft(reversed(seat.calls))
                self._drop(seat)

    def stop(self) -> None:
        self._waiting.extendleft(
            call for seat in reversed(self._seats) for call in reversed(seat.calls)
        )
        self._drop(*self._seats)

    def disown(self) -> None:
        for seat in self._seats:
            seat.worker.disown()

    def _hand_out(self) -> None:
        for seat in [seat for seat in self._seats if not seat.is_busy and not seat.worker.alive]:
            self._drop(seat)
        while self._waiting:
            free = min(self._seats, key=lambda seat: len(seat.calls), default=None)
            if free is None or (free.is_busy and len(self._seats) < self._most):
                free = self._start() or free
            if free is None or len(free.calls) >= MOST_AHEAD:
                return
            self._hand(free, self._waiting.popleft())

    def _hand(self, seat: _Seat, call: Call) -> None:
        try:
            seat.hand(call)
        except WorkerLostError as lost:
            self._lose(seat, lost, crashed=True)

    def _start(self) -> _Seat | None:
        try:
            seat = _Seat()
        except OSError as error:
            self._do_without_more(str(error))
            return None
        self._seats.append(seat)
        return seat

    def _do_without_more(self, why: str) -> None:
        """Be content with the workers there are; without any, tell all who wait."""
        self._most = len(self._seats) or self._most
        while self._waiting and not self._seats:
            self._waiting.popleft().lost = PluginError(
                f"no worker process can be started: {why}",
                where=sys.executable,
                remedy="Run penstock in a Python that can start itself.",
            )

    def _attend(self, seat: _Seat, since: float | None) -> None:
        has_ended = not seat.worker.alive
        try:
            if seat.worker.writable:
                seat.worker.flush()
            if not seat.receive() and has_ended:
                # Once dead, it says no more; what it started may keep its pipes open.
                raise seat.worker.lost()
        except WorkerLostError as lost:
            self._lose(seat, lost, crashed=True)
            return
        if since is not None and seat.is_busy and seat.ends(since) <= time.monotonic():
            words = seat.worker.last_words()
            late = WorkerLostError(f"took longer than {seat.time_limit:g} s{words}")
            self._lose(seat, late, crashed=False)

    def _lose(self, seat: _Seat, lost: WorkerLostError, *, crashed: bool) -> None:
        """Drop a worker; the call that was under way in it is to blame, the others are redone."""
        if not seat.is_ready:
            self._waiting.extendleft(reversed(seat.calls))
            self._drop(seat)
            self._do_without_more(str(lost))
            return
        call, *others = seat.calls
        self._waiting.extendleft(reversed(others))
        self._drop(seat)
        if crashed and seat.served and not call.was_blamed:
            call.was_blamed = True
            fresh = self._start()
            if fresh is not None:
                self._hand(fresh, call)
                return
        call.lost = FileCrashesReaderError(
            f"{call.reference} {lost}",
            where=call.subject,
            remedy="Check the file with the software that wrote it, or leave it out.",
        )

    def _drop(self, *seats: _Seat) -> None:
        for seat in seats:
            self._seats.remove(seat)
            seat.worker.kill()
