"""However a plan is chosen anew, every file stays in it, and none is taken twice."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from penstock.core.errors import NoSuchGroupError, PenstockError
from penstock.core.matching import Plan, match
from penstock.core.matching.plan import Decision
from penstock.core.matching.remembering import recall
from penstock.core.registry import Acquisition, Layout, Role, RunsFound

TIFF = b"II*\0\x08\0\0\0"

ALS = Layout(
    (
        Role("projections", "{name}_0000_{index:d}.tif"),
        Role("flats", "{name}bak_0000_{index:d}.tif", parameter="flats"),
        Role("log", "{name}.sct", parameter="log", many=False, optional=True),
    )
)
PAIRS = Layout(
    (
        Role("frames", "{name}_{index:d}.tif"),
        Role("flats", "{name}bak_{index:d}.tif", parameter="flats"),
    ),
    counts=("index",),
)


WHOLE = Layout(
    (
        Role("frames", "{name}_{scan:d}_{index:d}.tif"),
        Role("log", "{name}.txt", parameter="log", many=False),
    ),
    counts=("scan", "index"),
)


SCANS = Layout(
    (
        Role("frames", "{name}_{scan:d}_{index:d}.tif"),
        Role("log", "{name}_{scan:d}.txt", parameter="log", many=False),
    )
)


def counted(paths: list[str]) -> RunsFound:
    return RunsFound(acquisitions=(Acquisition(events=len(paths)),))


def write(folder: Path, content: bytes, *names: str) -> Path:
    for name in names:
        (folder / name).parent.mkdir(parents=True, exist_ok=True)
        (folder / name).write_bytes(content)
    return folder


def tomography(*layouts: Layout, **changes: Any) -> dict[str, Any]:
    return {"formats": ("tiff",), "tier": "CONVENTION", "layouts": layouts, **changes}


SERIES = {"formats": ("tiff",), "probe": counted, "tier": "SIGNATURE"}


def laid_out(folder: Path) -> Path:
    write(folder, TIFF, *(f"a_0000_{n:04d}.tif" for n in range(3)), "abak_0000_0000.tif")
    return write(folder, b"nangles 3\n", "a.sct")


# What can be chosen ------------------------------------------------------------------------------


def test_files_that_nobody_takes_by_name_are_not_lost_when_groups_are_had_apart(
    using: Callable[..., None], tmp_path: Path
) -> None:
    using(series={"formats": ("tiff",)}, tomo=tomography(ALS))
    plan = match(laid_out(tmp_path))
    assert len(plan.decisions[0].files) == 5
    apart = plan.with_choice(plan.decisions[0], "apart")
    assert [item.files for item in apart.unclaimed] == [(str(tmp_path / "a.sct"),)]
    assert len(apart.claims()) == 2


def test_an_acquisition_that_is_laid_out_is_not_given_to_another_ingestor_as_it_is(
    using: Callable[..., None], tmp_path: Path
) -> None:
    using(series={"formats": ("tiff",)}, tomo=tomography(ALS))
    plan = match(laid_out(tmp_path))
    with pytest.raises(PenstockError, match="Choose 'apart' first, then 'series'"):
        plan.with_choice(plan.decisions[0], "series")
    apart = plan.with_choice(plan.decisions[0], "apart").with_choice("a_0000_{}.tif", "series")
    assert len(apart.claims()) == 2


def test_of_two_layouts_of_one_ingestor_each_can_be_chosen(
    using: Callable[..., None], tmp_path: Path
) -> None:
    one = Layout((Role("frames", "{name}_{index:d}.tif"), Role("log", "{name}.sct", "log")))
    two = Layout((Role("frames", "{name}_{index:d}.tif"), Role("text", "{name}.log", "text")))
    using(tomo=tomography(one, two))
    write(tmp_path, TIFF, "a_1.tif", "a_2.tif")
    write(tmp_path, b"x\n", "a.sct", "a.log")
    (decision,) = (plan := match(tmp_path)).undecided
    assert decision.reason == "2 layouts fit equally well (CONVENTION)"
    for number, log in ((1, "log"), (2, "text")):
        (claim,) = plan.with_choice(decision, f"tomo layout {number}").chosen_claims()
        assert list(claim.kwargs) == [log]


def test_the_part_of_an_ingestor_tells_which_runs_of_the_same_files_are_meant(
    using: Callable[..., None], tmp_path: Path
) -> None:
    reduced = {"formats": ("tiff",), "part": "reduced"}
    using(raw=SERIES, rival={"formats": ("tiff",)}, one=reduced, two=reduced)
    write(tmp_path, TIFF, "a_1.tif", "a_2.tif")
    chosen = match(tmp_path).with_choice("a_{}.tif", "two").with_choice("a_{}.tif", "rival")
    assert sorted(claim.ingestor for claim in chosen.claims()) == ["rival", "two"]


def test_files_of_an_acquisition_that_is_laid_out_are_not_taken_again(
    using: Callable[..., None], tmp_path: Path
) -> None:
    using(tomo=tomography(ALS), azimuthal={"formats": ("tiff",), "part": "reduced"})
    plan = match(laid_out(tmp_path))
    reduced = next(one for one in plan.decisions if one.part and len(one.files) == 3)
    with pytest.raises(PenstockError, match="would take these files again"):
        plan.with_choice(reduced, "tomo")


def test_what_an_ingestor_refuses_is_not_remembered(
    using: Callable[..., None], tmp_path: Path
) -> None:
    def bad(paths: list[str]) -> Any:
        raise ValueError("it cannot")

    using(a={"formats": ("tiff",)}, b={"formats": ("tiff",), "probe": bad})
    write(tmp_path, TIFF, "a.tif")
    assert match(tmp_path).with_choice("a.tif", "b", remember=True).decisions == ()
    assert recall() == {}


def test_a_group_answers_to_what_is_printed_of_it(
    using: Callable[..., None], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    using(a={"formats": ("tiff",)}, b={"formats": ("tiff",)})
    for folder in ("one/x", "two/x"):
        write(tmp_path, TIFF, f"{folder}/s_1.tif", f"{folder}/s_2.tif")
    plan = match(tmp_path)
    with pytest.raises(NoSuchGroupError) as caught:
        plan.with_choice("x/s_{}.tif", "a")
    assert (
        caught.value.remedy
        == f"Say which: {tmp_path}/one/x/s_{{}}.tif, {tmp_path}/two/x/s_{{}}.tif."
    )
    monkeypatch.chdir(tmp_path / "two")
    for name in ("one/x/s_{}.tif", "x/s_{}.tif", str(tmp_path / "one/x/s_1.tif"), "x/s_2.tif"):
        assert len(plan.with_choice(name, "a").undecided) == 1


# A law -------------------------------------------------------------------------------------------


def laid_out_and_reduced(folder: Path) -> dict[str, Any]:
    laid_out(folder)
    write(folder, TIFF, "b_1.tif", "b_2.tif", "bbak_1.tif")
    write(folder, TIFF, "c_1_1.tif", "c_1_2.tif", "c_2_1.tif", "cbak_1_1.tif", "c_7.tif")
    write(folder, b"x\n", "c.txt", "c_1.txt")
    reduced = {"formats": ("tiff",), "part": "reduced"}
    return {
        "series": SERIES,
        "tomo": tomography(ALS, PAIRS),
        "pairs": tomography(PAIRS),
        "whole": tomography(WHOLE),
        "scans": tomography(SCANS),
        "azimuthal": reduced,
        "single": {**reduced, "takes": "file"},
    }


def joined(folder: Path) -> dict[str, Any]:
    for det in ("saxs", "waxs"):
        write(folder, TIFF, f"a_{det}_1_1.tif", f"a_{det}_1_2.tif", f"a_{det}_2_1.tif")
    write(folder, b"#F a\n", "a")
    write(folder, b"\x89PNG\r\n\x1a\n", "odd.png")
    scans = RunsFound(
        ({"scan": 1}, {"scan": 2}),
        acquisitions=(Acquisition(scan_id=1, events=2), Acquisition(scan_id=2, events=1)),
    )
    spec = {"formats": ("spec",), "is_log": True, "takes": "file", "probe": lambda paths: scans}
    return {
        "series": SERIES,
        "spec": spec,
        "joined": {"takes": "calls"},
        "azimuthal": {"formats": ("tiff",), "part": "reduced"},
    }


def shared(plan: Plan) -> set[str]:
    """Files in other roles than the first, which several acquisitions may share."""
    return {
        path
        for one in plan.decisions
        for group in (one.group, *one.group.members)
        for path in (group.paths[len(group.roles[0].names) :] if group.roles else ())
    }


@pytest.mark.parametrize("make", [laid_out_and_reduced, joined])
def test_a_walk_over_choices_loses_no_file_and_takes_none_twice(
    using: Callable[..., None], tmp_path: Path, make: Callable[[Path], dict[str, Any]]
) -> None:
    using(**make(tmp_path), foreign={"formats": ("pdf",)})
    files = {str(path) for path in tmp_path.iterdir()}
    start = match(tmp_path)

    @settings(max_examples=60, deadline=None, suppress_health_check=list(HealthCheck))
    @given(st.lists(st.tuples(st.integers(0, 30), st.integers(0, 30)), max_size=6))
    def walk(steps: list[tuple[int, int]]) -> None:
        plan = start
        for which, what in steps:
            verdicts = [*plan.decisions, *plan.unclaimed]
            verdict = verdicts[which % len(verdicts)]
            names = ["foreign", "series", "azimuthal"]
            if isinstance(verdict, Decision):
                names = [*verdict.choices, *names]
            try:
                plan = plan.with_choice(verdict, names[what % len(names)])
            except PenstockError:
                continue
            check(plan)

    def check(plan: Plan) -> None:
        verdicts = [*plan.decisions, *plan.unclaimed]
        assert {path for verdict in verdicts for path in verdict.files} == files
        held = Counter(
            (one.part, path)
            for one in plan.decisions
            if not (one.chosen and any(claim.selector for claim in one.chosen.claims))
            for path in {*one.files} - {str(tmp_path / "a")} - shared(plan)
        )
        assert not [what for what, count in held.items() if count > 1]

    walk()
