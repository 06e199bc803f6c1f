"""The commands; numpy stands for all that is slow to import."""

import argparse

import numpy as np

from penstock import errors, match


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Add the arguments of `count`."""
    parser.add_argument("run", metavar="FOLDER", help="where the files lie")
    parser.add_argument("--code", type=int, default=0)


def count(options: argparse.Namespace) -> int:
    """Print how many runs there are."""
    print(np.size(match(options.run).decisions))
    return int(options.code)


def fail(options: argparse.Namespace) -> None:
    """Fail as a mistake does."""
    raise ValueError("the detector is off")


def refuse(options: argparse.Namespace) -> None:
    """Fail as penstock does."""
    raise errors.NoDataError("no data of yesterday", where="/data", remedy="Wait.")


def be_odd(options: argparse.Namespace) -> str:
    """Return what is no exit code."""
    return "done"
