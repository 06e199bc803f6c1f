"""Within one observation a file is opened once and looked into once."""

import os
import threading

import pytest

from penstock.core.places import observe
from penstock.core.places.recalling import MOST_OPEN, MOST_RECALLED, open_once, real_path, recall


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


def test_findings_are_recalled_and_the_oldest_let_go():
    calls = []

    def find(key):
        calls.append(key)
        return key

    with observe():
        for key in [0, 0, *range(1, MOST_RECALLED + 1), 0]:
            assert recall(key, lambda key=key: find(key)) == key
    assert calls == [*range(MOST_RECALLED + 1), 0]


def test_a_failure_is_not_recalled():
    def fail():
        raise OSError("disk on fire")

    with observe():
        with pytest.raises(OSError, match="disk on fire"):
            recall("key", fail)
        assert recall("key", lambda: 1) == 1


def test_other_threads_look_for_themselves(tmp_path):
    found = []
    with observe():
        recall("key", lambda: "here")
        thread = threading.Thread(target=lambda: found.append(recall("key", lambda: "there")))
        thread.start()
        thread.join()
    assert found == ["there"]


def test_links_are_followed(tmp_path):
    (tmp_path / "a").write_bytes(b"")
    (tmp_path / "link").symlink_to(tmp_path / "a")
    assert real_path(str(tmp_path / "link")) == os.path.realpath(tmp_path / "a")
