"""Where the user's own folders are follows the environment, whenever it is asked."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from penstock.core.folders import user_folder


@pytest.mark.parametrize("kind", ["config", "state", "cache"])
def test_a_folder_follows_its_variable(
    kind: Any, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    for name in ("one", "other"):
        monkeypatch.setenv(f"XDG_{kind.upper()}_HOME", str(tmp_path / name))
        assert user_folder(kind) == str(tmp_path / name / "penstock")
    monkeypatch.delenv(f"XDG_{kind.upper()}_HOME")
    monkeypatch.setenv("HOME", str(tmp_path / "home"))
    assert user_folder(kind).startswith(str(tmp_path / "home"))
