"""The commands that the help and the documentation show are ones that the command line takes."""

from __future__ import annotations

import argparse
import contextlib
import re
import shlex
from collections.abc import Iterator
from pathlib import Path

import pytest

from penstock.command_line import build_parser
from penstock.commands import SUBCOMMANDS

REPOSITORY = Path(__file__).resolve().parent.parent.parent
FENCED = re.compile(r"^```(?:console|sh)\n(.*?)^```$", re.MULTILINE | re.DOTALL)
INLINE = re.compile(r"(?<!`)`(penstock [^`]+)`(?!`)")
ENDS_COMMAND = ("|", "||", "&&", ";", "#", ">", "2>")
PARSER = build_parser()


def parsers() -> dict[str, argparse.ArgumentParser]:
    (found,) = (a.choices for a in PARSER._actions if isinstance(a.choices, dict))
    return {"": PARSER, **found}


def commands_in_help() -> Iterator[tuple[str, str]]:
    for name, parser in parsers().items():
        for line in (parser.epilog or "").splitlines():
            if line.startswith("  penstock "):
                # What a command is for stands beside it.
                yield f"penstock {name} --help", re.split(r" {2,}", line.strip())[0]


def commands_in_pages() -> Iterator[tuple[str, str]]:
    written = (REPOSITORY / "docs").rglob("*.md")
    for page in [REPOSITORY / "README.md", *sorted(written)]:
        if "_build" in page.parts or "decisions" in page.parts:
            continue
        text = page.read_text(encoding="utf-8")
        where = page.relative_to(REPOSITORY).as_posix()
        for block in FENCED.finditer(text):
            for line in block[1].replace("\\\n", " ").splitlines():
                for command in re.split(r" && |; ", line):
                    if found := re.match(r"(?:\$ )?(?:\S*/)?penstock (.*)", command):
                        yield where, f"penstock {found[1]}"
        for found in INLINE.finditer(text):
            yield where, " ".join(found[1].split())


def complaint(command: str) -> str:
    """What the parser says against a command; one that is only hinted at may lack arguments."""
    words = shlex.split(command, comments=True)[1:]
    ends = [i for i, word in enumerate(words) if word in ENDS_COMMAND]
    words = words[: ends[0]] if ends else words
    said: list[str] = []

    def say(message: str) -> None:
        said.append(message)
        raise SystemExit(2)

    known = parsers()
    name = next((word for word in words if not word.startswith("-")), "")
    if name.isupper():  # any command
        return ""
    if name not in known:
        return f"there is no command {name!r}"
    for parser in (PARSER, known[name]):
        parser.error = say  # it would print, and exit
    with contextlib.suppress(SystemExit):
        PARSER.parse_args(words)
    lacks = "the following arguments are required"
    return next((text for text in said if not text.startswith(lacks)), "")


@pytest.mark.parametrize("name", SUBCOMMANDS)
def test_every_command_shows_examples_of_itself(name: str) -> None:
    shown = [command for where, command in commands_in_help() if where.split()[1] == name]
    assert len(shown) >= 2
    assert [command for command in shown if f"penstock {name}" not in command] == []


def test_the_help_shows_commands_that_there_are() -> None:
    wrong = [(where, c, said) for where, c in commands_in_help() if (said := complaint(c))]
    assert wrong == []


def test_the_documentation_shows_commands_that_there_are() -> None:
    shown = list(commands_in_pages())
    assert len(shown) > 50
    assert [(where, c, said) for where, c in shown if (said := complaint(c))] == []


@pytest.mark.parametrize(
    ("command", "said"),
    [
        ("penstock frobnicate", "no command"),
        ("penstock ls runs.db --no-such-option", "unrecognized"),
        ("penstock ls runs.db --limit few", "no number"),
        ("penstock search", ""),
        ("penstock ls runs.db --json | jq .runs", ""),
    ],
)
def test_what_is_shown_wrongly_is_noticed(command: str, said: str) -> None:
    found = complaint(command)
    assert said in found
    assert bool(found) == bool(said)


def test_the_reference_shows_the_help_of_every_command() -> None:
    page = (REPOSITORY / "docs" / "reference" / "command-line.md").read_text(encoding="utf-8")
    shown = re.findall(r"^```\{command-help\} ?(.*)$", page, re.MULTILINE)
    assert shown == ["", *(name for name in re.findall(r"^## penstock (\w+)$", page, re.MULTILINE))]
    assert set(shown) == {"", *SUBCOMMANDS}
