"""Groups do not change while files arrive; what else they could be is told, not done."""

from __future__ import annotations

import time
from pathlib import Path

import hypothesis
import numpy as np
import pytest
import tifffile
from hypothesis import strategies as st

from penstock.core.matching import Group, match
from penstock.core.matching.grouping import group_names, regroup
from penstock.ingestors import ingest_tiff_series

TIFF = b"II*\0\x08\0\0\0"


def frames(scan: int, count: int, first: int = 0) -> list[str]:
    return [f"Fe_{scan:03d}_{number:04d}.tif" for number in range(first, first + count)]


def regrouped(groups: list[Group], name: str) -> dict[str, tuple[str, ...]]:
    """What a reading makes of the first group."""
    return {group.template: group.names for group in regroup(groups[0], name, groups)}


# Other readings ----------------------------------------------------------------------------------


def test_scans_could_be_merged() -> None:
    groups = group_names("/data", [*frames(1, 2), *frames(2, 2)])
    first, second = groups
    assert (first.template, second.template) == ("Fe_001_{}.tif", "Fe_002_{}.tif")
    assert [reading.name for reading in first.readings] == ["merged"]
    assert first.readings == second.readings  # choosing it replaces both
    assert regrouped(groups, "merged") == {"Fe_{}_{}.tif": (*frames(1, 2), *frames(2, 2))}


def test_merged_groups_have_notes_of_their_own() -> None:
    groups = group_names("/data", [*frames(1, 3), *frames(2, 1), *frames(3, 3), "b_1.tif"])
    (merged,) = regroup(groups[0], "merged", groups)
    assert merged.notes == ("2 of 9 combinations of numbers are missing",)


def test_axes_could_be_split() -> None:
    (group,) = group_names("/data", [f"t{t}_z{z}.tif" for t in (1, 2) for z in (1, 2, 4)])
    assert [reading.name for reading in group.readings] == ["split"]
    parts = regroup(group, "split", [group])
    assert [part.template for part in parts] == ["t1_z{}.tif", "t2_z{}.tif"]
    assert [part.notes for part in parts] == [("1 number is missing: 3",)] * 2


def test_a_series_could_be_split_into_its_files_and_nobody_needs_to_be_told() -> None:
    (group,) = group_names("/data", ["a_1.tif", "a_2.tif"])
    assert list(regrouped([group], "split")) == ["a_1.tif", "a_2.tif"]
    assert group.readings == ()


def test_a_series_that_is_not_consecutive_could_be_split_into_what_is() -> None:
    (group,) = group_names("/data", [f"wood{n}.tif" for n in (20001, 20002, 30001, 30002, 40001)])
    assert group.notes == ("numbers are not consecutive (20001–40001)",)
    templates = ["wood{20001..20002}.tif", "wood{30001..30002}.tif", "wood40001.tif"]
    assert list(regrouped([group], "split")) == templates
    assert "each stretch of consecutive numbers" in group.readings[0].why


def test_decimals_could_be_merged_in_their_order() -> None:
    groups = group_names("/data", ["x10.5.tif", "x9.75.tif", "x9.5.tif"])
    assert [group.names for group in groups] == [("x10.5.tif",), ("x9.5.tif",), ("x9.75.tif",)]
    (names,) = regrouped(groups, "merged").values()
    assert names == ("x9.5.tif", "x9.75.tif", "x10.5.tif")


def test_each_reading_holds_every_file_once() -> None:
    scans = [*frames(1, 3), *frames(2, 2)]
    grid = [f"t{t}_z{z}.tif" for t in (1, 2) for z in (1, 2)]
    groups = group_names("/data", [*scans, *grid])
    merged = regroup(groups[0], "merged", groups)
    assert sorted(name for group in merged for name in group.names) == sorted(scans)
    parts = regroup(groups[-1], "split", groups)
    assert sorted(name for group in parts for name in group.names) == sorted(grid)


def test_a_person_can_have_another_reading(tmp_path: Path) -> None:
    for name in (*frames(1, 2), *frames(2, 2)):
        tifffile.imwrite(tmp_path / name, np.zeros((2, 3), "u2"))
    plan = match(tmp_path)
    first, _ = plan.to_dict()["decisions"]
    assert [reading["name"] for reading in first["readings"]] == ["merged"]
    assert first["choices"] == ["tiff-series", "merged", "split"]
    merged = plan.with_choice("Fe_001_{}.tif", "merged")
    assert [decision.group.template for decision in merged.decisions] == ["Fe_{}_{}.tif"]
    parted = merged.with_choice("Fe_{}_{}.tif", "split")
    assert [decision.group.template for decision in parted.decisions] == [
        "Fe_001_{}.tif",
        "Fe_002_{}.tif",
    ]
    files = parted.with_choice("Fe_002_{}.tif", "split")
    assert len(files.decisions) == 3


# What lies beside --------------------------------------------------------------------------------


def test_files_of_the_same_family_that_were_not_selected_are_suggested() -> None:
    present = [*frames(1, 6), *frames(2, 6), "notes.txt"]
    (group,) = group_names("/data", frames(1, 2), present)
    assert group.names == tuple(frames(1, 2))
    (suggestion,) = group.suggestions
    assert suggestion.startswith("4 more files of Fe_001_{}.tif not selected: Fe_001_0002.tif, ")
    assert all(not group.suggestions for group in group_names("/data", present, present))
    assert not group_names("/data", frames(1, 2))[0].suggestions  # nothing is known


# Speed -------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    "pattern",
    ["frame_{n:06d}.tif", "Fe_{s:03d}_{f:04d}.tif", "t{s}_z{f}.tif", "20230606_{n:06d}.tif"],
)
def test_a_hundred_thousand_names_take_a_second(pattern: str) -> None:
    names = [pattern.format(n=n, s=n // 100, f=n % 100) for n in range(100_000)]
    began = time.process_time()
    group_names("/data", names)
    assert time.process_time() - began < 5  # 0.2 to 0.9 s on an idle machine


# Identity ----------------------------------------------------------------------------------------


def uids(folder: Path) -> dict[str, str]:
    """The uid of the run that each group of a folder becomes."""
    found = {}
    for decision in match(folder).decisions:
        assert decision.chosen is not None
        (claim,) = decision.chosen.claims
        function, args, kwargs = claim.call
        documents = function(*args, **kwargs)
        found[decision.group.names[0]] = next(documents)[1]["uid"]
        documents.close()
    return found


def write(folder: Path, *names: str) -> None:
    for name in names:
        tifffile.imwrite(folder / name, np.zeros((2, 3), "u2"))


def given(pattern: Path) -> str:
    documents = ingest_tiff_series(str(pattern))
    uid: str = next(documents)[1]["uid"]
    documents.close()
    return uid


def test_a_scan_keeps_its_identity_while_it_and_others_arrive(tmp_path: Path) -> None:
    stages = [frames(1, 1), frames(1, 2, 1), frames(2, 1), frames(2, 2, 1), frames(3, 1)]
    seen: dict[str, set[str]] = {}
    for names in stages:
        write(tmp_path, *names)
        for first, uid in uids(tmp_path).items():
            seen.setdefault(first, set()).add(uid)
    assert list(seen) == ["Fe_001_0000.tif", "Fe_002_0000.tif", "Fe_003_0000.tif"]
    assert [len(found) for found in seen.values()] == [1, 1, 1]
    assert seen["Fe_001_0000.tif"] == {given(tmp_path / "Fe_001_*.tif")}
    assert seen["Fe_002_0000.tif"] == {given(tmp_path / "Fe_002_*.tif")}


def test_axes_keep_their_identity_while_they_grow(tmp_path: Path) -> None:
    grid = [f"t{t}_z{z}.tif" for t in (1, 2, 3) for z in (1, 2)]
    seen = set()
    for name in grid:
        write(tmp_path, name)
        (uid,) = uids(tmp_path).values()
        seen |= {uid, given(tmp_path / "t*_z*.tif")}
    assert len(seen) == 1


def test_a_part_of_the_axes_keeps_its_identity_as_well(tmp_path: Path) -> None:
    write(tmp_path, "t1_z1.tif", "t1_z2.tif", "t2_z1.tif")
    (group,) = (decision.group for decision in match(tmp_path).decisions)
    _, second = regroup(group, "split", [group])
    assert second.names == ("t2_z1.tif",)
    before = given(tmp_path / "t2_*.tif")
    write(tmp_path, "t2_z2.tif", "t3_z1.tif")
    assert given(tmp_path / "t2_*.tif") == before
    assert len({before, given(tmp_path / "t1_*.tif"), given(tmp_path / "t*.tif")}) == 3


def test_merged_scans_keep_their_identity_while_they_grow(tmp_path: Path) -> None:
    write(tmp_path, *frames(1, 2), *frames(2, 1))
    before = given(tmp_path / "Fe_*.tif")
    write(tmp_path, *frames(2, 1, 1), *frames(3, 2))
    assert given(tmp_path / "Fe_*.tif") == before


def test_another_suffix_case_is_more_of_the_same(tmp_path: Path) -> None:
    write(tmp_path, "a_1.TIF", "a_2.TIF")
    before = uids(tmp_path)
    write(tmp_path, "a_10.tif")
    assert uids(tmp_path) == before
    assert list(before.values()) == [given(tmp_path / "a_*")]


# Laws --------------------------------------------------------------------------------------------

WORDS = ["t", "_z", "_", "-", ".", "s", "K", "deg", "1", "01", "001", "2", "20230606"]
NAMES = st.lists(
    st.lists(st.sampled_from(WORDS), min_size=1, max_size=6).map("".join).map("{}.tif".format),
    min_size=1,
    max_size=8,
    unique=True,
)


@hypothesis.given(NAMES)
@hypothesis.example(["t1_z1.tif", "t01_z1.tif"])
@hypothesis.example(["2s1.tif", "002s01.tif"])
def test_every_name_is_in_one_group_however_they_are_read(names: list[str]) -> None:
    groups = group_names("/d", names)
    assert sorted(name for group in groups for name in group.names) == sorted(names)
    for group in groups:
        for reading in group.readings:
            regrouped = regroup(group, reading.name, groups)
            assert set(group.names) <= {name for part in regrouped for name in part.names}
