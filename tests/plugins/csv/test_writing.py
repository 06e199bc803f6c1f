"""CSV files hold what a table can hold, and tell of the rest."""

from __future__ import annotations

import json
from pathlib import Path

import numpy as np
import pandas as pd
import pytest

import penstock
from penstock.core.errors import SettingsError
from penstock.core.run import BlueskyRun
from penstock.core.run.samples import count_run
from penstock.sample_files import folder
from tests.plugins.awkward import AWKWARD


def test_pandas_reads_the_values_back(tmp_path: Path) -> None:
    run = BlueskyRun(count_run(50))
    item = run.export("csv", tmp_path / "scan")
    read = pd.read_csv(tmp_path / "scan" / "primary.csv")
    np.testing.assert_array_equal(read["x"], run.primary.read()["x"])
    assert [Path(path).name for path in item.details["files"]] == [
        "primary.csv",
        "datapackage.json",
    ]


def test_images_are_left_out_and_told(tmp_path: Path) -> None:
    catalog = penstock.BlueskyInMemoryCatalog()
    catalog.ingest([folder() / "scan.nxs"])
    (item,) = catalog.export("csv", tmp_path)
    assert item.why == "left out: data (CSV has no place for images)"
    read = pd.read_csv(Path(item.subject) / "primary.csv")
    assert list(read) == ["time", "seq_num", "theta"]
    package = json.loads((Path(item.subject) / "datapackage.json").read_text())
    fields = package["resources"][0]["schema"]["fields"]
    assert fields[-1]["name"] == "theta"
    assert fields[-1]["unit"] == "deg"


def test_an_option_that_is_none_is_refused(tmp_path: Path) -> None:
    with pytest.raises(SettingsError, match=r"no option sentinel.*arrays"):
        BlueskyRun(count_run(1)).export("csv", tmp_path / "scan", sentinel=-1)


@pytest.mark.parametrize("what", AWKWARD)
def test_the_awkward_list(what: str, tmp_path: Path) -> None:
    run = AWKWARD[what]()
    item = run.export("csv", tmp_path / "scan")
    assert item.outcome == ("partial" if run.metadata["stop"] is None else "ok")
    json.loads(
        (tmp_path / "scan" / "datapackage.json").read_text(), parse_constant=lambda name: 1 / 0
    )
    tables = [path for path in item.details["files"] if path.endswith(".csv")]
    for name, path in zip(run, tables, strict=True):
        read = pd.read_csv(path)
        assert len(read) == len(run[name])
        omitted = {
            key for key in run[name].data_keys if f"{name}/{key}" in item.details.get("omitted", {})
        }
        assert len(read.columns) == 2 + len(run[name].data_keys) - len(omitted)


def test_cells_are_read_back_equal(tmp_path: Path) -> None:
    AWKWARD["line breaks and signs"]().export("csv", tmp_path / "a")
    assert pd.read_csv(tmp_path / "a" / "primary.csv")["text"].tolist() == [
        'a\n9 9 9\t"',
        "#S 1 x,y",
    ]
    AWKWARD["nan and infinities"]().export("csv", tmp_path / "b")
    numbers = pd.read_csv(tmp_path / "b" / "primary.csv")["x"]
    assert np.isnan(numbers[1])
    assert np.isinf(numbers[2])
    AWKWARD["dictionaries"]().export("csv", tmp_path / "c")
    cells = pd.read_csv(tmp_path / "c" / "primary.csv")["x"]
    assert [json.loads(cell) for cell in cells] == [{"a": 1}, {"b": 2}]
