"""The examples in the docstrings of every module of the package are true."""

from __future__ import annotations

import doctest
import importlib
import pkgutil
import tomllib
from pathlib import Path

import pytest

PROJECT = tomllib.loads((Path(__file__).parent.parent / "pyproject.toml").read_text())
OPTIONS = doctest.ELLIPSIS | doctest.NORMALIZE_WHITESPACE


def module_names() -> list[str]:
    names = []
    for package in PROJECT["tool"]["setuptools"]["packages"]:
        names.append(package)
        paths = importlib.import_module(package).__path__
        names += [f"{package}.{found.name}" for found in pkgutil.iter_modules(paths)]
    return sorted({name for name in names if not name.endswith(".__main__")})


@pytest.mark.parametrize("name", module_names())
def test_examples_in_docstrings(
    name: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.chdir(tmp_path)
    failed, _ = doctest.testmod(importlib.import_module(name), optionflags=OPTIONS)
    assert not failed, capsys.readouterr().out
