"""What is searched in later documents is what the files say now, whether it can be kept or not."""

import json
import sqlite3
import time
from contextlib import closing

import pytest

from penstock import BlueskySQLiteCatalog
from penstock.core.catalog import catalog_file
from penstock.core.registry import Registry, hookimpl, use_registry
from penstock.core.registry.records import Ingestor


def ingest(path):
    """Read a file that says how far a scan is."""
    with open(path, encoding="ascii") as file:
        scan = json.load(file)
    uid = scan["uid"]
    yield "start", {"uid": uid, "time": 0.0}
    keys = {"x": {"dtype": "number", "shape": [], "source": "s"}}
    descriptor = {"uid": f"d-{uid}", "run_start": uid, "time": 0.0, "name": "primary"}
    rest = {"object_keys": {}, "configuration": {}, "hints": {}}
    yield "descriptor", {**descriptor, "data_keys": keys, **rest}
    for number in range(scan["rows"]):
        event = {"uid": f"e-{uid}-{number}", "descriptor": f"d-{uid}", "seq_num": number + 1}
        yield (
            "event",
            {**event, "time": 0.0, "data": {"x": 1.0}, "timestamps": {"x": 0.0}, "filled": {}},
        )
    if scan["ended"]:
        stop = {"uid": f"s-{uid}", "run_start": uid, "time": 1.0, "exit_status": "success"}
        yield "stop", {**stop, "num_events": {"primary": scan["rows"]}}


class Plugin:
    @hookimpl
    def penstock_ingestors(self):
        return [Ingestor("scans", title="Scans", ingest=f"{__name__}:ingest", takes="file")]


@pytest.fixture(autouse=True)
def registry():
    with use_registry(Registry.from_plugins([Plugin()])):
        yield


def write_scan(folder, uid, rows, ended):
    path = folder / f"{uid}.json"
    path.write_text(json.dumps({"uid": uid, "rows": rows, "ended": ended}))
    return str(path)


@pytest.fixture
def path(tmp_path):
    """A catalog of two runs that were in progress when they were ingested; one has ended since."""
    path = tmp_path / "runs.db"
    with BlueskySQLiteCatalog(path) as catalog:
        for uid in ("ended", "open"):
            catalog.upsert(ingest, (write_scan(tmp_path, uid, 2, ended=False),))
            assert len(catalog[uid].primary) == 2
    write_scan(tmp_path, "ended", 5, ended=True)
    return path


def assert_answers(catalog):
    for _ in range(2):
        found = catalog.search(stop={"exit_status": "success"})
        assert list(found) == list(found) == ["ended"]
        assert "ended" in found
        assert list(catalog.search(descriptor={"name": "primary"})) == ["ended", "open"]
        nested = catalog.search(descriptor={"name": "primary"}).search(stop={"num_events": {}})
        assert list(nested) == []


def test_where_nothing_may_be_written(path, monkeypatch):
    monkeypatch.setattr(catalog_file, "is_read_only", lambda path: True)
    assert_answers(BlueskySQLiteCatalog(path))


def test_while_another_machine_writes(path):
    with closing(sqlite3.connect(path)) as connection, connection:
        connection.execute(
            "INSERT OR REPLACE INTO writer VALUES (1, 'another', 'beamline-pc', ?)",
            (time.time() + 300,),
        )
    assert_answers(BlueskySQLiteCatalog(path))


def test_while_somebody_else_writes_it_is_not_waited_for(path):
    catalog = BlueskySQLiteCatalog(path)
    began = time.monotonic()
    with BlueskySQLiteCatalog(path)._file.write():
        assert_answers(catalog)
    assert time.monotonic() - began < 10


def test_where_it_can_be_kept_a_run_that_has_ended_is_asked_once(path, tmp_path):
    catalog = BlueskySQLiteCatalog(path)
    assert_answers(catalog)
    (tmp_path / "ended.json").unlink()
    again = BlueskySQLiteCatalog(path)
    assert list(again.search(stop={"exit_status": "success"})) == ["ended"]
    assert again["ended"].metadata["stop"]["num_events"] == {"primary": 5}


def test_a_run_has_as_many_rows_as_its_stop_says(path):
    catalog = BlueskySQLiteCatalog(path)
    assert list(catalog.search(stop={"num_events.primary": 5})) == ["ended"]
    for there in (catalog, BlueskySQLiteCatalog(path)):
        run = there["ended"]
        assert run.metadata["stop"]["num_events"] == {"primary": 5}
        assert len(run.primary) == len(run.primary.read()["x"]) == 5
        assert len(there["open"].primary) == 2
