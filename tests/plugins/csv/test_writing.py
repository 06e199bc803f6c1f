"""CSV files hold what a table can hold, and tell of the rest."""

from __future__ import annotations

import json
from pathlib import Path

import numpy as np
import pandas as pd
import pytest

import penstock
from penstock.core.documents import Document
from penstock.core.errors import SettingsError
from penstock.core.run import BlueskyRun, DocumentsSource
from penstock.core.run.samples import count_run
from penstock.sample_files import folder


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


def awkward() -> list[Document]:
    key = {"source": "s", "shape": [], "dtype": "number"}
    rows = [
        {"x": float("nan"), "text": "a\n9,9", "flag": True, "some": None, "ragged": [1]},
        {"x": float("inf"), "text": '"q"', "flag": False, "some": {"a": 1}, "ragged": [1, 2]},
    ]
    descriptor = {
        "uid": "d",
        "run_start": "r",
        "time": 0.0,
        "name": "primary",
        "data_keys": dict.fromkeys(rows[0], key),
        "object_keys": {},
        "configuration": {},
        "hints": {},
    }
    events = [
        {
            "uid": f"e{number}",
            "descriptor": "d",
            "time": float(number),
            "seq_num": number + 1,
            "data": row,
            "timestamps": dict.fromkeys(row, 0.0),
            "filled": {},
        }
        for number, row in enumerate(rows)
    ]
    return [
        ("start", {"uid": "r", "time": 0.0, "note": float("nan")}),
        ("descriptor", descriptor),
        *(("event", event) for event in events),
    ]


def test_the_awkward_list(tmp_path: Path) -> None:
    item = BlueskyRun(DocumentsSource(awkward())).export("csv", tmp_path / "scan")
    assert item.outcome == "partial"  # it has no stop
    read = pd.read_csv(tmp_path / "scan" / "primary.csv")
    assert np.isnan(read["x"][0])
    assert np.isinf(read["x"][1])
    assert read["text"].tolist() == ["a\n9,9", '"q"']
    assert read["flag"].tolist() == [True, False]
    assert json.loads(read["some"][1]) == {"a": 1}
    assert [json.loads(cell) for cell in read["ragged"]] == [[1], [1, 2]]
    json.loads(
        (tmp_path / "scan" / "datapackage.json").read_text(), parse_constant=lambda name: 1 / 0
    )
