"""While a probe is under way in a worker, other groups are judged; nothing is done twice."""

from __future__ import annotations

import os
from collections import Counter
from collections.abc import Iterator
from pathlib import Path

import pytest

from penstock.core.errors import FileCrashesReaderError
from penstock.core.isolation import stop_worker
from penstock.core.matching.ahead import MOST_BROKEN_OFF, ask_worker, work_ahead
from penstock.core.matching.facts import facts_of
from penstock.core.places.observation import observe

LAB = """
import os
def double(number): return 2 * number
def die(number): os.abort()
"""


@pytest.fixture(autouse=True)
def lab(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    (tmp_path / "ahead_lab.py").write_text(LAB)
    monkeypatch.syspath_prepend(str(tmp_path))
    yield
    stop_worker()


def double(number: int) -> int:
    answer: int = ask_worker("ahead_lab:double", number, timeout=10)
    return answer


def test_results_come_in_the_order_of_the_items() -> None:
    count = 3 * MOST_BROKEN_OFF
    with observe():
        assert work_ahead(range(count), double) == [2 * number for number in range(count)]


def test_without_an_observation_each_answer_is_waited_for() -> None:
    assert work_ahead(range(3), double) == [0, 2, 4]


def test_others_are_worked_on_before_the_first_answer_is_waited_for() -> None:
    begun: list[int] = []

    def work(number: int) -> int:
        begun.append(number)
        return double(number) if number < 5 else number

    with observe():
        assert work_ahead(range(10), work) == [0, 2, 4, 6, 8, 5, 6, 7, 8, 9]
    assert begun[:10] == list(range(10))
    assert max(Counter(begun).values()) == 2


def test_work_in_parts_is_finished_within() -> None:
    def work(count: int) -> list[int]:
        return work_ahead(range(count), double)

    with observe():
        assert work_ahead([3, 0, 2], work) == [[0, 2, 4], [], [0, 2]]


def test_what_work_raises_comes_through_and_leaves_nothing_behind() -> None:
    def work(number: int) -> int:
        if number == 3:
            raise KeyError(number)
        return double(number)

    with observe(), pytest.raises(KeyError):
        work_ahead(range(10), work)
    assert double(4) == 8


def test_a_crash_is_told_by_the_work_that_it_belongs_to() -> None:
    def work(number: int) -> int | str:
        try:
            answer: int = ask_worker(
                f"ahead_lab:{'die' if number == 7 else 'double'}", number, timeout=10
            )
        except FileCrashesReaderError as error:
            return error.what
        return answer

    with observe():
        found = work_ahead(range(20), work)
    assert "SIGABRT" in str(found[7])
    assert [*found[:7], *found[8:]] == [2 * number for number in range(20) if number != 7]


def test_a_file_that_is_looked_at_again_is_not_read_again(tmp_path: Path) -> None:
    path = tmp_path / "a.tif"
    path.write_bytes(b"II*\0")
    with observe():
        assert facts_of(str(path)).format == "tiff"
        os.truncate(path, 0)
        assert facts_of(str(path)).format == "tiff"
    assert facts_of(str(path)).format == "empty"
