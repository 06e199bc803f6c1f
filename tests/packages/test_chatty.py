"""A plug-in that prints spoils no output: what it says goes to standard error."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest


@pytest.fixture
def site(install: Callable[..., Any]) -> Any:
    return install("chatty")


@pytest.fixture
def data(tmp_path: Path) -> Path:
    (tmp_path / "a.chat").write_text("CHAT\n")
    return tmp_path / "a.chat"


@pytest.mark.parametrize(
    ("command", "said"),
    [
        (("match", "{}"), ("imported", "as C prints", "as another program prints")),
        (("ingest", "{}"), ("imported", "as C prints", "ingesting")),
        (("plugins", "--check"), ("imported", "asked for ingestors", "functions imported")),
    ],
)
def test_json_is_json(
    site: Any, data: Path, command: tuple[str, ...], said: tuple[str, ...]
) -> None:
    done = site.penstock(*(word.format(data) for word in command), "--json")
    assert done.returncode == 0, done.stderr
    json.loads(done.stdout)
    assert all(text in done.stderr for text in said)


def test_neither_do_runs_of_a_catalog_when_they_are_read(
    site: Any, data: Path, tmp_path: Path
) -> None:
    catalog = str(tmp_path / "runs.db")
    assert site.penstock("ingest", str(data), "--catalog", catalog).returncode == 0
    for command in (("show", catalog, "-1"), ("ls", catalog), ("check", catalog)):
        code, told = site.ask(*command)
        assert (code, bool(told)) == (0, True)


def test_tables_are_ours_alone(site: Any, data: Path) -> None:
    done = site.penstock("match", str(data))
    assert done.stdout == f"{data}: chatty\n"


def test_a_plugin_that_failed_is_told_of_beside_the_plan(
    install: Callable[..., Any], data: Path
) -> None:
    site = install("raising")
    done = site.penstock("match", str(data))
    assert "penstock: plug-in" in done.stderr
    assert "penstock: plug-in" not in done.stdout


def test_a_fault_in_its_code_is_told_with_whose_it_is_and_where(site: Any, data: Path) -> None:
    data.write_text("CHAT fault\n")
    _, told = site.ask("ingest", str(data))
    (item,) = told["items"]
    assert item["why"] == "TypeError: unsupported operand (ingestor chatty of lab-chatty 0.3)"
    assert item["remedy"].startswith("Report it to the authors of lab-chatty 0.3.")
    assert "lab_chatty/ingest.py" in item["details"]["traceback"]
    assert "lab_chatty/ingest.py" not in site.penstock("ingest", str(data)).stdout
    assert "lab_chatty/ingest.py" in site.penstock("ingest", str(data), "--traceback").stdout
