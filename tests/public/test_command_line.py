"""The command line: what it prints where, and its exit codes."""

from __future__ import annotations

import json
import os
import pty
import re
import shlex
import signal
import subprocess
import sys
import time
from pathlib import Path
from typing import Any

import h5py
import numpy as np
import pytest
import tifffile

import penstock
from penstock.command_line import main
from penstock.commands.terminal import plain, print_table
from penstock.core.errors import SettingsError


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


def run_in_shell(command: str, **options: Any) -> subprocess.CompletedProcess[str]:
    """Run a command line of a POSIX shell in which `penstock` is this one."""
    script = f'penstock() {{ "{sys.executable}" -m penstock "$@"; }}; {command}'
    return subprocess.run(
        ["sh", "-c", script], capture_output=True, text=True, check=False, **options
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
    print_table("T", ["a", "b", "c"], [["銅", ["x", "y"], 1], ["Cu\x1b", "", 22]])
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
    assert re.search(r"not .*\bhdf5, .*\bspec\b.*: it is TIFF", shown)
    assert f"{data}/scan_{{}}.tif (3 files)" in shown
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


# What can be wrong with the surroundings ------------------------------------------------------


@pytest.mark.skipif(not os.path.exists("/dev/full"), reason="there is no /dev/full")
@pytest.mark.parametrize("unbuffered", ["", "1"])
@pytest.mark.parametrize("command", ["ingest", "match --json"])
def test_output_that_cannot_be_written_is_told_in_a_sentence(
    data: Path, command: str, unbuffered: str
) -> None:
    environment = {**os.environ, "PYTHONUNBUFFERED": unbuffered}
    done = run_in_shell(f"penstock {command} '{data}' > /dev/full", env=environment)
    said = "penstock: the output cannot be written: No space left on device\n"
    assert (done.returncode, done.stderr) == (1, said)


@pytest.mark.parametrize("closed", [">&-", "2>&-", ">&- 2>&-"])
def test_closed_output_changes_nothing_else(data: Path, tmp_path: Path, closed: str) -> None:
    cache = tmp_path / "copies"
    done = run_in_shell(f"penstock ingest '{data}' --cache '{cache}' {closed}")
    assert (done.returncode, done.stderr) == (0, "")
    assert len(list(cache.glob("*.msgpack"))) == 1


def test_a_deleted_working_folder_is_told_in_a_sentence(data: Path, tmp_path: Path) -> None:
    gone = tmp_path / "gone"
    gone.mkdir()
    done = run_in_shell(f"rmdir '{gone}'; penstock match '*.tif'", cwd=gone)
    assert done.returncode == 1
    assert "*.tif: the working folder is gone. Change to one" in done.stdout
    gone.mkdir()
    done = run_in_shell(f"rmdir '{gone}'; penstock ingest '{data}'", cwd=gone)
    assert (done.returncode, done.stderr) == (0, "")


def test_what_the_encoding_of_the_output_lacks_is_spelled_out(data: Path) -> None:
    done = run("match", "--why", data, PYTHONIOENCODING="ascii")
    assert r"\u2192 tiff-series" in done.stdout
    assert done.stderr == ""


# How it looks ---------------------------------------------------------------------------------


def test_a_line_break_in_a_name_breaks_no_row(tmp_path: Path) -> None:
    tifffile.imwrite(tmp_path / "a\nb.tif", np.zeros((4, 6), np.uint16))
    (tmp_path / "c\nd.txt").write_text("x")
    for arguments in (["ingest"], ["match"], ["match", "--why"]):
        shown = run(*arguments, tmp_path).stdout
        assert r"a\nb.tif" in shown
        assert r"c\nd.txt" in shown
    assert plain("a\n\r\tb") == r"a\n\r\tb"


def test_a_table_can_be_read_at_80_columns(data: Path) -> None:
    (data / "Sn_growth_2024-03-05").mkdir()
    for number in range(3):
        name = data / "Sn_growth_2024-03-05" / f"frame_of_the_camera_{number}.tif"
        tifffile.imwrite(name, np.zeros((20, 30), np.uint16))
    shown = re.sub(r"\x1b\[[^m]*m", "", run_at_terminal("ingest", data, COLUMNS="80"))
    lines = shown[shown.index("Runs") :].splitlines()
    assert all(len(line.rstrip()) <= 80 for line in lines)
    assert re.search(r"tiff-series +3 +(primary +)?3 × 20 × 30 ", shown)
    assert "Sn_growth_2024-03-05/\r\n" in shown
    assert "frame_of_the_camera_{}.tif" in shown
    assert re.search("no room for: .*dtype, start time", shown)


def test_an_empty_folder_is_said_to_be_empty(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    for command in ("ingest", "match"):
        assert main([command, str(tmp_path)]) == 4
        assert "no files were found in this folder" in capsys.readouterr().out


def test_a_note_on_many_runs_is_told_once(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    for number, pages in enumerate([1, 2, 3, 2, 1]):
        tifffile.imwrite(
            tmp_path / f"f_{number}.tif",
            np.zeros((pages, 4, 6), np.uint16),
            photometric="minisblack",
        )
    assert main(["ingest", str(tmp_path)]) == 0
    assert re.search(r"f_0\.tif and 4 more +taken one by one: ", capsys.readouterr().out)


# Choosing -------------------------------------------------------------------------------------


@pytest.fixture
def ambiguous(tmp_path: Path) -> Path:
    """An HDF5 file with two datasets of images, neither of which is the default."""
    path = tmp_path / "tooth.h5"
    with h5py.File(path, "w") as file:
        file["exchange/data"] = np.zeros((4, 8, 8), np.uint16)
        file["other/x"] = np.zeros((2, 8, 8), np.uint16)
    return path


def test_the_users_choice_of_an_ingestor_is_taken(data: Path) -> None:
    done = run("ingest", data / "scan_8.tif", "--use", "tiff-stack")
    assert done.returncode == 0
    assert re.search(r"tiff-stack +1 +primary +1 × 4 × 6", done.stdout)


def test_a_dataset_can_be_set(ambiguous: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["ingest", str(ambiguous)]) == 4
    assert "--use hdf5 --set " in capsys.readouterr().out
    choice = ["--use", "hdf5", "--set", "dataset=/exchange/data"]
    assert main(["ingest", str(ambiguous), *choice]) == 0
    assert re.search(r"hdf5 +1 +primary +4 × 8 × 8", capsys.readouterr().out)
    assert main(["match", "--json", str(ambiguous), *choice]) == 0
    (decision,) = json.loads(capsys.readouterr().out)["decisions"]
    (claim,) = decision["chosen"]["claims"]
    assert claim["kwargs"] == {"dataset": "/exchange/data"}


def test_values_of_settings_are_json_or_text(
    ambiguous: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    settings = ["--set", "dataset=/other/x", "--set", 'metadata={"scan_id": 5}']
    assert main(["match", "--json", str(ambiguous), "--use", "hdf5", *settings]) == 0
    (decision,) = json.loads(capsys.readouterr().out)["decisions"]
    kwargs = decision["chosen"]["claims"][0]["kwargs"]
    assert kwargs == {"dataset": "/other/x", "metadata": {"scan_id": 5}}


def test_a_catalog_takes_settings(ambiguous: Path) -> None:
    catalog = penstock.BlueskyInMemoryCatalog()
    settings = {"dataset": "/other/x"}
    report = catalog.ingest(ambiguous, use="hdf5", settings=settings)
    assert report.ok
    assert len(catalog[-1].primary) == 2
    with pytest.raises(SettingsError, match="a plan has its settings"):
        catalog.ingest(penstock.match(ambiguous), settings=settings)


@pytest.mark.parametrize(
    ("arguments", "complaint"),
    [
        (["--use", "hdf5", "--set", "dataste=/a"], "hdf5 has no setting 'dataste'. It has: data"),
        (["--set", "dataset=/a"], "settings (dataset) need the ingestor"),
    ],
)
@pytest.mark.parametrize("command", ["ingest", "match"])
def test_settings_that_nobody_takes_are_a_usage_error(
    ambiguous: Path,
    command: str,
    arguments: list[str],
    complaint: str,
    capsys: pytest.CaptureFixture[str],
) -> None:
    assert main([command, str(ambiguous), *arguments]) == 2
    assert complaint in capsys.readouterr().err


def test_a_setting_needs_a_value(ambiguous: Path, capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit) as caught:
        main(["ingest", str(ambiguous), "--use", "hdf5", "--set", "dataset"])
    assert caught.value.code == 2
    assert "'dataset' is not KEY=VALUE" in capsys.readouterr().err


def test_match_says_what_is_wrong_with_a_damaged_file(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    (tmp_path / "a.tif").write_bytes(b"II*\0")
    assert main(["match", str(tmp_path)]) == 1
    assert "a.tif: the file " in capsys.readouterr().out


def test_files_on_tape_are_opened_on_request_alone(tmp_path):
    for number in (1, 2):
        path = tmp_path / f"img_{number}.tif"
        path.touch()
        os.truncate(path, 1000)  # a size but no blocks on disk: as a migrated file looks
        if os.stat(path).st_blocks:
            pytest.skip("this file system gives blocks to empty files")
    assert "on tape" in run("ingest", tmp_path).stdout
    assert "on tape" not in run("ingest", "--recall", tmp_path).stdout


# Choosing ----------------------------------------------------------------------------------------


@pytest.fixture
def undecided(data: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A folder for whose files two ingestors fit equally well: a plug-in rivals `tiff-series`."""
    plugin = data.parent / "rival"
    (plugin / "rival-1.dist-info").mkdir(parents=True)
    (plugin / "rival-1.dist-info" / "METADATA").write_text(
        "Metadata-Version: 2.1\nName: rival\nVersion: 1\n"
    )
    (plugin / "rival-1.dist-info" / "entry_points.txt").write_text("[penstock]\nrival = rival\n")
    (plugin / "rival.py").write_text(
        "from penstock import Ingestor, hookimpl\n"
        "@hookimpl\n"
        "def penstock_ingestors():\n"
        "    name = 'penstock.ingestors.tiff.series:ingest_tiff_series'\n"
        "    return [Ingestor('rival', title='', ingest=name, takes='files', formats=('tiff',))]\n"
    )
    monkeypatch.setenv("PYTHONPATH", str(plugin))
    return data


def ingest_at_terminal(folder: Path, answers: str) -> str:
    control, terminal = pty.openpty()
    process = subprocess.Popen(
        [sys.executable, "-m", "penstock", "ingest", str(folder)],
        env={**os.environ, "TERM": "xterm-256color", "COLUMNS": "200"},
        stdin=terminal,
        stdout=terminal,
        stderr=terminal,
    )
    os.close(terminal)
    os.write(control, answers.encode())
    shown = b""
    try:
        while block := os.read(control, 65536):
            shown += block
    except OSError:  # Linux says EIO when the other side is closed
        pass
    os.close(control)
    process.wait()
    return f"{shown.decode()}\nexit code {process.returncode}"


def test_what_is_undecided_is_asked_at_a_terminal(undecided: Path) -> None:
    shown = ingest_at_terminal(undecided, "9\n2\n")
    assert "2 ingestors fit equally well" in shown
    assert "1  rival  SIGNATURE: signature: it is TIFF" in shown
    assert "2  tiff-series  SIGNATURE: signature: it is TIFF; probe: 3 files" in shown
    assert "'9' is none of them." in shown
    assert "1 ok" in shown
    assert "exit code 0" in shown


def test_the_person_at_the_terminal_may_leave_files_out(undecided: Path) -> None:
    shown = ingest_at_terminal(undecided, "\n")
    assert "2 items: 2 refused" in shown
    assert "exit code 3" in shown


def test_without_a_terminal_what_is_undecided_is_refused_with_what_to_type(
    undecided: Path,
) -> None:
    told = run("ingest", undecided)
    assert told.returncode == 3
    assert "--choose '" in told.stdout
    matched = run("match", undecided).stdout
    group = f"{undecided}/scan_{{}}.tif"
    assert f"undecided: rival, tiff-series. Choose one: --choose '{group}' NAME" in matched
    chosen = run("ingest", undecided, "--choose", group, "tiff-series", "--json")
    (item, _) = json.loads(chosen.stdout)["items"]
    assert (chosen.returncode, item["details"]["ingestor"]) == (0, "tiff-series")


def test_a_choice_can_be_remembered_and_forgotten(undecided: Path) -> None:
    choose = ("--choose", "scan_{}.tif", "rival", "--remember")
    assert run("match", undecided / "scan_8.tif", *choose).returncode == 2  # no such group there
    assert run("match", undecided, *choose).stdout.startswith(f"{undecided}/scan_{{}}.tif")
    assert ": rival" in run("match", undecided).stdout
    assert "undecided" in run("match", undecided, "--forget").stdout


def test_choices_are_forgotten_for_a_file(undecided: Path) -> None:
    choose = ("--choose", "scan_{}.tif", "rival", "--remember")
    assert run("match", undecided, *choose).returncode == 4
    told = run("match", undecided, undecided / "scan_8.tif", "--forget")
    assert "1 remembered choice forgotten" in told.stderr


def test_remembering_without_a_choice_is_a_mistake(data: Path) -> None:
    told = run("match", data, "--remember")
    assert (told.returncode, "none is" in told.stderr) == (2, True)


def test_a_name_in_a_remedy_is_no_command(data: Path) -> None:
    from penstock.core.catalog.ingesting import _undecided
    from penstock.core.matching.plan import Decision, Group

    item = _undecided(Decision(Group("/d", (name := "a';touch pwned;'.png",), name), None))
    quoted = item.remedy.partition("`--choose ")[2].partition(" NAME`")[0]
    assert shlex.split(quoted) == [f"/d/{name}"]


def test_why_a_run_was_made_so_is_kept_with_it(data: Path, tmp_path: Path) -> None:
    run("ingest", data, "--cache", tmp_path / "copies")
    shown = run("show", tmp_path / "copies", "-1", "--why").stdout
    assert "tiff-series" in shown.split("Why")[1]
    assert "signature: it is TIFF" in shown
