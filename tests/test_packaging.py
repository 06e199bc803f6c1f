"""What is on disk, what is declared and what is shipped are the same."""

from __future__ import annotations

import ast
import importlib
import shutil
import subprocess
import sys
import tomllib
import zipfile
from collections.abc import Iterator
from importlib.metadata import entry_points, version
from importlib.resources import files
from pathlib import Path
from typing import Any

import pytest

import penstock

FOLDERS = {
    "public": "penstock",
    "core": "penstock.core",
    "ingestors": "penstock.ingestors",
    "plugins": "penstock.plugins",
    "sample_files": "penstock.sample_files",
}


@pytest.fixture(scope="module")
def project(repository: Path) -> dict[str, Any]:
    return tomllib.loads((repository / "pyproject.toml").read_text())


def python_files(repository: Path) -> Iterator[Path]:
    for folder in FOLDERS:
        yield from sorted((repository / folder).rglob("*.py"))


def test_every_folder_with_an_init_is_a_declared_package(
    repository: Path, project: dict[str, Any]
) -> None:
    on_disk = set()
    for path in python_files(repository):
        if path.name == "__init__.py":
            top, *rest = path.parent.relative_to(repository).parts
            on_disk.add(".".join([FOLDERS[top], *rest]))
    declared = project["tool"]["setuptools"]["packages"]
    assert sorted(declared) == sorted(on_disk)
    assert len(declared) == len(set(declared))


def test_every_module_lies_in_a_declared_package(repository: Path) -> None:
    lost = [path for path in python_files(repository) if not (path.parent / "__init__.py").exists()]
    assert lost == []


def test_folders_are_mapped_to_their_names(project: dict[str, Any]) -> None:
    mapping = project["tool"]["setuptools"]["package-dir"]
    assert mapping == {name: folder for folder, name in FOLDERS.items()}


def test_nothing_in_the_root_shadows_the_package(repository: Path) -> None:
    assert not (repository / "penstock").exists()
    assert not (repository / "penstock.py").exists()


def test_the_package_imports_itself_relatively(repository: Path) -> None:
    """The geometry on disk is the geometry of the package; only `public` says its name."""
    wrong = []
    for path in python_files(repository):
        top = path.relative_to(repository).parts[0]
        for node in ast.walk(ast.parse(path.read_bytes())):
            if isinstance(node, ast.Import):
                named = [alias.name for alias in node.names]
            elif isinstance(node, ast.ImportFrom) and not node.level:
                named = [node.module or ""]
            else:
                continue
            roots = {name.split(".")[0] for name in named}
            if roots & set(FOLDERS) or ("penstock" in roots and top != "public"):
                wrong.append(f"{path.relative_to(repository)}:{node.lineno}")
    assert wrong == []


def test_the_version_has_one_place() -> None:
    assert version("penstock") == penstock.__version__


def test_annotations_are_shipped() -> None:
    assert files("penstock").joinpath("py.typed").is_file()


def test_entry_points_of_the_built_in_plugins_are_declared_and_load(
    project: dict[str, Any],
) -> None:
    installed = {
        entry.name: entry.value
        for entry in entry_points(group="penstock")
        if entry.dist is not None and entry.dist.name == "penstock"
    }
    assert installed == project["project"]["entry-points"]["penstock"]
    for module in installed.values():
        importlib.import_module(module)


def test_the_command_is_declared() -> None:
    (script,) = (
        entry for entry in entry_points(group="console_scripts") if entry.name == "penstock"
    )
    assert callable(script.load())


@pytest.mark.slow
def test_the_wheel_holds_the_package_and_nothing_else(
    repository: Path, tmp_path: Path, project: dict[str, Any]
) -> None:
    copy = tmp_path / "source"
    shutil.copytree(
        repository,
        copy,
        ignore=shutil.ignore_patterns(".*", "build", "dist", "__pycache__", "*.egg-info", "_build"),
    )
    options = ["--quiet", "--no-deps", "--no-build-isolation", "--disable-pip-version-check"]
    pip_wheel = [sys.executable, "-m", "pip", "wheel", *options, "--wheel-dir", str(tmp_path)]
    subprocess.run([*pip_wheel, str(copy)], check=True)
    (wheel,) = tmp_path.glob("penstock-*.whl")
    shipped = set(zipfile.ZipFile(wheel).namelist())

    expected = set()
    for path in python_files(repository):
        top, *rest = path.relative_to(repository).parts
        expected.add("/".join([*FOLDERS[top].split("."), *rest]))
    for path in (repository / "sample_files").rglob("*"):
        if path.is_file() and "__pycache__" not in path.parts:
            expected.add(f"penstock/{path.relative_to(repository).as_posix()}")
    expected.add("penstock/py.typed")
    info = f"penstock-{penstock.__version__}.dist-info/"
    assert {name for name in shipped if not name.startswith(info)} == expected
    assert f"{info}licenses/LICENSE" in shipped
