"""A running worker process of `core.isolation`, and the pipes to it."""

from __future__ import annotations

import contextlib
import json
import os
import signal
import subprocess
import sys
from typing import Any

from ._isolated import HEADER

__all__ = ["Worker", "WorkerLostError"]

_BOOTSTRAP = (
    "import json, sys; sys.path[:] = json.loads(sys.argv[1]); "
    "from penstock.core._isolated import run_worker; run_worker(int(sys.argv[2]))"
)
_KILL_TIMEOUT = 5.0
_KEPT_ERROR_OUTPUT = 4000
_READ_BYTES = 1 << 20


class WorkerLostError(Exception):
    """The worker died or was killed; the message completes a sentence."""


class Worker:
    """A worker process: takes messages, gives one answer to each, in order.

    Nothing here blocks; who waits does so on `readable` and `writable`.
    """

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
        self._unsent = bytearray()
        self._received = bytearray()
        self._error_output = bytearray()
        pipes = (self._process.stdin, self._process.stdout, self._process.stderr)
        self._pipes = [pipe for pipe in pipes if pipe is not None]
        self._requests, self._answers, self._errors = (pipe.fileno() for pipe in self._pipes)
        self._open = {self._answers, self._errors}
        for pipe in self._pipes:
            os.set_blocking(pipe.fileno(), False)

    @property
    def alive(self) -> bool:
        """Whether the process has not ended."""
        return self._process.poll() is None

    @property
    def readable(self) -> set[int]:
        """The descriptors that it may say something on."""
        return self._open

    @property
    def writable(self) -> set[int]:
        """The descriptor that it takes messages on, while some are not yet sent."""
        return {self._requests} if self._unsent else set()

    def send(self, message: bytes) -> None:
        """Queue a message, and hand over as much as the worker takes now."""
        self._unsent += HEADER.pack(len(message)) + message
        self.flush()

    def flush(self) -> None:
        """Hand over what is queued, as much as the worker takes now."""
        try:
            while self._unsent:
                del self._unsent[: os.write(self._requests, self._unsent[:_READ_BYTES])]
        except BlockingIOError:
            pass
        except BrokenPipeError:
            raise self.lost() from None

    def receive(self) -> list[dict[str, Any]]:
        """Return the answers that have come; raises where the worker can give no more."""
        while self._read(self._errors):
            pass
        more = True
        while more:
            more = self._read(self._answers)
        answers = []
        while (answer := _unpack(self._received)) is not None:
            answers.append(answer)
        if not answers and self._answers not in self._open:
            raise self.lost()
        return answers

    def _read(self, fd: int) -> bool:
        """Read what has come; whether there may be more."""
        if fd not in self._open:
            return False
        try:
            data = os.read(fd, _READ_BYTES)
        except BlockingIOError:
            return False
        if not data:
            self._open.discard(fd)
        elif fd == self._answers:
            self._received += data
        else:
            self._error_output += data
            del self._error_output[:-_KEPT_ERROR_OUTPUT]
        return bool(data)

    def lost(self) -> WorkerLostError:
        """Return what became of a worker that has ended."""
        try:
            status = self._process.wait(_KILL_TIMEOUT)
        except subprocess.TimeoutExpired:
            return WorkerLostError("closed the connection to its worker process")
        while self._read(self._errors):
            pass
        if status < 0:
            try:
                name = signal.Signals(-status).name
            except ValueError:  # real-time signals have no names
                name = f"signal {-status}"
            return WorkerLostError(f"crashed ({name}){self.last_words()}")
        return WorkerLostError(f"ended its process with exit status {status}{self.last_words()}")

    def last_words(self) -> str:
        """Return the end of what was written to standard error since `forget_words`."""
        lines = self._error_output.decode("utf-8", "replace").split("\n")
        words = " | ".join(line.strip() for line in lines if line.strip())
        return f"; last words: {words[-300:]}" if words else ""

    def forget_words(self) -> None:
        """Let go of what was written to standard error."""
        self._error_output.clear()

    def kill(self) -> None:
        """End the process, whatever it is doing."""
        self._process.kill()
        # One that hangs in the kernel, on a lost file system, cannot be waited for.
        with contextlib.suppress(subprocess.TimeoutExpired):
            self._process.wait(_KILL_TIMEOUT)
        self._close_pipes()

    def disown(self) -> None:
        """Let go of a worker that belongs to the process that this one was forked from."""
        self._process.returncode = 0  # or it would be reported as left running
        self._close_pipes()

    def _close_pipes(self) -> None:
        for pipe in self._pipes:
            pipe.close()
        os.close(self._lifeline)


def _unpack(received: bytearray) -> dict[str, Any] | None:
    """Take the first answer off what was received, if it is whole."""
    if len(received) < HEADER.size:
        return None
    (size,) = HEADER.unpack_from(received)
    end = HEADER.size + size
    if len(received) < end:
        return None
    try:
        answer: dict[str, Any] = json.loads(received[HEADER.size : end])
    except ValueError:
        raise WorkerLostError("corrupted the memory of its worker process") from None
    del received[:end]
    return answer
