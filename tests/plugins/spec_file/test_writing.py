"""SPEC files that silx reads, whatever a run holds."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pytest
from silx.io.specfile import SpecFile

from penstock.core.errors import ExportError
from penstock.core.run import BlueskyRun
from penstock.core.run.samples import count_run
from tests.plugins.awkward import AWKWARD


def read(path: Path) -> tuple[Any, dict[str, Any]]:
    file = SpecFile(str(path))
    (scan,) = (file[number] for number in range(len(file)))
    return scan, {label: scan.data[number] for number, label in enumerate(scan.labels)}


def test_the_numbers_come_back_equal(tmp_path: Path) -> None:
    run = BlueskyRun(count_run(40))
    run.export("spec", tmp_path / "scan.spec")
    _, columns = read(tmp_path / "scan.spec")
    np.testing.assert_array_equal(columns["x"], run.primary.read()["x"])
    np.testing.assert_array_equal(columns["Epoch"], np.arange(40))


@pytest.mark.parametrize("what", AWKWARD)
def test_the_awkward_list(what: str, tmp_path: Path) -> None:
    run = AWKWARD[what]()
    item = run.export("spec", tmp_path / "scan.spec")
    text = (tmp_path / "scan.spec").read_text(encoding="ascii")
    assert text.count("\n#S ") == 1
    main = "primary" if "primary" in run else next(iter(run))
    if not len(run[main]):
        return  # silx opens no scan without rows
    _, columns = read(tmp_path / "scan.spec")
    omitted = item.details.get("omitted", {})
    told = [key for key in run[main].data_keys if f"{main}/{key}" not in omitted]
    spectra = text.count("#@MCA")
    assert len(columns) == 1 + len(told) - spectra
    assert {len(values) for values in columns.values()} == {len(run[main])}


def test_what_is_no_number_is_told(tmp_path: Path) -> None:
    item = AWKWARD["nan and infinities"]().export("spec", tmp_path / "scan.spec", sentinel=-1.0)
    _, columns = read(tmp_path / "scan.spec")
    np.testing.assert_array_equal(columns["x"], [1.5, -1, -1])
    assert item.details["substituted"] == {"primary/x": "2 NaN or infinities are -1"}


def test_a_line_break_makes_no_row(tmp_path: Path) -> None:
    AWKWARD["line breaks and signs"]().export("spec", tmp_path / "scan.spec")
    _, columns = read(tmp_path / "scan.spec")
    assert len(columns["text"]) == 2


def test_the_baseline_is_where_motors_stand(tmp_path: Path) -> None:
    AWKWARD["several streams"]().export("spec", tmp_path / "scan.spec")
    scan, _ = read(tmp_path / "scan.spec")
    assert scan.motor_names == ["t"]
    assert scan.motor_positions == [300.0]


def test_what_a_scan_cannot_hold_is_told(tmp_path: Path) -> None:
    item = AWKWARD["several streams"]().export("spec", tmp_path / "scan.spec")
    assert item.details["substituted"] == {"baseline/t": "of its values, the first stands for all"}


def test_spectra_are_mca_lines(tmp_path: Path) -> None:
    AWKWARD["arrays of one dimension"]().export("spec", tmp_path / "scan.spec")
    file = SpecFile(str(tmp_path / "scan.spec"))
    np.testing.assert_array_equal(file[0].mca[1], [1, 2, 3])


def test_a_sentinel_is_a_number(tmp_path: Path) -> None:
    with pytest.raises(ExportError, match="no finite number"):
        BlueskyRun(count_run(1)).export("spec", tmp_path / "a.spec", sentinel=float("nan"))
