"""Commands that an installed plug-in adds to ``penstock``."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from penstock.commands import SUBCOMMANDS


@pytest.fixture
def site(install: Callable[..., Any]) -> Any:
    return install("commanding")


def test_help_lists_them_and_imports_nothing_that_they_need(site: Any) -> None:
    code = "import sys, penstock.__main__ as m\ntry: m.main(['--help'])\nexcept SystemExit: pass\n"
    done = site.run(
        "-c", code + "assert not {'numpy', 'penstock_commanding.commands'} & set(sys.modules)"
    )
    assert done.returncode == 0, done.stderr
    assert "count the runs of a folder, 100% of them (penstock-commanding)" in done.stdout


def test_a_command_has_arguments_and_an_exit_code_of_its_own(site: Any, tmp_path: Path) -> None:
    (tmp_path / "data").mkdir()
    done = site.penstock("count", str(tmp_path / "data"), "--code", "7")
    assert (done.stdout, done.returncode) == ("0\n", 7)
    assert "where the files lie" in site.penstock("count", "--help").stdout
    assert site.penstock("count").returncode == 2


@pytest.mark.parametrize(
    ("command", "said"),
    [
        ("fail", "command fail of penstock-commanding 2.0 failed: ValueError: the detector is off"),
        (
            "refuse",
            "/data: no data of yesterday (command refuse of penstock-commanding 2.0). Wait.",
        ),
        ("lost", "cannot be imported: ModuleNotFoundError"),
        ("lost", "(command lost of penstock-commanding 2.0)"),
        ("odd", "it returned 'done', which is no exit code (command odd of penstock-commanding"),
    ],
)
def test_one_that_fails_tells_its_distribution(site: Any, command: str, said: str) -> None:
    done = site.penstock(command)
    assert done.returncode == 1
    assert said in done.stderr
    assert "Traceback" not in done.stderr


def test_who_types_a_command_of_a_broken_plugin_is_told(install: Any) -> None:
    done = install("broken", "raising").penstock("report")
    assert done.returncode == 2
    assert "plug-in broken (penstock-broken 0.1): it cannot be loaded" in done.stderr
    assert "invalid choice: 'report'" in done.stderr


def test_where_a_command_failed_is_told(site: Any) -> None:
    assert "commands.py:" in site.penstock("fail").stderr


def test_a_command_of_penstocks_own_cannot_be_replaced(site: Any, tmp_path: Path) -> None:
    assert "the detector is off" not in site.penstock("ls", str(tmp_path)).stderr
    code, told = site.ask("plugins")
    assert code == 1
    (problem,) = told["problems"]
    assert problem["what"] == "command 'ls' is penstock's own, and cannot be replaced"
    assert (problem["distribution"], problem["version"]) == ("penstock-commanding", "2.0")


def test_no_plugin_is_looked_for_where_a_command_of_ours_is_typed(site: Any) -> None:
    code = (
        "import sys, penstock.command_line as c\nassert c.main(['match', '/no/such.tif', '--json'])"
    )
    check = "\nassert ('penstock_commanding.plugin' in sys.modules) is {}"
    # `match` itself asks plug-ins for ingestors; parsing alone does not.
    done = site.run("-c", code + check.format(True))
    assert done.returncode == 0, done.stderr
    code = "import sys, penstock.command_line as c\nc.build_parser(['match', 'a'])"
    done = site.run("-c", code + check.format(False))
    assert done.returncode == 0, done.stderr


def test_every_command_of_ours_has_a_module() -> None:
    here = Path(__file__).resolve().parents[2] / "public" / "commands"
    modules = {path.stem for path in here.glob("*.py") if "def add_parser" in path.read_text()}
    assert set(SUBCOMMANDS) == modules
