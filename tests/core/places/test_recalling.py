"""Within one observation a file is looked into once."""

import os
import threading
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import h5py
import numpy as np
import pytest

from penstock.core.places import observe
from penstock.core.places.recalling import (
    MOST_BYTES,
    MOST_RECALLED,
    estimate_bytes,
    real_path,
    recall,
)


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


@dataclass
class Content:
    columns: list[Any]
    self: Any = None


def content(size):
    """What an ingestor might keep of a file: arrays deep inside."""
    return Content([{"times": np.empty(size // 2, "u1")}, (np.empty(size // 2, "u1"),)])


def test_findings_are_bounded_by_their_bytes():
    found = []

    def find(key):
        found.append(key)
        return content(MOST_BYTES // 3)

    with observe():
        for key in [0, 1, 0, 1, 2, 1, 2, 0]:
            recall(key, lambda key=key: find(key))
    assert found == [0, 1, 2, 0]


def test_a_finding_beyond_the_bound_is_given_and_pushes_no_other_out():
    with observe():
        recall("small", lambda: 1)
        assert recall("large", lambda: content(2 * MOST_BYTES)).columns
        assert recall("large", lambda: "found again") == "found again"
        assert recall("small", lambda: "found again") == 1


def test_a_view_counts_with_all_that_it_keeps():
    whole = np.empty(10_000, "u1")
    assert estimate_bytes(whole[:10]) >= 10_000


def test_findings_that_hold_themselves_are_counted_once():
    found = content(10_000)
    found.self = found
    assert 10_000 <= estimate_bytes(found) < 20_000


def test_a_group_of_a_closed_file_may_be_part_of_a_finding(tmp_path):
    with h5py.File(tmp_path / "a.h5", "w") as file:
        found = Content([file.create_group("entry"), file.create_dataset("image", (10**9,), "u1")])
    assert estimate_bytes(found) < 10_000


def test_only_plain_containers_are_looked_into():
    class Group(Mapping):
        """Like a group of a file that has been closed: a mapping that cannot be asked any more."""

        def __getitem__(self, key):
            raise ValueError("closed")

        def __iter__(self):
            raise ValueError("closed")

        def __len__(self):
            raise ValueError("closed")

    assert estimate_bytes([Group(), "text"]) > 0
