"""A selection is every file below the selected paths, each once, and never one outside of them."""

from __future__ import annotations

import os
import tempfile
from collections.abc import Iterator
from pathlib import Path

import pytest

from penstock.core.matching.walking import CHECK_ACCESS, Obstacle, gather
from penstock.core.places.observation import observe


def make(folder: Path, *names: str) -> Path:
    for name in names:
        (folder / name).parent.mkdir(parents=True, exist_ok=True)
        (folder / name).touch()
    return folder


def names_below(root: Path, folders: dict[str, list[str]]) -> set[str]:
    return {
        os.path.relpath(os.path.join(folder, name), os.path.realpath(root))
        for folder, names in folders.items()
        for name in names
    }


def test_a_folder_stands_for_all_below_it(tmp_path: Path) -> None:
    make(tmp_path, "a.tif", "b/c.tif", "b/d/e.h5")
    assert names_below(tmp_path, gather(tmp_path).folders) == {"a.tif", "b/c.tif", "b/d/e.h5"}


def test_hidden_and_ignored_folders_are_left_out(tmp_path: Path) -> None:
    make(tmp_path, "a.tif", ".snapshots/a.tif", "._a.tif", "trash/b.tif")
    found = gather(tmp_path, ignored_folders=["trash"])
    assert names_below(tmp_path, found.folders) == {"a.tif"}
    assert names_below(tmp_path, gather(tmp_path / "._a.tif").folders) == {"._a.tif"}


def test_a_file_selected_twice_counts_once(tmp_path: Path) -> None:
    make(tmp_path, "b/a.tif")
    (tmp_path / "link").symlink_to("b")
    paths = [tmp_path / "b", tmp_path / "b" / "a.tif", tmp_path / "link" / "a.tif"]
    assert gather(paths).count == 1


def test_links_inside_the_selection_are_followed_and_circles_end(tmp_path: Path) -> None:
    make(tmp_path, "b/a.tif")
    (tmp_path / "b" / "up").symlink_to(tmp_path)
    (tmp_path / "latest.tif").symlink_to("b/a.tif")
    found = gather(tmp_path)
    assert names_below(tmp_path, found.folders) == {"b/a.tif", "latest.tif"}
    assert found.obstacles == []


def test_links_that_leave_the_selection_are_named_and_not_followed(tmp_path: Path) -> None:
    outside = make(tmp_path / "outside", "secret.tif")
    inside = make(tmp_path / "inside", "a.tif")
    (inside / "b.tif").symlink_to(outside / "secret.tif")
    (inside / "folder").symlink_to(outside)
    (inside / "nowhere.tif").symlink_to("missing.tif")
    found = gather(inside)
    assert names_below(inside, found.folders) == {"a.tif"}
    reasons = {Path(obstacle.path).name: obstacle.reason for obstacle in found.obstacles}
    assert "leaves the selection" in reasons["b.tif"]
    assert "leaves the selection" in reasons["folder"]
    assert "leads nowhere" in reasons["nowhere.tif"]


def test_a_link_that_is_selected_itself_is_followed(tmp_path: Path) -> None:
    outside = make(tmp_path / "outside", "a.tif")
    (tmp_path / "link").symlink_to(outside)
    assert gather(tmp_path / "link").count == 1


def test_globs_are_expanded(tmp_path: Path) -> None:
    make(tmp_path, "a_1.tif", "a_2.tif", "b.h5", "odd[1].tif")
    assert gather(str(tmp_path / "a_*.tif")).count == 2
    assert gather(str(tmp_path / "odd[1].tif")).count == 1


def test_a_path_that_does_not_exist_is_told(tmp_path: Path) -> None:
    found = gather([tmp_path / "no.tif", str(tmp_path / "no_*.tif")])
    assert [(obstacle.reason, obstacle.is_error) for obstacle in found.obstacles] == [
        ("it does not exist", True),
        ("nothing matches", True),
    ]


def test_globs_match_folders_links_and_what_is_no_file(tmp_path: Path) -> None:
    make(tmp_path, "day_1/a.tif", "day_2/b/c.tif", "day_3.tif", ".day_4/d.tif", "e/day_5.tif")
    (tmp_path / "day_6").symlink_to("nowhere")
    (tmp_path / "day_7").symlink_to(tmp_path / "e")
    os.mkfifo(tmp_path / "day_8")
    every = gather(str(tmp_path / "day_*")).folders
    assert names_below(tmp_path, every) == {
        *("day_1/a.tif", "day_2/b/c.tif", "day_3.tif"),
        *("day_6", "day_8"),  # whoever looks at them says what they are
        "e/day_5.tif",
    }
    below = {"day_1/a.tif", "day_2/b/c.tif", "e/day_5.tif"}
    assert names_below(tmp_path, gather(f"{tmp_path}/day_*/").folders) == below
    assert names_below(tmp_path, gather(str(tmp_path / "day_*/**")).folders) == below
    deep = gather(str(tmp_path / "**" / "c.tif")).folders
    assert names_below(tmp_path, deep) == {"day_2/b/c.tif"}
    hidden = gather(str(tmp_path / ".day_*")).folders
    assert names_below(tmp_path, hidden) == {".day_4/d.tif"}
    assert names_below(tmp_path, gather(str(tmp_path / "day_[12]/a.tif")).folders) == {
        "day_1/a.tif"
    }


def test_globs_begin_in_the_working_folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    make(tmp_path, "a_1.tif", "b/a_2.tif")
    monkeypatch.chdir(tmp_path / "b")
    assert names_below(tmp_path, gather("*.tif").folders) == {"b/a_2.tif"}
    assert names_below(tmp_path, gather("../*.tif").folders) == {"a_1.tif"}
    assert names_below(tmp_path, gather("**").folders) == {"b/a_2.tif"}


def test_a_glob_lists_each_folder_once(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    make(tmp_path, "day_1/a.tif", "day_2/b.tif", "day_2/c/d.tif")
    listed: list[str] = []
    scandir = os.scandir
    monkeypatch.setattr(os, "scandir", lambda path: (listed.append(path), scandir(path))[1])
    with observe():
        assert gather([str(tmp_path / "day_*"), str(tmp_path / "day_*" / "*")]).count == 3
    assert len(listed) == len(set(listed)) == 4


def test_a_folder_that_holds_nothing_is_told(tmp_path: Path) -> None:
    make(tmp_path, "empty/.hidden", "full/a.tif")
    (obstacle,) = gather([tmp_path / "empty", tmp_path / "full"]).obstacles
    assert obstacle.path == str(tmp_path / "empty")
    assert obstacle.reason == "no files were found in this folder"
    assert not obstacle.is_error


def test_a_path_in_a_working_folder_that_was_deleted_is_told(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    make(tmp_path, "a.tif", "gone/a.tif")
    monkeypatch.chdir(tmp_path / "gone")
    (tmp_path / "gone" / "a.tif").unlink()
    (tmp_path / "gone").rmdir()
    found = gather(["a.tif", "*.tif", ".", str(tmp_path / "a.tif")])
    reasons = [(obstacle.path, obstacle.reason) for obstacle in found.obstacles]
    assert reasons == [(path, "the working folder is gone") for path in ("a.tif", "*.tif", ".")]
    assert found.count == 1


# What may not be searched ----------------------------------------------------------------------
#
# Root may do everything: where the tests run as root, these look as another user.

_NOBODY = 65534


@pytest.fixture
def closed() -> Iterator[Path]:
    """A folder that may be neither searched nor listed, beside an open file."""
    with tempfile.TemporaryDirectory() as top:  # pytest's own folders are closed to others
        folder = make(Path(os.path.realpath(top)), "a.tif", "closed/b/c.tif") / "closed"
        Path(top).chmod(0o755)
        folder.chmod(0)
        user = os.geteuid()
        try:
            if user == 0:
                os.seteuid(_NOBODY)
            yield folder
        except OSError as error:
            pytest.skip(f"root cannot become another user here: {error}")
        finally:
            os.seteuid(user)
            folder.chmod(0o700)


def test_a_forbidden_folder_is_told_and_the_others_are_walked(closed: Path) -> None:
    found = gather(closed.parent)
    assert names_below(closed.parent, found.folders) == {"a.tif"}
    (obstacle,) = found.obstacles
    assert obstacle == Obstacle(
        str(closed), "PermissionError: Permission denied", CHECK_ACCESS, is_error=True
    )


@pytest.mark.parametrize("name", ["b/c.tif", "c.tif", "b"])
def test_a_file_in_a_forbidden_folder_is_not_said_to_be_missing(closed: Path, name: str) -> None:
    (obstacle,) = gather(closed / name).obstacles
    assert obstacle.path == str(closed / name)
    assert obstacle.reason == f"PermissionError: Permission denied on the folder {closed}"
    assert (obstacle.remedy, obstacle.is_error) == (CHECK_ACCESS, True)


@pytest.mark.parametrize("pattern", ["closed/*.tif", "closed/*", "c*/*.tif", "c*", "**/c.tif"])
def test_a_glob_in_a_forbidden_folder_is_not_said_to_match_nothing(
    closed: Path, pattern: str
) -> None:
    (obstacle,) = gather(str(closed.parent / pattern)).obstacles
    assert obstacle.path == str(closed)
    assert obstacle.reason == "PermissionError: Permission denied"
    assert (obstacle.remedy, obstacle.is_error) == (CHECK_ACCESS, True)
