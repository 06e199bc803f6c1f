"""The worker process of `core.isolation`: reads calls, runs them, writes what came of them."""

from __future__ import annotations

import contextlib
import fcntl
import importlib
import json
import os
import resource
import signal
import struct
import sys
import traceback
from typing import Any, BinaryIO

from . import errors
from .registry.references import resolve_reference

__all__ = ["HEADER", "run_worker", "tell_error"]

HEADER = struct.Struct(">Q")
"""What goes before each message: its length in bytes."""

_SPARE_SECONDS = 5.0
"""How long after its time limit a call ends itself, should the host be gone."""


def run_worker(lifeline: int) -> None:
    """Answer calls on standard input until it closes, or until `lifeline` does.

    Nothing is ever written to `lifeline`: the other end of that pipe closes when the host ends.
    """
    requests, answers = _take_pipes()
    resource.setrlimit(resource.RLIMIT_CORE, (0, 0))
    for deadly in (signal.SIGALRM, signal.SIGIO):  # the host may have ignored them
        signal.signal(deadly, signal.SIG_DFL)
    _end_with(lifeline)
    _write(answers, json.dumps({"ready": True}))
    while (header := requests.read(HEADER.size)) and len(header) == HEADER.size:
        request = json.loads(requests.read(*HEADER.unpack(header)))
        signal.setitimer(signal.ITIMER_REAL, request["timeout"] + _SPARE_SECONDS)
        answer = _run(request)
        signal.setitimer(signal.ITIMER_REAL, 0)
        _write(answers, answer)


def _take_pipes() -> tuple[BinaryIO, BinaryIO]:
    """Keep both pipes for messages alone: what a library prints goes to standard error."""
    requests = os.fdopen(os.dup(0), "rb")
    answers = os.fdopen(os.dup(1), "wb")
    nothing = os.open(os.devnull, os.O_RDONLY)
    os.dup2(nothing, 0)
    os.close(nothing)
    os.dup2(2, 1)
    return requests, answers


def _write(stream: BinaryIO, message: str) -> None:
    text = message.encode()
    stream.write(HEADER.pack(len(text)) + text)
    stream.flush()


def _end_with(lifeline: int) -> None:
    """Have the system end this process with the host, even in a call that never comes back.

    A pipe's end brings SIGIO, whose default is to end the process. Where pipes bring no signals,
    the alarm of each call remains.
    """
    os.set_inheritable(lifeline, False)
    with contextlib.suppress(OSError):
        fcntl.fcntl(lifeline, fcntl.F_SETOWN, os.getpid())
        fcntl.fcntl(lifeline, fcntl.F_SETFL, fcntl.fcntl(lifeline, fcntl.F_GETFL) | os.O_ASYNC)


def _run(request: dict[str, Any]) -> str:
    try:
        _be_where_the_host_is(request)
        function = resolve_reference(request["reference"])
        result = function(*request["args"], **request["kwargs"])
    except (Exception, SystemExit) as error:  # noqa: BLE001  # the host raises it
        return json.dumps({"error": tell_error(error)})
    try:
        return json.dumps({"result": result})
    except (TypeError, ValueError, RecursionError) as error:
        unfit = errors.PluginError(
            f"the result is no plain data: {error}",
            where=request["reference"],
            remedy="Return numbers, text, lists and dicts from functions that run in a worker.",
        )
        return json.dumps({"error": tell_error(unfit)})


def _be_where_the_host_is(request: dict[str, Any]) -> None:
    if request["cwd"] is not None:
        os.chdir(request["cwd"])
    if request.get("path", sys.path) != sys.path:  # told when it changes
        sys.path[:] = request["path"]
        importlib.invalidate_caches()
    _, hard = resource.getrlimit(resource.RLIMIT_AS)
    limit = request["memory_limit"]
    if hard != resource.RLIM_INFINITY:
        limit = min(limit, hard)
    with contextlib.suppress(ValueError, OSError):  # macOS knows no such limit
        resource.setrlimit(resource.RLIMIT_AS, (limit, hard))


def tell_error(error: BaseException) -> dict[str, Any]:
    """Return an error that is being handled as plain data."""
    told: dict[str, Any] = {"traceback": traceback.format_exc()}
    if isinstance(error, errors.PenstockError):
        # The host may not have a plug-in's own kind of error: tell the kind of ours that it is.
        known = next(kind for kind in type(error).__mro__ if kind.__module__ == errors.__name__)
        return told | {
            "kind": known.__name__,
            "what": error.what,
            "where": error.where,
            "remedy": error.remedy,
        }
    return told | {"kind": None, "what": f"{type(error).__name__}: {error}"}
