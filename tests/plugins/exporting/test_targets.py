"""Files and folders get their names when they are whole."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

from penstock.core.errors import TargetExistsError
from penstock.exporting import whole_file, whole_folder


def test_a_file_has_its_name_only_when_it_is_whole(tmp_path: Path) -> None:
    path = tmp_path / "a.txt"
    with whole_file(str(path)) as temporary:
        Path(temporary).write_text("half")
        assert not path.exists()
    assert path.read_text() == "half"
    assert os.listdir(tmp_path) == ["a.txt"]


def test_what_fails_leaves_nothing(tmp_path: Path) -> None:
    for whole, name in ((whole_file, "a.txt"), (whole_folder, "run")):
        with pytest.raises(ZeroDivisionError), whole(str(tmp_path / name)):
            raise ZeroDivisionError
    assert os.listdir(tmp_path) == []


def test_what_is_there_stays_unless_it_is_to_be_replaced(tmp_path: Path) -> None:
    (tmp_path / "a.txt").write_text("old")
    (tmp_path / "run").mkdir()
    (tmp_path / "run" / "b.txt").write_text("old")
    with pytest.raises(FileExistsError), whole_file(str(tmp_path / "a.txt")):
        pass
    with pytest.raises(TargetExistsError), whole_folder(str(tmp_path / "run")):
        pass
    with whole_file(str(tmp_path / "a.txt"), overwrite=True) as temporary:
        Path(temporary).write_text("new")
    with whole_folder(str(tmp_path / "run"), overwrite=True) as temporary:
        Path(temporary, "c.txt").write_text("new")
    assert (tmp_path / "a.txt").read_text() == "new"
    assert os.listdir(tmp_path / "run") == ["c.txt"]
    assert sorted(os.listdir(tmp_path)) == ["a.txt", "run"]


def test_a_folder_is_no_file(tmp_path: Path) -> None:
    (tmp_path / "a").mkdir()
    with (
        pytest.raises(TargetExistsError, match="something else"),
        whole_file(str(tmp_path / "a"), overwrite=True),
    ):
        pass


def test_an_empty_folder_is_taken(tmp_path: Path) -> None:
    (tmp_path / "run").mkdir()
    with whole_folder(str(tmp_path / "run")) as temporary:
        Path(temporary, "a.txt").write_text("new")
    assert os.listdir(tmp_path / "run") == ["a.txt"]
