"""Within one look at the file system, each folder is listed once and each file asked once."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

from penstock.core.places import FileStat
from penstock.core.places.observation import Observation


def write(folder: Path, count: int) -> list[str]:
    for number in range(count):
        (folder / f"{number}.tif").write_bytes(bytes(number))
    return [f"{number}.tif" for number in range(count)]


def test_files_of_a_folder_are_asked_together_and_not_again(tmp_path: Path) -> None:
    names = write(tmp_path, 5)
    observation = Observation()
    row = observation.stat_folder(str(tmp_path), names)
    assert list(row[0::4]) == [0, 1, 2, 3, 4]
    paths = [str(tmp_path / name) for name in names]
    expected = [Path(path).stat() for path in paths]
    for path in paths:
        os.unlink(path)
    found = observation.stats(paths)
    assert found == [
        FileStat(known.st_size, known.st_mtime_ns, known.st_blocks, known.st_ctime_ns)
        for known in expected
    ]
    assert observation.stat(paths[2]).size == 2


def test_a_file_that_is_not_there_is_told(tmp_path: Path) -> None:
    names = write(tmp_path, 2)
    with pytest.raises(FileNotFoundError):
        Observation().stat_folder(str(tmp_path), [*names, "none.tif"])


def test_asking_for_one_file_after_another_makes_nothing_for_all_of_them_again(
    tmp_path: Path,
) -> None:
    names = write(tmp_path, 3)
    observation = Observation()
    observation.stat_folder(str(tmp_path), names)
    observation.stat(str(tmp_path / names[0]))
    made = observation._stats_by_name[str(tmp_path)]
    observation.stat(str(tmp_path / names[1]))
    assert observation._stats_by_name[str(tmp_path)] is made


def test_an_observation_is_new_until_a_file_is_asked(tmp_path: Path) -> None:
    names = write(tmp_path, 1)
    observation = Observation()
    observation.list_folder(str(tmp_path))
    assert observation.is_new
    observation.stat(str(tmp_path / names[0]))
    assert not observation.is_new


def test_states_are_the_same_however_the_files_were_asked(tmp_path: Path) -> None:
    names = write(tmp_path, 12)
    (tmp_path / "below").mkdir()
    write(tmp_path / "below", 2)
    together = Observation()
    together.stat_folder(str(tmp_path), names)
    gone, below = tmp_path / "none.tif", tmp_path / "below" / "1.tif"
    paths = [str(tmp_path / name) for name in names]
    for asked in (paths, paths[::-1], paths[3:5], [*paths, str(below)], [str(gone), *paths], []):
        expected = []
        for path in map(Path, asked):
            state = path.stat() if path.exists() else None
            told = state and (state.st_size, state.st_mtime_ns, state.st_ctime_ns)
            expected += told or (-1, -1, -1)
        assert list(together.states(asked)) == expected
        assert list(Observation().states(asked)) == expected
