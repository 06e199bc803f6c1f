"""The options ``--use`` and ``--set``: which ingestor to use, and with which settings."""

from __future__ import annotations

import argparse
import json
from typing import Any

__all__ = ["add_choice", "parse_setting", "settings_of"]


def add_choice(parser: argparse.ArgumentParser) -> None:
    """Add both options to the parser of a subcommand.

    Examples
    --------
    >>> parser = argparse.ArgumentParser()
    >>> add_choice(parser)
    >>> settings_of(parser.parse_args(["--use", "hdf5", "--set", "dataset=/a", "--set", "n=2"]))
    {'dataset': '/a', 'n': 2}
    """
    parser.add_argument("--use", metavar="NAME", help="the ingestor to use; see `penstock plugins`")
    parser.add_argument(
        "--set",
        metavar="KEY=VALUE",
        action="append",
        default=[],
        type=parse_setting,
        dest="settings",
        help="a setting of the ingestor named by --use, read as JSON where it is JSON, else as "
        "text; can be given several times",
    )


def settings_of(options: argparse.Namespace) -> dict[str, Any]:
    """Return the settings that were given, the last one of each name."""
    return dict(options.settings)


def parse_setting(text: str) -> tuple[str, Any]:
    """Read one setting.

    Examples
    --------
    >>> parse_setting("dataset=/exchange/data"), parse_setting('dataset=["/a", "/b"]')
    (('dataset', '/exchange/data'), ('dataset', ['/a', '/b']))
    """
    key, equals, value = text.partition("=")
    if not (key and equals):
        raise argparse.ArgumentTypeError(f"{text!r} is not KEY=VALUE")
    try:
        return key, json.loads(value)
    except ValueError:
        return key, value
