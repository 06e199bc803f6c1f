"""Groups do not change while files arrive; what else they could be is told, not done."""

from __future__ import annotations

import pickle
import time
from pathlib import Path

import numpy as np
import pytest
import tifffile

from penstock.core.matching import match
from penstock.core.matching.grouping import group_names
from penstock.core.matching.plan import Group, Reading
from penstock.ingestors import ingest_tiff_series

TIFF = b"II*\0\x08\0\0\0"


def frames(scan: int, count: int, first: int = 0) -> list[str]:
    return [f"Fe_{scan:03d}_{number:04d}.tif" for number in range(first, first + count)]


def readings(group: Group) -> dict[str, list[str]]:
    return {reading.name: [g.template for g in reading.groups] for reading in group.readings}


# Other readings ----------------------------------------------------------------------------------


def test_scans_could_be_merged() -> None:
    first, second = group_names("/data", [*frames(1, 2), *frames(2, 2)])
    assert (first.template, second.template) == ("Fe_001_{}.tif", "Fe_002_{}.tif")
    assert readings(first)["merged"] == ["Fe_{}_{}.tif"]
    assert first.readings[0] is second.readings[0]  # choosing it replaces both
    (merged,) = first.readings[0].groups
    assert merged.names == (*frames(1, 2), *frames(2, 2))
    assert merged.notes == ()


def test_merged_groups_have_notes_of_their_own() -> None:
    first, *_ = group_names("/data", [*frames(1, 3), *frames(2, 1), *frames(3, 3)])
    (merged,) = first.readings[0].groups
    assert merged.notes == ("2 of 9 combinations of numbers are missing",)


def test_axes_could_be_split() -> None:
    grid = [f"t{t}_z{z}.tif" for t in (1, 2) for z in (1, 2, 4)]
    (group,) = group_names("/data", grid)
    assert readings(group) == {"split": ["t1_z{}.tif", "t2_z{}.tif"]}
    for part in group.readings[0].groups:
        assert part.notes == ("1 number is missing: 3",)


def test_a_series_could_be_split_into_its_files() -> None:
    (group,) = group_names("/data", ["a_1.tif", "a_2.tif"])
    assert readings(group) == {"split": ["a_1.tif", "a_2.tif"]}
    (alone,) = group_names("/data", ["a_1.tif"])
    assert alone.readings == ()


def test_a_series_that_is_not_consecutive_could_be_split_into_what_is() -> None:
    (group,) = group_names("/data", [f"wood{n}.tif" for n in (20001, 20002, 30001, 30002, 40001)])
    assert group.notes == ("numbers are not consecutive (20001–40001)",)
    assert readings(group) == {
        "split": ["wood{20001..20002}.tif", "wood{30001..30002}.tif", "wood40001.tif"]
    }
    assert "each stretch of consecutive numbers" in group.readings[0].why


def test_decimals_could_be_merged_in_their_order() -> None:
    names = ["x10.5.tif", "x9.75.tif", "x9.5.tif"]
    groups = group_names("/data", names)
    assert [group.names for group in groups] == [("x10.5.tif",), ("x9.5.tif",), ("x9.75.tif",)]
    (merged,) = groups[0].readings[0].groups
    assert merged.names == ("x9.5.tif", "x9.75.tif", "x10.5.tif")


def test_each_reading_holds_every_file_once() -> None:
    names = [*frames(1, 3), *frames(2, 2), *(f"t{t}_z{z}.tif" for t in (1, 2) for z in (1, 2))]
    groups = group_names("/data", names)
    for reading in {id(r): r for group in groups for r in group.readings}.values():
        sharing = [group for group in groups if any(r is reading for r in group.readings)]
        assert sorted(name for group in reading.groups for name in group.names) == sorted(
            name for group in sharing for name in group.names
        )


def test_readings_are_records_like_others() -> None:
    (group,) = group_names("/data", ["a_1.tif", "a_2.tif"])
    (reading,) = group.readings
    assert pickle.loads(pickle.dumps(reading)) == Reading("split", reading.groups, reading.why)
    with pytest.raises(AttributeError):
        reading.no_such_thing  # noqa: B018 - the access is what is tested
    assert group == Group("/data", group.names, group.template)


def test_a_plan_tells_readings_in_a_word(tmp_path: Path) -> None:
    for name in (*frames(1, 2), *frames(2, 2)):
        tifffile.imwrite(tmp_path / name, np.zeros((2, 3), "u2"))
    first, _ = match(tmp_path).to_dict()["decisions"]
    assert first["group"]["readings"] == {
        "merged": "as one acquisition: 2 groups whose names differ in numbers only",
        "split": "apart: each file is an acquisition of its own",
    }


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
    _, second = group.readings[0].groups
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
