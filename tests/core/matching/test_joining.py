"""Groups that are one acquisition become one run; what is doubtful is shown, and not done."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from penstock.core.matching import Plan, match
from penstock.core.registry import Acquisition, RunsFound

TIFF = b"II*\0\x08\0\0\0"
HDF5 = b"\x89HDF\r\n\x1a\n"


def write(folder: Path, content: bytes, *names: str) -> Path:
    for name in names:
        (folder / name).parent.mkdir(parents=True, exist_ok=True)
        (folder / name).write_bytes(content)
    return folder


def counted(paths: list[str]) -> RunsFound:
    return RunsFound(acquisitions=(Acquisition(events=len(paths)),))


def recording(**recorded: Any) -> Callable[[list[str]], RunsFound]:
    return lambda paths: RunsFound(acquisitions=(Acquisition(**recorded),))


SERIES = {"formats": ("tiff",), "probe": counted}


def scans(*points: int) -> dict[str, Any]:
    """A log whose scans, from 1, have so many points."""
    found = RunsFound(
        tuple({"scan": number} for number, _ in enumerate(points, 1)),
        acquisitions=tuple(
            Acquisition(scan_id=number, events=count) for number, count in enumerate(points, 1)
        ),
    )
    return {"formats": ("spec",), "is_log": True, "takes": "file", "probe": lambda paths: found}


def told(plan: Plan) -> list[tuple[str, str, int]]:
    return sorted(
        (decision.group.template, decision.chosen.ingestor, len(decision.chosen.claims))
        for decision in plan.decisions
        if decision.chosen is not None
    )


def test_a_series_is_joined_with_the_scan_of_its_log(
    using: Callable[..., None], tmp_path: Path
) -> None:
    using(series=SERIES, spec=scans(3, 2, 5), joined={"formats": ()})
    write(tmp_path, TIFF, *(f"tooth_001_{number:04d}.tif" for number in range(3)))
    write(tmp_path, TIFF, *(f"tooth_002_{number:04d}.tif" for number in range(2)))
    write(tmp_path, b"#F tooth\n", "tooth")
    plan = match(tmp_path)
    joins = [decision for decision in plan.decisions if decision.group.members]
    assert [decision.group.template for decision in joins] == [
        "tooth_001_{}.tif + tooth [scan=1]",
        "tooth_002_{}.tif + tooth [scan=2]",
    ]
    first = joins[0]
    assert first.chosen is not None
    assert (
        str(first.chosen.evidence[0]) == "join: tooth [scan=1] records scan 1, "
        "and 3 rows for as many frames"
    )
    (claim,) = first.chosen.claims
    assert [part["name"] for part in claim.args[0]] == ["series", "log"]
    assert claim.args[0][1]["kwargs"] == {"scan": 1}
    assert len(claim.files) == 4
    # The scan that nothing else tells of stays a run of its own.
    assert ("tooth", "spec", 1) in told(plan)


def test_a_join_can_be_undone_and_made_again(using: Callable[..., None], tmp_path: Path) -> None:
    using(series=SERIES, spec=scans(2), joined={"formats": ()})
    write(tmp_path, TIFF, "a_1_01.tif", "a_1_02.tif")
    write(tmp_path, b"#F a\n", "a")
    plan = match(tmp_path)
    assert [row[1] for row in told(plan)] == ["joined"]
    undone = plan.with_choice(plan.decisions[0], "unjoined")
    assert [row[1] for row in told(undone)] == ["spec", "series"]
    assert "or joined: a records scan 1" in undone.explain()
    again = undone.with_choice(undone.decisions[-1], "joined")
    assert told(again) == told(plan)


def test_a_log_with_other_counts_is_doubtful(using: Callable[..., None], tmp_path: Path) -> None:
    using(series=SERIES, spec=scans(7), joined={"formats": ()})
    write(tmp_path, TIFF, "a_1_01.tif", "a_1_02.tif")
    write(tmp_path, b"#F a\n", "a")
    plan = match(tmp_path)
    assert [row[1] for row in told(plan)] == ["spec", "series"]
    assert "or joined: a records scan 1, but 7 rows for 2 frames" in plan.explain()
    chosen = plan.with_choice("a", "joined")
    assert [row[1] for row in told(chosen)] == ["joined"]
    assert chosen.decisions[0].reason == "you joined them"


def test_a_log_of_the_same_name_belongs_to_a_series(
    using: Callable[..., None], tmp_path: Path
) -> None:
    log = {"formats": ("text",), "is_log": True, "takes": "file", "probe": recording(events=2)}
    using(series=SERIES, table=log, joined={"formats": ()})
    write(tmp_path, TIFF, "vac_007_1.tif", "vac_007_2.tif", "other_1.tif", "other_2.tif")
    write(tmp_path, b"x y\n1 2\n", "vac_007.log")
    assert told(match(tmp_path)) == [
        ("other_{}.tif", "series", 1),
        ("vac_007_{}.tif + vac_007.log", "joined", 1),
    ]


def test_a_log_may_lie_in_the_folder_above(using: Callable[..., None], tmp_path: Path) -> None:
    using(series=SERIES, spec=scans(2), joined={"formats": ()})
    write(tmp_path, TIFF, "a_001/a_det_001_000.tif", "a_001/a_det_001_001.tif")
    write(tmp_path, b"#F a\n", "a")
    (row,) = told(match(tmp_path))
    assert row[1] == "joined"


def test_two_detectors_and_their_log_are_one_run(
    using: Callable[..., None], tmp_path: Path
) -> None:
    using(series=SERIES, spec=scans(2), joined={"formats": ()})
    write(tmp_path, TIFF, *(f"a_{det}_1_{n}.tif" for det in ("saxs", "waxs") for n in (1, 2)))
    write(tmp_path, b"#F a\n", "a")
    (decision,) = match(tmp_path).decisions
    assert decision.chosen is not None
    parts = decision.chosen.claims[0].args[0]
    assert sorted(part["name"] for part in parts) == ["log", "saxs", "waxs"]


def test_the_same_recorded_uid_joins(using: Callable[..., None], tmp_path: Path) -> None:
    same = recording(uid="6f2a")
    using(
        tiff={"formats": ("tiff",), "probe": same},
        tree={"formats": ("hdf5",), "takes": "file", "probe": same},
        joined={"formats": ()},
    )
    write(tmp_path, TIFF, "x.tif")
    write(tmp_path, HDF5, "elsewhere/y.h5")
    (decision,) = match(tmp_path).decisions
    assert decision.chosen is not None
    assert decision.group.folder == str(tmp_path)
    assert decision.group.names == ("x.tif", "elsewhere/y.h5")
    assert str(decision.chosen.evidence[0]) == "join: they all record uid 6f2a"


@pytest.mark.parametrize(
    ("times", "is_joined"),
    [(((0, 10), (5, 15)), True), (((0, 10), (11, 15)), False), (((0, 10), (5, None)), False)],
)
def test_the_same_recorded_scan_joins_if_the_times_overlap(
    using: Callable[..., None], tmp_path: Path, times: Any, is_joined: bool
) -> None:
    one, two = (recording(scan_id=7, start=start, stop=stop) for start, stop in times)
    using(
        tiff={"formats": ("tiff",), "probe": one},
        tree={"formats": ("hdf5",), "takes": "file", "probe": two},
        joined={"formats": ()},
    )
    write(tmp_path, TIFF, "x.tif")
    write(tmp_path, HDF5, "y.h5")
    plan = match(tmp_path)
    assert (len(plan.decisions) == 1) == is_joined
    assert is_joined or "or joined: they all record scan 7, but no times that overlap" in (
        plan.explain()
    )


def test_names_that_differ_in_one_word_may_be_two_detectors(
    using: Callable[..., None], tmp_path: Path
) -> None:
    using(series=SERIES, joined={"formats": ()})
    write(tmp_path, TIFF, *(f"s12_{det}_{n}.tif" for det in ("saxs", "waxs") for n in (1, 2)))
    write(tmp_path, TIFF, "s13_other_1.tif", "s13_other_2.tif")
    plan = match(tmp_path)
    assert len(plan.decisions) == 3
    assert plan.explain().count("or joined: their names differ in one word") == 2
    joined = plan.with_choice("s12_saxs_{}.tif", "joined")
    assert len(joined.decisions) == 2
    parts = joined.claims()[0].args[0]
    assert [part["name"] for part in parts] == ["saxs", "waxs"]


def test_without_the_ingestor_that_joins_nothing_is_joined(
    using: Callable[..., None], tmp_path: Path
) -> None:
    using(series=SERIES, spec=scans(2))
    write(tmp_path, TIFF, "a_1_01.tif", "a_1_02.tif")
    write(tmp_path, b"#F a\n", "a")
    assert [row[1] for row in told(match(tmp_path))] == ["spec", "series"]


def test_the_ingestor_that_joins_takes_no_files(using: Callable[..., None], tmp_path: Path) -> None:
    using(joined={"takes": "calls"})
    write(tmp_path, TIFF, "a.tif")
    assert match(tmp_path).decisions == ()


def test_a_scan_that_is_recorded_twice_is_doubtful(
    using: Callable[..., None], tmp_path: Path
) -> None:
    twice = RunsFound(
        ({"scan": "1.1"}, {"scan": "1.2"}),
        acquisitions=(Acquisition(scan_id=1, events=2), Acquisition(scan_id=1, events=2)),
    )
    using(series=SERIES, spec={**scans(2), "probe": lambda paths: twice}, joined={"formats": ()})
    write(tmp_path, TIFF, "a_1_01.tif", "a_1_02.tif")
    write(tmp_path, b"#F a\n", "a")
    plan = match(tmp_path)
    assert told(plan) == [("a", "spec", 2), ("a_1_{}.tif", "series", 1)]
    assert "a [scan=1.1] records scan 1, and 2 rows for as many frames, but 2 runs" in (
        plan.explain()
    )
    for name, scan in (("joined", "1.1"), ("joined 2", "1.2")):
        joined = plan.with_choice("a_1_{}.tif", name)
        template = f"a_1_{{}}.tif + a [scan={scan}]"
        assert (template, "joined", 1) in told(joined)
        assert ("a", "spec", 1) in told(joined)


def test_too_many_for_one_acquisition_are_joined_only_if_somebody_says_so(
    using: Callable[..., None], tmp_path: Path
) -> None:
    using(one={"formats": ("tiff",), "takes": "file", "probe": recording(uid="6f2a")}, joined={})
    write(tmp_path, TIFF, *(f"{letter}.tif" for letter in "abcdefghi"))
    plan = match(tmp_path)
    assert len(plan.decisions) == 9
    assert "they all record uid 6f2a, but are 9: too many to be sure" in plan.explain()
    assert len(plan.with_choice("a.tif", "joined").decisions) == 1


def test_what_would_make_a_join_too_large_is_shown(
    using: Callable[..., None], tmp_path: Path
) -> None:
    using(series=SERIES, spec=scans(2), joined={"formats": ()})
    write(tmp_path, TIFF, *(f"a_{letter}_1_{n}.tif" for letter in "bcdefghij" for n in (1, 2)))
    write(tmp_path, b"#F a\n", "a")
    plan = match(tmp_path)
    assert len(plan.decisions[0].group.members) == 8
    assert "or joined: a records scan 1, and 2 rows for as many frames; but with what else" in (
        plan.explain()
    )
    assert sum(len(one.files) for one in plan.decisions) == 19


@pytest.mark.parametrize(
    ("one", "other", "labels"),
    [
        ("pilatus/scan_{}.tif", "eiger/scan_{}.tif", ["eiger", "pilatus"]),
        ("pilatus100k_{}.tif", "eiger_{}.tif", ["eiger", "pilatus100k"]),
        ("map/holes_0_{}.tif", "map_0_{}.tif", []),
        ("s1_{}.tif", "s2_{}.tif", []),
        ("day1/scan_{}.tif", "day2/scan_{}.tif", []),
    ],
)
def test_detectors_are_told_by_a_word_in_names_or_folders(
    using: Callable[..., None], tmp_path: Path, one: str, other: str, labels: list[str]
) -> None:
    using(series=SERIES, joined={"formats": ()})
    write(tmp_path, TIFF, *(name.format(n) for name in (one, other) for n in (1, 2)))
    plan = match(tmp_path)
    if not labels:
        assert "or joined" not in plan.explain()
        return
    (claim,) = plan.with_choice(plan.decisions[0], "joined").claims()
    assert sorted(part["name"] for part in claim.args[0]) == labels


def test_the_only_log_of_a_folder_may_be_that_of_a_series_with_as_many_frames(
    using: Callable[..., None], tmp_path: Path
) -> None:
    using(series=SERIES, spec=scans(3, 2), joined={"formats": ()})
    write(tmp_path, TIFF, "S12/img_1.tif", "S12/img_2.tif")
    write(tmp_path, b"#F a\n", "S12/scan12.spec")
    plan = match(tmp_path)
    assert len(plan.decisions) == 2
    assert "scan12.spec [scan=2] lies there too, with 2 rows for as many frames" in plan.explain()
    assert len(plan.with_choice("img_{}.tif", "joined").decisions) == 2
