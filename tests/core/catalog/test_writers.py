"""Several processes read while one writes, and a writer that dies takes nothing with it."""

import json
import os
import shutil
import signal
import sqlite3
import subprocess
import sys
import tempfile
import threading
import time
from concurrent.futures import ThreadPoolExecutor
from contextlib import closing
from pathlib import Path

import pytest

from penstock import BlueskySQLiteCatalog, open_catalog
from penstock.core.catalog import catalog_file, hosts
from penstock.core.errors import CatalogError
from penstock.core.index import choosing, counting
from penstock.core.registry import Registry, hookimpl, use_registry
from penstock.core.registry.records import Ingestor

PLUGIN = """
import json
from penstock import Ingestor, hookimpl

@hookimpl
def penstock_ingestors():
    return [Ingestor("numbers", title="Numbers", ingest="numbers_lab:ingest", takes="file")]

def ingest(path):
    number = int(path.rpartition("_")[2])
    uid = f"run-{number:06d}"
    yield "start", {"uid": uid, "time": float(number), "scan_id": number, "load": "x" * 500}
    keys = {"x": {"dtype": "number", "shape": [], "source": "s"}}
    yield "descriptor", {"uid": f"d{number}", "run_start": uid, "time": 0.0, "name": "primary",
                         "data_keys": keys}
    yield "stop", {"uid": f"s{number}", "run_start": uid, "time": 1.0, "exit_status": "success",
                   "num_events": {"primary": 0}}
"""
WRITER = """
import sys, time
from penstock import BlueskySQLiteCatalog
from penstock.core.catalog import in_file
from penstock.core.registry import Registry, use_registry
import numbers_lab
path, first, count, batched = sys.argv[1], *map(int, sys.argv[2:])
with use_registry(Registry.from_plugins([numbers_lab])):
    catalog = BlueskySQLiteCatalog(path)
    in_file._MOST_RUNS = 20
    print("ready", flush=True)
    if batched:
        with catalog.batch():
            for number in range(first, first + count):
                catalog.upsert(numbers_lab.ingest, (f"/no/file_{number}",))
                if not catalog._pending.entries:
                    print(number, flush=True)
    else:
        for number in range(first, first + count):
            catalog.upsert(numbers_lab.ingest, (f"/no/file_{number}",))
            print(number, flush=True)
"""


@pytest.fixture
def writer(tmp_path):
    """Start a process that upserts runs, and tells each that is written."""
    (tmp_path / "numbers_lab.py").write_text(PLUGIN)
    started = []

    def start(path, first, count, *, batched=False):
        process = subprocess.Popen(
            [sys.executable, "-c", WRITER, str(path), str(first), str(count), str(int(batched))],
            env={**os.environ, "PYTHONPATH": str(tmp_path)},
            stdout=subprocess.PIPE,
            text=True,
        )
        started.append(process)
        assert process.stdout.readline().strip() == "ready"
        return process

    yield start
    for process in started:
        process.kill()
        process.wait()
        process.stdout.close()


def check_whole(path, told):
    """Open a catalog; check that runs are whole, and that all that were told of are there."""
    with closing(sqlite3.connect(path)) as connection, connection:
        assert connection.execute("PRAGMA integrity_check").fetchone() == ("ok",)
    catalog = BlueskySQLiteCatalog(path)
    numbers = set()
    for uid, run in catalog.items():
        start = run.metadata["start"]
        assert uid == f"run-{start['scan_id']:06d}"
        assert run.metadata["stop"]["exit_status"] == "success"
        assert list(run) == ["primary"]
        assert catalog[start["scan_id"]].uid == uid
        numbers.add(start["scan_id"])
    assert len(catalog) == len(numbers)
    assert set(range(told + 1)) <= numbers
    assert numbers == set(range(len(numbers)))
    catalog.close()
    return len(numbers)


@pytest.mark.slow
@pytest.mark.parametrize("batched", [False, True])
def test_a_writer_that_is_killed_loses_no_run_that_was_written_and_leaves_no_half(
    tmp_path, writer, batched
):
    path = tmp_path / "runs.db"
    first = 0
    for wait in (0.0, 0.03, 0.1, 0.2):
        process = writer(path, first, 100_000, batched=batched)
        told = process.stdout.readline().strip()
        time.sleep(wait)
        os.kill(process.pid, signal.SIGKILL)
        *_, last = [told, *process.stdout.read().split()]
        first = check_whole(path, int(last or -1))
    assert first > 0


@pytest.mark.slow
def test_eight_readers_and_a_writer_in_another_process_see_no_error_and_lose_no_run(
    tmp_path, writer
):
    path = tmp_path / "runs.db"
    catalog = BlueskySQLiteCatalog(path)
    process = writer(path, 0, 300)
    done = threading.Event()

    def read(number):
        mine = catalog if number % 2 else BlueskySQLiteCatalog(path)
        last = rounds = 0
        while not done.is_set() or not rounds:
            count = len(mine)
            assert count >= last
            last = count
            if count:
                assert mine[-1].metadata["stop"]["exit_status"] == "success"
                found = mine.search({"scan_id": {"$lt": 20}, "load": {"$exists": True}})
                assert len(list(found)) <= 20
            rounds += 1
        return rounds

    with ThreadPoolExecutor(8) as pool:
        readers = [pool.submit(read, number) for number in range(8)]
        process.stdout.read()
        assert process.wait() == 0
        done.set()
        assert all(reader.result() > 0 for reader in readers)
    assert check_whole(path, 299) == 300


@pytest.mark.slow
def test_two_processes_that_write_take_turns(tmp_path, writer):
    path = tmp_path / "runs.db"
    processes = [writer(path, 0, 150), writer(path, 150, 150, batched=True)]
    for process in processes:
        process.stdout.read()
        assert process.wait() == 0
    assert check_whole(path, 299) == 300


def upsert_elsewhere(path, first, count, start):
    process = start(path, first, count)
    process.stdout.read()
    assert process.wait() == 0


def test_two_openings_in_one_process_keep_the_locks_of_each_other(tmp_path, writer):
    path, suffixless = tmp_path / "runs.db", tmp_path / "runs"
    suffixless.symlink_to(path)
    with use_registry(Registry.from_plugins([Lab()])):
        one = BlueskySQLiteCatalog(path)
        one.upsert(ingest, ("/a/1",))
        other = open_catalog(suffixless)
        upsert_elsewhere(path, 0, 20, writer)
        one.upsert(ingest, ("/a/2",))
        upsert_elsewhere(path, 20, 20, writer)
        one.close()
        assert len(other) == 42
        other.close()
        assert len(BlueskySQLiteCatalog(path)) == 42


# In one process ----------------------------------------------------------------------------------


def ingest(path):
    yield "start", {"uid": f"uid-{os.path.basename(path)}", "time": 0.0}


class Lab:
    @hookimpl
    def penstock_ingestors(self):
        return [Ingestor("lab", title="Lab", ingest=f"{__name__}:ingest", takes="file")]


@pytest.fixture
def catalog(tmp_path):
    with use_registry(Registry.from_plugins([Lab()])):
        yield BlueskySQLiteCatalog(tmp_path / "runs.db")


def test_threads_upsert_and_search_together(catalog):
    def work(number):
        for step in range(10):
            catalog.upsert(ingest, (f"/a/{number}-{step}",))
            assert f"uid-{number}-{step}" in catalog
            assert len(catalog.search({"time": 0.0})) > 0

    with ThreadPoolExecutor(8) as pool:
        list(pool.map(work, range(8)))
    assert len(catalog) == 80


def test_a_search_does_not_wait_for_who_writes(catalog, monkeypatch):
    monkeypatch.setattr(choosing, "FEW", 3)
    for number in range(10):
        catalog.upsert(ingest, (f"/a/{number}",))
    other = BlueskySQLiteCatalog(catalog.path)
    began = time.monotonic()
    with other._file.write():  # as long as an index could not be written
        assert len(catalog.search({"time": 0.0, "plan_name": {"$exists": False}})) == 10
    assert "plan_name" not in catalog.indexes
    assert time.monotonic() - began < 10
    assert len(catalog.search({"time": 0.0, "plan_name": {"$exists": False}})) == 10
    assert "plan_name" in catalog.indexes


def test_counting_values_does_not_wait_for_who_writes_nor_keep_others_from_it(catalog, monkeypatch):
    monkeypatch.setattr(counting, "FEW", 3)
    for number in range(10):
        catalog.upsert(ingest, (f"/a/{number}",))
    there = BlueskySQLiteCatalog(catalog.path)
    began = time.monotonic()
    with catalog._file.write():
        assert len(there.distinct("time")) == len(there.distinct("uid")) // 10 == 1
        assert there.facets("plan_name") == {"plan_name": []}
    assert time.monotonic() - began < 10
    assert there.indexes == ["scan_id"]
    catalog.close()
    there._file._is_network = True
    assert there.facets("plan_name") == {"plan_name": []}
    assert there.indexes == ["scan_id"]
    with closing(sqlite3.connect(catalog.path)) as connection, connection:
        assert connection.execute("SELECT machine FROM writer").fetchone() is None


def test_in_a_batch_others_see_runs_when_they_are_written_and_this_one_at_once(catalog):
    other = BlueskySQLiteCatalog(catalog.path)
    with catalog.batch():
        catalog.upsert(ingest, ("/a/1",))
        assert len(other) == 0
        assert len(catalog) == 1
        catalog.upsert(ingest, ("/a/2",))
    assert len(other) == 2


def test_a_batch_that_is_left_by_an_error_keeps_what_was_upserted(catalog):
    def fail():
        with catalog.batch():
            catalog.upsert(ingest, ("/a/1",))
            raise RuntimeError("enough")

    with pytest.raises(RuntimeError):
        fail()
    assert len(BlueskySQLiteCatalog(catalog.path)) == 1


def test_a_part_of_a_batch_is_written_whole_or_not_at_all(catalog, monkeypatch):
    with catalog.batch():
        catalog.upsert(ingest, ("/a/1",))
        monkeypatch.setattr(catalog._store.index, "put_many", _put_half(catalog._store.index))
        catalog.upsert(ingest, ("/a/2",))
        with pytest.raises(RuntimeError):
            len(catalog)
        monkeypatch.undo()
        assert len(BlueskySQLiteCatalog(catalog.path)) == 0
    assert len(BlueskySQLiteCatalog(catalog.path)) == 2  # they were kept, and written later


def _put_half(index):
    put_many = index.put_many

    def put_half(starts):
        put_many(list(starts)[:1])
        raise RuntimeError("no")

    return put_half


# Other machines ----------------------------------------------------------------------------------


def note_machine(catalog, machine, until):
    with closing(sqlite3.connect(catalog.path)) as connection, connection:
        connection.execute(
            "INSERT OR REPLACE INTO writer VALUES (1, ?, 'beamline-pc', ?)", (machine, until)
        )
        connection.commit()


def machine_of(catalog):
    with closing(sqlite3.connect(catalog.path)) as connection, connection:
        return connection.execute("SELECT machine FROM writer").fetchone()


@pytest.fixture
def shared(monkeypatch, tmp_path):
    """A catalog on a network's file system."""
    monkeypatch.setattr(catalog_file, "is_network", lambda path: True)
    with use_registry(Registry.from_plugins([Lab()])):
        yield BlueskySQLiteCatalog(tmp_path / "runs.db")


def test_while_another_machine_writes_this_one_reads_and_is_told(shared):
    shared.upsert(ingest, ("/a/1",))
    note_machine(shared, "another", time.time() + 300)
    for write in (
        lambda: shared.upsert(ingest, ("/a/2",)),
        lambda: shared.remove("uid-1"),
        lambda: BlueskySQLiteCatalog(shared.path).upsert(ingest, ("/a/2",)),
    ):
        with pytest.raises(CatalogError, match=r"beamline-pc is writing.*Close it there"):
            write()
    assert list(shared.search({"time": {"$lt": 5}})) == ["uid-1"]


def test_a_machine_whose_clock_is_ahead_counts_as_well(shared):
    shared.upsert(ingest, ("/a/1",))
    note_machine(shared, "another", time.time() + hosts.LEASE_SECONDS + 1800)
    with pytest.raises(CatalogError, match="beamline-pc is writing"):
        shared.upsert(ingest, ("/a/2",))


def test_a_machine_is_the_same_after_it_was_started_again():
    boot = Path("/proc/sys/kernel/random/boot_id")
    assert hosts.machine_id()
    assert not boot.exists() or boot.read_text().strip() != hosts.machine_id()


def test_on_a_disk_of_its_own_no_machine_is_noted(catalog):
    catalog.upsert(ingest, ("/a/1",))
    assert machine_of(catalog) is None
    note_machine(catalog, "another", time.time() + 300)
    assert catalog.upsert(ingest, ("/a/2",)) == "uid-2"


def test_a_forked_child_that_closes_leaves_its_parents_note(shared):
    shared.upsert(ingest, ("/a/1",))
    child = os.fork()
    if not child:
        shared.close()
        os._exit(0)
    assert os.waitpid(child, 0)[1] == 0
    assert machine_of(shared) == (hosts.machine_id(),)


@pytest.mark.parametrize("until", [-1, 10**9, 7200, 0])
def test_a_machine_that_has_not_written_for_long_or_has_a_wrong_clock_is_no_obstacle(shared, until):
    note_machine(shared, "another", time.time() + until)
    assert shared.upsert(ingest, ("/a/1",)) == "uid-1"


def test_closing_a_catalog_lets_other_machines_write(shared):
    shared.upsert(ingest, ("/a/1",))
    assert machine_of(shared) == (hosts.machine_id(),)
    shared.close()
    assert machine_of(shared) is None


# Media -------------------------------------------------------------------------------------------


def journal_of(path):
    with closing(sqlite3.connect(path)) as connection, connection:
        return connection.execute("PRAGMA journal_mode").fetchone()[0]


def test_on_a_disk_of_this_machine_the_journal_is_wal(catalog):
    catalog.upsert(ingest, ("/a/1",))
    assert journal_of(catalog.path) == "wal"


def test_on_a_network_the_journal_is_rolled_back(catalog, tmp_path, monkeypatch):
    catalog.upsert(ingest, ("/a/1",))
    catalog.close()
    monkeypatch.setattr(catalog_file, "is_network", lambda path: True)
    for path in (tmp_path / "new.db", catalog.path):
        there = BlueskySQLiteCatalog(path)
        there.upsert(ingest, ("/a/2",))
        assert journal_of(path) == "delete"
        there.close()


def test_on_a_network_a_file_that_is_open_in_the_wrong_way_is_refused(catalog, monkeypatch):
    catalog.upsert(ingest, ("/a/1",))
    monkeypatch.setattr(catalog_file, "is_network", lambda path: True)
    monkeypatch.setattr(catalog_file, "_PATIENCE", 3)
    with pytest.raises(CatalogError, match="Close it there"):
        BlueskySQLiteCatalog(catalog.path)


def test_a_medium_that_takes_no_writing_is_read(catalog, monkeypatch):
    catalog.upsert(ingest, ("/a/1",))
    catalog.close()
    monkeypatch.setattr(catalog_file, "is_read_only", lambda path: True)
    monkeypatch.setattr(catalog_file, "is_frozen", lambda path: True)
    before = sorted(os.listdir(os.path.dirname(catalog.path)))
    there = BlueskySQLiteCatalog(catalog.path)
    assert list(there.search({"time": {"$lt": 5}})) == ["uid-1"]
    assert json.dumps(there["uid-1"].provenance)
    with pytest.raises(CatalogError, match="may only be read"):
        there.upsert(ingest, ("/a/2",))
    assert sorted(os.listdir(os.path.dirname(catalog.path))) == before


def test_on_a_medium_that_takes_no_writing_a_journal_is_not_passed_over(
    catalog, monkeypatch, tmp_path
):
    catalog.upsert(ingest, ("/a/1",))
    catalog._file._writer.execute("PRAGMA wal_checkpoint(TRUNCATE)")
    catalog.upsert(ingest, ("/a/2",))
    (tmp_path / "medium").mkdir()
    for name in ("runs.db", "runs.db-wal"):
        shutil.copy2(tmp_path / name, tmp_path / "medium" / name)
    with monkeypatch.context() as patched:
        patched.setattr(catalog_file, "is_read_only", lambda path: True)
        patched.setattr(catalog_file, "is_frozen", lambda path: True)
        with pytest.raises(CatalogError, match=r"in its journal.*copy it"):
            BlueskySQLiteCatalog(tmp_path / "medium" / "runs.db")
    assert len(BlueskySQLiteCatalog(tmp_path / "medium" / "runs.db")) == 2


READER = """
import os, sys, tempfile
from penstock import BlueskySQLiteCatalog
# Python itself may lie where others cannot read: all that is needed is loaded before.
with tempfile.TemporaryDirectory() as folder, BlueskySQLiteCatalog(f"{folder}/a.db") as catalog:
    len(catalog), list(catalog)
os.setuid(65534)
try:
    catalog = BlueskySQLiteCatalog(sys.argv[1])
    while True:
        print(len(catalog), list(catalog), flush=True)
        if not sys.stdin.readline():
            break
except Exception as error:
    print(type(error).__name__, error, flush=True)
"""


@pytest.fixture
def reader(catalog):
    """Read as somebody who may write neither the file nor beside it; ask for what is read."""
    if os.geteuid() != 0:
        pytest.skip("only root can become somebody else")
    folder = tempfile.mkdtemp(dir="/tmp")  # which others can reach
    os.chmod(folder, 0o755)
    path = os.path.join(folder, "runs.db")
    started = []

    def start():
        os.chmod(path, 0o644)
        for name in os.listdir(folder):
            os.chmod(os.path.join(folder, name), 0o644)
        process = subprocess.Popen(
            [sys.executable, "-c", READER, path],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            text=True,
        )
        started.append(process)
        return process

    yield path, start
    for process in started:
        process.stdin.close()
        process.wait(60)
        process.stdout.close()
    shutil.rmtree(folder)


def asked_again(process):
    process.stdin.write("\n")
    process.stdin.flush()
    return process.stdout.readline()


def test_who_may_not_write_in_the_folder_reads_what_is_there_or_is_told(reader):
    path, start = reader
    with BlueskySQLiteCatalog(path) as mine:
        mine.upsert(ingest, ("/a/1",))
        there = start()  # somebody has it open
        assert there.stdout.readline() == "1 ['uid-1']\n"
        mine.upsert(ingest, ("/a/2",))
        assert asked_again(there) == "2 ['uid-1', 'uid-2']\n"
        there.stdin.close()
        there.wait(60)
    there = start()  # nobody has
    assert there.stdout.readline() == "2 ['uid-1', 'uid-2']\n"
    with BlueskySQLiteCatalog(path) as mine:
        mine.upsert(ingest, ("/a/3",))
        told = asked_again(there)
    assert "CatalogError" in told
    assert "Open it again" in told
    assert start().stdout.readline() == "3 ['uid-1', 'uid-2', 'uid-3']\n"
