"""Whether files are what they were is told for each run, with the remedy; and done on demand."""

import os
import shutil
from pathlib import Path

import h5py
import numpy as np
import pytest
import tifffile

from penstock import BlueskyInMemoryCatalog, BlueskySQLiteCatalog
from penstock.core.config import Config, use_config
from penstock.ingestors import ingest_hdf5, ingest_tiff_series, ingest_tiff_stack


@pytest.fixture
def folder(tmp_path):
    folder = tmp_path / "data" / "today"
    folder.mkdir(parents=True)
    for number in range(1, 6):
        write_frame(folder, number)
    write_file(folder / "scan.h5")
    return folder


def write_frame(folder: Path, number: int, value: int = 0) -> None:
    tifffile.imwrite(folder / f"img_{number:02d}.tif", np.full((4, 6), value, "u2"))


def write_file(path: Path, frames: int = 3) -> None:
    with h5py.File(path, "w") as file:
        file["images"] = np.arange(frames * 24).reshape(frames, 4, 6).astype("u2")


@pytest.fixture(params=["memory", "file"])
def catalog(request, tmp_path):
    if request.param == "memory":
        return BlueskyInMemoryCatalog()
    return BlueskySQLiteCatalog(tmp_path / "runs.db")


def states(report):
    return {item.uid: item.details["state"] for item in report}


def test_nothing_has_changed(catalog, folder):
    catalog.ingest([folder])
    report = catalog.check()
    assert states(report) == dict.fromkeys(catalog, "fresh")
    assert report.ok
    assert report.counts == {"ok": 2}
    assert catalog.refresh().counts == {"skipped": 2}


def test_a_glob_and_a_list_both_see_that_a_series_has_grown(catalog, folder):
    names = sorted(map(str, folder.glob("*.tif")))
    by_list = catalog.upsert(ingest_tiff_series, (names,), {})
    write_frame(folder, 6)
    (item,) = catalog.check()
    assert item.details["state"] == "stale"
    assert "extended: 1 more file has come" in item.why
    assert "refresh" in item.remedy
    assert catalog.refresh().items[0].outcome == "ok"
    assert len(catalog[by_list].primary) == 6

    by_glob = catalog.upsert(ingest_tiff_series, (f"{folder}/img_*.tif",), {})
    assert by_glob == by_list
    write_frame(folder, 7)
    (item,) = catalog.check()
    assert "extended" in item.why
    catalog.refresh()
    assert len(catalog[by_list].primary) == 7
    assert states(catalog.check()) == {by_list: "fresh"}


def test_a_chosen_part_of_a_series_does_not_grow(catalog, folder):
    uid = catalog.upsert(ingest_tiff_series, ([folder / "img_01.tif", folder / "img_02.tif"],), {})
    write_frame(folder, 6)
    assert states(catalog.check()) == {uid: "fresh"}


def test_a_file_that_was_written_anew_is_stale_and_is_ingested_anew(catalog, folder):
    uid = catalog.upsert(ingest_hdf5, (folder / "scan.h5",), {})
    write_file(folder / "scan.h5", frames=5)
    (item,) = catalog.check()
    assert item.details["state"] == "stale"
    assert len(catalog[uid].primary) in (3, 5)  # in memory, what is asked first is asked now
    report = catalog.refresh()
    assert report.items[0].outcome == "ok"
    assert report.uids == [uid]
    assert len(catalog[uid].primary) == 5


def test_files_that_are_gone_are_told(catalog, folder):
    names = sorted(map(str, folder.glob("*.tif")))
    series = catalog.upsert(ingest_tiff_series, (names,), {})
    single = catalog.upsert(ingest_hdf5, (folder / "scan.h5",), {})
    (folder / "img_03.tif").unlink()
    (folder / "scan.h5").unlink()
    report = catalog.check()
    assert states(report) == {series: "missing", single: "missing"}
    assert "1 of 5 files are gone: img_03.tif" in report.items[0].why
    assert "remove the run" in report.items[1].remedy
    assert not report.ok
    assert len(catalog.refresh().with_outcome("failed")) == 2
    assert len(catalog) == 2


@pytest.mark.parametrize("spelled", ["glob", "list", "ingest"])
def test_files_that_have_moved_are_found_by_name_and_size(catalog, folder, spelled):
    if spelled == "ingest":
        catalog.ingest([folder])
    else:
        names = sorted(map(str, folder.glob("*.tif")))
        paths = f"{folder}/img_*.tif" if spelled == "glob" else names
        catalog.upsert(ingest_tiff_series, (paths,), {})
    before = list(catalog)
    elsewhere = folder.parent / "archive" / "deep"
    elsewhere.parent.mkdir()
    shutil.copytree(folder, elsewhere)
    shutil.rmtree(folder)
    report = catalog.check()
    assert set(states(report).values()) == {"moved"}
    assert all(str(elsewhere) in item.why for item in report)
    updated = catalog.refresh()
    assert updated.counts == {"ok": len(before)}
    assert {item.details["replaces"] for item in updated} == set(before)
    assert not set(before) & set(catalog)
    assert set(states(catalog.check()).values()) == {"fresh"}
    assert all(run.primary.read().sizes["time"] for run in catalog.values())
    if isinstance(catalog, BlueskySQLiteCatalog):
        (old,) = catalog.superseded(before[0])
        assert old.uid == before[0]
        assert old.successor in catalog


def test_other_files_of_the_same_name_are_not_taken_for_those_that_moved(catalog, folder):
    uid = catalog.upsert(ingest_hdf5, (folder / "scan.h5",), {})
    (folder / "scan.h5").unlink()
    (folder.parent / "other").mkdir()
    write_file(folder.parent / "other" / "scan.h5", frames=200)
    assert states(catalog.check()) == {uid: "missing"}


def test_of_two_places_the_one_with_the_times_of_before_is_meant_or_none(catalog, folder):
    uid = catalog.upsert(ingest_hdf5, (folder / "scan.h5",), {})
    for name, copy in (("same", shutil.copy2), ("later", shutil.copy)):
        (folder.parent / name).mkdir()
        copy(folder / "scan.h5", folder.parent / name)
    (folder / "scan.h5").unlink()
    (item,) = catalog.check()
    assert item.details["moved_to"] == str(folder.parent / "same" / "scan.h5")
    shutil.copy2(folder.parent / "same" / "scan.h5", folder.parent / "later" / "scan.h5")
    (item,) = catalog.check()
    assert states([item]) == {uid: "missing"}
    assert "several places" in item.why


def series_of(folder, name, time):
    """Write frames that are named, and as large, as those of every other series."""
    (folder.parent / name).mkdir()
    for number in range(1, 4):
        write_frame(folder.parent / name, number, time)
        os.utime(folder.parent / name / f"img_{number:02d}.tif", (time, time))
    return folder.parent / name


def test_frames_of_another_run_do_not_take_the_place_of_those_that_were_deleted(catalog, folder):
    first, second = series_of(folder, "first", 5), series_of(folder, "second", 7)
    deleted = catalog.upsert(ingest_tiff_series, (f"{first}/*.tif",), {})
    kept = catalog.upsert(ingest_tiff_series, (f"{second}/*.tif",), {})
    shutil.rmtree(first)
    assert states(catalog.check()) == {deleted: "missing", kept: "fresh"}
    assert not any("perhaps" in item.why for item in catalog.check())
    catalog.refresh()
    assert set(catalog) == {deleted, kept}
    # Unless its times differ, a copy that was ingested is another run, too.
    copy = folder.parent / "copy"
    shutil.copytree(second, copy)
    copied = catalog.upsert(ingest_tiff_series, (f"{copy}/*.tif",), {})
    shutil.rmtree(second)
    assert states(catalog.check({"uid": kept})) == {kept: "missing"}
    assert catalog.refresh({"uid": kept}).with_outcome("failed")
    assert set(catalog) == {deleted, kept, copied}


def test_where_times_differ_the_place_is_told_but_not_taken(catalog, folder):
    first, second = series_of(folder, "first", 5), series_of(folder, "second", 7)
    uid = catalog.upsert(ingest_tiff_series, (f"{first}/*.tif",), {})
    shutil.rmtree(first)
    (item,) = catalog.check()
    assert item.details["state"] == "missing"
    assert f"perhaps to {second}" in item.why
    assert catalog.refresh().with_outcome("failed")
    assert list(catalog) == [uid]


def test_files_are_sought_below_their_root_and_nowhere_else(catalog, folder, tmp_path):
    uid = catalog.upsert(ingest_hdf5, (folder / "scan.h5",), {})
    outside = tmp_path / "outside"
    outside.mkdir()
    shutil.move(folder / "scan.h5", outside)
    with use_config(Config(roots={"data": str(folder.parent)})):
        assert states(catalog.check()) == {uid: "missing"}
    with use_config(Config(roots={"data": str(tmp_path)})):
        assert states(catalog.check()) == {uid: "moved"}


def test_a_query_narrows_what_is_looked_at(catalog, folder):
    catalog.ingest([folder])
    stack = catalog.upsert(
        ingest_tiff_stack, (folder / "img_01.tif",), {"metadata": {"purpose": "dark"}}
    )
    assert list(states(catalog.check({"purpose": "dark"}))) == [stack]
    assert catalog.refresh({"purpose": "dark"}).uids == [stack]


def test_a_run_of_which_nothing_tells_the_files_is_unknown():
    catalog = BlueskyInMemoryCatalog()
    catalog.upsert(lambda: iter([("start", {"uid": "6f2a", "time": 0.0})]))
    (item,) = catalog.check()
    assert (item.outcome, item.details["state"]) == ("skipped", "unknown")


def test_one_run_that_cannot_be_ingested_anew_stops_no_other_and_stays(catalog, folder):
    bad = catalog.upsert(ingest_hdf5, (folder / "scan.h5",), {})
    good = catalog.upsert(ingest_tiff_series, (f"{folder}/img_*.tif",), {})
    (folder / "scan.h5").write_bytes(b"no HDF5 any more")
    write_frame(folder, 6)
    report = catalog.refresh()
    assert [item.outcome for item in report] == ["failed", "ok"]
    assert set(catalog) == {bad, good}


def test_no_file_is_opened(catalog, folder, monkeypatch):
    catalog.ingest([folder])
    opened = []
    monkeypatch.setattr("builtins.open", lambda *args, **kwargs: opened.append(args))
    catalog.check()
    monkeypatch.undo()
    assert not [args for args in opened if str(folder) in str(args[0])]


def test_what_was_brought_up_to_date_is_not_ingested_once_more(folder, tmp_path):
    catalog = BlueskySQLiteCatalog(tmp_path / "runs.db")
    catalog.ingest([folder])
    write_file(folder / "scan.h5", frames=5)
    write_frame(folder, 6)
    assert catalog.refresh().counts == {"ok": 2}
    assert catalog.ingest([folder]).counts == {"skipped": 2}
