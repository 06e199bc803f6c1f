"""Plug-ins that are installed as pip would install them: the good work, the bad are told."""

from __future__ import annotations

import json
import os
import subprocess
import sys
import tomllib
from pathlib import Path
from typing import Any

import numpy as np
import pytest

PACKAGES = Path(__file__).resolve().parent
ALL = ("good", "broken", "raising", "clashing_a", "clashing_b")


def lay_out(site: Path, *folders: str) -> Path:
    """Put on the path what an installation of these projects would put there."""
    site.mkdir()
    for folder in folders:
        project = tomllib.loads((PACKAGES / folder / "pyproject.toml").read_text())["project"]
        name = project["name"].replace("-", "_")
        info = site / f"{name}-{project['version']}.dist-info"
        info.mkdir()
        head = f"Metadata-Version: 2.1\nName: {project['name']}\nVersion: {project['version']}\n"
        (info / "METADATA").write_text(head)
        points = project["entry-points"]["penstock"].items()
        lines = ["[penstock]", *(f"{key} = {value}" for key, value in points)]
        (info / "entry_points.txt").write_text("\n".join(lines) + "\n")
        for source in sorted((PACKAGES / folder).rglob("*.py")):
            target = site / source.relative_to(PACKAGES / folder)
            target.parent.mkdir(exist_ok=True)
            target.write_bytes(source.read_bytes())
    return site


def penstock(site: Path, *arguments: str) -> tuple[int, Any]:
    """Run the command with a folder of installed packages; give exit code and JSON."""
    done = subprocess.run(
        [sys.executable, "-m", "penstock", *arguments, "--json"],
        env={
            **os.environ,
            "PYTHONPATH": os.pathsep.join(
                [str(site), *filter(None, [os.environ.get("PYTHONPATH")])]
            ),
        },
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.stdout, done.stderr
    return done.returncode, json.loads(done.stdout)


def test_of_five_plugins_the_good_ones_work_and_the_bad_ones_are_told(tmp_path: Path) -> None:
    code, told = penstock(lay_out(tmp_path / "site", *ALL), "plugins")
    assert code == 1
    states = {info["name"]: (info["state"], info["version"]) for info in told["plugins"]}
    assert states["lab-npy"] == ("loaded", "1.2.3")
    assert states["broken"] == ("failed", "0.1")
    assert states["raising"] == ("loaded", "0.1")
    assert "clashing" not in states
    names = {ingestor["name"]: ingestor["version"] for ingestor in told["ingestors"]}
    assert names["lab-npy-log"] == names["lab-npy-stack"] == "1.2.3"
    assert {"clash-a", "clash-b"}.isdisjoint(names)
    assert {"tiff-series", "tiff-stack"} <= set(names)
    problems = {problem["plugin"]: problem for problem in told["problems"]}
    assert set(problems) == {"broken", "raising", "clashing"}
    assert "a_library_that_nobody_has" in problems["broken"]["what"]
    assert "the detector database is not reachable" in problems["raising"]["traceback"]
    for name in ("penstock-clashing-a 0.1", "penstock-clashing-b 0.1"):
        assert name in problems["clashing"]["what"]


def test_the_good_package_ingests_its_own_formats(tmp_path: Path) -> None:
    site = lay_out(tmp_path / "site", "good", "broken")
    data = tmp_path / "data"
    data.mkdir()
    np.save(data / "stack_1.npy", np.zeros((3, 4, 5), np.uint16))
    np.save(data / "stack_2.npy", np.zeros((6, 4, 5), np.uint16))
    np.save(data / "table.npy", np.zeros((3, 4)))
    (data / "day.lab").write_text("1 2 3\n4 5 6\n")
    code, told = penstock(site, "ingest", str(data))
    assert code == 0
    items = {Path(item["subject"]).name: item for item in told["items"]}
    assert items["day.lab"]["details"]["streams"]["primary"]["data_keys"]["spectrum"]["shape"] == [
        3
    ]
    assert items["stack_1.npy"]["details"]["ingestor"] == "lab-npy-stack"
    assert items["stack_2.npy"]["details"]["streams"]["primary"]["events"] == 6
    assert items["table.npy"]["outcome"] == "refused"


def test_the_good_packages_own_asset_reader_reads_its_frames(tmp_path: Path) -> None:
    site = lay_out(tmp_path / "site", "good")
    np.save(tmp_path / "stack.npy", np.arange(60, dtype=np.uint16).reshape(3, 4, 5))
    code = f"""
import numpy as np
from penstock import BlueskyInMemoryCatalog
catalog = BlueskyInMemoryCatalog()
report = catalog.ingest([{str(tmp_path / "stack.npy")!r}])
image = catalog[report.uids[0]].primary.read()["image"]
assert np.array_equal(image, np.arange(60).reshape(3, 4, 5)), image
"""
    path = os.pathsep.join([str(site), *filter(None, [os.environ.get("PYTHONPATH")])])
    subprocess.run([sys.executable, "-c", code], env={**os.environ, "PYTHONPATH": path}, check=True)


@pytest.mark.slow
def test_pip_installs_them(tmp_path: Path) -> None:
    site = tmp_path / "site"
    sources = []
    for folder in ("good", "broken"):
        # pip builds inside the source tree: keep ours clean.
        copy = tmp_path / folder
        for source in (PACKAGES / folder).rglob("*"):
            if source.is_file() and "__pycache__" not in source.parts:
                target = copy / source.relative_to(PACKAGES / folder)
                target.parent.mkdir(parents=True, exist_ok=True)
                target.write_bytes(source.read_bytes())
        sources.append(str(copy))
    pip = [sys.executable, "-m", "pip", "install", "--quiet", "--no-index", "--no-deps"]
    pip += ["--no-build-isolation", "--disable-pip-version-check", "--target", str(site)]
    subprocess.run([*pip, *sources], check=True)
    _, told = penstock(site, "plugins")
    states = {info["name"]: info["state"] for info in told["plugins"]}
    assert (states["lab-npy"], states["broken"]) == ("loaded", "failed")
