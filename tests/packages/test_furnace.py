"""The package of the tutorial: installed and run as the tutorial says, which shows its code."""

from __future__ import annotations

import doctest
import os
import re
import shutil
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

FURNACE = Path(__file__).resolve().parent / "furnace"
PAGE = "docs/tutorials/an-ingestor-for-your-instrument.md"
SHOWN = re.compile(r"^`(?P<name>[\w./]+)`:\n\n```(?:py|toml)\n(?P<body>.*?)^```$", re.M | re.S)
SESSION = re.compile(r"^```shell-session\n(?P<body>.*?)^```$", re.M | re.S)
OPTIONS = doctest.ELLIPSIS | doctest.NORMALIZE_WHITESPACE


@pytest.fixture
def page(repository: Path) -> str:
    return (repository / PAGE).read_text(encoding="utf-8")


def test_the_tutorial_shows_every_file_of_the_package_as_it_is(page: str) -> None:
    shown = {found["name"]: found["body"] for found in SHOWN.finditer(page)}
    files = {
        path.relative_to(FURNACE).as_posix(): path.read_text(encoding="utf-8")
        for path in FURNACE.rglob("*")
        if path.suffix in (".py", ".toml")
    }
    assert shown == files


def test_its_own_tests_pass(install: Callable[..., Any], tmp_path: Path) -> None:
    tests = shutil.copytree(FURNACE / "tests", tmp_path / "tests")
    done = install("furnace").run("-m", "pytest", "-q", "-p", "no:cacheprovider", str(tests))
    assert done.returncode == 0, done.stdout
    assert re.search(r"\b1\d passed", done.stdout)
    assert "skipped" not in done.stdout


@pytest.mark.slow
def test_pip_installs_it_and_what_the_tutorial_shows_happens(page: str, tmp_path: Path) -> None:
    project = shutil.copytree(
        FURNACE,
        tmp_path / "furnace",
        ignore=shutil.ignore_patterns("__pycache__", "build", "*.egg*"),
    )
    site = tmp_path / "site"
    pip = [sys.executable, "-m", "pip", "install", "--quiet", "--no-index", "--no-deps"]
    pip += ["--no-build-isolation", "--disable-pip-version-check", "--target", str(site)]
    subprocess.run([*pip, str(project)], check=True)
    shutil.rmtree(project / "furnace_movies")  # what runs is what was installed
    environment = {
        **os.environ,
        "PATH": f"{Path(sys.executable).parent}{os.pathsep}{os.environ['PATH']}",
        "PYTHONPATH": os.pathsep.join([str(site), *filter(None, [os.environ.get("PYTHONPATH")])]),
        "COLUMNS": "100",
    }
    sessions = "".join(found["body"] for found in SESSION.finditer(page))
    commands = re.findall(r"^\$ (.*)\n((?:(?!\$ ).*\n)*)", sessions, re.M)
    assert len(commands) > 3
    for command, expected in commands:
        if command.startswith("pip "):  # done, into a folder of the test
            continue
        done = subprocess.run(
            command,
            shell=True,
            cwd=project,
            env=environment,
            text=True,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            check=False,
        )
        told = f"{command}\n-- expected\n{expected}\n-- got\n{done.stdout}"
        assert doctest.OutputChecker().check_output(expected, done.stdout, OPTIONS), told
