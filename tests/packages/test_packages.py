"""Plug-ins that are installed as pip would install them: the good work, the bad are told."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path
from typing import Any

import numpy as np
import pytest

PACKAGES = Path(__file__).resolve().parent
ALL = ("good", "broken", "raising", "clashing_a", "clashing_b")


def test_of_five_plugins_the_good_ones_work_and_the_bad_ones_are_told(install: Any) -> None:
    code, told = install(*ALL).ask("plugins")
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


def test_the_good_package_ingests_its_own_formats(install: Any, tmp_path: Path) -> None:
    site = install("good", "broken")
    data = tmp_path / "data"
    data.mkdir()
    np.save(data / "stack_1.npy", np.zeros((3, 4, 5), np.uint16))
    np.save(data / "stack_2.npy", np.zeros((6, 4, 5), np.uint16))
    np.save(data / "table.npy", np.zeros((3, 4)))
    (data / "day.lab").write_text("1 2 3\n4 5 6\n")
    code, told = site.ask("ingest", str(data))
    assert code == 0
    items = {Path(item["subject"]).name: item for item in told["items"]}
    assert items["day.lab"]["details"]["streams"]["primary"]["data_keys"]["spectrum"]["shape"] == [
        3
    ]
    assert items["stack_1.npy"]["details"]["ingestor"] == "lab-npy-stack"
    assert items["stack_2.npy"]["details"]["streams"]["primary"]["events"] == 6
    assert items["table.npy"]["outcome"] == "refused"


def test_the_good_packages_own_asset_reader_reads_its_frames(install: Any, tmp_path: Path) -> None:
    site = install("good")
    np.save(tmp_path / "stack.npy", np.arange(60, dtype=np.uint16).reshape(3, 4, 5))
    code = f"""
import numpy as np
from penstock import BlueskyInMemoryCatalog
catalog = BlueskyInMemoryCatalog()
report = catalog.ingest([{str(tmp_path / "stack.npy")!r}])
image = catalog[report.uids[0]].primary.read()["image"]
assert np.array_equal(image, np.arange(60).reshape(3, 4, 5)), image
"""
    done = site.run("-c", code)
    assert done.returncode == 0, done.stderr


def test_a_heavy_dependency_is_imported_when_it_is_needed_and_not_before(
    install: Any, tmp_path: Path
) -> None:
    site = install("heavy")
    code, told = site.ask("plugins")
    assert (code, told["problems"]) == (0, [])
    (heavy,) = (info for info in told["plugins"] if info["name"] == "heavy")
    offered = [heavy[key] for key in ("ingestors", "asset_readers", "exporters", "commands")]
    assert offered == [["heavy"]] * 4
    assert "be heavy (penstock-heavy)" in site.penstock("--help").stdout
    (tmp_path / "a.hvy").write_bytes(b"heavy")
    assert site.penstock("match", str(tmp_path / "a.hvy")).returncode == 0
    code, report = site.ask("ingest", str(tmp_path / "a.hvy"))
    assert code == 1
    assert "the heavy library was imported" in report["items"][0]["why"]


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
    path = os.pathsep.join([str(site), *filter(None, [os.environ.get("PYTHONPATH")])])
    done = subprocess.run(
        [sys.executable, "-m", "penstock", "plugins", "--json"],
        env={**os.environ, "PYTHONPATH": path},
        capture_output=True,
        text=True,
        check=False,
    )
    told = json.loads(done.stdout)
    states = {info["name"]: info["state"] for info in told["plugins"]}
    assert (states["lab-npy"], states["broken"]) == ("loaded", "failed")
