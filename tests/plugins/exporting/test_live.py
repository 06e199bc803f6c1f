"""A run is exported when its documents have come, and a scan never ends because of that."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

from penstock.core.run import BlueskyRun
from penstock.core.run.samples import count_run
from penstock.exporting import LiveExporter


def test_each_run_is_written_when_it_stops(tmp_path: Path) -> None:
    exporter = LiveExporter("csv", tmp_path, name="{scan_id}_{uid}")
    for uid in ("a", "b"):
        BlueskyRun(count_run(3, uid=uid)).replay(exporter)
    assert sorted(os.listdir(tmp_path)) == ["0_a", "0_b"]
    assert exporter.report.counts == {"ok": 2}
    text = (tmp_path / "0_a" / "primary.csv").read_text()
    assert text == "time,seq_num,x\n0.0,1,0.0\n1.0,2,1.0\n2.0,3,2.0\n"


def test_runs_may_overlap(tmp_path: Path) -> None:
    exporter = LiveExporter("csv", tmp_path)
    streams = [iter(list(BlueskyRun(count_run(3, uid=uid)).read_canonical())) for uid in "ab"]
    for pair in zip(*streams, strict=True):
        for name, doc in pair:
            exporter(name, doc)
    assert sorted(os.listdir(tmp_path)) == ["a", "b"]


def test_a_failure_is_told_and_stops_nothing(tmp_path: Path) -> None:
    (tmp_path / "6f2a").write_text("in the way")
    exporter = LiveExporter("csv", tmp_path)
    with pytest.warns(UserWarning, match="was not exported: .*something else"):
        BlueskyRun(count_run(3, uid="6f2a")).replay(exporter)
    assert exporter.report.counts == {"failed": 1}


def test_a_run_without_stop_is_written_at_the_end(tmp_path: Path) -> None:
    with LiveExporter("csv", tmp_path) as exporter:
        for name, doc in BlueskyRun(count_run(3, uid="6f2a")).read_canonical():
            if name != "stop":
                exporter(name, doc)
    assert exporter.report.counts == {"partial": 1}
    assert (tmp_path / "6f2a" / "primary.csv").is_file()
