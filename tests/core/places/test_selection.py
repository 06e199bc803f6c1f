"""What a pattern or a list means, and that identity is where the files lie."""

import os
import pathlib

import pytest

from penstock.core.config import Config, use_config
from penstock.core.errors import MissingFileError, NoDataError
from penstock.core.places import observe, place_of_file, run_uid, select_files


def uid(paths, part=""):
    files = select_files(paths)
    return run_uid(files.place, part, files.selection)


@pytest.fixture
def series(tmp_path):
    folder = tmp_path / "data"
    folder.mkdir()
    for number in (1, 2, 10):
        (folder / f"img_{number}.tif").write_bytes(b"x" * number)
    (folder / "notes.txt").write_text("notes")
    return folder


def test_a_pattern_gives_files_in_numeric_order(series):
    files = select_files(str(series / "*.tif"))
    assert files.names == ("img_1.tif", "img_2.tif", "img_10.tif")
    assert files.numbers == (1, 2, 10)
    assert files.spelled == "img_{:d}.tif"
    assert files.notes == ("missing: 3–9",)
    assert files.paths[0] == files.path(0) == str(series / "img_1.tif")
    assert [stat.size for stat in files.stats()] == [1, 2, 10]


def test_identity_does_not_depend_on_spelling(series, tmp_path, monkeypatch):
    expected = uid(str(series / "*.tif"))
    (tmp_path / "link").symlink_to(series)
    monkeypatch.chdir(tmp_path)
    spellings = [
        "data/*.tif",
        "./data/img_*.tif",
        "data/../data/*.ti?",
        str(tmp_path / "link" / "*.tif"),
        series / "img_[0-9]*.tif",
        sorted(str(path) for path in series.glob("*.tif")),
        sorted(series.glob("*.tif"), reverse=True),
    ]
    assert {uid(spelling) for spelling in spellings} == {expected}


def test_identity_does_not_change_while_a_series_grows(series):
    before = uid(str(series / "*.tif"))
    (series / "img_11.tif").write_bytes(b"")
    assert uid(str(series / "*.tif")) == before


def test_the_first_file_of_a_series_is_that_series(tmp_path):
    (tmp_path / "img_1.tif").write_bytes(b"")
    before = uid(str(tmp_path / "*.tif"))
    (tmp_path / "img_2.tif").write_bytes(b"")
    assert uid(str(tmp_path / "*.tif")) == before


def test_a_subset_is_another_run(series):
    whole = uid(str(series / "*.tif"))
    paths = [str(series / f"img_{n}.tif") for n in (1, 2)]
    by_list, by_pattern = uid(paths), uid(str(series / "img_?.tif"))
    assert len({whole, by_list, by_pattern}) == 3
    assert uid(paths[::-1]) == by_list
    (series / "img_3.tif").write_bytes(b"")
    assert uid(str(series / "img_?.tif")) == by_pattern  # a pattern's subset may grow as well


def test_several_families_are_a_place_of_their_own_that_may_grow(series):
    for number in (1, 2):
        (series / f"dark_{number}.tif").write_bytes(b"")
    before = uid(str(series / "*.tif"))
    assert before != uid(str(series / "img_*.tif"))
    (series / "dark_3.tif").write_bytes(b"")
    assert uid(str(series / "*.tif")) == before
    assert "names differ" in select_files(str(series / "*.tif")).notes[0]


def test_parts_and_places_differ(series):
    path = series / "img_1.tif"
    assert len({uid(path), uid(path, part="a"), run_uid(place_of_file(path))}) == 3


def test_no_name_looks_like_a_template(tmp_path):
    (tmp_path / "img_{}.tif").write_bytes(b"")
    (tmp_path / "img_1.tif").write_bytes(b"")
    assert place_of_file(tmp_path / "img_{}.tif") != select_files(tmp_path / "img_1.tif").place


def test_identity_does_not_depend_on_where_a_root_is_mounted(series, tmp_path):
    with use_config(Config(roots={"data": str(series)})):
        here = uid(str(series / "*.tif"))
    moved = tmp_path / "mnt" / "other"
    moved.parent.mkdir()
    series.rename(moved)
    with use_config(Config(roots={"data": str(moved)})):
        assert uid(str(moved / "*.tif")) == here
    assert uid(str(moved / "*.tif")) != here


def test_the_innermost_root_counts(series, tmp_path):
    roots = {"outer": str(tmp_path), "inner": str(series), "beside": str(series) + "2"}
    with use_config(Config(roots=roots)):
        place = place_of_file(series / "img_1.tif")
    assert (place.root, place.folder) == ("inner", ".")


def test_a_file_is_itself_whatever_its_name(tmp_path):
    odd = tmp_path / "a[1]*.tif"
    odd.write_bytes(b"")
    assert select_files(str(odd)).names == ("a[1]*.tif",)


def test_hidden_files_and_folders_do_not_match(tmp_path):
    (tmp_path / ".a_1.tif").write_bytes(b"")
    (tmp_path / "sub_1.tif").mkdir()
    with pytest.raises(NoDataError, match="no file matches"):
        select_files(str(tmp_path / "*.tif"))


def test_special_files_are_not_data(tmp_path):
    os.mkfifo(tmp_path / "pipe_1.tif")
    with pytest.raises(NoDataError):
        select_files(str(tmp_path / "*.tif"))


@pytest.mark.parametrize(
    ("paths", "error", "message"),
    [
        ([], NoDataError, "list of files is empty"),
        ("missing.tif", MissingFileError, "no such file"),
        (["img_1.tif", "missing.tif"], MissingFileError, "missing.tif: no such file"),
        ("*.nothing", NoDataError, "no file matches"),
        (".", NoDataError, r"is a folder.*\*\.tif"),
        (["."], MissingFileError, "is a folder"),
        ("nowhere/*.tif", NoDataError, "no file matches"),
        ("a\0b", MissingFileError, "no such file"),
    ],
)
def test_what_is_not_there_is_named(series, monkeypatch, paths, error, message):
    monkeypatch.chdir(series)
    with pytest.raises(error, match=message):
        select_files(paths)


def test_files_of_several_folders(tmp_path):
    for folder in ("scan_1", "scan_2"):
        (tmp_path / folder).mkdir()
        for number in (1, 2):
            (tmp_path / folder / f"i_{number}.tif").write_bytes(b"")
    files = select_files(str(tmp_path / "scan_*" / "*.tif"))
    assert files.names == tuple(f"scan_{s}/i_{n}.tif" for s in (1, 2) for n in (1, 2))
    assert files.indices == {"index_1": (1, 1, 2, 2)}
    assert files.selection == ""
    assert select_files(str(tmp_path / "**" / "*.tif")).place == files.place


def test_files_that_vanish_between_listing_and_asking_are_none(series):
    with observe():
        files = select_files(str(series / "*.tif"))
        (series / "img_2.tif").unlink()
        assert [stat and stat.size for stat in files.stats()] == [1, None, 10]


def test_one_listing_a_folder_and_one_stat_a_file(series, monkeypatch):
    calls = []
    scandir, stat = os.scandir, os.stat
    monkeypatch.setattr(os, "scandir", lambda path: calls.append("list") or scandir(path))
    monkeypatch.setattr(os, "stat", lambda path, **kw: calls.append(str(path)) or stat(path, **kw))
    with observe():
        for _ in range(3):
            select_files(str(series / "*.tif")).stats()
        select_files(sorted(map(str, series.glob("*.tif")))).stats()
    assert sum(call.endswith("img_10.tif") for call in calls) == 1
    monkeypatch.undo()
    assert calls.count("list") - 1 == 1  # the other one is pathlib's


def test_iterables_are_read_once(series):
    paths = (path for path in sorted(pathlib.Path(series).glob("*.tif")))
    assert len(select_files(paths)) == 3
