"""A selection is every file below the selected paths, each once, and never one outside of them."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

from penstock.core.matching.walking import gather


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


@pytest.mark.skipif(os.geteuid() == 0, reason="root may read every folder")
def test_a_forbidden_folder_is_told_and_the_others_are_walked(tmp_path: Path) -> None:
    make(tmp_path, "a.tif", "closed/b.tif")
    (tmp_path / "closed").chmod(0)
    try:
        found = gather(tmp_path)
    finally:
        (tmp_path / "closed").chmod(0o700)
    assert names_below(tmp_path, found.folders) == {"a.tif"}
    assert "PermissionError" in found.obstacles[0].reason
