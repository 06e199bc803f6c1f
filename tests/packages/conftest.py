"""Installing the packages here as pip would, without the time that pip takes."""

from __future__ import annotations

import json
import os
import subprocess
import sys
import tomllib
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest

PACKAGES = Path(__file__).resolve().parent
collect_ignore = ["furnace/tests"]  # run where that package is installed, by test_furnace.py


@dataclass(frozen=True)
class Site:
    """A folder of installed packages, and Pythons that see it."""

    folder: Path

    def run(self, *arguments: str, **variables: str) -> subprocess.CompletedProcess[str]:
        """Run Python with these arguments."""
        path = os.pathsep.join([str(self.folder), *filter(None, [os.environ.get("PYTHONPATH")])])
        return subprocess.run(
            [sys.executable, *arguments],
            env={**os.environ, "PYTHONPATH": path, **variables},
            capture_output=True,
            text=True,
            check=False,
        )

    def penstock(self, *arguments: str, **variables: str) -> subprocess.CompletedProcess[str]:
        """Run the command."""
        return self.run("-m", "penstock", *arguments, **variables)

    def ask(self, *arguments: str, **variables: str) -> tuple[int, Any]:
        """Run the command for JSON; give exit code and what it said."""
        done = self.penstock(*arguments, "--json", **variables)
        assert done.stdout, done.stderr
        return done.returncode, json.loads(done.stdout)


@pytest.fixture
def install(tmp_path: Path) -> Callable[..., Site]:
    """Put on the path what an installation of these projects would put there."""

    def install(*folders: str) -> Site:
        site = tmp_path / "site"
        site.mkdir()
        for folder in folders:
            project = tomllib.loads((PACKAGES / folder / "pyproject.toml").read_text())["project"]
            name = f"{project['name'].replace('-', '_')}-{project['version']}"
            info = site / f"{name}.dist-info"
            info.mkdir()
            head = f"Metadata-Version: 2.1\nName: {project['name']}\n"
            (info / "METADATA").write_text(f"{head}Version: {project['version']}\n")
            lines = []
            for group, points in project["entry-points"].items():
                lines += [f"[{group}]", *(f"{key} = {value}" for key, value in points.items()), ""]
            (info / "entry_points.txt").write_text("\n".join(lines))
            for source in sorted((PACKAGES / folder).rglob("*.py")):
                target = site / source.relative_to(PACKAGES / folder)
                target.parent.mkdir(exist_ok=True, parents=True)
                target.write_bytes(source.read_bytes())
        return Site(site)

    return install
