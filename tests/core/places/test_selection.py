"""What a pattern or a list means, and that identity is where the files lie."""

import glob
import os
import pathlib
import shutil
import subprocess
import sys
import time

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
    assert files.notes == ("numbers are not consecutive (1–10)",)
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
    assert uid([series / "img_1.tif", series / "img_10.tif"]) != by_list
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
        (["."], NoDataError, "is a folder"),
        (["*.tif"], MissingFileError, "Give a pattern by itself"),
        ("*/", NoDataError, "no file matches"),
        ("dangling.tif", MissingFileError, "the link leads nowhere"),
        (["pipe.tif"], NoDataError, "neither a file nor a folder"),
        ("nowhere/*.tif", NoDataError, "no file matches"),
        ("a\0b", MissingFileError, "no such file"),
    ],
)
def test_what_is_not_there_is_named(series, monkeypatch, paths, error, message):
    monkeypatch.chdir(series)
    os.symlink("nothing", "dangling.tif")
    os.mkfifo("pipe.tif")
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


def test_each_folder_is_listed_once(series, monkeypatch):
    for number in (1, 2):
        (series / f"sub_{number}").mkdir()
        (series / f"sub_{number}" / "a_1.tif").touch()
    listed = []
    scandir = os.scandir
    monkeypatch.setattr(os, "scandir", lambda path: listed.append(path) or scandir(path))
    with observe():
        for pattern in ("*.tif", "img_1*.tif", "sub_*/*.tif", "**/*.tif", "**/a_*.tif"):
            select_files(str(series / pattern)).stats()
        select_files([series / "img_1.tif", series / "sub_1" / "a_1.tif"]).stats()
    assert sorted(listed) == [str(series), str(series / "sub_1"), str(series / "sub_2")]
    del listed[:]
    select_files(str(series / "sub_*" / "*.tif"))  # without an observation too
    assert len(listed) == 3


def test_what_was_asked_once_is_not_asked_again(series):
    with observe():
        files = select_files(str(series / "*.tif"))
        before = files.stats()
        (series / "img_1.tif").write_bytes(b"longer than it was")
        (series / "img_2.tif").unlink()
        assert select_files(str(series / "*.tif")).stats() == before
    assert files.stats() != before


def test_files_are_asked_for_once_says_the_kernel(series, tmp_path):
    """Links too: what they lead to was asked when it was seen whether they are files."""
    if shutil.which("strace") is None:
        pytest.skip("strace is not installed")
    (series / "img_3.tif").symlink_to("img_1.tif")
    script = (
        "from penstock.core.places import observe, select_files, take_fingerprint\n"
        "with observe():\n"
        f"    select_files({str(series / '*.tif')!r}).stats()\n"
        f"    take_fingerprint({str(series / '*.tif')!r})\n"
    )
    log = tmp_path / "strace.log"
    traced = ["strace", "-f", "-qq", "-o", str(log), "-e", "trace=%file,getdents64"]
    done = subprocess.run([*traced, sys.executable, "-c", script], capture_output=True, text=True)
    if done.returncode:
        pytest.skip(f"strace may not trace here: {done.stderr[-200:]}")
    lines = [line for line in log.read_text().splitlines() if str(series) in line]
    for number in (1, 2, 3, 10):
        assert sum(f"img_{number}.tif" in line for line in lines) == 1, lines
    assert sum("O_DIRECTORY" in line for line in lines) == 1


def test_iterables_are_read_once(series):
    paths = (path for path in sorted(pathlib.Path(series).glob("*.tif")))
    assert len(select_files(paths)) == 3


# What could make two selections look like one, or one like two -----------------------------------


def make(folder, *names):
    for name in names:
        path = folder / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.touch()


@pytest.fixture
def scans(tmp_path):
    make(tmp_path, *(f"scan_{s}/i_{n}.tif" for s in (1, 2, 3) for n in (1, 2, 10)))
    return tmp_path


def test_a_subset_over_several_folders_is_one(scans):
    whole = uid(str(scans / "scan_*" / "i_*.tif"))
    across = [scans / "scan_1" / "i_1.tif", scans / "scan_2" / "i_2.tif"]
    two_of_three = [scans / f"scan_{s}" / f"i_{n}.tif" for s in (1, 2) for n in (1, 2, 10)]
    everything = [scans / f"scan_{s}" / f"i_{n}.tif" for s in (1, 2, 3) for n in (1, 2, 10)]
    assert len({whole, uid(across), uid(two_of_three)}) == 3
    assert uid(everything) == whole == uid(str(scans / "**" / "i_[0-9]*.tif"))


def test_patterns_that_differ_in_folders_differ(scans):
    patterns = ["scan_*/i_1*.tif", "scan_[12]/i_1*.tif", "scan_[23]/i_1*.tif", "scan_[12]/*.tif"]
    assert len({uid(str(scans / pattern)) for pattern in patterns}) == len(patterns)


def test_a_link_to_a_folder_is_no_more_of_it(scans):
    before = uid(str(scans / "scan_*" / "*.tif"))
    (scans / "scan_4").symlink_to("scan_1")
    assert uid(str(scans / "scan_*" / "*.tif")) == before


def test_a_series_over_folders_may_grow_by_folders(scans):
    before = uid(str(scans / "*" / "*.tif"))
    make(scans, "scan_4/i_1.tif")
    assert uid(str(scans / "*" / "*.tif")) == before


def test_folders_and_pipes_are_no_files_of_a_family(series):
    (series / "img_3.tif").mkdir()
    os.mkfifo(series / "img_4.tif")
    (series / "img_5.tif").symlink_to("nowhere")
    assert select_files([series / f"img_{n}.tif" for n in (1, 2, 10)]).selection == ""


def test_a_number_that_is_literal_in_the_template_is_another_family(tmp_path):
    make(tmp_path, *(f"t{t}_z{z}.tif" for t in (1, 2) for z in (1, 2, 3)))
    row = select_files(str(tmp_path / "t1_*.tif"))
    assert (row.template, row.selection) == ("t1_z{}.tif", "")
    assert uid(str(tmp_path / "t1_*.tif")) != uid(str(tmp_path / "t2_*.tif"))
    grid = select_files(str(tmp_path / "*.tif"))
    assert (grid.template, grid.numbers) == ("t{}_z{}.tif", (1, 2, 3, 1, 2, 3))
    assert grid.indices == {"index_1": (1, 1, 1, 2, 2, 2)}


def test_digests_of_patterns_and_names_are_apart(tmp_path):
    make(tmp_path, "[a]_1.tif", "a_1.tif", "a_2.tif", "[a]_2.tif")
    named = uid([tmp_path / "[a]_1.tif"])
    assert named != uid(str(tmp_path / "[[]a]_1*.tif"))


def test_a_folder_that_cannot_be_listed_can_still_hold_named_files(series, monkeypatch):
    def refuse(path):
        raise PermissionError(13, "Permission denied", str(path))

    paths = [series / f"img_{n}.tif" for n in (1, 2, 10)]
    whole = uid(paths)
    monkeypatch.setattr(os, "scandir", refuse)
    files = select_files(paths)
    assert files.names == ("img_1.tif", "img_2.tif", "img_10.tif")
    assert "cannot be listed: Permission denied" in files.notes[0]
    assert uid(paths) != whole  # nobody knows whether these are all
    with pytest.raises(NoDataError, match="cannot be listed: Permission denied"):
        select_files(str(series / "*.tif"))


def test_a_file_that_is_given_twice_counts_once(series, monkeypatch):
    monkeypatch.chdir(series.parent)
    files = select_files(["data/img_1.tif", series / "img_1.tif", series / "img_2.tif"])
    assert files.names == ("img_1.tif", "img_2.tif")
    assert files.notes == ("given more than once: img_1.tif",)


def test_names_of_different_texts_are_in_the_order_of_their_common_number(tmp_path):
    make(tmp_path, "x_1.tif", "x_2.tiff", "x_3.TIF", "x_5.tif", "x_10.tiff", "x_9.tif", "x_8.tif")
    files = select_files(str(tmp_path / "*"))
    assert files.numbers == (1, 2, 3, 5, 8, 9, 10)
    assert [int(name[2:].split(".")[0]) for name in files.names] == list(files.numbers)
    assert [tuple(gap) for gap in files.numbering.gaps] == [(4,), (6, 7)]
    assert files.notes[1:] == ("3 numbers are missing: 4, 6–7",)
    assert files.spelled is None


def test_names_of_different_texts_that_share_numbers_come_in_the_order_of_their_texts(tmp_path):
    make(tmp_path, "img_1.tif", "img_2.tif", "img_4.tif", "dark_1.tif", "dark_2.tif")
    files = select_files(str(tmp_path / "*"))
    assert files.names[:3] == ("dark_1.tif", "dark_2.tif", "img_1.tif")
    assert files.numbers == (1, 2, 1, 2, 4)
    assert files.numbering.missing == 1
    assert files.notes[1:] == ("img_{}.tif: 1 number is missing: 3",)


@pytest.mark.parametrize(
    ("given", "kind"),
    [
        (None, "not NoneType"),
        (5, "not int"),
        (b"a.tif", "not bytes"),
        (["a.tif", None], "not NoneType in a list"),
        ([["a.tif"]], "not list in a list"),
        ([b"a.tif"], "not bytes in a list"),
    ],
)
def test_what_is_no_path_is_said_in_a_sentence(given, kind):
    with pytest.raises(NoDataError, match=f"takes a path, a glob or a list of paths, {kind}"):
        select_files(given)


def test_single_files_of_different_texts_have_no_frame_numbers(tmp_path):
    make(tmp_path, "ceo2_1.tif", "lab6_7.tif")
    assert select_files(str(tmp_path / "*.tif")).numbers is None
    assert select_files(tmp_path / "lab6_7.tif").numbers == (7,)


def test_thousands_of_families_are_no_burden(tmp_path):
    letters = "abcdefghijklmnop"
    make(tmp_path, *(f"{a}{b}{c}.tif" for a in letters for b in letters for c in letters[:8]))
    began = time.process_time()
    assert len(select_files(str(tmp_path / "*.tif"))) == 2048
    assert len(select_files(sorted(tmp_path.glob("*.tif"))[::2])) == 1024
    assert time.process_time() - began < 2  # some 0.1 s on an idle machine


def test_names_that_are_not_text_are_files(tmp_path):
    for number in (1, 2):
        (tmp_path / os.fsdecode(b"caf\xe9_%d.tif" % number)).touch()
    files = select_files(str(tmp_path / "*.tif"))
    assert files.numbers == (1, 2)
    assert files.spelled is None
    assert [stat.size for stat in files.stats()] == [0, 0]
    assert uid(str(tmp_path / "*.tif")) == uid(files.paths)


# Patterns ----------------------------------------------------------------------------------------

PATTERNS = [
    "*", "*.tif", "**", "**/*.tif", "a/**", "a/**/*.tif", "**/b/*.tif", "*/b/x_?.tif", "[ab]/*",
    "[!a]/*", "a/*/x_1.tif", "a/b/../*.tif", "*/../*.tif", "./*.tif", "a//*.tif", ".*", ".*/*",
    "**/.*", "a**/*.tif", "**/**/*.tif", "?", "[", "x_[", "a/[", "no/*.tif", "x.tif/*.tif", "**/",
    "*/", "a*/b*/x*", "**/b/**", "[[]odd]/*.tif", "*/*/../*.tif",
]  # fmt: skip


@pytest.mark.parametrize("pattern", PATTERNS)
def test_patterns_mean_what_they_mean_to_the_standard_library(tmp_path, monkeypatch, pattern):
    make(tmp_path, "x.tif", "a/x_1.tif", "a/x_2.tif", "a/b/x_1.tif", "a/b/c/x_9.tif", "b/b/x_1.tif")
    make(tmp_path, ".hidden.tif", ".h/x.tif", "a/.h/x.tif", "[odd]/x.tif", "[", "a/x_[")
    (tmp_path / "link").symlink_to("a/b")
    (tmp_path / "gone.tif").symlink_to("nowhere")
    monkeypatch.chdir(tmp_path)
    found = glob.glob(pattern, recursive=True)
    expected = {os.path.realpath(path) for path in found if os.path.isfile(path)}
    try:
        assert set(select_files(pattern).paths) == expected
    except NoDataError:
        assert not expected


def test_links_that_lead_round_in_circles_end(tmp_path):
    make(tmp_path, "a/b/x_1.tif")
    (tmp_path / "a" / "b" / "up").symlink_to(tmp_path)
    assert select_files(str(tmp_path / "**" / "*.tif")).names == ("x_1.tif",)


def test_a_folder_on_the_way_that_cannot_be_listed_is_noted(scans, monkeypatch):
    scandir = os.scandir

    def refuse_one(path):
        if str(path).endswith("scan_2"):
            raise PermissionError(13, "Permission denied", str(path))
        return scandir(path)

    monkeypatch.setattr(os, "scandir", refuse_one)
    files = select_files(str(scans / "scan_*" / "*.tif"))
    assert len(files) == 6
    assert files.notes[0] == f"{scans / 'scan_2'} cannot be listed: Permission denied"
