"""The catalog that stays: what one process puts in, another one finds, without the runs' files."""

import json
import os
import pickle
import shutil
import sqlite3
import subprocess
import sys
from contextlib import closing
from pathlib import Path

import event_model
import h5py
import numpy as np
import pytest
import tifffile

from penstock import BlueskySQLiteCatalog, sample_files
from penstock.core.catalog import catalog_file
from penstock.core.config import Config, use_config
from penstock.core.errors import CatalogError, RecipeError, UpsertError
from penstock.core.registry import Registry, hookimpl, use_registry
from penstock.core.registry.records import Ingestor
from penstock.ingestors import ingest_hdf5, ingest_tiff_series, ingest_tiff_stack

SAMPLES = Path(sample_files.__file__).parent


@pytest.fixture
def data(tmp_path):
    folder = tmp_path / "data"
    shutil.copytree(SAMPLES / "growth", folder / "growth")
    for name in ("scan.nxs", "melt.h5", "foam.tif"):
        shutil.copy2(SAMPLES / name, folder)
    return folder


@pytest.fixture
def path(tmp_path):
    return tmp_path / "runs.db"


@pytest.fixture
def filled(data, path):
    with BlueskySQLiteCatalog(path) as catalog:
        assert catalog.ingest([data]).ok
    return path


def test_a_later_process_finds_everything_without_the_files(filled, data):
    with BlueskySQLiteCatalog(filled) as catalog:
        before = {
            uid: (run.metadata["start"], run.metadata["stop"], run.primary.data_keys, repr(run))
            for uid, run in catalog.items()
        }
        lengths = {uid: {name: len(run[name]) for name in run} for uid, run in catalog.items()}
    assert len(before) == 4
    shutil.rmtree(data)
    again = BlueskySQLiteCatalog(filled)
    assert list(again) == list(before)
    for uid, run in again.items():
        told = (run.metadata["start"], run.metadata["stop"], run.primary.data_keys, repr(run))
        assert told == before[uid]
        assert {name: len(run[name]) for name in run} == lengths[uid]
        assert run.provenance["ingestor"] in ("tiff-series", "imagej-stack", "hdf5")
        assert "exit_status" in run._repr_html_()
    (scan,) = again.search({"sample.name": "copper foil"})
    assert again[scan[:6]].uid == again[-4].uid == scan
    with pytest.raises(OSError, match="is not there"):
        again[scan].primary.read()


def test_listing_and_searching_load_no_ingestor_and_no_plugin(filled):
    code = f"""
import sys
from penstock import BlueskySQLiteCatalog
catalog = BlueskySQLiteCatalog({os.fspath(filled)!r})
run = catalog.search({{"sample.name": "copper foil"}})[-1]
list(catalog), run.metadata["stop"], list(run), run.primary.data_keys, repr(run), len(run.primary)
ours = ("penstock.ingestors", "penstock.plugins")
loaded = [name for name in sys.modules if name.startswith(ours)]
assert not loaded, loaded
assert not {{"h5py", "tifffile", "xarray", "dask.array"}} & set(sys.modules), sys.modules.keys()
"""
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr


def test_rows_are_read_by_calling_the_ingestor_again(filled, data):
    catalog = BlueskySQLiteCatalog(filled)
    (uid,) = catalog.search({"sample.name": "copper foil"})
    read = catalog[uid].primary.read()
    expected = list(ingest_hdf5(data / "scan.nxs"))
    assert [name for name, _ in catalog[uid].documents()] == [name for name, _ in expected]
    assert read.sizes["time"] == expected[-1][1]["num_events"]["primary"]
    assert pickle.loads(pickle.dumps(catalog[uid])).primary.read().equals(read)


def test_it_is_for_the_user_alone_and_holds_no_pixel(filled, data):
    assert filled.stat().st_mode & 0o777 == 0o600
    with closing(sqlite3.connect(filled)) as connection, connection:
        connection.execute("PRAGMA wal_checkpoint(TRUNCATE)")
        total = "".join(connection.iterdump())
    frame = next(iter(sorted((data / "growth").iterdir())))
    assert tifffile.imread(frame).tobytes()[:64] not in filled.read_bytes()
    assert len(total) < 60_000


def test_ingesting_an_unchanged_tree_calls_no_ingestor(filled, data, monkeypatch):
    catalog = BlueskySQLiteCatalog(filled)
    monkeypatch.setattr(catalog, "prepare", None)  # would fail if it were called
    report = catalog.ingest([data])
    assert report.counts == {"skipped": 4}
    assert report.uids
    assert set(report.uids) == set(catalog)


def test_what_has_changed_or_is_new_is_ingested_and_again_means_all(filled, data):
    shutil.copy2(data / "scan.nxs", data / "more.nxs")
    os.utime(data / "melt.h5", (5, 5))
    catalog = BlueskySQLiteCatalog(filled)
    report = catalog.ingest([data])
    assert report.counts["skipped"] == 3
    assert len(report.with_outcome("ok")) == 2
    assert len(catalog) == 5
    assert "skipped" not in catalog.ingest([data], again=True).counts


def test_a_file_that_was_written_anew_with_the_time_of_before_is_not_skipped(filled, data):
    file = data / "foam.tif"
    before = file.stat()
    file.write_bytes(file.read_bytes())
    os.utime(file, ns=(before.st_atime_ns, before.st_mtime_ns))
    assert (file.stat().st_size, file.stat().st_mtime_ns) == (before.st_size, before.st_mtime_ns)
    report = BlueskySQLiteCatalog(filled).ingest([data])
    assert report.counts == {"skipped": 3, "ok": 1}


def test_a_removed_run_is_ingested_again(filled, data):
    catalog = BlueskySQLiteCatalog(filled)
    uid = catalog.remove(-1)
    assert uid not in catalog
    assert catalog.ingest([data]).counts["skipped"] == 3
    assert uid in catalog


def test_another_version_of_the_ingestor_ingests_again(path, tmp_path):
    (tmp_path / "a.lab").write_text("1 2\n3 4\n")
    for version, outcome in (("1", "ok"), ("1", "skipped"), ("2", "ok")):
        with use_registry(lab(version=version)):
            report = BlueskySQLiteCatalog(path).ingest([tmp_path / "a.lab"])
        assert report.items[0].outcome == outcome, report.items[0]


def test_a_catalog_with_an_index_of_all_words_is_opened_again(filled):
    with BlueskySQLiteCatalog(filled) as catalog:
        assert catalog.create_index("$text")
    catalog = BlueskySQLiteCatalog(filled)
    assert len(catalog.search({"$text": {"$search": "copper"}})) == 1
    catalog.drop_index("$text")
    assert len(BlueskySQLiteCatalog(filled)) == 4


# A third party's ingestor with arrays in its events ----------------------------------------------

pulled = []


def ingest_lab(path):
    run = event_model.compose_run(uid=f"lab-{os.path.basename(path)}", time=5.0)
    yield "start", run.start_doc
    key = {"dtype": "array", "shape": [2], "source": "lab"}
    stream = run.compose_descriptor(name="primary", data_keys={"x": key})
    yield "descriptor", stream.descriptor_doc
    with open(path) as file:
        for line in file:
            pulled.append(line)
            value = np.array(line.split(), dtype=float)
            yield "event", stream.compose_event(data={"x": value}, timestamps={"x": 5.0}, time=5.0)
    yield "stop", run.compose_stop(time=6.0)


def lab(**more):
    class Lab:
        @hookimpl
        def penstock_ingestors(self):
            return [
                Ingestor(
                    "lab",
                    title="Lab",
                    ingest=f"{__name__}:ingest_lab",
                    takes="file",
                    patterns=("*.lab",),
                    tier="EXTENSION",
                    **more,
                )
            ]

    return Registry.from_plugins([Lab()])


def test_of_an_ingestor_that_yields_arrays_only_the_recipe_is_stored(path, tmp_path):
    (tmp_path / "a.lab").write_text("1 2\n" * 100)
    pulled.clear()
    with use_registry(lab()):
        catalog = BlueskySQLiteCatalog(path)
        uid = catalog.upsert(ingest_lab, (tmp_path / "a.lab",), {})
        assert len(pulled) <= 2  # not all of its arrays were gone through
        assert BlueskySQLiteCatalog(path)[uid].primary.read()["x"].shape == (100, 2)
    assert b"array(" not in path.read_bytes()


# What is refused ---------------------------------------------------------------------------------


@pytest.mark.parametrize("function", [lambda path: iter(()), "json:loads"])
def test_a_function_that_cannot_be_found_again_is_refused_and_nothing_is_kept(path, function):
    catalog = BlueskySQLiteCatalog(path)
    with pytest.raises(UpsertError, match="cannot be found again"):
        catalog.upsert(function, ("a",), {})
    assert len(catalog) == 0


def test_a_run_that_fails_after_its_start_replaces_none(data, path):
    catalog = BlueskySQLiteCatalog(path)
    uid = catalog.upsert(ingest_tiff_stack, (data / "foam.tif",), {})
    start = catalog[uid].metadata["start"]
    (data / "foam.tif").write_bytes((data / "foam.tif").read_bytes()[:60])
    with pytest.raises(Exception, match="foam"):
        catalog.upsert(ingest_tiff_stack, (data / "foam.tif",), {})
    assert catalog[uid].metadata["start"] == start


@pytest.mark.parametrize(
    "content", [b"not a database, but text", b"SQLite format 3\0" + b"x" * 4096]
)
def test_what_is_no_catalog_is_told_and_left_alone(path, content):
    path.write_bytes(content)
    with pytest.raises(CatalogError, match=r"no catalog|damaged"):
        BlueskySQLiteCatalog(path)
    assert path.read_bytes() == content


def test_a_database_of_something_else_is_told_and_left_alone(path):
    with closing(sqlite3.connect(path)) as connection, connection:
        connection.execute("CREATE TABLE photos (id)")
    before = path.read_bytes()
    with pytest.raises(CatalogError, match="no catalog of penstock's"):
        BlueskySQLiteCatalog(path)
    assert path.read_bytes() == before


def test_a_folder_or_a_file_in_no_folder_is_told(tmp_path):
    with pytest.raises(CatalogError, match="is no file"):
        BlueskySQLiteCatalog(tmp_path)
    with pytest.raises(CatalogError, match="No such file"):
        BlueskySQLiteCatalog(tmp_path / "gone" / "runs.db")


def test_a_closed_catalog_says_so(filled):
    catalog = BlueskySQLiteCatalog(filled)
    catalog.close()
    with pytest.raises(CatalogError, match="closed"):
        list(catalog)


# Versions ----------------------------------------------------------------------------------------


def test_a_catalog_of_a_later_penstock_is_refused_with_the_remedy(filled):
    with closing(sqlite3.connect(filled)) as connection, connection:
        connection.execute("PRAGMA user_version = 99")
    with pytest.raises(CatalogError, match=r"later penstock.*Update"):
        BlueskySQLiteCatalog(filled)


def test_a_catalog_of_an_earlier_penstock_is_brought_up_to_date(filled, monkeypatch):
    def add_column(connection):
        connection.execute("ALTER TABLE calls ADD COLUMN remark TEXT")

    monkeypatch.setattr(catalog_file, "MIGRATIONS", [*catalog_file.MIGRATIONS, add_column])
    catalog = BlueskySQLiteCatalog(filled)
    assert len(catalog) == 4
    with closing(sqlite3.connect(filled)) as connection, connection:
        assert connection.execute("PRAGMA user_version").fetchone() == (2,)
        connection.execute("SELECT remark FROM calls")
    BlueskySQLiteCatalog(filled)  # once is enough


def test_a_migration_that_fails_leaves_the_catalog_as_it_was(filled, monkeypatch):
    def fail(connection):
        connection.execute("DELETE FROM calls")
        raise RuntimeError("no")

    with monkeypatch.context() as patched:
        patched.setattr(catalog_file, "MIGRATIONS", [*catalog_file.MIGRATIONS, fail])
        with pytest.raises(RuntimeError):
            BlueskySQLiteCatalog(filled)
    assert all(run.metadata["stop"] for run in BlueskySQLiteCatalog(filled).values())


# Identity ----------------------------------------------------------------------------------------


def test_what_was_named_as_the_whole_stays_it_when_more_files_have_come(data, path):
    names = sorted(map(str, (data / "growth").iterdir()))
    with BlueskySQLiteCatalog(path) as catalog:
        uid = catalog.upsert(ingest_tiff_series, (names,), {})
    shutil.copy2(names[-1], names[-1].replace("frame_", "frame_9"))
    assert len(BlueskySQLiteCatalog(path)[uid].primary.read(include=["frame_number"]).time) == len(
        names
    )


def test_a_run_stays_when_a_root_is_named_later(filled, data):
    with use_config(Config(roots={"data": str(data)})):
        for run in BlueskySQLiteCatalog(filled).values():
            assert run.primary.read().sizes["time"]


def test_below_a_named_root_a_run_moves_with_it(data, path, tmp_path):
    with use_config(Config(roots={"data": str(data)})), BlueskySQLiteCatalog(path) as catalog:
        catalog.ingest([data])
    data.rename(tmp_path / "elsewhere")
    with use_config(Config(roots={"data": str(tmp_path / "elsewhere")})):
        catalog = BlueskySQLiteCatalog(path)
        assert all(run.primary.read().sizes["time"] for run in catalog.values())
        assert catalog.check().counts == {"ok": 4}


def test_root_map_says_where_files_have_gone(filled, data, tmp_path):
    data.rename(tmp_path / "elsewhere")
    catalog = BlueskySQLiteCatalog(filled, root_map={str(data): str(tmp_path / "elsewhere")})
    assert all(run.primary.read().sizes["time"] for run in catalog.values())
    assert catalog.check().counts == {"ok": 4}


def test_when_files_are_others_the_start_and_recipe_of_before_are_kept(path, tmp_path):
    file = tmp_path / "a.h5"
    catalog = BlueskySQLiteCatalog(path)
    for title in ("first", "second", "second"):
        with h5py.File(file, "w") as h5:
            h5["entry/title"] = title
            h5["entry/images"] = np.zeros((3, 4, 6), "u2") + len(title)
        os.utime(file, ns=(0, 10**9 * len(title)))
        uid = catalog.upsert(ingest_hdf5, (file,), {"metadata": {"title": title}})
    (before,) = catalog.superseded(uid)
    assert before.start["title"] == "first"
    assert before.successor == uid
    assert "metadata" in json.loads(before.recipe)[4]
    assert catalog[uid].metadata["start"]["title"] == "second"


def test_every_version_that_is_replaced_is_kept_whatever_became_of_the_file(path, tmp_path):
    file = tmp_path / "a.h5"
    catalog = BlueskySQLiteCatalog(path)

    def upsert(title, frames):
        with h5py.File(file, "w") as h5:
            h5["images"] = np.zeros((frames, 40, 60), "u2")
        return catalog.upsert(ingest_hdf5, (file,), {"metadata": {"title": title}})

    with catalog.batch():
        uid = upsert("first", 3)
        assert upsert("larger", 30) == uid
        catalog.upsert(ingest_hdf5, (file,), {"metadata": {"title": "renamed"}})
    catalog.upsert(ingest_hdf5, (file,), {"metadata": {"title": "renamed"}})
    assert [old.start["title"] for old in catalog.superseded(uid)] == ["first", "larger"]


def test_a_series_that_grows_supersedes_nothing(data, path):
    catalog = BlueskySQLiteCatalog(path)
    for _ in range(2):
        names = sorted(map(str, (data / "growth").iterdir()))
        uid = catalog.upsert(ingest_tiff_series, (names,), {})
        shutil.copy2(names[-1], names[-1].replace("frame_", "frame_9"))
    assert catalog.superseded(uid) == []


# Other people's ----------------------------------------------------------------------------------


@pytest.fixture
def foreign(filled, monkeypatch, tmp_path):
    """The catalog as another user sees it."""
    monkeypatch.setenv("XDG_STATE_HOME", str(tmp_path / "somebody_else"))
    return filled


def test_a_catalog_of_somebody_else_is_listed_but_reads_only_below_opened_roots(foreign, data):
    catalog = BlueskySQLiteCatalog(foreign)
    run = catalog.search({"sample.name": "copper foil"})[-1]
    assert run.metadata["stop"]["exit_status"]
    with pytest.raises(RecipeError, match=r"outside of the opened roots.*\[roots\]"):
        run.primary.read()
    with use_config(Config(roots={"data": str(data)})):
        assert run.primary.read().sizes["time"]


def test_what_somebody_else_stored_is_ingested_as_ones_own_though_nothing_changed(foreign, data):
    catalog = BlueskySQLiteCatalog(foreign)
    assert "skipped" not in catalog.ingest([data]).counts
    assert catalog.search({"sample.name": "copper foil"})[-1].primary.read().sizes["time"]
    assert catalog.ingest([data]).counts == {"skipped": 4}


def test_somebody_elses_call_does_not_become_ones_own_by_bringing_it_up_to_date(foreign, data):
    os.utime(data / "scan.nxs", (5, 5))
    with use_config(Config(roots={"data": str(data)})):
        catalog = BlueskySQLiteCatalog(foreign)
        report = catalog.refresh()
        (refused,) = report.with_outcome("refused")
        assert "somebody else stored" in refused.why
    own = catalog.ingest([data / "scan.nxs"]).uids[0]  # their own call needs no roots
    assert catalog[own].primary.read().sizes["time"]
