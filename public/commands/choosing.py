"""What a person chooses: ``--choose GROUP NAME``, or at a terminal where something is undecided."""

from __future__ import annotations

import argparse
import shlex
import sys
from typing import TYPE_CHECKING

from penstock.commands.settings import add_choice, settings_of
from penstock.commands.terminal import plain, short

if TYPE_CHECKING:
    from penstock.core.matching.plan import Decision, Plan

__all__ = ["add_choices", "ask_undecided", "can_ask", "choose_help", "make_plan"]


def add_choices(parser: argparse.ArgumentParser) -> None:
    """Add ``--use``, ``--set``, ``--choose``, ``--remember``, … to a parser.

    Examples
    --------
    >>> parser = argparse.ArgumentParser()
    >>> add_choices(parser)
    >>> parser.parse_args(["--choose", "a_{}.tif", "merged"]).choose
    [['a_{}.tif', 'merged']]
    """
    add_choice(parser)
    parser.add_argument(
        "--choose",
        nargs=2,
        metavar=("GROUP", "NAME"),
        action="append",
        default=[],
        help="let the ingestor NAME take the files of GROUP (as this command prints it, or one of "
        "its files), or "
        "group them in another way that `penstock match --why` shows: merged, split, apart, "
        "joined, unjoined; can be given several times",
    )
    parser.add_argument(
        "--remember",
        action="store_true",
        help="choose so again for files of the same format, with such names, in the same folder",
    )
    parser.add_argument(
        "--fresh",
        action="store_true",
        help="look into all files, also into those that have not changed since they were matched",
    )
    parser.add_argument(
        "--forget",
        action="store_true",
        help="first forget the choices remembered for these folders, or for files named like these",
    )


def make_plan(options: argparse.Namespace, *, can_ask: bool = False) -> Plan:
    """Match what the options name, and choose as they say.

    Parameters
    ----------
    can_ask
        Whether a person will be asked: what that one chooses can be remembered, too.
    """
    from penstock.core.errors import SettingsError
    from penstock.core.matching.matcher import match
    from penstock.core.matching.remembering import forget

    if options.remember and not can_ask and not any(_is_ingestor(n) for _, n in options.choose):
        raise SettingsError(
            "--remember remembers for which files an ingestor was chosen, and none is",
            remedy="Choose it: `--choose GROUP NAME --remember`.",
        )
    if options.forget:
        count = sum(forget(path) for path in options.paths)
        told = f"{count} remembered {'choice' if count == 1 else 'choices'} forgotten"
        print(f"penstock: {told}", file=sys.stderr)
    plan = match(options.paths, use=options.use, settings=settings_of(options), fresh=options.fresh)
    for group, name in options.choose:
        plan = plan.with_choice(group, name, remember=options.remember and _is_ingestor(name))
    return plan


def choose_help(decision: Decision) -> str:
    """Return what to type where something is undecided.

    Examples
    --------
    >>> from penstock.core.matching.plan import Decision, Group
    >>> choose_help(Decision(Group("/data", ("a b.tif",), "a b.tif"), None))
    "Choose one: --choose '/data/a b.tif' NAME"
    """
    return f"Choose one: --choose {shlex.quote(short(decision.subject))} NAME"


def _is_ingestor(name: str) -> bool:
    from penstock.core.registry.registry import get_registry

    return name in get_registry().ingestors


def ask_undecided(plan: Plan, *, remember: bool) -> Plan:
    """Ask the person at the terminal about each group that is undecided; return the plan then."""
    skipped: set[str] = set()
    while waiting := [one for one in plan.undecided if one.group.subject not in skipped]:
        decision = waiting[0]
        name = _ask(decision, len(waiting))
        if name is None:
            skipped.add(decision.group.subject)
        else:
            plan = plan.with_choice(decision, name, remember=remember and _is_ingestor(name))
    return plan


def _ask(decision: Decision, waiting: int) -> str | None:
    """Show what there is to choose from, and return what the person chose; None for nothing."""
    more = f" (and {waiting - 1} more groups)" if waiting > 1 else ""
    print(plain(f"{short(decision.group.subject)}: {decision.reason}{more}"))
    told = {offer.ingestor: offer.strength for offer in decision.alternatives}
    told |= {one.name: one.why for one in (*decision.group.readings, *decision.readings)}
    names = list(decision.choices)
    for number, name in enumerate(names, 1):
        print(plain(f"  {number}  {name}  {told.get(name, '')}"))
    while True:
        try:
            answer = input(f"Which? 1–{len(names)}, or Enter to leave these files out: ").strip()
        except EOFError:
            print()
            return None
        if not answer:
            return None
        if answer in names:
            return answer
        if answer.isascii() and answer.isdigit() and 1 <= int(answer) <= len(names):
            return names[int(answer) - 1]
        print(plain(f"{answer!r} is none of them."))


def can_ask() -> bool:
    """Tell whether there is a person to ask: a terminal on both sides."""
    return sys.stdin is not None and sys.stdin.isatty() and sys.stdout.isatty()
