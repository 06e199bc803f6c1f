"""What every test shares: an environment of its own, and the corpus of real files."""

from __future__ import annotations

from pathlib import Path

import pytest
from hypothesis import settings

REPOSITORY = Path(__file__).resolve().parent.parent

# The same examples on every machine and every day; how long one takes says nothing about the law.
settings.register_profile("penstock", derandomize=True, deadline=None, database=None)
settings.load_profile("penstock")


@pytest.fixture(scope="session")
def repository() -> Path:
    """The root of the source tree."""
    return REPOSITORY


@pytest.fixture(scope="session")
def corpus() -> Path:
    """Some 400 real files of many origins, described in its ``manifest.csv``."""
    folder = REPOSITORY.parent / "shared" / "corpus"
    if not (folder / "manifest.csv").is_file():
        pytest.skip(f"the corpus of real files is not at {folder}")
    return folder


@pytest.fixture(autouse=True)
def isolated_configuration(
    tmp_path_factory: pytest.TempPathFactory, monkeypatch: pytest.MonkeyPatch
) -> Path:
    """Hide the configuration of whoever runs the tests; gives the empty user folder instead."""
    folder = tmp_path_factory.mktemp("user_config")
    monkeypatch.delenv("PENSTOCK_CONFIG", raising=False)
    monkeypatch.delenv("PENSTOCK_PLUGINS", raising=False)
    monkeypatch.setenv("XDG_CONFIG_HOME", str(folder))
    monkeypatch.setenv("XDG_CACHE_HOME", str(folder / "cache"))
    monkeypatch.setenv("XDG_STATE_HOME", str(folder / "state"))
    return folder
