"""The commands on catalogs that stay: ingest, ls, search, show, check, rm; by path and by name."""

from __future__ import annotations

import itertools
import json
import os
import pty
import shutil
import subprocess
import sys
from pathlib import Path

import h5py
import numpy as np
import pytest
import tifffile

from penstock import BlueskySQLiteCatalog
from penstock.command_line import main
from penstock.core.config import Config, use_config

Output = pytest.CaptureFixture[str]


@pytest.fixture
def data(tmp_path: Path) -> Path:
    folder = tmp_path / "data"
    folder.mkdir()
    for number in (1, 2, 3):
        tifffile.imwrite(folder / f"scan_{number}.tif", np.full((4, 6), number, "u2"))
    for name in ("a", "b"):
        with h5py.File(folder / f"{name}.h5", "w") as file:
            file["images"] = np.zeros((3, 4, 6), "u2")
    return folder


@pytest.fixture
def catalog(data: Path, tmp_path: Path, capsys: Output) -> str:
    path = str(tmp_path / "runs.db")
    assert main(["ingest", str(data), "--catalog", path]) == 0
    capsys.readouterr()
    return path


def told(capsys: Output, *arguments: str, code: int = 0) -> dict:
    assert main([*arguments, "--json"]) == code
    return json.loads(capsys.readouterr().out)


def test_ingesting_again_skips_what_has_not_changed(
    catalog: str, data: Path, capsys: Output
) -> None:
    assert main(["ingest", str(data), "--catalog", catalog]) == 0
    assert capsys.readouterr().out == "3 items: 3 skipped\n"
    os.utime(data / "a.h5", (5, 5))
    assert told(capsys, "ingest", str(data), "--catalog", catalog)["counts"] == {
        "ok": 1,
        "skipped": 2,
    }
    again = told(capsys, "ingest", str(data), "--catalog", catalog, "--again")
    assert again["counts"] == {"ok": 3}


def test_what_is_skipped_is_copied_all_the_same(
    catalog: str, data: Path, tmp_path: Path, capsys: Output
) -> None:
    arguments = ["ingest", str(data / "a.h5"), "--catalog", catalog, "--cache", str(tmp_path / "c")]
    report = told(capsys, *arguments)
    assert report["counts"] == {"skipped": 1}
    assert report["copies"]["counts"] == {"ok": 1}


def test_runs_are_listed_in_parts(catalog: str, capsys: Output) -> None:
    runs = told(capsys, "ls", catalog)["runs"]
    assert len(runs) == 3
    assert [run["time"] for run in runs] == sorted((run["time"] for run in runs), reverse=True)
    assert told(capsys, "ls", catalog, "--limit", "1", "--offset", "1")["runs"] == runs[1:2]
    assert main(["ls", catalog, "--limit", "2"]) == 0
    assert capsys.readouterr().out.endswith("2 of 3 runs; others: --limit, --offset\n")
    with pytest.raises(SystemExit):
        main(["ls", catalog, "--limit", "-1"])


def test_runs_are_searched_and_shown(catalog: str, capsys: Output) -> None:
    (run,) = told(capsys, "search", catalog, "file_name=a.h5")["runs"]
    shown = told(capsys, "show", catalog, run["uid"][:8])
    assert shown["exit_status"] == "success"
    assert shown["streams"]["primary"]["events"] == 3
    assert main(["show", catalog, run["uid"]]) == 0
    assert "ingestor     hdf5" in capsys.readouterr().out
    assert told(capsys, "search", catalog, "file_name=gone.h5")["runs"] == []


def test_changed_and_missing_files_are_told_and_brought_up_to_date(
    catalog: str, data: Path, capsys: Output
) -> None:
    assert main(["check", catalog]) == 0
    assert capsys.readouterr().out == "3 runs: 3 fresh\n"
    tifffile.imwrite(data / "scan_4.tif", np.zeros((4, 6), "u2"))
    (data / "a.h5").unlink()
    assert main(["check", catalog]) == 1
    shown = capsys.readouterr().out
    assert "extended: 1 more file has come" in shown
    assert "the files are gone" in shown
    assert shown.endswith("3 runs: 1 missing, 1 fresh, 1 stale\n")
    assert told(capsys, "check", catalog, "--update", code=1)["counts"] == {
        "failed": 1,
        "skipped": 1,
        "ok": 1,
    }
    tifffile.imwrite(data / "scan_5.tif", np.zeros((4, 6), "u2"))
    assert main(["check", catalog, "--update"]) == 1
    assert capsys.readouterr().out.endswith("3 runs: 1 missing, 1 fresh, 1 updated\n")
    assert told(capsys, "check", catalog, "--query", "file_name=b.h5")["counts"] == {"ok": 1}


def test_runs_are_taken_out_and_their_files_stay(catalog: str, data: Path, capsys: Output) -> None:
    uids = [run["uid"] for run in told(capsys, "ls", catalog)["runs"]]
    report = told(capsys, "rm", catalog, uids[0][:8], "no-such-run", code=1)
    assert [item["outcome"] for item in report["items"]] == ["ok", "failed"]
    assert [run["uid"] for run in told(capsys, "ls", catalog)["runs"]] == uids[1:]
    assert len(list(data.iterdir())) == 5


def test_copies_are_checked_and_deleted_when_it_is_said(
    catalog: str, data: Path, tmp_path: Path, capsys: Output
) -> None:
    copies = tmp_path / "copies"
    assert main(["cache", catalog, str(copies)]) == 0
    capsys.readouterr()
    assert main(["check", str(copies)]) == 0
    assert capsys.readouterr().out == "3 runs: 3 whole\n"
    cut = sorted(copies.iterdir())[0]
    os.truncate(cut, cut.stat().st_size - 5)
    assert main(["check", str(copies)]) == 0
    assert "cut short" in capsys.readouterr().out
    assert main(["rm", str(copies), cut.stem]) == 1
    assert "--delete" in capsys.readouterr().err
    assert main(["rm", str(copies), cut.stem, "--delete"]) == 0
    assert not cut.exists()
    capsys.readouterr()
    assert main(["check", str(copies), "--update"]) == 1
    assert "--cache" in capsys.readouterr().err


def test_a_catalog_is_called_by_its_name(catalog: str, data: Path, capsys: Output) -> None:
    with use_config(Config(catalogs={"45id": catalog})):
        assert len(told(capsys, "ls", "45id")["runs"]) == 3
        report = told(capsys, "ingest", str(data), "--catalog", "45id")
        assert report["counts"] == {"skipped": 3}


def test_without_a_name_the_catalog_in_the_state_folder_is_meant(
    data: Path, capsys: Output, isolated_configuration: Path
) -> None:
    assert main(["ls"]) == 1
    assert "penstock ingest PATH --catalog default" in capsys.readouterr().err
    assert main(["ingest", str(data), "--catalog", "default"]) == 0
    assert (isolated_configuration / "state" / "penstock" / "runs.db").exists()
    capsys.readouterr()
    assert len(told(capsys, "ls")["runs"]) == 3
    assert main(["check"]) == 0


@pytest.mark.parametrize(
    ("arguments", "reason"),
    [
        (["ls", "gone.db"], "penstock ingest PATH --catalog gone.db"),
        (["ls", "no_such_name"], "no such folder, file or name"),
        (["ls", "https://tiled.example/api"], "penstock[tiled], which is not there yet"),
        (["ingest", "{data}", "--catalog", "copies"], "name that ends in .db"),
        (["ingest", "{data}", "--catalog", "{data}"], "no catalog that takes runs"),
        (["ls", "{data}/scan_1.tif.db"], "there is no such catalog"),
    ],
)
def test_what_is_no_catalog_is_told_with_the_remedy(
    data: Path, capsys: Output, arguments: list[str], reason: str, monkeypatch, tmp_path
) -> None:
    monkeypatch.chdir(tmp_path)
    assert main([text.replace("{data}", str(data)) for text in arguments]) == 1
    assert reason in capsys.readouterr().err


def test_a_long_list_is_shown_page_by_page_at_a_terminal(
    catalog: str, data: Path, tmp_path: Path
) -> None:
    for name in map("".join, itertools.product("cdef", "abcdefghij")):
        shutil.copy2(data / "a.h5", data / f"{name}.h5")
    with BlueskySQLiteCatalog(catalog) as opened:
        opened.ingest([data])
    marker = tmp_path / "pager_was_here"
    ours, theirs = pty.openpty()
    environment = {**os.environ, "PAGER": f"tee {marker}", "TERM": "xterm", "LINES": "24"}
    command = [sys.executable, "-m", "penstock", "ls", catalog]
    process = subprocess.Popen(command, stdout=theirs, env=environment)
    os.close(theirs)
    shown = b""
    while True:
        try:
            part = os.read(ours, 65536)
        except OSError:
            break
        if not part:
            break
        shown += part
    assert process.wait() == 0
    os.close(ours)
    assert marker.read_bytes().count(b"\n") > 40
    assert b"43 runs" in shown.replace(b"\r", b"")
