"""Calling functions in a worker process, for libraries that a bad file can crash or hang."""

from __future__ import annotations

import atexit
import contextlib
import json
import os
import selectors
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Iterable
from typing import Any

from . import errors
from ._isolated import HEADER
from .errors import FileCrashesReaderError, PenstockError, PluginError, UnsupportedFileError

__all__ = ["call_isolated", "stop_worker"]

_BOOTSTRAP = (
    "import json, sys; sys.path[:] = json.loads(sys.argv[1]); "
    "from penstock.core._isolated import run_worker; run_worker(int(sys.argv[2]))"
)
_START_TIMEOUT = 60.0
_KILL_TIMEOUT = 5.0
_KEPT_ERROR_OUTPUT = 4000
_GIB = 2**30


def call_isolated(
    reference: str,
    /,
    *args: Any,
    timeout: float = 20.0,
    memory_limit: int = 8 * _GIB,
    **kwargs: Any,
) -> Any:
    """Call a function in a worker process, and return its result.

    One worker serves all calls, one at a time; it starts at the first and ends with this process.
    It imports what this process can, works in the same folder, and has the environment variables
    of its start. Arguments and result are plain data (tuples arrive as lists, paths as text).

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
    request = {
        "reference": reference,
        "args": args,
        "kwargs": kwargs,
        "timeout": timeout,
        "memory_limit": memory_limit,
        "path": sys.path,
        "cwd": _working_folder(),
    }
    try:
        message = json.dumps(request, default=os.fspath).encode()
    except (TypeError, ValueError, RecursionError) as error:
        raise PluginError(f"the arguments are no plain data: {error}", where=reference) from error
    subject = _subject(args)
    with _lock:
        worker = _get_worker()
        try:
            answer = worker.exchange(message, timeout)
        except _WorkerLostError as lost:
            _drop_worker()
            raise FileCrashesReaderError(
                f"{reference} {lost}",
                where=subject,
                remedy="Check the file with the software that wrote it, or leave it out.",
            ) from None
        except BaseException:
            # Interrupted: the answer to this call would be taken for that to the next.
            _drop_worker()
            raise
    if "error" in answer:
        raise _rebuild_error(answer["error"], subject)
    return answer["result"]


def stop_worker() -> None:
    """End the worker process, if there is one; the next call starts another.

    Examples
    --------
    >>> stop_worker()
    """
    with _lock:
        _drop_worker()


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


def _rebuild_error(told: dict[str, Any], subject: str | None) -> PenstockError:
    if told["kind"] is None:
        error: PenstockError = UnsupportedFileError(told["what"], where=subject)
    else:
        kind: type[PenstockError] = getattr(errors, told["kind"])
        error = kind(told["what"], where=told["where"], remedy=told["remedy"])
    error.add_note(f"In the worker process:\n{told['traceback']}")
    return error


# The worker --------------------------------------------------------------------------------------


class _WorkerLostError(Exception):
    """The worker died or was killed; the message completes a sentence."""


class _Worker:
    """A running worker process and the pipes to it."""

    def __init__(self) -> None:
        theirs, self._lifeline = os.pipe()
        try:
            self._process = subprocess.Popen(
                [sys.executable, "-c", _BOOTSTRAP, json.dumps(sys.path), str(theirs)],
                stdin=subprocess.PIPE,
                stdout=subprocess.PIPE,
                stderr=subprocess.PIPE,
                bufsize=0,
                pass_fds=[theirs],
                start_new_session=True,  # Ctrl-C in a terminal is the host's business
            )
        except BaseException:
            os.close(self._lifeline)
            raise
        finally:
            os.close(theirs)
        self._error_output = bytearray()
        pipes = (self._process.stdin, self._process.stdout, self._process.stderr)
        self._pipes = [pipe for pipe in pipes if pipe is not None]
        self._requests, self._answers, self._errors = (pipe.fileno() for pipe in self._pipes)
        for pipe in self._pipes:
            os.set_blocking(pipe.fileno(), False)

    @property
    def alive(self) -> bool:
        return self._process.poll() is None

    def exchange(self, message: bytes | None, timeout: float) -> dict[str, Any]:
        """Send a request (None to send nothing), and wait for the answer."""
        deadline = time.monotonic() + timeout
        self._error_output.clear()
        unsent = memoryview(b"" if message is None else HEADER.pack(len(message)) + message)
        received = bytearray()
        with selectors.DefaultSelector() as selector:
            selector.register(self._answers, selectors.EVENT_READ)
            selector.register(self._errors, selectors.EVENT_READ)
            if unsent:
                selector.register(self._requests, selectors.EVENT_WRITE)
            while (answer := _unpack(received)) is None:
                left = deadline - time.monotonic()
                if left <= 0:
                    raise _WorkerLostError(f"took longer than {timeout:g} s{self._last_words()}")
                # Once dead, it says no more; something that it started may keep its pipes open.
                ended = not self.alive
                events = selector.select(0 if ended else min(left, 0.5))
                if ended and not events:
                    raise self._lost()
                for key, _ in events:
                    if key.fd == self._requests:
                        unsent = self._send(unsent)
                        if not unsent:
                            selector.unregister(self._requests)
                    elif not self._receive(key.fd, received):
                        selector.unregister(key.fd)
                        if key.fd == self._answers:
                            raise self._lost()
        return answer

    def _send(self, unsent: memoryview) -> memoryview:
        try:
            return unsent[os.write(self._requests, unsent) :]
        except BrokenPipeError:
            raise self._lost() from None

    def _receive(self, fd: int, received: bytearray) -> bool:
        """Read what has come; False at the end of the pipe."""
        data = os.read(fd, 1 << 20)
        if fd == self._answers:
            received += data
        else:
            self._error_output += data
            del self._error_output[:-_KEPT_ERROR_OUTPUT]
        return bool(data)

    def _lost(self) -> _WorkerLostError:
        try:
            status = self._process.wait(_KILL_TIMEOUT)
        except subprocess.TimeoutExpired:
            return _WorkerLostError("closed the connection to its worker process")
        with contextlib.suppress(BlockingIOError):
            while self._receive(self._errors, bytearray()):
                pass
        if status < 0:
            try:
                name = signal.Signals(-status).name
            except ValueError:  # real-time signals have no names
                name = f"signal {-status}"
            return _WorkerLostError(f"crashed ({name}){self._last_words()}")
        return _WorkerLostError(f"ended its process with exit status {status}{self._last_words()}")

    def _last_words(self) -> str:
        lines = self._error_output.decode("utf-8", "replace").split("\n")
        words = " | ".join(line.strip() for line in lines if line.strip())
        return f"; last words: {words[-300:]}" if words else ""

    def kill(self) -> None:
        self._process.kill()
        # One that hangs in the kernel, on a lost file system, cannot be waited for.
        with contextlib.suppress(subprocess.TimeoutExpired):
            self._process.wait(_KILL_TIMEOUT)
        self.close_pipes()

    def close_pipes(self) -> None:
        for pipe in self._pipes:
            pipe.close()
        os.close(self._lifeline)

    def forget(self) -> None:
        """Let go of a worker that belongs to the process that this one was forked from."""
        self._process.returncode = 0  # or it would be reported as left running
        self.close_pipes()


def _unpack(received: bytearray) -> dict[str, Any] | None:
    if len(received) < HEADER.size:
        return None
    (size,) = HEADER.unpack_from(received)
    if len(received) < HEADER.size + size:
        return None
    try:
        answer: dict[str, Any] = json.loads(received[HEADER.size :])
    except ValueError:
        raise _WorkerLostError("corrupted the memory of its worker process") from None
    return answer


_lock = threading.Lock()
_worker: _Worker | None = None


def _get_worker() -> _Worker:
    global _worker
    if _worker is not None and _worker.alive:
        return _worker
    _drop_worker()
    try:
        worker = _Worker()
    except OSError as error:
        raise _not_started(str(error)) from error
    try:
        worker.exchange(None, _START_TIMEOUT)
    except _WorkerLostError as lost:
        worker.kill()
        raise _not_started(str(lost)) from None
    except BaseException:
        worker.kill()
        raise
    _worker = worker
    return worker


def _not_started(why: str) -> PluginError:
    return PluginError(
        f"no worker process can be started: {why}",
        where=sys.executable,
        remedy="Run penstock in a Python that can start itself.",
    )


def _drop_worker() -> None:
    global _worker
    worker, _worker = _worker, None
    if worker is not None:
        worker.kill()


def _after_fork() -> None:
    global _lock, _worker
    _lock = threading.Lock()
    worker, _worker = _worker, None
    if worker is not None:
        worker.forget()


os.register_at_fork(after_in_child=_after_fork)
# At exit another thread may hold the lock for as long as its call hangs.
atexit.register(_drop_worker)
