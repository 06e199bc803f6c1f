"""The command line: what it prints where, and its exit codes."""

from __future__ import annotations

import json
import os
import pty
import re
import signal
import subprocess
import sys
import time
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import tifffile

import penstock
from penstock.command_line import main
from penstock.commands.terminal import plain, print_table


@pytest.fixture
def data(tmp_path: Path) -> Path:
    """A series of three images, one more image, and something that is no data."""
    folder = tmp_path / "data"
    folder.mkdir()
    for number in (8, 9, 10):
        tifffile.imwrite(folder / f"scan_{number}.tif", np.zeros((4, 6), np.uint16))
    (folder / "notes.txt").write_text("hello\n")
    return folder


def run(*arguments: object, **environment: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [sys.executable, "-m", "penstock", *map(str, arguments)],
        env={**os.environ, **environment},
        capture_output=True,
        text=True,
        check=False,
    )


def run_at_terminal(*arguments: object, **environment: str) -> str:
    """Run it with a terminal as standard output and error, and return what that shows."""
    control, terminal = pty.openpty()
    process = subprocess.Popen(
        [sys.executable, "-m", "penstock", *map(str, arguments)],
        env={**os.environ, "TERM": "xterm-256color", "COLUMNS": "200", **environment},
        stdout=terminal,
        stderr=terminal,
    )
    os.close(terminal)
    shown = b""
    try:
        while block := os.read(control, 65536):
            shown += block
    except OSError:  # Linux says EIO when the other side is closed
        pass
    os.close(control)
    process.wait()
    return shown.decode()


def test_version(capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit) as caught:
        main(["--version"])
    assert caught.value.code == 0
    assert capsys.readouterr().out == f"penstock {penstock.__version__}\n"


@pytest.mark.parametrize(
    "command",
    [[], *([name] for name in ("ingest", "cache", "ls", "show", "search", "match", "plugins"))],
)
def test_help_has_examples_and_exit_codes(
    command: list[str], capsys: pytest.CaptureFixture[str]
) -> None:
    with pytest.raises(SystemExit) as caught:
        main([*command, "--help"])
    assert caught.value.code == 0
    shown = capsys.readouterr().out
    assert "examples:" in shown
    assert "exit codes:" in shown


@pytest.mark.parametrize(
    "code",
    [
        "import penstock",
        *(
            f"from penstock.command_line import main; main({arguments})"
            for arguments in (["--help"], ["ls", "--help"], ["cache", "--help"], ["show", "-h"])
        ),
    ],
)
def test_nothing_heavy_is_imported_before_there_is_work(code: str) -> None:
    check = "import sys; print(*sorted(sys.modules), file=sys.stderr)"
    script = f"import atexit\natexit.register(lambda: exec({check!r}))\n{code}"
    done = subprocess.run(
        [sys.executable, "-c", script], capture_output=True, text=True, check=True
    )
    heavy = {"numpy", "dask", "xarray", "h5py", "tifffile", "event_model", "rich", "pluggy"}
    assert "penstock.core.lazy" in done.stderr.split()
    assert heavy.isdisjoint(done.stderr.split())


def test_ingest_shows_runs_and_what_was_refused(data: Path) -> None:
    done = run("ingest", data)
    assert done.returncode == 0, done.stderr
    assert re.search(r"tiff-series +3 +primary +3 × 4 × 6 +uint16", done.stdout)
    assert re.search(r"refused +\S*notes.txt +it is text", done.stdout)
    assert "\x1b" not in done.stdout
    assert done.stderr == ""


def test_piped_output_is_never_cut(tmp_path: Path) -> None:
    name = "a_very_long_name_" * 12 + ".tif"
    tifffile.imwrite(tmp_path / name, np.zeros((4, 6), np.uint16))
    done = run("ingest", tmp_path, COLUMNS="40")
    assert name in done.stdout
    assert re.search(r"\b[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}\b", done.stdout)


def test_at_a_terminal_there_are_colours_unless_no_color_is_set(data: Path) -> None:
    bold = "\x1b[1m"
    assert bold in run_at_terminal("ingest", data)
    shown = run_at_terminal("ingest", data, NO_COLOR="1")
    assert "tiff-series" in shown
    assert not re.search(r"\x1b\[[0-9;]*3[0-9]m", shown)


def test_columns_stay_aligned_whatever_is_in_them(capsys: pytest.CaptureFixture[str]) -> None:
    print_table("T", ["a", "b", "c"], [["銅", "x\ny", 1], ["Cu\x1b", "", 22]])
    assert capsys.readouterr().out.splitlines() == [
        "T",
        " a       b  c",
        " 銅      x  1",  # two columns wide at a terminal
        "         y",
        r" Cu\x1b     22",
    ]
    print_table("T", ["a"], [])
    assert capsys.readouterr().out == ""


def test_ingest_as_json_is_the_report(data: Path) -> None:
    done = run("ingest", data, "--json")
    told: dict[str, Any] = json.loads(done.stdout)
    assert told["counts"] == {"ok": 1, "refused": 1}
    assert told["items"][0]["details"]["ingestor"] == "tiff-series"


def test_exit_codes_of_ingest(
    data: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert main(["ingest", str(data)]) == 0
    assert main(["ingest", str(data / "notes.txt")]) == 4
    assert main(["ingest", str(data), str(tmp_path / "missing.tif")]) == 1
    assert main(["ingest", str(data), "--use", "no-such-ingestor"]) == 2
    assert "no ingestor is registered as 'no-such-ingestor'" in capsys.readouterr().err
    with pytest.raises(SystemExit) as caught:
        main(["ingest"])
    assert caught.value.code == 2


def test_match_says_who_takes_what_and_why(data: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["match", str(data / "scan_*.tif")]) == 0
    assert "scan_{}.tif (3 files): tiff-series" in capsys.readouterr().out
    assert main(["match", "--why", str(data)]) == 4
    shown = capsys.readouterr().out
    assert "→ tiff-series" in shown
    assert "not hdf5: it is TIFF, not HDF5" in shown
    assert "✗ it is text, which no ingestor takes" in shown
    assert main(["match", "--json", str(data)]) == 4
    assert len(json.loads(capsys.readouterr().out)["decisions"]) == 1


def test_paths_are_told_from_the_working_directory(
    data: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.chdir(data)
    assert main(["match", "scan_10.tif"]) == 0
    assert capsys.readouterr().out.startswith("scan_10.tif")


def test_plugins_lists_what_is_installed(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["plugins"]) == 0
    shown = capsys.readouterr().out
    assert re.search(r"tiff +penstock +\S+ +loaded", shown)
    assert main(["plugins", "--json"]) == 0
    told = json.loads(capsys.readouterr().out)
    assert told["problems"] == []


def test_a_reader_that_has_enough_is_no_error(data: Path) -> None:
    process = subprocess.Popen(
        [sys.executable, "-m", "penstock", "match", "--why", str(data)],
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
    )
    assert process.stdout is not None
    assert process.stderr is not None
    process.stdout.close()
    assert process.stderr.read() == b""
    process.stderr.close()
    assert process.wait() == 141


def test_ctrl_c_ends_it_without_a_traceback(tmp_path: Path) -> None:
    site = tmp_path / "site"
    info = site / "slow-1.dist-info"
    info.mkdir(parents=True)
    (info / "METADATA").write_text("Metadata-Version: 2.1\nName: slow\nVersion: 1\n")
    (info / "entry_points.txt").write_text("[penstock]\nslow = slow_plugin\n")
    (site / "slow_plugin.py").write_text(
        "import pathlib, time\n"
        "from penstock import Ingestor, hookimpl\n"
        "@hookimpl\n"
        "def penstock_ingestors():\n"
        "    return [Ingestor('slow', title='', ingest='slow_plugin:ingest', takes='file',\n"
        "                     patterns=('*.slow',))]\n"
        "def ingest(path):\n"
        "    pathlib.Path(path + '.started').touch()\n"
        "    time.sleep(60)\n"
        "    yield\n"
    )
    (tmp_path / "a.slow").write_text("x")
    path = os.pathsep.join([str(site), *filter(None, [os.environ.get("PYTHONPATH")])])
    process = subprocess.Popen(
        [sys.executable, "-m", "penstock", "ingest", str(tmp_path / "a.slow")],
        env={**os.environ, "PYTHONPATH": path},
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    )
    for _ in range(300):
        if (tmp_path / "a.slow.started").exists():
            break
        time.sleep(0.1)
    process.send_signal(signal.SIGINT)
    out, err = process.communicate(timeout=30)
    assert (process.returncode, out, err) == (130, "", "penstock: interrupted\n")


def test_what_libraries_log_is_kept_out_of_the_output(tmp_path: Path) -> None:
    damaged = bytearray(b"II*\0\x08\0\0\0\x02\0" + bytes(40))
    damaged[10:14] = b"\xfe\0\x86\0"  # a tag of a type that does not exist: tifffile logs it
    (tmp_path / "a.tif").write_bytes(damaged)
    done = run("ingest", tmp_path)
    assert done.returncode == 1
    assert re.search(r"failed +\S*a.tif", done.stdout)
    assert done.stderr == ""


def test_names_of_files_cannot_control_the_terminal(tmp_path: Path) -> None:
    (tmp_path / "a\x1b[31mred.txt").write_text("x")
    done = run("ingest", tmp_path)
    assert "\x1b" not in done.stdout
    assert r"a\x1b[31mred.txt" in done.stdout


def test_names_that_are_no_text_are_printed() -> None:
    assert plain(os.fsdecode(b"a\xff.tif")) == r"a\udcff.tif"
