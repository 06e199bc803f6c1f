"""Ingesting accounts for every path, and one bad file stops no other."""

from __future__ import annotations

import sys
import time
from collections.abc import Iterator
from pathlib import Path
from types import ModuleType
from typing import Any

import pytest

from penstock import (
    BlueskyInMemoryCatalog,
    BlueskySQLiteCatalog,
    Ingestor,
    RunsFound,
    hookimpl,
    match,
)
from penstock.core.catalog import catalog_file, in_file
from penstock.core.errors import PluginError
from penstock.core.registry import Registry, use_registry

COLUMNS = {"x": {"dtype": "number", "shape": [], "source": "test", "dtype_numpy": "<f8"}}


def ingest(path: str, entry: str = "", *, stop: str = "success") -> Iterator[tuple[str, Any]]:
    """Yield a run of one row, unless the file says that it is bad."""
    text = Path(path).read_text()
    uid = f"{Path(path).name}{entry}"
    if "bad start" in text:
        raise OSError("cannot be read")
    yield "start", {"uid": uid, "time": 0.0}
    key: dict[str, Any] = {"uid": f"{uid}-d", "time": 0.0, "run_start": uid, "name": "primary"}
    key |= {"data_keys": COLUMNS, "configuration": {}, "hints": {}, "object_keys": {"x": ["x"]}}
    yield "descriptor", key
    if "bad middle" in text:
        raise ValueError("row 7 is damaged")
    if "ends the program" in text:
        sys.exit("no licence")
    event = {"uid": f"{uid}-e", "time": 0.0, "descriptor": f"{uid}-d", "seq_num": 1}
    yield "event", event | {"data": {"x": 1.0}, "timestamps": {"x": 0.0}, "filled": {}}
    if "long number" in text:
        yield "stop", {"uid": f"{uid}-s", "time": 0.0, "run_start": uid, "n": 10**5000}
    elif "cut short" not in text:
        status = "abort" if "aborted" in text else stop
        end: dict[str, Any] = {"uid": f"{uid}-s", "time": 0.0, "run_start": uid}
        end |= {"exit_status": status, "num_events": {"primary": 1}}
        yield "stop", end | ({"reason": "beam was lost"} if status == "abort" else {})


def probe(paths: list[str]) -> RunsFound | None:
    """Find two runs in a file that says so."""
    if "two runs" in Path(paths[0]).read_text():
        return RunsFound(({"entry": "/1"}, {"entry": "/2"}), separate=True)
    return RunsFound(notes=("clock unknown",), separate=True)


@pytest.fixture(autouse=True)
def lab(monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    module = ModuleType("lab_ingestors")
    module.ingest, module.probe = ingest, probe  # type: ignore[attr-defined]
    monkeypatch.setitem(sys.modules, "lab_ingestors", module)

    class Lab:
        @hookimpl
        def penstock_ingestors(self) -> list[Ingestor]:
            common = {"ingest": "lab_ingestors:ingest", "takes": "file"}
            return [
                Ingestor(
                    "lab", title="", patterns=("*.lab",), probe="lab_ingestors:probe", **common
                ),
                Ingestor("one", title="", patterns=("*.both",), **common),
                Ingestor("other", title="", patterns=("*.both",), **common),
            ]

    with use_registry(Registry.from_plugins([Lab()])):
        yield


def write(folder: Path, **files: str) -> Path:
    for name, text in files.items():
        (folder / f"{name}.lab").write_text(text)
    return folder


def test_a_good_file_becomes_a_run_that_the_report_describes(tmp_path: Path) -> None:
    catalog = BlueskyInMemoryCatalog()
    (item,) = catalog.ingest(write(tmp_path, a="fine"))
    assert (item.outcome, item.uid, item.subject) == ("ok", "a.lab", str(tmp_path / "a.lab"))
    assert item.details == {
        "ingestor": "lab",
        "files": 1,
        "notes": ["clock unknown"],
        "streams": {"primary": {"events": 1, "data_keys": {"x": {"shape": [], "dtype": "<f8"}}}},
        "time": "1970-01-01T00:00:00.000+00:00",
    }
    assert list(catalog) == ["a.lab"]


def test_one_bad_file_among_many_is_reported_and_the_others_are_ingested(tmp_path: Path) -> None:
    catalog = BlueskyInMemoryCatalog()
    report = catalog.ingest(write(tmp_path, a="fine", b="bad start", c="bad middle", d="fine"))
    outcomes = {Path(item.subject).name: (item.outcome, item.why) for item in report}
    assert outcomes == {
        "a.lab": ("ok", ""),
        "b.lab": ("failed", "OSError: cannot be read"),
        "c.lab": ("failed", "ValueError: row 7 is damaged (ingestor lab)"),
        "d.lab": ("ok", ""),
    }
    assert set(catalog) == {"a.lab", "d.lab"}, "a run that nobody could read is not kept"


def test_a_fault_of_an_ingestor_is_told_with_what_to_do_and_where_in_its_code(
    tmp_path: Path,
) -> None:
    (item,) = BlueskyInMemoryCatalog().ingest(write(tmp_path, a="bad middle"))
    assert item.remedy.startswith("Report it to the author of ingestor lab.")
    assert "--traceback" in item.remedy
    assert 'raise ValueError("row 7 is damaged")' in item.details["traceback"]


def test_an_ingestor_that_ends_the_program_is_one_that_failed(tmp_path: Path) -> None:
    catalog = BlueskyInMemoryCatalog()
    report = catalog.ingest(write(tmp_path, a="ends the program", b="fine"))
    failed, good = report
    assert (failed.outcome, good.outcome) == ("failed", "ok")
    assert "tried to end the program (SystemExit: no licence)" in failed.why
    assert set(catalog) == {"b.lab"}


def test_a_run_whose_ingestor_ends_the_program_later_on_is_an_error_of_that_run(
    tmp_path: Path,
) -> None:
    catalog = BlueskyInMemoryCatalog()
    catalog.ingest(write(tmp_path, a="fine"))
    write(tmp_path, a="ends the program")
    with pytest.raises(PluginError, match="tried to end the program"):
        list(catalog["a.lab"].documents())


def test_ending_the_program_at_once_is_an_error_of_the_ingestor() -> None:
    def ends(path: str) -> Any:
        sys.exit(3)

    with pytest.raises(PluginError, match="tried to end the program"):
        BlueskyInMemoryCatalog().upsert(ends, ("a",))


@pytest.mark.parametrize(
    ("text", "why"),
    [
        ("cut short", "the run has no end: it is in progress, or was cut short"),
        ("aborted", "beam was lost"),
    ],
)
def test_a_run_that_did_not_end_well_is_partial(tmp_path: Path, text: str, why: str) -> None:
    (item,) = BlueskyInMemoryCatalog().ingest(write(tmp_path, a=text))
    assert (item.outcome, item.why, item.uid) == ("partial", why, "a.lab")


def test_a_file_with_two_runs_gives_two_that_tell_which_they_are(tmp_path: Path) -> None:
    report = BlueskyInMemoryCatalog().ingest(write(tmp_path, a="two runs"))
    selected = [item.subject.removeprefix(str(tmp_path)) for item in report]
    assert selected == ["/a.lab [entry=/1]", "/a.lab [entry=/2]"]
    assert report.uids == ["a.lab/1", "a.lab/2"]


def test_what_nobody_takes_and_what_is_undecided_is_refused_with_a_remedy(tmp_path: Path) -> None:
    (tmp_path / "a.both").write_text("x")
    (tmp_path / "b.png").write_bytes(b"\x89PNG\r\n\x1a\n")
    both, png, missing = BlueskyInMemoryCatalog().ingest([tmp_path, tmp_path / "no"])
    assert both.outcome == "refused"
    assert both.details["undecided"] == ["one", "other"]
    assert f"`--choose {tmp_path}/a.both NAME`" in both.remedy
    png, missing = sorted([png, missing], key=lambda item: item.subject)
    assert (png.outcome, bool(png.remedy)) == ("refused", True)
    assert (missing.outcome, missing.why) == ("failed", "it does not exist")


def test_a_choice_decides(tmp_path: Path) -> None:
    (tmp_path / "a.both").write_text("x")
    (item,) = BlueskyInMemoryCatalog().ingest(tmp_path, use="other")
    assert (item.outcome, item.details["ingestor"]) == ("ok", "other")


def test_a_plan_can_be_ingested(tmp_path: Path) -> None:
    plan = match(write(tmp_path, a="fine"))
    assert BlueskyInMemoryCatalog().ingest(plan).uids == ["a.lab"]


def test_the_decision_becomes_the_provenance_of_the_run(tmp_path: Path) -> None:
    catalog = BlueskyInMemoryCatalog()
    catalog.ingest(write(tmp_path, a="fine"))
    provenance = catalog["a.lab"].provenance
    assert provenance["ingestor"] == "lab"
    assert any("the name fits *.lab" in evidence for evidence in provenance["evidence"])


def test_progress_is_told_before_each_run_and_at_the_end(tmp_path: Path) -> None:
    told: list[tuple[int, int, str]] = []
    BlueskyInMemoryCatalog().ingest(
        write(tmp_path, a="fine", b="bad start"), progress=lambda *args: told.append(args)
    )
    assert [(done, total, Path(subject).name) for done, total, subject in told] == [
        (0, 2, "a.lab"),
        (1, 2, "b.lab"),
        (2, 2, ""),
    ]


def test_an_interruption_is_not_swallowed(tmp_path: Path) -> None:
    def interrupt(done: int, total: int, subject: str) -> None:
        if done == 1:
            raise KeyboardInterrupt

    catalog = BlueskyInMemoryCatalog()
    with pytest.raises(KeyboardInterrupt):
        catalog.ingest(write(tmp_path, a="fine", b="fine"), progress=interrupt)
    assert list(catalog) == ["a.lab"]


# Catalogs that stay, which write many runs at once ------------------------------------------------


def test_a_document_that_cannot_be_stored_costs_its_run_and_no_other(tmp_path: Path) -> None:
    catalog = BlueskySQLiteCatalog(tmp_path / "runs.db")
    report = catalog.ingest(write(tmp_path, a="fine", b="long number", c="fine"))
    outcomes = {Path(item.subject).name: item.outcome for item in report}
    assert outcomes["b.lab"] == "failed"
    assert outcomes["a.lab"] == outcomes["c.lab"] == "ok"
    assert set(BlueskySQLiteCatalog(tmp_path / "runs.db")) == {"a.lab", "c.lab"}


def test_a_run_that_cannot_be_written_is_in_the_report_and_the_others_are_there(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    catalog = BlueskySQLiteCatalog(tmp_path / "runs.db")
    put_many = catalog._store.index.put_many

    def put_all_but_one(starts: Any) -> dict[str, int]:
        starts = list(starts)
        if any(start["uid"] == "b.lab" for start in starts):
            raise OverflowError("too large for SQLite")
        return put_many(starts)

    monkeypatch.setattr(catalog._store.index, "put_many", put_all_but_one)
    report = catalog.ingest(write(tmp_path, a="fine", b="fine", c="fine"))
    (failed,) = report.with_outcome("failed")
    assert Path(failed.subject).name == "b.lab"
    assert "too large for SQLite" in failed.why
    assert set(report.uids) == set(catalog) == {"a.lab", "c.lab"}


def test_another_process_that_writes_for_long_is_waited_for_twice_and_not_for_each_run(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(catalog_file, "BUSY_SECONDS", 0.5)
    monkeypatch.setattr(in_file, "_MOST_RUNS", 2)
    catalog = BlueskySQLiteCatalog(tmp_path / "runs.db")
    write(tmp_path, **{f"a{number}": "fine" for number in range(20)})
    began = time.monotonic()
    with BlueskySQLiteCatalog(catalog.path)._file.write():
        report = catalog.ingest(tmp_path)
    assert time.monotonic() - began < 5
    assert report.counts["failed"] == 20
    assert "somebody else has been writing" in report.with_outcome("failed")[0].why
    assert catalog.ingest(tmp_path).counts["ok"] == 20
