"""The command ``penstock``: one subcommand a module in `penstock.commands`."""

from __future__ import annotations

import argparse
import logging
import os
import sys
from collections.abc import Iterator, Sequence
from contextlib import contextmanager

from penstock._version import __version__
from penstock.commands import cache, ingest, ls, match, plugins, search, show
from penstock.commands.exit_codes import BROKEN_PIPE, EXIT_CODES, FAILED, INTERRUPTED, USAGE
from penstock.core.errors import PenstockError, QueryError, UnregisteredIngestorError

__all__ = ["build_parser", "main"]

_SUBCOMMANDS = (ingest, cache, ls, show, search, match, plugins)

_DESCRIPTION = """\
Point at files that somebody else's software wrote, and have a catalog of runs.
"""

_EXAMPLES = """\
examples:
  penstock ingest scan_*.tif                      one series of images
  penstock ingest /data/today --cache copies      a whole folder, and copy the runs
  penstock ls copies                              list the copies
  penstock search copies 'sample.name=Cu'         those of one sample
  penstock show copies -1                         what the newest run consists of
  penstock match --why /data/today                which ingestor would take what, and why
  penstock plugins                                what is installed, and what is broken
"""


def build_parser() -> argparse.ArgumentParser:
    """Make the parser of the command line.

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
    for module in _SUBCOMMANDS:
        module.add_parser(subparsers)
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
    4
    """
    options = build_parser().parse_args(arguments)
    try:
        with _quiet_libraries():
            code: int = options.run(options)
        sys.stdout.flush()
    except (UnregisteredIngestorError, QueryError) as error:  # what a person typed
        print(f"penstock: {error}", file=sys.stderr)
        return USAGE
    except PenstockError as error:
        print(f"penstock: {error}", file=sys.stderr)
        return FAILED
    except KeyboardInterrupt:
        print("penstock: interrupted", file=sys.stderr)
        return INTERRUPTED
    except BrokenPipeError:
        # Whoever read has enough; without this the interpreter would complain while it exits.
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        return BROKEN_PIPE
    return code
