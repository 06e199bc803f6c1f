"""Long lists of file names take little space, and come back as they were."""

import json

import pytest
from hypothesis import given
from hypothesis import strategies as st

from penstock.core.errors import RecipeError
from penstock.core.recipes.names import MOST_NAMES, compress_names, expand_names


def test_a_series_of_a_hundred_thousand_files_takes_one_line():
    names = [f"img_{number:06d}.tif" for number in range(1, 100_001)]
    compressed = compress_names(names)
    assert compressed == [["img_", 6, ".tif", 1, 100_000, 1]]
    assert expand_names(compressed) == names


def test_holes_steps_and_several_numbers_make_several_runs():
    names = [
        *(f"t{t}_z{z}.tif" for t in (1, 2) for z in (8, 9, 10, 11)),
        *(f"every_{number}.tif" for number in (0, 10, 20, 50, 60)),
    ]
    compressed = compress_names(names)
    assert len(compressed) == 4
    assert expand_names(compressed) == names


alphabet = st.sampled_from(["img_", "0", "00", "1", "9", "10", "99", "_z", ".tif", "a", "/", "é"])
names = st.lists(st.lists(alphabet, min_size=1, max_size=5).map("".join), max_size=30)


@given(names)
def test_whatever_names_there_are_they_come_back_in_their_order(names):
    through_json = json.loads(json.dumps(compress_names(names)))
    assert expand_names(through_json) == names


@given(st.lists(st.integers(0, 10**20), max_size=30), st.integers(1, 6))
def test_whatever_numbers_there_are_they_come_back_in_their_order(numbers, width):
    names = [f"img_{number:0{width}d}.tif" for number in numbers]
    assert expand_names(compress_names(names)) == names


@pytest.mark.parametrize(
    "crafted",
    [
        [["a", 1, "b", 0, MOST_NAMES + 1, 1]],
        [["a", 1, "b", 0, 10**15, 1]],
        [["a", 10**9, "b", 0, 1, 1]],
        [["a", 1, "b", 5, 10, -1]],
        [["a", 1, "b", 10**400, 2, 1]],
        [["a", 1, "b", 0, 0, 1]],
        [["a", "1", "b", 0, 1, 1]],
        [["a", 1, "b"]],
        [None],
        "a",
        {"a": 1},
    ],
)
def test_a_crafted_list_is_refused_before_it_fills_memory(crafted):
    with pytest.raises(RecipeError):
        expand_names(crafted)
