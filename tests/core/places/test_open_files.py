"""Within one observation a file is opened once."""

import os

from penstock.core.places import observe
from penstock.core.places.open_files import MOST_OPEN, open_once


def open_files():
    return len(os.listdir("/proc/self/fd"))


def test_a_file_is_opened_once_and_closed_at_the_end(tmp_path):
    path = tmp_path / "a"
    path.write_bytes(b"abc")
    before = open_files()
    with observe():
        with open_once(str(path)) as first:
            assert os.pread(first, 3, 0) == b"abc"
        with open_once(str(path)) as second:
            assert second == first
        assert open_files() == before + 1
    assert open_files() == before


def test_without_an_observation_a_file_is_closed_at_once(tmp_path):
    path = tmp_path / "a"
    path.write_bytes(b"abc")
    before = open_files()
    with open_once(str(path)):
        assert open_files() == before + 1
    assert open_files() == before


def test_few_files_stay_open(tmp_path):
    before = open_files()
    with observe():
        for number in range(3 * MOST_OPEN):
            path = tmp_path / str(number)
            path.write_bytes(b"")
            with open_once(str(path)):
                pass
        assert open_files() == before + MOST_OPEN
    assert open_files() == before
