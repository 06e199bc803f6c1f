"""``penstock ingest``: match files, ingest them, and show what became of each."""

from __future__ import annotations

import argparse
import math
import os
from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

from penstock.commands import exit_codes
from penstock.commands.arguments import add_command, add_json, add_paths
from penstock.commands.choosing import add_choices, ask_undecided, can_ask, make_plan
from penstock.commands.copies import add_bad_frames, copy_runs, print_copies
from penstock.commands.data_keys import dtype_text, shape_text
from penstock.commands.foreign import foreign_output_aside, tell_problems
from penstock.commands.problems import print_failures, told_once
from penstock.commands.tables import print_table
from penstock.commands.terminal import (
    plain,
    print_json,
    progress_bar,
    short,
    short_uid,
)
from penstock.core.errors import CatalogError
from penstock.core.report import Report, ReportItem

if TYPE_CHECKING:
    from penstock.core.catalog.writable import WritableCatalog

__all__ = ["add_parser", "run"]

_EXAMPLES = f"""\
examples:
  penstock ingest scan_*.tif
  penstock ingest /data/today notes.h5
  penstock ingest --use tiff-stack odd.tif    whatever others offer
  penstock ingest tooth.h5 --use hdf5 --set dataset=/exchange/data
  penstock ingest /data --catalog runs.db     keep the runs; give it again for what is new
  penstock ingest /data/today --cache native_copies    copy the runs, too
  penstock ingest /data/today --json | jq .counts

{exit_codes.EXIT_CODES}"""


def add_parser(subparsers: Any) -> None:
    """Add the subcommand to the parser of the command line."""
    parser = add_command(
        subparsers,
        "ingest",
        run,
        title="ingest files and show the runs",
        description="Group files, choose an ingestor for each group, ingest them, and show the "
        "runs, and what was refused or failed, with the reason and the remedy. Where several "
        "ingestors fit equally well you are asked, if this is a terminal.",
        examples=_EXAMPLES,
    )
    add_paths(parser)
    add_choices(parser)
    parser.add_argument(
        "--catalog",
        metavar="CATALOG",
        help="keep the runs in this catalog: a .db file, made if it is not there, or a name that "
        "the configuration gives one; what is in it and has not changed is skipped",
    )
    parser.add_argument(
        "--again", action="store_true", help="with --catalog: ingest what has not changed, too"
    )
    parser.add_argument(
        "--cache",
        type=os.path.expanduser,
        metavar="DIR",
        help="then copy every run into this folder; see `penstock cache`",
    )
    add_bad_frames(parser)
    parser.add_argument(
        "--recall",
        action="store_true",
        help="open files that lie on tape too, which calls them back",
    )
    parser.add_argument(
        "--traceback", action="store_true", help="show where in its code an ingestor failed"
    )
    add_json(parser, "the report, tracebacks and all,")


def run(options: argparse.Namespace) -> int:
    """Ingest, print, and return the exit code."""
    from penstock.core.places import observe, prepare_folder
    from penstock.core.registry.registry import get_registry

    if options.cache is not None:
        prepare_folder(options.cache)  # ingesting takes long: what cannot end is not begun
    with foreign_output_aside():
        problems = get_registry().problems
    tell_problems(problems)
    catalog = _open(options.catalog)
    with observe():
        asks = not options.json and can_ask()
        with foreign_output_aside():
            plan = make_plan(options, can_ask=asks)
        if plan.undecided and asks:
            plan = ask_undecided(plan, remember=options.remember)
        with foreign_output_aside(), progress_bar("ingesting") as progress:
            report = catalog.ingest(
                plan, recall=options.recall, again=options.again, progress=progress
            )
    copies = None
    if options.cache is not None:
        with foreign_output_aside():
            copies = copy_runs(
                catalog, options.cache, {"uid": {"$in": report.uids}}, bad_frames=options.bad_frames
            )
    if options.json:
        told = report.to_dict()
        print_json(told if copies is None else {**told, "copies": copies.to_dict()})
    else:
        print_report(report)
        if options.traceback:
            _print_tracebacks(report)
        if copies is not None:
            print_copies(copies)
    return exit_codes.of_copies(copies or Report()) or exit_codes.of_report(report)


def _open(name: str | None) -> WritableCatalog:
    """Open the catalog that takes the runs; without a name it goes with the process."""
    from penstock import opening
    from penstock.core.catalog import BlueskyInMemoryCatalog
    from penstock.core.catalog.writable import WritableCatalog

    if name is None:
        in_memory: WritableCatalog = BlueskyInMemoryCatalog()
        return in_memory
    catalog: object = opening.open_catalog(name, create=True)
    if not isinstance(catalog, WritableCatalog):
        raise CatalogError(
            "is no catalog that takes runs", where=name, remedy="To make copies: --cache FOLDER."
        )
    return catalog


def print_report(report: Report) -> None:
    """Print a table of the runs, and one of what was refused or failed."""
    runs = report.with_outcome("ok", "partial")
    print_table(
        "Runs",
        ["uid", "ingestor", "files", "stream", "shape", "dtype", "start time", "from"],
        [_run_row(item) for item in runs],
        expendable=["dtype", "start time", "uid", "stream"],
    )
    print_table("Notes", ["from", "note"], _note_rows(runs), below=["note"])
    others = [*report.with_outcome("failed"), *report.with_outcome("refused")]
    print_failures("Not ingested", others, "from")
    print(report)


def _print_tracebacks(report: Report) -> None:
    for item in report:
        if text := item.details.get("traceback"):
            print(plain(f"\n{item.subject}: {item.why}"))
            print("\n".join(map(plain, text.splitlines())))


def _note_rows(runs: Sequence[ReportItem]) -> list[tuple[str, str]]:
    notes = (
        (note, short(item.subject))
        for item in runs
        for note in filter(None, [item.why, *item.details["notes"]])
    )
    return [(subjects, note) for note, subjects in told_once(notes)]


def _run_row(item: ReportItem) -> list[object]:
    details = item.details
    streams = details["streams"]
    shown = {name: _largest(stream["data_keys"]) for name, stream in streams.items()}
    return [
        short_uid(item.uid or ""),
        details["ingestor"],
        details["files"],
        list(streams),
        [shape_text(streams[name]["events"], key) for name, key in shown.items()],
        [dtype_text(key["dtype"]) for key in shown.values()],
        details["time"].replace("T", " ").replace("+00:00", " UTC"),
        short(item.subject),
    ]


def _largest(data_keys: dict[str, dict[str, Any]]) -> dict[str, Any]:
    nothing: dict[str, Any] = {"shape": [], "dtype": ""}
    return max(
        data_keys.values(), key=lambda key: math.prod(n or 1 for n in key["shape"]), default=nothing
    )
