"""The commands on catalogs that stay: ingest, ls, search, show, check, rm; by path and by name."""

from __future__ import annotations

import itertools
import json
import os
import pty
import re
import shutil
import signal
import stat
import subprocess
import sys
import time
from pathlib import Path

import h5py
import numpy as np
import pytest
import tifffile

import penstock
from penstock import BlueskyInMemoryCatalog, BlueskySQLiteCatalog
from penstock.command_line import main
from penstock.commands.catalogs import open_catalog
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


def test_ctrl_c_in_the_pager_is_the_pagers(catalog: str, tmp_path: Path) -> None:
    pager = tmp_path / "pager"
    marker = tmp_path / "ready"
    pager.write_text(
        "#!/bin/sh\ntrap 'echo interrupted >> \"$0.said\"' INT\ncat > /dev/null\n"
        f"kill -INT $$\n: > {marker}\nsleep 1\n"
    )
    pager.chmod(0o700)
    ours, theirs = pty.openpty()
    process = subprocess.Popen(
        [sys.executable, "-m", "penstock", "ls", catalog],
        stdout=theirs,
        stderr=subprocess.PIPE,
        env={**os.environ, "PAGER": str(pager), "TERM": "xterm", "LINES": "2"},
        text=True,
    )
    os.close(theirs)
    for _ in range(200):
        if marker.exists():
            break
        time.sleep(0.1)
    process.send_signal(signal.SIGINT)
    assert process.communicate(timeout=30)[1] == ""
    assert process.returncode == 0
    os.close(ours)
    assert (tmp_path / "pager.said").read_text() == "interrupted\n"  # it is not told to ignore it


def test_a_list_is_sorted_and_turned_round(catalog: str, capsys: Output) -> None:
    def names(*arguments: str) -> list[str]:
        return [run["file_name"] for run in told(capsys, "ls", catalog, *arguments)["runs"]]

    assert names("--sort", "file_name") == ["a.h5", "b.h5", "scan_{}.tif"]
    assert names("--sort", "file_name", "--reverse", "--limit", "1") == ["scan_{}.tif"]
    assert names("--reverse") == names()[::-1]
    newest = names("--sort", "detectors")
    assert newest[0] == "scan_{}.tif"  # "image" comes before "images"
    assert newest[1:] == [name for name in names() if name != "scan_{}.tif"]  # the newest first


def test_a_part_as_json_says_how_many_there_are(catalog: str, capsys: Output) -> None:
    part = told(capsys, "ls", catalog, "--limit", "1")
    assert (len(part["runs"]), part["total"]) == (1, 3)
    found = told(capsys, "search", catalog, "detectors=images", "--offset", "1")
    assert (len(found["runs"]), found["total"]) == (1, 2)


def test_columns_can_be_chosen(catalog: str, capsys: Output) -> None:
    assert main(["ls", catalog, "--columns", "file_name, hints.dimensions,no.such"]) == 0
    heading, *rows = capsys.readouterr().out.splitlines()[1:-1]
    assert heading.split() == ["uid", "start", "time", "file_name", "hints.dimensions", "no.such"]
    assert all(row.rstrip().endswith('"primary"]') for row in rows)
    with pytest.raises(SystemExit):
        main(["ls", catalog, "--columns", "a,,b"])


def test_values_are_counted(catalog: str, capsys: Output) -> None:
    assert main(["ls", catalog, "--count-by", "detectors", "--count-by", "sample.name"]) == 0
    shown = capsys.readouterr().out.split("\n")
    assert [line.split() for line in shown] == [
        ["detectors"],
        ["value", "runs"],
        ["images", "2"],
        ["image", "1"],
        ["no", "run", "has", "sample.name"],
        [],
    ]
    counts = told(capsys, "search", catalog, "file_name~h5$", "--count-by", "file_name")["counts"]
    assert counts["file_name"] == {
        "values": [{"value": "a.h5", "runs": 1}, {"value": "b.h5", "runs": 1}],
        "total": 2,
        "lacking": 0,
    }
    assert main(["ls", catalog, "--count-by", "file_name", "--limit", "2"]) == 0
    assert "2 of 3 values; others: --limit, --offset\n" in capsys.readouterr().out


def test_what_is_counted_can_be_searched_for(tmp_path: Path, capsys: Output) -> None:
    path = tmp_path / "samples.db"
    values = ["Cu", "12", 12, True, "true", None, "a b", 0.5]
    with h5py.File(tmp_path / "x.h5", "w") as file:
        file["images"] = np.zeros((3, 4, 6), "u2")
    memory = BlueskyInMemoryCatalog()
    for number, value in enumerate(values):
        start = {"uid": f"run-{number}", "time": float(number), "value": value}
        memory.upsert(lambda start=start: iter([("start", start)]), (), {})
    memory.cache(path.with_suffix(""))
    capsys.readouterr()
    copies = str(path.with_suffix(""))
    assert main(["ls", copies, "--count-by", "value"]) == 0
    rows = capsys.readouterr().out.splitlines()[2:]
    texts = [row.strip().rpartition(" ")[0].strip() for row in rows]
    found = [told(capsys, "search", copies, f"value={text}")["runs"] for text in texts]
    assert sorted(run["uid"] for runs in found for run in runs) == [f"run-{n}" for n in range(8)]


def test_words_are_found_wherever_they_stand(catalog: str, capsys: Output) -> None:
    runs = told(capsys, "search", catalog, "--text", "h5 A")["runs"]
    assert [run["file_name"] for run in runs] == ["a.h5"]
    assert told(capsys, "search", catalog, "file_name=b.h5", "--text", "a")["runs"] == []
    assert main(["search", catalog, "copper"]) == 2
    assert "penstock search --text WORDS" in capsys.readouterr().err


def test_of_several_runs_each_is_found_before_any_is_taken_out(
    catalog: str, capsys: Output
) -> None:
    uids = [run["uid"] for run in told(capsys, "ls", catalog)["runs"]]
    report = told(capsys, "rm", catalog, "-1", "-2")
    assert [item["uid"] for item in report["items"]] == uids[:2]


def test_what_a_query_finds_is_taken_out(catalog: str, capsys: Output) -> None:
    assert told(capsys, "rm", catalog, "--query", "detectors=images")["counts"] == {"ok": 2}
    (left,) = told(capsys, "ls", catalog)["runs"]
    assert left["file_name"] == "scan_{}.tif"
    assert main(["rm", catalog, "--query", "detectors=images"]) == 0
    assert capsys.readouterr().out == "no runs found\n"
    assert main(["rm", catalog]) == 2
    assert "--query" in capsys.readouterr().err


def test_without_a_run_the_newest_is_shown(catalog: str, capsys: Output) -> None:
    newest = told(capsys, "ls", catalog, "--limit", "1")["runs"]
    assert [told(capsys, "show", catalog)["start"]] == newest


def test_home_is_meant_where_the_shell_did_not_say_so(
    catalog: str, capsys: Output, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("HOME", os.path.dirname(catalog))
    assert len(told(capsys, "ls", "~/runs.db")["runs"]) == 3
    assert len(open_catalog("~/runs.db")) == 3
    assert len(penstock.open_catalog("~/runs.db")) == 3


def test_home_is_meant_in_the_paths_of_files_and_copies(
    data: Path, capsys: Output, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("HOME", str(data.parent))
    report = told(capsys, "ingest", "~/data/*.tif", "--catalog", "~/new.db", "--cache", "~/copies")
    assert (report["counts"], report["copies"]["counts"]) == ({"ok": 1}, {"ok": 1})
    there = {name.partition(".db-")[0] for name in os.listdir(data.parent)}  # -wal while it is open
    assert there - {"new"} == {"copies", "data", "new.db"}
    assert told(capsys, "cache", "~/new.db", "~/more")["counts"] == {"ok": 1}
    assert (data.parent / "more").is_dir()
    assert main(["match", "~/data/a.h5"]) == 0


def test_a_file_that_is_no_catalog_is_told_with_what_can_be_done(
    data: Path, tmp_path: Path, capsys: Output
) -> None:
    text = tmp_path / "README.md"
    text.write_text("# Read me\n")
    for path in (text, data / "a.h5"):
        assert main(["ls", str(path)]) == 1
        assert f"penstock ingest {path} --catalog" in capsys.readouterr().err


def test_a_folder_with_a_catalog_in_it_is_none_but_tells_of_it(
    catalog: str, tmp_path: Path, capsys: Output, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    assert main(["ls", "."]) == 0
    assert capsys.readouterr().out == (
        "no runs: . holds no copies, but a catalog: penstock ls runs.db\n"
    )


def test_why_nothing_is_known_of_a_run_is_told_once_with_the_remedy(
    catalog: str, data: Path, tmp_path: Path, capsys: Output, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("XDG_STATE_HOME", str(tmp_path / "state of another"))
    assert main(["check", catalog]) == 0
    shown = capsys.readouterr().out
    assert re.search(r"run \S+ and 2 more\n +the stored call, which somebody else wrote", shown)
    assert shown.count("[roots]") == 1
    assert shown.endswith("3 runs: 3 unknown\n")
    for item in told(capsys, "check", catalog)["items"]:
        assert item["details"]["state"] == "unknown"
        assert "[roots]" in item["remedy"]
    with use_config(Config(roots={"data": str(data)})):
        assert main(["check", catalog]) == 0
    assert capsys.readouterr().out == "3 runs: 3 fresh\n"


def test_the_mode_that_a_file_is_given_stays(catalog: str, data: Path, capsys: Output) -> None:
    assert stat.S_IMODE(os.stat(catalog).st_mode) == 0o600
    os.chmod(catalog, 0o660)
    shutil.copy2(data / "a.h5", data / "c.h5")
    with BlueskySQLiteCatalog(catalog) as opened:
        opened.ingest([data])
        beside = [name for name in os.listdir(os.path.dirname(catalog)) if name[:7] == "runs.db"]
        assert len(beside) > 1
        for name in beside:  # what SQLite keeps beside it, others have to read and write, too
            mode = os.stat(os.path.join(os.path.dirname(catalog), name)).st_mode
            assert stat.S_IMODE(mode) == 0o660, name
    assert main(["check", catalog, "--update"]) == 0
    assert main(["rm", catalog, "-1"]) == 0
    assert stat.S_IMODE(os.stat(catalog).st_mode) == 0o660


def test_ctrl_c_while_ingesting_keeps_what_was_ingested_before(tmp_path: Path) -> None:
    site = tmp_path / "site"
    info = site / "slow-1.dist-info"
    info.mkdir(parents=True)
    (info / "METADATA").write_text("Metadata-Version: 2.1\nName: slow\nVersion: 1\n")
    (info / "entry_points.txt").write_text("[penstock]\nslow = slow_plugin\n")
    (site / "slow_plugin.py").write_text(
        "import time\n"
        "from penstock import Ingestor, hookimpl\n"
        "@hookimpl\n"
        "def penstock_ingestors():\n"
        "    return [Ingestor('slow', title='', ingest='slow_plugin:ingest', takes='file',\n"
        "                     patterns=('*.slow',))]\n"
        "def ingest(path):\n"
        "    if path.endswith('c.slow'):\n"
        "        open(path + '.begun', 'w').close()\n"
        "        time.sleep(60)\n"
        "    yield 'start', {'uid': path[-6], 'time': 1.0}\n"
        "    yield 'stop', {'uid': 's' + path[-6], 'run_start': path[-6], 'time': 2.0,\n"
        "                   'exit_status': 'success'}\n"
    )
    for name in "abc":
        (tmp_path / f"{name}.slow").write_text("x")
    catalog = tmp_path / "runs.db"
    path = os.pathsep.join([str(site), *filter(None, [os.environ.get("PYTHONPATH")])])
    command = [sys.executable, "-m", "penstock", "ingest", str(tmp_path), "--catalog", str(catalog)]
    process = subprocess.Popen(
        command,
        env={**os.environ, "PYTHONPATH": path},
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    )
    for _ in range(300):
        if (tmp_path / "c.slow.begun").exists():
            break
        time.sleep(0.1)
    else:
        process.kill()
        pytest.fail(f"ingesting did not begin: {process.communicate()}")
    process.send_signal(signal.SIGINT)
    out, err = process.communicate(timeout=30)
    assert (process.returncode, out, err) == (130, "", "penstock: interrupted\n")
    with BlueskySQLiteCatalog(catalog) as opened:
        assert sorted(opened) == ["a", "b"]
        assert len(opened.problems) == 0
