"""The command ``penstock``: a module in `penstock.commands` for each, and those of plug-ins."""

from __future__ import annotations

import argparse
import errno
import io
import logging
import os
import sys
from collections.abc import Iterator, Sequence
from contextlib import contextmanager, suppress
from importlib import import_module

from penstock._version import __version__
from penstock.commands import ADDED_RUN, SUBCOMMANDS
from penstock.commands.exit_codes import BROKEN_PIPE, EXIT_CODES, FAILED, INTERRUPTED, USAGE
from penstock.commands.terminal import plain
from penstock.core.errors import (
    NoSuchGroupError,
    PenstockError,
    QueryError,
    SettingsError,
    UnregisteredIngestorError,
)

__all__ = ["build_parser", "main"]

_USAGE_ERRORS = (UnregisteredIngestorError, SettingsError, QueryError, NoSuchGroupError)
"""What is wrong with what a person typed."""

_NO_FOLDER = "the working folder is gone. Change to one that is there."
_NO_ROOM = (errno.ENOSPC, errno.EDQUOT, errno.EFBIG)

_DESCRIPTION = """\
Point at files that somebody else's software wrote, and have a catalog of runs.
"""

_EXAMPLES = """\
examples:
  penstock ingest scan_*.tif                      one series of images
  penstock ingest /data/today --cache copies      a whole folder, and copy the runs
  penstock ingest /data/today --catalog runs.db   keep the runs in a catalog
  penstock ls runs.db                             list them
  penstock search runs.db 'sample.name=Cu'        those of one sample
  penstock show runs.db -1                        what the newest run consists of
  penstock check runs.db                          whether their files have changed
  penstock match --why /data/today                which ingestor would take what, and why
  penstock plugins                                what is installed, and what is broken
"""


def build_parser(typed: Sequence[str] | None = None) -> argparse.ArgumentParser:
    """Make the parser of the command line.

    Parameters
    ----------
    typed
        What is going to be parsed. Where it is none of penstock's own commands (it may be a plea
        for help), those that plug-ins add are there too: finding them is left out where
        nobody asks for them.

    Examples
    --------
    >>> build_parser().parse_args(["ingest", "a.tif"]).paths
    ['a.tif']
    """
    parser = argparse.ArgumentParser(
        prog="penstock",
        description=_DESCRIPTION,
        epilog=f"{_EXAMPLES}\n{EXIT_CODES}",
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    parser.add_argument("--version", action="version", version=f"penstock {__version__}")
    subparsers = parser.add_subparsers(metavar="COMMAND", required=True)
    for name in SUBCOMMANDS:
        import_module(f"penstock.commands.{name}").add_parser(subparsers)
    if typed is not None:
        command = next((word for word in typed if not word.startswith("-")), None)
        if command not in SUBCOMMANDS and "--version" not in typed[:1]:
            from penstock.commands.added import add_commands

            add_commands(subparsers, command)
    return parser


@contextmanager
def _quiet_libraries() -> Iterator[None]:
    """Keep what libraries log and warn of out of the output: the report says what matters."""
    handler = logging.NullHandler()
    logging.getLogger().addHandler(handler)
    logging.captureWarnings(True)
    try:
        yield
    finally:
        logging.captureWarnings(False)
        logging.getLogger().removeHandler(handler)


def main(arguments: Sequence[str] | None = None) -> int:
    """Run the command line and return its exit code.

    Examples
    --------
    >>> main(["match", "/no/such/file.tif"])
    /no/such/file.tif: it does not exist. Check the spelling.
    1
    """
    _prepare_streams()
    try:
        try:
            return _run(arguments)
        finally:
            sys.stdout.flush()  # here, where what goes wrong can be told
    except _USAGE_ERRORS as error:
        return _complain(error, USAGE)
    except PenstockError as error:
        return _complain(error, FAILED)
    except KeyboardInterrupt:
        return _complain("interrupted", INTERRUPTED)
    except BrokenPipeError:  # whoever read has enough
        _discard_output()
        return BROKEN_PIPE
    except OSError as error:
        return _complain(_tell(error), FAILED)


def _run(arguments: Sequence[str] | None) -> int:
    typed = sys.argv[1:] if arguments is None else arguments
    parser = build_parser(typed)
    options, others = parser.parse_known_args(typed)
    if others:
        files = all(os.path.exists(name) for name in others)
        hint = "; to mean several files, quote the glob: 'folder/*.msgpack'" if files else ""
        parser.error(f"unrecognized arguments: {' '.join(others)}{hint}")
    # What a plug-in's command is called with is its own: an argument of it may be called `run`.
    run = vars(options).pop(ADDED_RUN, None) or options.run
    with _quiet_libraries():
        code: int = run(options)
    return code


def _prepare_streams() -> None:
    """Let printing never fail for want of a stream, or of a sign in its encoding."""
    for name in ("stdout", "stderr"):
        if getattr(sys, name) is None:  # the caller closed it
            setattr(sys, name, open(os.devnull, "w", encoding="utf-8"))  # noqa: SIM115
    if isinstance(sys.stdout, io.TextIOWrapper):
        sys.stdout.reconfigure(errors="backslashreplace")


def _complain(what: object, code: int) -> int:
    with suppress(OSError):  # standard error may be as full as the disk
        print(f"penstock: {plain(what)}", file=sys.stderr)
    return code


def _tell(error: OSError) -> str:
    """Say in a sentence what the operating system refused."""
    reason = error.strerror or str(error)
    try:
        sys.stdout.flush()
    except OSError:
        _discard_output()
        return f"the output cannot be written: {reason}"
    if error.filename is not None:
        return f"{error.filename}: {reason}"
    if error.errno in _NO_ROOM:  # unbuffered, it was told at once
        return f"the output cannot be written: {reason}"
    return reason if _has_working_folder() else _NO_FOLDER


def _has_working_folder() -> bool:
    try:
        return bool(os.getcwd())
    except FileNotFoundError:
        return False


def _discard_output() -> None:
    """Lose what is still to be written: the interpreter would complain of it while it exits."""
    os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
