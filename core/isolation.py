"""Calling functions in worker processes, for libraries that a bad file can crash or hang."""

from __future__ import annotations

import atexit
import os
import threading
import time
from typing import Any

from . import errors
from ._pool import Call, Pool
from .errors import PenstockError, UnsupportedFileError

__all__ = [
    "IsolatedCall",
    "call_isolated",
    "let_workers_go_on",
    "rebuild_error",
    "stop_worker",
    "submit_isolated",
]

_GIB = 2**30


class IsolatedCall:
    """A call that was handed to a worker process; `result` waits for what comes of it."""

    def __init__(self, call: Call) -> None:
        self._call = call

    @property
    def done(self) -> bool:
        """Whether there is a result, or an error instead."""
        return self._call.done

    def result(self) -> Any:
        """Wait for the result; raises what `call_isolated` does."""
        _wait_for(self._call)
        if self._call.lost is not None:
            raise self._call.lost
        assert self._call.answer is not None
        if "error" in self._call.answer:
            raise rebuild_error(self._call.answer["error"], self._call.subject)
        return self._call.answer["result"]

    def cancel(self) -> None:
        """Give it up; the worker that it is under way in ends."""
        with _lock:
            _pool.cancel(self._call)


def submit_isolated(
    reference: str,
    /,
    *args: Any,
    timeout: float = 20.0,
    memory_limit: int = 8 * _GIB,
    **kwargs: Any,
) -> IsolatedCall:
    """Have a function called in a worker process, without waiting for its result.

    Calls begin in the order in which they are handed in, in as many workers as there are
    processors, four at the most. Each is answered on its own: one that crashes or hangs
    costs the others nothing but time. The time limit counts from when a call begins, and
    only while somebody waits.

    Examples
    --------
    >>> calls = [submit_isolated("math:hypot", 3, number) for number in (4, 0)]
    >>> [call.result() for call in calls]
    [5.0, 3.0]
    """
    request = {
        "reference": reference,
        "args": args,
        "kwargs": kwargs,
        "timeout": timeout,
        "memory_limit": memory_limit,
    }
    call = Call(reference, request, timeout)
    with _lock:
        _pool.submit(call)
    return IsolatedCall(call)


def call_isolated(
    reference: str,
    /,
    *args: Any,
    timeout: float = 20.0,
    memory_limit: int = 8 * _GIB,
    **kwargs: Any,
) -> Any:
    """Call a function in a worker process, and return its result.

    Workers start when they are needed, serve all calls, and end with this process. They
    import what this process can, work in the same folder, and have the environment variables
    of their start. Arguments and result are plain data (tuples arrive as lists, paths as text).
    Calls only read: one that crashes a worker which has served others is made once more in a
    fresh one, lest it pay for what another did to the memory.

    Parameters
    ----------
    reference
        ``"package.module:function"``.
    timeout
        Seconds that the call may take.
    memory_limit
        Bytes of address space that the worker may have.

    Raises
    ------
    FileCrashesReaderError
        The worker died or took too long; it is replaced at the next call.
    PenstockError
        What the function raised, of the same kind.
    UnsupportedFileError
        What else the function raised, as ``"TypeName: text"``; its traceback is a note.
    PluginError
        There is no such function, or its arguments or result are no plain data.

    Examples
    --------
    >>> call_isolated("math:hypot", 3, 4)
    5.0
    >>> call_isolated("os:abort")
    Traceback (most recent call last):
    ...
    penstock.core.errors.FileCrashesReaderError: os:abort crashed (SIGABRT). ...
    """
    return submit_isolated(
        reference, *args, timeout=timeout, memory_limit=memory_limit, **kwargs
    ).result()


def stop_worker() -> None:
    """End the worker processes, if there are any; the next call starts another.

    Examples
    --------
    >>> stop_worker()
    """
    with _lock:
        _pool.stop()


def let_workers_go_on() -> None:
    """Take the answers that have come, and hand out more calls; waits for nothing.

    Examples
    --------
    >>> let_workers_go_on()
    """
    with _lock:
        _pool.go_on()


def rebuild_error(told: dict[str, Any], subject: str | None) -> PenstockError:
    """Return the error that a worker told of as plain data."""
    if told["kind"] is None:
        error: PenstockError = UnsupportedFileError(told["what"], where=subject)
    else:
        kind: type[PenstockError] = getattr(errors, told["kind"])
        error = kind(told["what"], where=told["where"], remedy=told["remedy"])
    error.add_note(f"In the worker process:\n{told['traceback']}")
    return error


def _wait_for(call: Call) -> None:
    """Wait in rounds, the lock free between them: other threads wait for other calls."""
    since = time.monotonic()
    try:
        with _lock:
            _pool.expect(call)
        while not call.done:
            with _lock:
                watch = _pool.watch(since)
            watch.wait()
            with _lock:
                _pool.take_in(since)
    except BaseException:
        with _lock:
            _pool.give_up(call)
        raise


_lock = threading.RLock()
_pool = Pool()


def _after_fork() -> None:
    global _lock, _pool
    _lock = threading.RLock()
    _pool.disown()
    _pool = Pool()


os.register_at_fork(after_in_child=_after_fork)


@atexit.register
def _at_exit() -> None:
    # Without the lock: another thread may hold it for as long as its call hangs.
    _pool.stop()
