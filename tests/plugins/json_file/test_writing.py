"""JSON that strict readers take, whatever a run holds."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from tests.plugins.awkward import AWKWARD


def strict(path: Path) -> Any:
    return json.loads(path.read_text(encoding="utf-8"), parse_constant=lambda name: 1 / 0)


@pytest.mark.parametrize("what", AWKWARD)
def test_the_awkward_list(what: str, tmp_path: Path) -> None:
    run = AWKWARD[what]()
    item = run.export("json", tmp_path / "scan.json")
    document = strict(tmp_path / "scan.json")
    assert document["metadata"]["start"]["uid"] == "r"
    omitted = item.details.get("omitted", {})
    for name in run:
        for key in run[name].data_keys:
            there = key in document[name]["data"]
            assert there != (f"{name}/{key}" in omitted)
            if there:
                assert len(document[name]["data"][key]) == len(run[name])


def test_nan_is_null_and_told(tmp_path: Path) -> None:
    item = AWKWARD["nan and infinities"]().export("json", tmp_path / "scan.json")
    assert strict(tmp_path / "scan.json")["primary"]["data"]["x"] == [1.5, None, None]
    assert item.details["substituted"] == {"primary/x": "2 NaN or infinities are null"}
