"""Plug-ins are found as installed packages declare them, and one that fails stops no other."""

from __future__ import annotations

import json
import os
import subprocess
import sys
import textwrap
from pathlib import Path
from typing import Any

import pytest

from penstock.core.errors import PluginError
from penstock.core.registry import handler_entry_points

GOOD = """
    from penstock.core.registry.hooks import hookimpl
    from penstock.core.registry.records import Ingestor

    @hookimpl
    def penstock_ingestors():
        return [Ingestor({name!r}, title="x", ingest="json:loads", takes="file")]
"""


def install(
    site: Path,
    distribution: str,
    entry_points: dict[str, str],
    *,
    group: str = "penstock",
    **modules: str,
) -> None:
    """Put on disk what `pip install` would leave behind."""
    info = site / f"{distribution.replace('-', '_')}-1.5.dist-info"
    info.mkdir(parents=True)
    (info / "METADATA").write_text(f"Metadata-Version: 2.1\nName: {distribution}\nVersion: 1.5\n")
    lines = [
        f"[{group}]",
        *(f"{name} = {value}" for name, value in entry_points.items()),
    ]
    (info / "entry_points.txt").write_text("\n".join(lines) + "\n")
    for name, text in modules.items():
        (site / f"{name}.py").write_text(textwrap.dedent(text))


def discover(site: Path, limit: str | None = None) -> dict[str, Any]:
    """Discover in a fresh process."""
    code = """
        import dataclasses, json, sys
        from penstock.core.registry import get_registry
        registry = get_registry()
        print(json.dumps({
            "ingestors": {name: record.version for name, record in registry.ingestors.items()},
            "problems": [dataclasses.asdict(problem) for problem in registry.problems],
            "states": {info.name: info.state for info in registry.plugins},
            "modules": sorted(sys.modules),
        }))
    """
    path = os.pathsep.join([str(site), *filter(None, [os.environ.get("PYTHONPATH")])])
    environment = {**os.environ, "PYTHONPATH": path}
    environment.pop("PENSTOCK_PLUGINS", None)
    if limit is not None:
        environment["PENSTOCK_PLUGINS"] = limit
    done = subprocess.run(
        [sys.executable, "-c", textwrap.dedent(code)],
        env=environment,
        capture_output=True,
        text=True,
        check=True,
    )
    result: dict[str, Any] = json.loads(done.stdout)
    return result


def test_an_installed_plugin_is_found_with_the_version_of_its_distribution(
    tmp_path: Path,
) -> None:
    install(tmp_path, "lab", {"lab": "lab_plugin"}, lab_plugin=GOOD.format(name="lab-x"))
    found = discover(tmp_path)
    assert found["ingestors"]["lab-x"] == "1.5"
    assert found["states"]["lab"] == "loaded"
    assert not [problem for problem in found["problems"] if problem["plugin"] == "lab"]


def test_discovery_imports_nothing_heavy(tmp_path: Path) -> None:
    install(tmp_path, "lab", {"lab": "lab_plugin"}, lab_plugin=GOOD.format(name="lab-x"))
    heavy = {"numpy", "dask", "xarray", "h5py", "tifffile", "event_model"}
    assert heavy.isdisjoint(discover(tmp_path)["modules"])


def test_a_plugin_that_fails_to_import_is_told_and_the_others_are_loaded(
    tmp_path: Path,
) -> None:
    install(tmp_path, "bad", {"bad": "bad_plugin"}, bad_plugin="import no_such_module_ever")
    install(tmp_path, "lab", {"lab": "lab_plugin"}, lab_plugin=GOOD.format(name="lab-x"))
    found = discover(tmp_path)
    assert "lab-x" in found["ingestors"]
    (problem,) = [problem for problem in found["problems"] if problem["plugin"] == "bad"]
    assert (problem["distribution"], problem["version"]) == ("bad", "1.5")
    assert "ModuleNotFoundError" in problem["what"]
    assert "bad_plugin.py" in problem["traceback"]
    assert found["states"]["bad"] == "failed"


def test_a_plugin_name_of_two_distributions_belongs_to_neither(tmp_path: Path) -> None:
    install(tmp_path, "lab-a", {"lab": "lab_a"}, lab_a=GOOD.format(name="a"))
    install(tmp_path, "lab-b", {"lab": "lab_b"}, lab_b=GOOD.format(name="b"))
    found = discover(tmp_path)
    assert {"a", "b"}.isdisjoint(found["ingestors"])
    (problem,) = [problem for problem in found["problems"] if problem["plugin"] == "lab"]
    assert "lab-a 1.5; lab-b 1.5" in problem["what"]


def test_nobody_can_take_the_name_of_a_plugin_of_penstocks_own(tmp_path: Path) -> None:
    install(tmp_path, "thief", {"tiff": "thief"}, thief=GOOD.format(name="stolen"))
    found = discover(tmp_path)
    assert "stolen" not in found["ingestors"]
    (problem,) = [problem for problem in found["problems"] if "thief" in problem["what"]]
    assert "penstock's own is used" in problem["what"]


@pytest.mark.parametrize("limit", ["lab", " lab , other", ""])
def test_the_environment_can_limit_what_is_loaded(tmp_path: Path, limit: str) -> None:
    install(tmp_path, "lab", {"lab": "lab_plugin"}, lab_plugin=GOOD.format(name="lab-x"))
    found = discover(tmp_path, limit)
    assert list(found["ingestors"]) == (["lab-x"] if limit else [])
    assert found["states"]["tiff"] == "left out"
    told = [problem["plugin"] for problem in found["problems"]]
    assert told == (["other"] if "other" in limit else [])


def test_handlers_of_other_packages_are_loaded_when_asked_for(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    handlers = {"SPEC_A": "handlers_a:A", "BAD": "handlers_a:Missing"}
    install(
        tmp_path,
        "lab",
        handlers,
        group="databroker.handlers",
        handlers_a="class A: ...",
    )
    monkeypatch.syspath_prepend(tmp_path)
    found = handler_entry_points()
    assert "SPEC_A" in found
    assert "handlers_a" not in sys.modules
    assert found["SPEC_A"].__name__ == "A"
    with pytest.raises(PluginError, match="the handler for spec 'BAD' cannot be imported"):
        found["BAD"]
    with pytest.raises(KeyError):
        found["OTHER"]


def test_a_spec_of_two_distributions_is_told_and_never_guessed(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    group = "databroker.handlers"
    install(tmp_path, "lab-a", {"S": "json:loads", "T": "json:dumps"}, group=group)
    install(tmp_path, "lab-b", {"S": "json:load", "T": "json:dumps"}, group=group)
    monkeypatch.syspath_prepend(tmp_path)
    found = handler_entry_points()
    assert [problem.plugin for problem in found.problems] == ["S"]
    assert found["T"] is json.dumps
    with pytest.raises(PluginError, match="several distributions install a handler"):
        found["S"]
