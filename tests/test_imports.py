"""Importing penstock, asking it for help and listing its plug-ins stay cheap."""

from __future__ import annotations

import importlib
import json
import subprocess
import sys
import tomllib
from pathlib import Path

import pytest

import penstock

HEAVY = {"numpy", "dask", "xarray", "h5py", "tifffile", "event_model", "pandas", "distributed"}
PACKAGES = tomllib.loads((Path(__file__).parent.parent / "pyproject.toml").read_text())["tool"][
    "setuptools"
]["packages"]

REPORT = "; import json, sys; print(json.dumps(sorted(sys.modules)), file=sys.stderr)"


def modules_after(code: str) -> set[str]:
    """Run code in a new Python, and return the top-level names of all that it imported."""
    done = subprocess.run(
        [sys.executable, "-c", code + REPORT], check=True, capture_output=True, text=True
    )
    return {name.partition(".")[0] for name in json.loads(done.stderr.splitlines()[-1])}


@pytest.mark.parametrize(
    "code",
    [
        "import penstock",
        "import penstock; dir(penstock)",
        "import penstock.core, penstock.ingestors, penstock.plugins",
        "from penstock.core import errors, report",
        "from penstock import Ingestor, hookimpl, match",
        "from penstock.core.registry import get_registry; list(get_registry().ingestors)",
    ],
)
def test_cheap_things_import_nothing_heavy(code: str) -> None:
    assert modules_after(code) & HEAVY == set()


@pytest.mark.parametrize("arguments", [["--help"], ["ingest", "--help"], ["--version"]])
def test_help_imports_nothing_heavy(arguments: list[str]) -> None:
    code = f"""
import sys
from penstock.__main__ import main
try:
    sys.exit(main({arguments!r}))
except SystemExit as ended:
    assert not ended.code, ended.code
pass"""
    assert modules_after(code) & HEAVY == set()


def test_the_module_runs_as_a_command() -> None:
    done = subprocess.run(
        [sys.executable, "-m", "penstock", "--help"], check=True, capture_output=True, text=True
    )
    assert "ingest" in done.stdout


def test_the_check_itself_notices_numpy() -> None:
    assert "numpy" in modules_after("import penstock, numpy")


@pytest.mark.parametrize("package", PACKAGES)
def test_every_public_name_of_a_package_resolves(package: str) -> None:
    module = importlib.import_module(package)
    public = getattr(module, "__all__", [])
    assert len(set(public)) == len(public)
    missing = [name for name in public if not hasattr(module, name)]
    assert missing == []
    assert set(public) <= set(dir(module))


@pytest.mark.parametrize("package", PACKAGES)
def test_every_package_says_what_it_is(package: str) -> None:
    said = importlib.import_module(package).__doc__ or ""
    assert len(said.split()) > 5


def test_what_asset_readers_need_is_handed_on() -> None:
    from penstock.core.assets import AssetArray, AssetContext, Frames, block_rows

    homes = {name.__module__ for name in (AssetArray, AssetContext, Frames, block_rows)}
    assert homes == {f"penstock.core.assets.{home}" for home in ("array", "protocol", "blocks")}


def test_an_unknown_name_is_an_attribute_error() -> None:
    with pytest.raises(AttributeError, match="no_such_name"):
        _ = penstock.no_such_name  # type: ignore[attr-defined]


def test_star_import_gives_the_public_names() -> None:
    namespace: dict[str, object] = {}
    exec("from penstock import *", namespace)
    assert set(penstock.__all__) <= set(namespace)
