"""``penstock show``: what one run consists of."""

from __future__ import annotations

import argparse
import json
from collections.abc import Iterator, Mapping
from typing import TYPE_CHECKING, Any

from penstock.commands import exit_codes
from penstock.commands.arguments import add_catalog, add_command, add_json
from penstock.commands.catalogs import open_catalog
from penstock.commands.data_keys import dtype_text, shape_text
from penstock.commands.foreign import foreign_output_aside
from penstock.commands.paging import paged
from penstock.commands.tables import print_table
from penstock.commands.terminal import plain, print_json, short, utc

if TYPE_CHECKING:
    from penstock.core.run import BlueskyRun

__all__ = ["add_parser", "run"]

_EXAMPLES = """\
examples:
  penstock show runs.db                          the newest run
  penstock show native_copies 7f15               the run whose uid begins so
  penstock show native_copies 554 --json | jq .start
  penstock show native_copies -1 --why           which ingestor made it, and why that one

exit codes:
  0  done
  1  there is no such catalog or run, several runs fit, or the run cannot be read
  2  usage
"""


def add_parser(subparsers: Any) -> None:
    """Add the subcommand to the parser of the command line."""
    parser = add_command(
        subparsers,
        "show",
        run,
        title="show what one run consists of",
        description="Show a run: its exit status and times, its streams and their data, and its "
        "metadata. No array is read.",
        examples=_EXAMPLES,
    )
    add_catalog(parser)
    parser.add_argument(
        "key",
        nargs="?",
        default="-1",
        metavar="RUN",
        help="a uid or its beginning, a scan_id, or -1 for the newest run, which is also shown "
        "where this is left out",
    )
    parser.add_argument(
        "--why",
        action="store_true",
        help="tell which ingestor made the run, on what evidence, and why no other",
    )
    add_json(parser, "it")


def run(options: argparse.Namespace) -> int:
    """Show the run and return the exit code."""
    with foreign_output_aside():
        told = _as_data(open_catalog(options.catalog)[options.key])
    if options.json:
        print_json(told)
    else:
        with paged():
            _print_run(told)
            if options.why:
                _print_provenance(told["provenance"])
    return exit_codes.DONE


def _as_data(run: BlueskyRun) -> dict[str, Any]:
    stop = run.metadata["stop"]
    return {
        "uid": run.uid,
        "exit_status": None if stop is None else stop.get("exit_status"),
        "start": run.metadata["start"],
        "stop": stop,
        "streams": {
            name: {"events": len(run[name]), "data_keys": run[name].data_keys} for name in run
        },
        "provenance": run.provenance,
    }


def _print_run(told: Mapping[str, Any]) -> None:
    stop = told["stop"] or {}
    status = told["exit_status"] or "in progress, or cut short"
    reason = told["provenance"].get("truncated") or stop.get("reason")
    lines = {
        "Run": told["uid"],
        "exit status": f"{status} ({reason})" if reason else status,
        "start": utc(told["start"]["time"]),
        "stop": utc(stop.get("time")),
        "file": short(str(told["provenance"].get("file", ""))),
        "ingestor": told["provenance"].get("ingestor") or "",
    }
    for name, text in lines.items():
        if text:
            print(plain(f"{name:<12} {text}"))
    print()
    print_table(
        "Streams",
        ["stream", "data key", "shape", "dtype", "units"],
        [row for name, stream in told["streams"].items() for row in _stream_rows(name, stream)],
    )
    print_table("Metadata", ["name", "value"], list(_flat(told["start"], "", ("uid", "time"))))


_ABOUT_FILES = ("file", "copied", "truncated", "fingerprint")


def _print_provenance(provenance: Mapping[str, Any]) -> None:
    """Print who chose the ingestor and why, and which files the run was made from."""
    rows = [
        (name if number == 0 else "", text)
        for name, value in provenance.items()
        if name not in _ABOUT_FILES
        for number, text in enumerate(value if isinstance(value, list) else [value])
        if text not in (None, "")
    ]
    fingerprint = provenance.get("fingerprint")
    if isinstance(fingerprint, Mapping):
        rows += [("files", ", ".join(f"{name} {value}" for name, value in fingerprint.items()))]
    if rows:
        print()
        print_table("Why", ["", ""], rows)
    else:
        print("\nNothing is recorded of how this run was made.")


def _stream_rows(name: str, stream: Mapping[str, Any]) -> list[tuple[str, str, str, str, str]]:
    if not stream["data_keys"]:
        return [(name, "", shape_text(stream["events"], {}), "", "")]
    return [
        (
            "" if i else name,
            key,
            shape_text(stream["events"], data_key),
            dtype_text(data_key.get("dtype_numpy") or data_key.get("dtype", "")),
            str(data_key.get("units") or ""),
        )
        for i, (key, data_key) in enumerate(stream["data_keys"].items())
    ]


def _flat(
    document: Mapping[str, Any], prefix: str, without: tuple[str, ...] = ()
) -> Iterator[tuple[str, str]]:
    """Yield the fields of a document under the names by which they are searched."""
    for name, value in document.items():
        if name in without:
            continue
        if isinstance(value, Mapping) and value:
            yield from _flat(value, f"{prefix}{name}.")
        else:
            text = value if isinstance(value, str) else json.dumps(value, default=str)
            yield f"{prefix}{name}", text
