"""``penstock match``: show which ingestor would take which files, and why."""

from __future__ import annotations

import argparse
import os
from typing import TYPE_CHECKING, Any

from penstock.commands import exit_codes
from penstock.commands.arguments import add_command, add_json, add_paths
from penstock.commands.choosing import add_choices, choose_help, make_plan
from penstock.commands.foreign import foreign_output_aside, tell_problems
from penstock.commands.paging import paged
from penstock.commands.terminal import plain, print_json, short

if TYPE_CHECKING:
    from penstock.core.matching.plan import Plan

__all__ = ["add_parser", "run"]

_EXAMPLES = """\
examples:
  penstock match /data/today
  penstock match --why scan_001.h5
  penstock match --json /data/today
  penstock match --why tooth.h5 --use hdf5 --set dataset=/exchange/data
  penstock match --why /data/today --choose 'map_{}_{}.tif' split
  penstock match odd.tif --choose odd.tif tiff-stack --remember

exit codes:
  0  every file is decided
  1  something is wrong: a path that does not exist, a damaged file
  2  usage
  3  nothing is wrong, but several ingestors fit some files equally well
  4  nothing is wrong and nothing undecided, but some file is claimed by no ingestor
"""


def add_parser(subparsers: Any) -> None:
    """Add the subcommand to the parser of the command line."""
    parser = add_command(
        subparsers,
        "match",
        run,
        title="show which ingestor would take which files",
        description="Group files and choose an ingestor for each group, and ingest nothing.",
        examples=_EXAMPLES,
    )
    add_paths(parser)
    parser.add_argument("--why", action="store_true", help="show the evidence, for and against")
    add_choices(parser)
    add_json(parser, "the plan")


def run(options: argparse.Namespace) -> int:
    """Match, print, and return the exit code."""
    with foreign_output_aside():
        plan = make_plan(options)
    tell_problems(plan.plugin_errors)
    if options.json:
        print_json(plan.to_dict())
    else:
        with paged():
            _print(plan, why=options.why)
    if any(unclaimed.is_fault for unclaimed in plan.unclaimed):
        return exit_codes.FAILED
    if plan.undecided:
        return exit_codes.UNDECIDED
    return exit_codes.NOTHING_CLAIMED if plan.unclaimed else exit_codes.DONE


def _print(plan: Plan, *, why: bool) -> None:
    if why:
        print(plan.explain(short))
        return
    for decision in plan.decisions:
        place = os.path.join(decision.group.folder, str(decision.group))
        if decision.chosen is None:
            names = dict.fromkeys(offer.ingestor for offer in decision.alternatives)
            told = f"undecided: {', '.join(names)}. {choose_help(decision)}"
        else:
            told = decision.chosen.ingestor
            if len(decision.chosen.claims) > 1:
                told += f" ({len(decision.chosen.claims)} runs)"
        print(plain(f"{short(place)}: {told}"))
    for unclaimed in plan.unclaimed:
        text = f"{short(unclaimed.subject)}: {unclaimed.reason}."
        print(plain(f"{text} {unclaimed.remedy}".rstrip()))
