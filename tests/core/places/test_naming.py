"""Names fall into families as people mean them, and in the order of their numbers."""

import random
import time

import pytest
from hypothesis import given
from hypothesis import strategies as st

from penstock.core.places.naming import (
    find_common_numbers,
    find_families,
    find_kin,
)
from penstock.core.places.numbering import Numbering, stretches
from penstock.core.places.splitting import split_name


def families(*names):
    return {family.template: list(family.names) for family in find_families(names)}


def test_order_is_numeric_whatever_the_padding():
    assert families("a_10.tif", "a_9.tif", "a_100.tif") == {
        "a_{}.tif": ["a_9.tif", "a_10.tif", "a_100.tif"]
    }


def test_numbers_that_do_not_vary_stay_literal():
    assert list(families("run3_001.tif", "run3_002.tif")) == ["run3_{}.tif"]


def test_other_texts_and_suffixes_are_other_families():
    assert set(families("a_1.tif", "b_1.tif", "a_1.h5")) == {"a_{}.tif", "b_{}.tif", "a_{}.h5"}


def test_numbers_before_the_last_name_an_acquisition():
    scans = [f"scan_{s}_{n:03d}.tif" for s in (1, 2) for n in range(3)]
    assert families(*scans) == {"scan_1_{}.tif": scans[:3], "scan_2_{}.tif": scans[3:]}
    conditions = ["scan_1.5deg_001.tif", "scan_1.5deg_002.tif", "scan_2.5deg_001.tif"]
    assert families(*conditions) == {
        "scan_1.5deg_{}.tif": conditions[:2],
        "scan_2.5deg_{}.tif": conditions[2:],
    }


def test_numbers_whose_labels_say_so_are_axes_of_one():
    grid = [f"t{t}_z{z}.tif" for t in range(1, 4) for z in range(1, 6)]
    assert families(*reversed(grid)) == {"t{}_z{}.tif": grid}
    (family,) = find_families(grid[:7])
    assert family.notes == (
        "numbers make a grid that may still grow: 2 of 5 so far with 2, the last of the slowest",
    )
    assert family.numbering.missing == 0
    assert family.numbering.told == family.notes[0]
    (family,) = find_families([*grid[:6], *grid[8:]])
    assert family.notes == ("2 of 15 combinations of numbers are missing",)


def test_axes_may_be_ragged():
    ragged = ["t1_z1", "t1_z2", "t2_z3", "t2_z4", "t3_z5"]
    (family,) = find_families(ragged)
    assert family.notes == ("numbers do not make a grid (5 of 15 combinations)",)


def test_capitals_do_not_count_in_a_suffix():
    (family,) = find_families(["A_2.TIF", "A_10.TIF"])
    assert (family.template, family.spelled) == ("A_{}.TIF", "A_{:d}.TIF")
    (family,) = find_families(["A_2.TIF", "A_10.tif"])
    assert (family.names, family.spelled) == (("A_2.TIF", "A_10.tif"), None)
    assert len(find_families(["a_1.tif", "A_1.tif"])) == 2
    assert len(find_families(["data.H5", "data.h5"])) == 2
    assert len(find_families(["a_1.tif", "a_1.jpg"])) == 2


def test_names_that_differ_in_padding_only_are_other_names():
    assert set(families("1_1.tif", "01_1.tif", "01_2.tif")) == {"1_{}.tif", "01_{}.tif"}
    assert list(families("1.tif", "01.tif")) == ["{}.tif"]


def test_decimals_are_in_the_order_of_their_values():
    (family,) = find_kin([f"x{value}.tif" for value in ("0.5", "0.25", "10.0", "9.75")])
    assert family.names == ("x0.25.tif", "x0.5.tif", "x9.75.tif", "x10.0.tif")


def test_a_choice_has_the_identity_of_all_that_would_count_on():
    (family,) = find_kin(["t1_z1.tif", "t1_z2.tif"])
    assert (family.template, family.widened.template) == ("t1_z{}.tif", "t{}_z{}.tif")
    (family,) = find_kin(["s_1_1.tif", "s_2_1.tif"])
    assert (family.template, family.widened.template) == ("s_{}_1.tif", "s_{}_{}.tif")


def test_a_grid_that_somebody_chose_tells_what_is_missing():
    (family,) = find_kin(["t1_z1", "t2_z1", "t2_z2"])
    assert family.notes == ("1 of 4 combinations of numbers is missing",)
    assert family.numbering.missing == 1


def test_two_numbers_that_make_no_grid_miss_nothing():
    days = ["img_0305_235958", "img_0305_235959", "img_0306_000001", "img_0306_000002"]
    (family,) = find_kin(days)
    assert family.numbering.missing == 0
    assert family.notes == ("numbers do not make a grid (4 of 8 combinations)",)


@pytest.mark.parametrize(
    ("numbers", "step", "missing", "notes"),
    [
        ([1, 2, 3], 1, [], []),
        ([7], 1, [], []),
        ([3, 3, 4], 1, [], []),
        ([*range(1, 8), *range(9, 13)], 1, [8], ["1 number is missing: 8"]),
        ([100, 110, 120, 130], 10, [], ["numbered in steps of 10"]),
        (
            [100, 110, 120, 140],
            10,
            [130],
            ["numbered in steps of 10", "1 number is missing: 130"],
        ),
        ([1, 3], 2, [], ["numbered in steps of 2"]),
        ([1, 3, 4], 1, [2], ["1 number is missing: 2"]),
        ([1, 2, 7, 8], 1, [3, 4, 5, 6], ["4 numbers are missing: 3–6"]),  # half of them
        ([1, 2, 8], 0, [], ["numbers are not consecutive (1–8)"]),
        (
            [130245, 130252, 130300, 130307],
            0,
            [],
            ["numbers are not consecutive (130245–130307)"],
        ),
        ([1, 10**30], 0, [], ["numbers are not consecutive (1–10000000…00000000)"]),
    ],
)
def test_what_is_missing_is_what_the_counter_left_out(numbers, step, missing, notes):
    numbering = Numbering.of(reversed(numbers))
    assert (numbering.step, numbering.missing) == (step, len(missing))
    assert [number for gap in numbering.gaps for number in gap] == missing
    assert list(numbering.notes) == notes
    if missing:
        assert numbering.told == notes[-1]


def test_a_sentence_tells_also_that_nothing_is_missing():
    assert Numbering.of([1, 2]).told == Numbering.of([1, 3]).told == "no number is missing"
    assert "not consecutive" in Numbering.of([1, 2, 90]).told
    both = Numbering.joined([Numbering.of([1, 2, 4]), Numbering.of([1, 3, 4])])
    assert (both.missing, both.told) == (2, "2 numbers are missing")


def test_names_of_different_texts_may_share_a_counter():
    assert find_common_numbers(["b_2", "b_4", "d_3"]) == {"b_2": 2, "d_3": 3, "b_4": 4}
    assert find_common_numbers(["b_2", "b_4", "d_2"]) is None
    assert find_common_numbers(["b_2", "b_4", "d"]) is None
    assert find_common_numbers(["a.tif", "b.tif"]) is None
    assert find_common_numbers(["a_1_ch0.tif", "a_2_ch0.TIF"]) == {
        "a_1_ch0.tif": 1,
        "a_2_ch0.TIF": 2,
    }


def test_a_hundred_thousand_names_take_no_time():
    many = [f"scan_{n % 7}.5deg_{n:06d}.tif" for n in range(100_000)]
    began = time.process_time()
    find_families(many)
    assert time.process_time() - began < 5  # some 0.3 s on an idle machine


def test_a_users_own_choice_is_one_family_all_the_same():
    (family,) = find_kin(["t1_z1.tif", "t2_z5.tif", "t2_z9.tif"])
    assert family.numbers == ((1, 1), (2, 5), (2, 9))


@pytest.mark.parametrize(
    ("names", "notes"),
    [
        (["a_1", "a_2", "a_5", "a_7"], ("3 numbers are missing: 3–4, 6",)),
        (
            ["a_1", "a_01"],
            (
                "numbers that occur more than once: 1",
                "numbers are padded to different widths: 1, 2",
            ),
        ),
        (["a_1", "a_02", "a_3"], ("numbers are padded to different widths: 1, 2",)),
        (
            [f"a_{number}" for number in (1, 3, 5, 7, 9, 11, 13, 14)],
            ("6 numbers are missing: 2, 4, 6, 8, 10, …",),
        ),
        (["a_01", "a_002"], ("numbers are padded to different widths: 2, 3",)),
        (["a_099", "a_100", "a_101"], ()),
        (["a_99", "a_100"], ()),
        (["a_1"], ()),
    ],
)
def test_what_is_irregular_is_noted(names, notes):
    (family,) = find_families(names)
    assert family.notes == notes


@pytest.mark.parametrize(
    ("names", "spelled"),
    [
        (["a_1.tif", "a_2.tif", "a_10.tif"], "a_{:d}.tif"),
        (["a_001.tif", "a_002.tif"], "a_{:03d}.tif"),
        (["a_998.tif", "a_999.tif", "a_1000.tif"], "a_{:d}.tif"),
        (["a_099.tif", "a_1000.tif"], "a_{:03d}.tif"),
        (["a_1.tif", "a_02.tif"], None),
        (["a#1.tif", "a#2.tif"], None),
        (["a%1.tif", "a%2.tif"], None),
        (["a?1.tif", "a?2.tif"], None),
        (["a;1.tif", "a;2.tif"], None),
        (["a\t1.tif", "a\t2.tif"], None),
        (["caf\udce9_1.tif", "caf\udce9_2.tif"], None),  # no JSON can hold it
        (["a b_1.tif", "a b_2.tif"], "a b_{:d}.tif"),
        (["é_1.tif", "é_2.tif"], "é_{:d}.tif"),
        (["a_00000000000000000001"], "a_{:020d}"),
        (["a{}1.tif", "a{}2.tif"], None),
        (["t1_z1.tif", "t1_z2.tif", "t2_z1.tif", "t2_z2.tif"], None),
        (["data.h5"], None),
    ],
)
def test_a_template_spells_names_exactly_or_not_at_all(names, spelled):
    (family,) = find_kin(names)
    assert family.spelled == spelled


def test_huge_numbers_and_undecodable_names_are_names_too():
    huge = [f"a_{10**20 + n}.tif" for n in (2, 1)]
    assert families(*huge) == {"a_{}.tif": sorted(huge)}
    odd = b"caf\xe9_1.tif".decode("utf-8", "surrogateescape")
    assert families(odd) == {odd.replace("1", "{}"): [odd]}


names = st.lists(
    st.text(st.sampled_from("ab01239_."), min_size=1, max_size=8).filter(lambda n: n.strip(".")),
    max_size=30,
)


@given(names)
def test_families_are_a_partition(found):
    members = [name for family in find_families(found) for name in family.names]
    assert sorted(members) == sorted(set(found))


@given(names)
def test_order_follows_the_numbers_in_the_names(found):
    for family in find_families(found):
        assert list(family.numbers) == sorted(family.numbers)
        for name, numbers in zip(family.names, family.numbers, strict=True):
            runs = split_name(name)[1]
            varying = [run for run, fixed in zip(runs, family.fixed, strict=True) if fixed is None]
            assert tuple(map(int, varying)) == numbers


@given(names)
def test_what_is_spelled_is_every_name_exactly(found):
    for family in [*find_families(found), *find_kin(found)]:
        if family.spelled is not None:
            spelled = [family.spelled.format(number) for (number,) in family.numbers]
            assert spelled == list(family.names)


@given(names)
def test_a_family_holds_its_own_names_and_no_others(found):
    families = find_families(found)
    for family in families:
        held = [name for name in found if family.holds(*split_name(name))]
        assert set(family.names) <= set(held)
    for family in find_kin(found):
        assert set(family.names) == {n for n in found if split_name(n)[0] == family.texts}


@given(st.sets(st.integers(0, 10**6), min_size=2, max_size=40), st.integers(0, 8))
def test_what_is_spelled_comes_back(numbers, width):
    found = [f"img_{number:0{width}d}.tif" for number in numbers]
    random.Random(0).shuffle(found)
    (family,) = find_families(found)
    assert [number for (number,) in family.numbers] == sorted(numbers)
    assert family.spelled is not None
    assert [family.spelled.format(n) for n in sorted(numbers)] == list(family.names)


@given(st.sets(st.integers(0, 60), min_size=1))
def test_the_counter_is_there_or_missing_and_at_least_half_of_it_is_there(numbers):
    numbering = Numbering.of(numbers)
    missing = {number for gap in numbering.gaps for number in gap}
    assert len(missing) == numbering.missing <= len(numbers)
    assert not missing & numbers
    if numbering.step:
        grid = range(min(numbers), max(numbers) + 1, numbering.step)
        assert missing | numbers == set(grid)


@given(st.lists(st.integers(-50, 50)))
def test_stretches_hold_every_number_in_order(numbers):
    assert [n for low, high in stretches(numbers) for n in range(low, high)] == numbers


@given(names, names)
def test_what_belongs_together_does_not_change_while_files_arrive(found, later):
    before = {name: family for family in find_families(found) for name in family.names}
    after = {name: family for family in find_families(found + later) for name in family.names}
    for one in found:
        assert before[one].fixed == after[one].fixed
        assert set(before[one].names) == set(after[one].names) & set(found)


@given(names)
def test_a_choice_of_one_family_has_that_familys_identity(found):
    for family in find_families(found):
        (chosen,) = find_kin(family.names)
        assert (chosen.widened.texts, chosen.widened.fixed) == (family.texts, family.fixed)
