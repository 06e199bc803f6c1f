"""What the README and the documentation show is what happens.

Each page is run from its top to its end, in a folder that has the sample files as a clone has them.
A page that writes anything first makes a scratch folder (by the ``sh`` block that SCRATCH is) and
goes there; the folder it started in must be as it was when the page ends.

- ``pycon`` blocks as doctests: what they print must be printed,
- ``python`` blocks as code, in the same namespace,
- ``console`` blocks as commands: after a line ``$ command`` stands what it prints.
"""

from __future__ import annotations

import doctest
import os
import re
import shutil
import subprocess
import sys
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest

import penstock.ingestors
import penstock.sample_files
from penstock.command_line import build_parser
from penstock.core.registry.hooks import HookSpecs

REPOSITORY = Path(__file__).resolve().parent.parent
OPTIONS = doctest.ELLIPSIS | doctest.NORMALIZE_WHITESPACE
FENCE = re.compile(r"^```(?P<language>\w+)\n(?P<body>.*?)^```$", re.MULTILINE | re.DOTALL)
SCRATCH = """\
source .venv/bin/activate
play=$(mktemp -d) && cp -r sample_files "$play" && cd "$play"
"""
LINK = re.compile(r"\]\((?!https?:|#)(?P<target>[^)#]+)")


@dataclass(frozen=True)
class Block:
    """A fenced piece of a page."""

    language: str
    body: str
    line: int


def blocks(page: Path) -> Iterator[Block]:
    text = page.read_text(encoding="utf-8")
    for found in FENCE.finditer(text):
        line = text.count("\n", 0, found.start("body"))
        yield Block(found["language"], found["body"], line)


def pages() -> list[Path]:
    written = sorted((REPOSITORY / "docs").rglob("*.md"))
    return [REPOSITORY / "README.md", *(page for page in written if "_build" not in page.parts)]


def name_of(page: Path) -> str:
    return page.relative_to(REPOSITORY).as_posix()


def run_doctest(block: Block, namespace: dict[str, Any], page: str) -> None:
    test = doctest.DocTestParser().get_doctest(block.body, namespace, page, page, block.line)
    said: list[str] = []
    runner = doctest.DocTestRunner(optionflags=OPTIONS | doctest.FAIL_FAST, verbose=False)
    runner.run(test, out=said.append, clear_globs=False)
    namespace.update(test.globs)
    assert not runner.failures, "".join(said)


def run_console(block: Block, page: str) -> None:
    scripts = Path(sys.executable).parent
    environment = {
        **os.environ,
        "PATH": f"{scripts}{os.pathsep}{os.environ['PATH']}",
        "COLUMNS": "100",
    }
    for command, expected in re.findall(r"^\$ (.*)\n((?:(?!\$ ).*\n)*)", block.body, re.MULTILINE):
        done = subprocess.run(
            command,
            shell=True,
            check=False,
            env=environment,
            text=True,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
        )
        if not doctest.OutputChecker().check_output(expected, done.stdout, OPTIONS):
            pytest.fail(f"{page}: {command}\n-- expected\n{expected}\n-- got\n{done.stdout}")


def make_scratch(body: str, temporary: Path) -> Path:
    """Do the step as the page shows it, and return the folder in which it ends."""
    temporary.mkdir(exist_ok=True)
    done = subprocess.run(
        ["bash", "-euc", f"{body}pwd"],
        check=True,
        env={**os.environ, "TMPDIR": str(temporary)},
        text=True,
        stdout=subprocess.PIPE,
    )
    return Path(done.stdout.rstrip("\n"))


def contents(folder: Path) -> dict[str, bytes | None]:
    """Every file and folder below, and what is in the files."""
    return {
        path.relative_to(folder).as_posix(): path.read_bytes() if path.is_file() else None
        for path in folder.rglob("*")
    }


def runs_something(page: Path) -> bool:
    return any(block.language in ("pycon", "python", "console") for block in blocks(page))


@pytest.mark.parametrize("page", [p for p in pages() if runs_something(p)], ids=name_of)
def test_a_page_does_what_it_shows(
    page: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    clone = tmp_path / "clone"
    shutil.copytree(
        penstock.sample_files.folder(),
        clone / "sample_files",
        ignore=shutil.ignore_patterns("__pycache__"),
    )
    (clone / ".venv" / "bin").mkdir(parents=True)
    (clone / ".venv" / "bin" / "activate").touch()
    before = contents(clone)
    monkeypatch.chdir(clone)
    monkeypatch.syspath_prepend("")  # a page may write a module and import it
    known = set(sys.modules)
    namespace: dict[str, Any] = {"__name__": "__main__"}
    for block in blocks(page):
        if block.language == "pycon":
            run_doctest(block, namespace, name_of(page))
        elif block.language == "python":
            where = "\n" * block.line  # so that tracebacks name the line of the page
            exec(compile(where + block.body, str(page), "exec"), namespace)
        elif block.language == "console":
            run_console(block, name_of(page))
        elif block.body == SCRATCH:
            monkeypatch.chdir(make_scratch(block.body, tmp_path / "scratch"))
    after = contents(clone)
    if page.name == "README.md":  # its commands make the copies that it speaks of
        after = {name: held for name, held in after.items() if "native_copies" not in name}
    assert [name for name in before if name not in after or after[name] != before[name]] == []
    assert [name for name in after if name not in before] == []
    for name in set(sys.modules) - known:
        if str(getattr(sys.modules[name], "__file__", "")).startswith(str(tmp_path)):
            del sys.modules[name]


@pytest.mark.parametrize("page", pages(), ids=name_of)
def test_links_between_pages_lead_somewhere(page: Path) -> None:
    text = FENCE.sub("", page.read_text(encoding="utf-8"))
    targets = [found["target"] for found in LINK.finditer(text)]
    assert [target for target in targets if not (page.parent / target).exists()] == []


def test_the_readme_gives_two_commands_of_one_line() -> None:
    commands = [block.body for block in blocks(REPOSITORY / "README.md") if block.language == "sh"]
    assert [body.count("\n") for body in commands] == [1, 1]
    assert all(body.startswith("python3 -m venv .venv && ") for body in commands)


def test_every_hook_has_a_section() -> None:
    page = (REPOSITORY / "docs" / "reference" / "hooks.md").read_text(encoding="utf-8")
    hooks = [name for name in vars(HookSpecs) if name.startswith("penstock_")]
    assert [name for name in hooks if f"\n## {name}\n" not in page] == []


def test_every_subcommand_has_a_section() -> None:
    page = (REPOSITORY / "docs" / "reference" / "command-line.md").read_text(encoding="utf-8")
    (subcommands,) = (
        action.choices for action in build_parser()._actions if isinstance(action.choices, dict)
    )
    assert subcommands
    assert [name for name in subcommands if f"\n## penstock {name}\n" not in page] == []


def test_every_public_name_is_in_the_reference() -> None:
    reference = "".join(
        page.read_text(encoding="utf-8")
        for page in (REPOSITORY / "docs" / "reference").glob("*.md")
    )
    public = {*penstock.__all__, *penstock.ingestors.__all__} - {"__version__"}
    assert [name for name in sorted(public) if not re.search(rf"\b{name}\b", reference)] == []


def test_every_benchmark_is_listed() -> None:
    folder = REPOSITORY / "benchmarks"
    listed = (folder / "README.md").read_text(encoding="utf-8")
    scripts = [path.name for path in folder.glob("*.py") if not path.name.startswith("_")]
    assert [name for name in scripts if f"| `{name}` |" not in listed] == []


def test_every_page_is_fenced_well() -> None:
    for page in pages():
        fences = re.findall(r"^```", page.read_text(encoding="utf-8"), re.MULTILINE)
        assert len(fences) % 2 == 0, name_of(page)


def test_the_runner_notices_what_is_wrong(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    with pytest.raises(AssertionError, match=r"Expected:\n +3"):
        run_doctest(Block("pycon", ">>> 1 + 1\n3\n", 1), {}, "page")
    with pytest.raises(pytest.fail.Exception, match="expected"):
        run_console(Block("console", "$ echo one\ntwo\n", 1), "page")
    run_console(Block("console", "$ echo one\none\n$ echo two\n...\n", 1), "page")
