"""The commands that make copies of runs, and those that look into them."""

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

import msgpack
import numpy as np
import pytest
import tifffile

from penstock import BlueskyInMemoryCatalog, BlueskyMsgpackCatalog
from penstock.command_line import main
from penstock.core.run import BlueskyRun
from penstock.core.run.samples import count_run

Output = pytest.CaptureFixture[str]


@pytest.fixture
def copies(tmp_path: Path) -> Path:
    """Copies of three runs, the newest of which has no stop document."""
    folder = tmp_path / "copies"
    for number, sample in ((553, "Ni"), (554, "copper foil")):
        source = count_run(
            3, uid=f"{number}a-{sample[:2]}", scan_id=number, sample={"name": sample}, time=number
        )
        BlueskyRun(source).cache(folder)
    catalog = BlueskyInMemoryCatalog()
    catalog.upsert(lambda: iter([("start", {"uid": "77-open", "time": 1709643720.0})]), (), {})
    catalog.cache(folder)
    return folder


@pytest.fixture
def files(tmp_path: Path) -> Path:
    """A series of three images."""
    folder = tmp_path / "files"
    folder.mkdir()
    for number in (1, 2, 3):
        tifffile.imwrite(folder / f"scan_{number}.tif", np.full((4, 6), number, np.uint16))
    return folder


def uids(output: str) -> list[str]:
    """The uids that stand first in the lines of a table."""
    return re.findall(r"^ (\S+-(?:op|Ni|co)\S*)", output, re.MULTILINE)


# penstock ingest --cache ---------------------------------------------------------------------


def test_ingest_copies_what_it_ingested(files: Path, tmp_path: Path, capsys: Output) -> None:
    assert main(["ingest", str(files), "--cache", str(tmp_path / "native")]) == 0
    shown = capsys.readouterr().out
    assert "1 item: 1 ok\n" in shown
    assert re.search(r"^Copies\n.*\n \S+ +ok +3 .*\.msgpack$", shown, re.MULTILINE)
    assert shown.endswith("copies: 1 item: 1 ok\n")
    run = BlueskyMsgpackCatalog(tmp_path / "native")[-1]
    assert run.primary.read()["image"].values[:, 0, 0].tolist() == [1, 2, 3]


@pytest.mark.parametrize("target", ["a file", "below a file", "read-only"])
def test_a_target_that_cannot_be_written_into_is_told_once_before_anything_is_read(
    files: Path, copies: Path, tmp_path: Path, capsys: Output, target: str
) -> None:
    (tmp_path / "file").write_text("notes")
    where = {"a file": tmp_path / "file", "below a file": tmp_path / "file" / "in"}
    given = str(where.get(target, Path("/proc")))
    for arguments in (["ingest", str(files), "--cache"], ["cache", str(copies)]):
        assert main([*arguments, given]) == 1
        told = capsys.readouterr()
        assert told.out == ""
        assert re.fullmatch(rf"penstock: {given}: cannot be written into: .*folder\.\n", told.err)
    assert (tmp_path / "file").read_text() == "notes"


def test_copies_that_are_up_to_date_are_left(files: Path, tmp_path: Path, capsys: Output) -> None:
    arguments = ["ingest", str(files), "--json", "--cache", str(tmp_path / "native")]
    told = []
    for _ in range(2):
        assert main(arguments) == 0
        told.append(json.loads(capsys.readouterr().out))
    assert [report["counts"] for report in told] == [{"ok": 1}, {"ok": 1}]
    assert [report["copies"]["counts"] for report in told] == [{"ok": 1}, {"skipped": 1}]
    os.truncate(files / "scan_3.tif", (files / "scan_3.tif").stat().st_size)  # same size, newer
    os.utime(files / "scan_3.tif", (1, 1))
    assert main(arguments) == 0
    assert json.loads(capsys.readouterr().out)["copies"]["counts"] == {"ok": 1}


def test_progress_is_shown_at_a_terminal_alone(files: Path, tmp_path: Path) -> None:
    arguments = ["ingest", str(files), "--cache", str(tmp_path / "native")]
    command = [sys.executable, "-m", "penstock", *arguments]
    piped = subprocess.run(command, capture_output=True, check=True)
    assert piped.stderr == b""
    control, terminal = pty.openpty()
    environment = {**os.environ, "TERM": "xterm", "COLUMNS": "100"}
    subprocess.run(command, env=environment, stdout=subprocess.PIPE, stderr=terminal, check=True)
    os.close(terminal)
    shown = os.read(control, 65536).decode()
    os.close(control)
    assert "ingesting" in shown
    assert "copying" in shown


def test_a_run_that_cannot_be_copied_fails_and_is_named(
    files: Path, tmp_path: Path, capsys: Output
) -> None:
    arguments = ["ingest", str(files), "--cache", str(tmp_path / "native")]
    assert main(arguments) == 0
    (copy,) = (tmp_path / "native").iterdir()
    copy.write_bytes(b"\xc1 something else")
    capsys.readouterr()
    assert main(arguments) == 1
    shown = capsys.readouterr().out
    assert "Not copied" in shown
    assert "would be replaced by a copy" in shown
    assert "1 item: 1 ok\n" in shown  # it was ingested all the same


def test_without_runs_nothing_is_copied(tmp_path: Path, capsys: Output) -> None:
    (tmp_path / "notes.txt").write_text("hello")
    assert main(["ingest", str(tmp_path / "notes.txt"), "--cache", str(tmp_path / "native")]) == 4
    assert capsys.readouterr().out.endswith("no runs to copy\n")


# penstock cache ------------------------------------------------------------------------------


def test_cache_copies_a_catalog_or_what_a_query_leaves_of_it(
    copies: Path, tmp_path: Path, capsys: Output
) -> None:
    assert main(["cache", str(copies), str(tmp_path / "all")]) == 0
    assert capsys.readouterr().out.endswith("copies: 3 items: 2 ok, 1 partial\n")
    query = '{"sample.name": {"$in": ["Ni", "Cu"]}}'
    assert main(["cache", str(copies), str(tmp_path / "few"), "--query", query, "--json"]) == 0
    assert json.loads(capsys.readouterr().out)["counts"] == {"ok": 1}
    assert list(BlueskyMsgpackCatalog(tmp_path / "few")) == ["553a-Ni"]
    assert len(BlueskyMsgpackCatalog(tmp_path / "all")) == 3


def test_cache_writes_documents_alone_as_json_lines(
    copies: Path, tmp_path: Path, capsys: Output
) -> None:
    texts = str(tmp_path / "texts")
    assert main(["cache", str(copies), texts, "--to", "jsonl"]) == 0
    assert {path.suffix for path in (tmp_path / "texts").iterdir()} == {".jsonl"}
    for command in (["ls", texts], ["ls", f"{texts}/*.jsonl"], ["search", texts, "scan_id=553"]):
        capsys.readouterr()
        assert main(command) == 0
        assert "553a-Ni" in uids(capsys.readouterr().out)
    assert main(["show", texts, "553"]) == 0


def test_bad_frames_are_masked_when_asked(files: Path, tmp_path: Path, capsys: Output) -> None:
    runs = str(tmp_path / "runs.db")
    assert main(["ingest", str(files), "--catalog", runs]) == 0
    bad = files / "scan_2.tif"
    bad.write_bytes(bad.read_bytes()[:-20])
    command = ["cache", runs, str(tmp_path / "copies")]
    assert main(command) == 1
    capsys.readouterr()
    assert main([*command, "--bad-frames", "mask"]) == 0
    assert "could not be read and are NaN: rows 1" in capsys.readouterr().out


def test_cache_tells_of_files_that_it_could_not_read(
    copies: Path, tmp_path: Path, capsys: Output
) -> None:
    (copies / "bad.msgpack").write_bytes(b"\xc1")
    assert main(["cache", str(copies), str(tmp_path / "all")]) == 1
    shown = capsys.readouterr().out
    assert "copies: 3 items" in shown
    assert re.search(r"failed +\S*bad.msgpack", shown)


# penstock ls ---------------------------------------------------------------------------------


def test_ls_lists_the_newest_first_with_what_tells_runs_apart(copies: Path, capsys: Output) -> None:
    assert main(["ls", str(copies)]) == 0
    shown = capsys.readouterr().out
    assert uids(shown) == ["77-open", "554a-co", "553a-Ni"]
    assert re.search(r"554a-co +1970-01-01 00:09:14.000 UTC +554 +\S* *copper foil", shown)
    assert "title" not in shown  # no run has one
    assert shown.endswith("3 runs\n")
    assert main(["ls", str(copies / "55*.msgpack")]) == 0
    assert uids(capsys.readouterr().out) == ["554a-co", "553a-Ni"]


def test_ls_as_json_gives_start_documents(copies: Path, capsys: Output) -> None:
    assert main(["ls", str(copies), "--json"]) == 0
    told = json.loads(capsys.readouterr().out)
    assert [start["uid"] for start in told["runs"]] == ["77-open", "554a-co", "553a-Ni"]
    assert told["runs"][1]["sample"] == {"name": "copper foil"}
    assert told["problems"] == {"items": [], "counts": {}}


def test_ls_names_files_that_cannot_be_read_and_lists_the_others(
    copies: Path, capsys: Output
) -> None:
    (copies / "bad.msgpack").write_bytes(b"\xc1")
    assert main(["ls", str(copies)]) == 1
    shown = capsys.readouterr().out
    assert len(uids(shown)) == 3
    assert re.search(r"^Not read\n.*\n failed +\S*bad.msgpack", shown, re.MULTILINE)


def test_copies_that_are_not_whole_are_listed_and_named(copies: Path, capsys: Output) -> None:
    path = copies / "554a-co.msgpack"
    path.write_bytes(path.read_bytes()[:-5])
    for command in (["ls", str(copies)], ["search", str(copies), "scan_id>500"]):
        assert main(command) == 0
        output = capsys.readouterr().out
        assert "554a-co" in output.partition("Not whole")[0]
        assert re.search(r"554a-co.msgpack\s+ends at byte", output.partition("Not whole")[2])
    main(["ls", str(copies), "--json"])
    (problem,) = json.loads(capsys.readouterr().out)["problems"]["items"]
    assert (problem["outcome"], problem["uid"]) == ("partial", "554a-co")


def test_ls_of_no_copies_says_how_to_make_some(tmp_path: Path, capsys: Output) -> None:
    assert main(["ls", str(tmp_path)]) == 0
    assert f"penstock ingest PATH --cache {tmp_path}" in capsys.readouterr().out
    assert main(["ls", str(tmp_path / "nowhere")]) == 1
    assert "there is no such" in capsys.readouterr().err


def test_what_is_no_copy_is_told_with_what_to_do(
    copies: Path, tmp_path: Path, capsys: Output
) -> None:
    bad = tmp_path / "bad"
    bad.mkdir()
    (bad / "a.msgpack").write_bytes(msgpack.packb(["start", {"time": 0.0}]))
    (bad / "b.msgpack").symlink_to("/no/such/file")
    assert main(["ls", str(bad)]) == 1
    output = capsys.readouterr().out
    assert "It is no copy of a run: move it away." in output
    assert "is a link to what is not there" in output
    assert "no runs that can be read" in output
    assert "Make some" not in output
    (tmp_path / "empty").mkdir()
    assert main(["show", str(tmp_path / "empty"), "-1"]) == 1
    assert "there are no runs here" in capsys.readouterr().err
    assert main(["show", str(copies), "9999zz"]) == 1
    assert "penstock ls" in capsys.readouterr().err
    with pytest.raises(SystemExit):
        main(["ls", *map(str, copies.iterdir())])
    assert "quote the glob" in capsys.readouterr().err


def test_json_holds_no_numbers_that_json_does_not_have(tmp_path: Path, capsys: Output) -> None:
    source = count_run(1, uid="6f2a", energy=float("nan"), mask=np.array([1.0, np.inf]))
    BlueskyRun(source).cache(tmp_path)
    assert main(["ls", str(tmp_path), "--json"]) == 0

    def refuse(constant: str) -> Any:
        raise AssertionError(constant)

    (start,) = json.loads(capsys.readouterr().out, parse_constant=refuse)["runs"]
    assert start["energy"] is None
    assert start["mask"] == [1.0, None]


def test_metadata_cannot_control_the_terminal(tmp_path: Path, capsys: Output) -> None:
    BlueskyRun(count_run(1, uid="6f2a", title="\x1b[31mred")).cache(tmp_path)
    for arguments in (["ls", str(tmp_path)], ["show", str(tmp_path), "6f2a"]):
        assert main(arguments) == 0
        shown = capsys.readouterr().out
        assert r"\x1b[31mred" in shown
        assert "\x1b" not in shown


# penstock show -------------------------------------------------------------------------------


@pytest.mark.parametrize("key", ["554a-co", "554a", "554", "-2"])
def test_show_takes_uids_beginnings_scan_ids_and_positions(
    key: str, copies: Path, capsys: Output
) -> None:
    assert main(["show", str(copies), key]) == 0
    shown = capsys.readouterr().out
    assert re.search(r"^Run +554a-co\nexit status +success", shown, re.MULTILINE)
    assert re.search(r"^ sample.name +copper foil$", shown, re.MULTILINE)


def test_show_tells_streams_shapes_and_units(files: Path, tmp_path: Path, capsys: Output) -> None:
    assert main(["ingest", str(files), "--cache", str(tmp_path / "native")]) == 0
    capsys.readouterr()
    assert main(["show", str(tmp_path / "native"), "-1"]) == 0
    shown = capsys.readouterr().out
    assert re.search(r"^ primary +image +3 × 4 × 6 +uint16$", shown, re.MULTILINE)
    assert re.search(r"^ +frame_number +3 +int64$", shown, re.MULTILINE)


def test_show_as_json_is_the_run(copies: Path, capsys: Output) -> None:
    assert main(["show", str(copies), "554", "--json"]) == 0
    told = json.loads(capsys.readouterr().out)
    assert (told["uid"], told["exit_status"]) == ("554a-co", "success")
    assert told["streams"]["primary"]["events"] == 3
    assert told["start"]["scan_id"] == 554
    assert told["stop"]["run_start"] == "554a-co"


def test_show_says_what_a_run_lacks(copies: Path, capsys: Output) -> None:
    assert main(["show", str(copies), "77"]) == 0
    assert "in progress, or cut short" in capsys.readouterr().out
    short = copies / "554a-co.msgpack"
    os.truncate(short, short.stat().st_size - 3)
    assert main(["show", str(copies), "554a"]) == 0
    why = BlueskyMsgpackCatalog(copies)["554a"].provenance["truncated"]
    assert f"in progress, or cut short ({why})" in capsys.readouterr().out


def test_a_run_that_is_not_there_or_not_the_only_one(copies: Path, capsys: Output) -> None:
    for key, why in (("9", "no run has"), ("55", "2 runs have"), ("-4", "further than there are")):
        assert main(["show", str(copies), key]) == 1
        assert why in capsys.readouterr().err


# penstock search -----------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("terms", "found"),
    [
        (["sample.name=copper foil"], ["554a-co"]),
        (["scan_id>553"], ["554a-co"]),
        (["scan_id>=553", "scan_id<554"], ["553a-Ni"]),
        (["scan_id>553", "sample.name=Ni"], []),
        (["time>2024-03-05", "time<2024-03-06"], ["77-open"]),
        (["time=2024-03-05"], ["77-open"]),
        (['{"scan_id": {"$exists": true}}', "sample.name!=Ni"], ["554a-co"]),
        (["{}"], ["77-open", "554a-co", "553a-Ni"]),
    ],
)
def test_search_lists_what_matches(
    terms: list[str], found: list[str], copies: Path, capsys: Output
) -> None:
    assert main(["search", str(copies), *terms]) == 0
    assert uids(capsys.readouterr().out) == found
    assert main(["search", str(copies), *terms, "--json"]) == 0
    assert [run["uid"] for run in json.loads(capsys.readouterr().out)["runs"]] == found


def test_search_asks_stop_documents_and_descriptors(copies: Path, capsys: Output) -> None:
    def found(*terms: str) -> int:
        assert main(["search", str(copies), *terms, "--json"]) == 0
        return len(json.loads(capsys.readouterr().out)["runs"])

    everything = found("--stop", "{}")
    assert everything > 0
    assert found("--stop", "exit_status=success") == everything
    assert found("--stop", "exit_status=success", "--stop", "exit_status=abort") == 0
    assert found("--descriptor", "name=primary") == everything
    assert found("--descriptor", "name=nothing") == 0
    assert found("sample.name=copper foil", "--stop", "{}") < everything
    assert main(["search", str(copies)]) == 2
    assert "--stop" in capsys.readouterr().err


def test_a_search_without_result_is_no_error(copies: Path, capsys: Output) -> None:
    assert main(["search", str(copies), "sample.name=Au"]) == 0
    assert capsys.readouterr().out == "no runs found\n"


@pytest.mark.parametrize(
    "query",
    ['{"$noop": 1}', "copper", "{'a': 1}", "=5", '{"a": [}', "time>yesterday", "time>2024-13-45"],
)
def test_a_query_that_is_not_valid_is_a_mistake_of_usage(
    query: str, copies: Path, capsys: Output
) -> None:
    assert main(["search", str(copies), query]) == 2
    assert main(["cache", str(copies), str(copies / "more"), "--query", query]) == 2
    assert not (copies / "more").exists()
    assert capsys.readouterr().err.count("penstock: ") == 2


# Being interrupted ---------------------------------------------------------------------------


def test_a_reader_of_a_list_may_have_enough(copies: Path) -> None:
    process = subprocess.Popen(
        [sys.executable, "-m", "penstock", "ls", str(copies)],
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
    )
    assert process.stdout is not None
    process.stdout.close()
    assert process.stderr is not None
    assert process.stderr.read() == b""
    process.stderr.close()
    assert process.wait() == 141


def test_ctrl_c_while_copying_leaves_whole_copies_only(tmp_path: Path) -> None:
    site = tmp_path / "site"
    info = site / "slow-1.dist-info"
    info.mkdir(parents=True)
    (info / "METADATA").write_text("Metadata-Version: 2.1\nName: slow\nVersion: 1\n")
    (info / "entry_points.txt").write_text("[penstock]\nslow = slow_plugin\n")
    (site / "slow_plugin.py").write_text(
        "import glob, os, time\n"
        "import event_model, numpy as np\n"
        "from penstock import Ingestor, hookimpl\n"
        "@hookimpl\n"
        "def penstock_ingestors():\n"
        "    return [Ingestor('slow', title='', ingest='slow_plugin:ingest', takes='file',\n"
        "                     patterns=('*.slow',))]\n"
        "def ingest(path):\n"
        "    run = event_model.compose_run(uid=os.path.basename(path), time=1.0)\n"
        "    yield 'start', run.start_doc\n"
        "    keys = {'x': {'source': '', 'dtype': 'array', 'shape': [1000, 1000]}}\n"
        "    stream = run.compose_descriptor(name='primary', data_keys=keys)\n"
        "    yield 'descriptor', stream.descriptor_doc\n"
        "    for i in range(20):\n"
        "        yield 'event', stream.compose_event(data={'x': np.zeros((1000, 1000))},\n"
        "                                            timestamps={'x': 1.0}, time=1.0)\n"
        "        if glob.glob(os.path.dirname(path) + '/native/.b.slow*.partial'):\n"
        "            time.sleep(60)  # b is being copied\n"
        "    yield 'stop', run.compose_stop(time=2.0)\n"
    )
    slow = [str(tmp_path / "a.slow"), str(tmp_path / "b.slow")]
    for name in slow:
        Path(name).write_text("x")
    path = os.pathsep.join([str(site), *filter(None, [os.environ.get("PYTHONPATH")])])
    native = tmp_path / "native"
    process = subprocess.Popen(
        [sys.executable, "-m", "penstock", "ingest", *slow, "--cache", str(native)],
        env={**os.environ, "PYTHONPATH": path},
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    )
    for _ in range(300):
        if list(native.glob(".b.slow*.partial")):
            break
        time.sleep(0.1)
    else:
        pytest.fail("copying did not begin")
    process.send_signal(signal.SIGINT)
    out, err = process.communicate(timeout=30)
    assert (process.returncode, out, err) == (130, "", "penstock: interrupted\n")
    assert [path.name for path in native.iterdir()] == ["a.slow.msgpack"]
    assert main(["ls", str(native)]) == 0
