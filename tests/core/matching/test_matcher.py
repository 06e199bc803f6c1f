"""A plan says for every selected file which ingestor takes it and why, or why none does."""

from __future__ import annotations

import json
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from penstock.core.errors import (
    AmbiguousDataError,
    NoDataError,
    SettingsError,
    UndecidedError,
    UnregisteredIngestorError,
    UnsupportedFileError,
)
from penstock.core.matching import Plan, match
from penstock.core.registry import Ingestor, Registry, RunsFound, hookimpl, use_registry

TIFF = b"II*\0\x08\0\0\0"
PNG = b"\x89PNG\r\n\x1a\n"
HDF5 = b"\x89HDF\r\n\x1a\n"


def write(folder: Path, content: bytes, *names: str) -> Path:
    folder.mkdir(exist_ok=True)
    for name in names:
        (folder / name).write_bytes(content)
    return folder


def told(plan: Plan) -> dict[str, str | None]:
    """Who takes which group."""
    return {
        decision.group.template: decision.chosen.ingestor if decision.chosen else None
        for decision in plan.decisions
    }


def reasons(plan: Plan) -> dict[str, str]:
    return {Path(item.subject).name: item.reason for item in plan.unclaimed}


def test_a_mixed_folder_goes_to_its_ingestors_and_nothing_is_lost(
    using: Callable[..., None], tmp_path: Path
) -> None:
    using(series={"formats": ("tiff",)}, tree={"formats": ("hdf5",), "takes": "file"})
    write(tmp_path, TIFF, "a_1.tif", "a_2.tif", "a_10.tif")
    write(tmp_path, HDF5, "b.h5")
    write(tmp_path, PNG, "c.png")
    write(tmp_path, b"hello\n", "README.txt")
    plan = match(tmp_path)
    assert told(plan) == {"a_{}.tif": "series", "b.h5": "tree"}
    assert reasons(plan) == {
        "c.png": "it is PNG, which no ingestor takes",
        "README.txt": "it is text, which no ingestor takes",
    }
    series, tree = plan.claims()
    assert [Path(path).name for path in series.args[0]] == ["a_1.tif", "a_2.tif", "a_10.tif"]
    assert tree.args == (str(tmp_path / "b.h5"),)
    assert series.call[0] is json.loads


def test_a_plan_is_plain_data_for_programs(using: Callable[..., None], tmp_path: Path) -> None:
    using(series={"formats": ("tiff",)})
    plan = json.loads(json.dumps(match(write(tmp_path, TIFF, "a.tif")).to_dict()))
    assert plan["decisions"][0]["chosen"]["ingestor"] == "series"
    assert plan["decisions"][0]["chosen"]["evidence"][0]["detail"] == "it is TIFF"


def test_an_explanation_says_why_and_why_not(using: Callable[..., None], tmp_path: Path) -> None:
    using(
        series={"formats": ("tiff",)},
        camera={
            "formats": ("tiff",),
            "tier": "STRUCTURE",
            "probe": lambda paths: RunsFound(detail="Software tag 'camera'"),
        },
        tree={"formats": ("hdf5",)},
    )
    assert match(write(tmp_path, TIFF, "a_1.tif", "a_2.tif")).explain() == (
        f"{tmp_path}/a_{{}}.tif (2 files)\n"
        "→ camera  STRUCTURE: signature: it is TIFF; probe: Software tag 'camera'\n"
        "  over series: SIGNATURE: signature: it is TIFF\n"
        "  not tree: it is TIFF"
    )


def test_equal_offers_are_undecided_and_never_guessed(
    using: Callable[..., None], tmp_path: Path
) -> None:
    using(b={"formats": ("tiff",)}, a={"formats": ("tiff",)})
    plan = match(write(tmp_path, TIFF, "a.tif"))
    assert told(plan) == {"a.tif": None}
    with pytest.raises(UndecidedError, match="several ingestors fit equally well: b, a") as caught:
        plan.claims()
    assert caught.value.plan is plan
    assert list(plan.chosen_claims()) == []


def test_the_user_can_choose(using: Callable[..., None], tmp_path: Path) -> None:
    using(b={"formats": ("tiff",)}, a={"formats": ("tiff",), "patterns": ("*.dat",)})
    write(tmp_path, TIFF, "a.tif")
    assert told(match(tmp_path, use="a")) == {"a.tif": "a"}
    with pytest.raises(UnregisteredIngestorError):
        match(tmp_path, use="c")


def test_the_users_choice_does_not_make_a_png_a_tiff(
    using: Callable[..., None], tmp_path: Path
) -> None:
    using(series={"formats": ("tiff",)})
    plan = match(write(tmp_path, PNG, "a.tif"), use="series")
    assert reasons(plan) == {"a.tif": "you asked for series; it declined: it is PNG, not TIFF"}
    assert plan.unclaimed[0].rejected[0].reason == "extension mismatch: it is PNG, not TIFF"


def test_the_users_choice_outweighs_a_probe_that_declines(
    using: Callable[..., None], tmp_path: Path
) -> None:
    using(
        series={"formats": ("tiff",), "probe": lambda paths: RunsFound()},
        stack={"formats": ("tiff",), "takes": "file", "probe": lambda paths: None},
    )
    write(tmp_path, TIFF, "a_1.tif", "a_2.tif")
    plan = match(tmp_path, use="stack")
    assert told(plan) == {"a_1.tif": "stack", "a_2.tif": "stack"}
    (claim, _) = plan.claims()
    assert [str(item) for item in claim.evidence] == [
        "pin: chosen by the user; its probe declined",
        "signature: it is TIFF",
    ]


def test_a_refusal_of_the_users_choice_says_who_would_take_it(
    using: Callable[..., None], tmp_path: Path
) -> None:
    def bad(paths: list[str]) -> Any:
        raise UnsupportedFileError("it ends early")

    using(
        series={"formats": ("tiff",)},
        rival={"formats": ("tiff",)},
        tree={"formats": ("hdf5",), "takes": "file"},
        broken={"formats": ("hdf5",), "probe": bad},
    )
    write(tmp_path, TIFF, "a.tif")
    write(tmp_path, HDF5, "b_1.h5", "b_2.h5")
    write(tmp_path, PNG, "c.png")
    assert reasons(match(tmp_path, use="broken")) == {
        "a.tif": "you asked for broken; it declined: it is TIFF, not HDF5; "
        "without --use, series or rival takes it",
        "b_{}.h5": "you asked for broken; it failed: it ends early; "
        "without --use, tree takes the files one by one",
        "c.png": "you asked for broken; it declined: it is PNG, not HDF5",
    }


def test_settings_are_keyword_arguments_of_the_chosen_ingestor(
    using: Callable[..., None], tmp_path: Path
) -> None:
    found = RunsFound(({"entry": "1"}, {"entry": "2"}))
    using(tree={"takes": "file", "selects": ("cls",), "probe": lambda paths: found})
    file = write(tmp_path, HDF5, "a.h5")

    def kwargs(settings: dict[str, Any]) -> list[Any]:
        return [claim.kwargs for claim in match(file, use="tree", settings=settings).claims()]

    assert kwargs({"strict": 1}) == [{"entry": "1", "strict": 1}, {"entry": "2", "strict": 1}]
    assert kwargs({"cls": "a"}) == [{"cls": "a"}]  # it selects: what the probe saw does not count
    claim = match(file, use="tree", settings={"cls": "a"}).claims()[0]
    assert str(claim.evidence[0]) == "pin: chosen by the user, with cls='a'"


@pytest.mark.parametrize("error", [AmbiguousDataError, NoDataError])
def test_settings_tell_what_a_probe_cannot(
    using: Callable[..., None], tmp_path: Path, error: type[Exception]
) -> None:
    def ask(paths: list[str]) -> Any:
        raise error("which one?")

    using(tree={"formats": ("hdf5",), "takes": "file", "probe": ask})
    file = write(tmp_path, HDF5, "a.h5")
    assert match(file, use="tree").claims() == []
    (claim,) = match(file, use="tree", settings={"cls": "a"}).claims()
    assert claim.kwargs == {"cls": "a"}
    assert claim.evidence[0].detail.endswith("its probe said: which one?")


def test_settings_do_not_mend_a_damaged_file(using: Callable[..., None], tmp_path: Path) -> None:
    def bad(paths: list[str]) -> Any:
        raise UnsupportedFileError("it ends early")

    using(tree={"formats": ("hdf5",), "takes": "file", "probe": bad})
    plan = match(write(tmp_path, HDF5, "a.h5"), use="tree", settings={"cls": "a"})
    assert reasons(plan) == {"a.h5": "you asked for tree; it failed: it ends early"}


def test_how_to_choose_is_told_where_a_probe_cannot(
    using: Callable[..., None], tmp_path: Path
) -> None:
    def ask(paths: list[str]) -> Any:
        raise AmbiguousDataError("has two images", remedy="Choose with dataset=….")

    using(tree={"formats": ("hdf5",), "takes": "file", "probe": ask})
    (unclaimed,) = match(write(tmp_path, HDF5, "a.h5")).unclaimed
    assert unclaimed.remedy == (
        "Choose with dataset=…. On the command line: `--use tree --set NAME=VALUE`."
    )


@pytest.mark.parametrize(
    ("use", "settings", "complaint"),
    [
        ("tree", {"clss": 1}, "tree has no setting 'clss'. It has: a, b."),
        ("tree", {"paths": 1}, "tree has no setting 'paths'. It has: a, b."),
        (None, {"a": 1}, "settings .a. need the ingestor that they are for"),
    ],
)
def test_settings_that_nobody_takes_are_refused(
    using: Callable[..., None],
    tmp_path: Path,
    use: str | None,
    settings: dict[str, Any],
    complaint: str,
) -> None:
    using(tree={"ingest": "lab_probes:ingest"})
    sys.modules["lab_probes"].ingest = lambda paths, a, *, b=1: iter(())  # type: ignore[attr-defined]
    with pytest.raises(SettingsError, match=complaint):
        match(tmp_path, use=use, settings=settings)


def test_a_declared_preference_decides_between_equals(
    using: Callable[..., None], tmp_path: Path
) -> None:
    using(a={"formats": ("tiff",)}, b={"formats": ("tiff",), "beats": ("a",)})
    plan = match(write(tmp_path, TIFF, "a.tif"))
    assert told(plan) == {"a.tif": "b"}
    assert "preferred to a" in plan.decisions[0].reason


def test_a_preference_does_not_outweigh_stronger_evidence(
    using: Callable[..., None], tmp_path: Path
) -> None:
    using(
        a={"formats": ("tiff",), "patterns": ("a*",), "tier": "CONVENTION"},
        b={"formats": ("tiff",), "beats": ("a",)},
    )
    assert told(match(write(tmp_path, TIFF, "a.tif"))) == {"a.tif": "a"}


@pytest.mark.parametrize(
    ("declared", "changes", "granted"),
    [
        ("STRUCTURE", {"formats": ("tiff",)}, "SIGNATURE"),
        ("STRUCTURE", {"formats": ("tiff",), "patterns": ("*.tif",)}, "CONVENTION"),
        ("STRUCTURE", {"patterns": ("*.TIF",)}, "EXTENSION"),
        ("STRUCTURE", {}, "FALLBACK"),
        ("STRUCTURE", {"probe": lambda paths: RunsFound()}, "STRUCTURE"),
        ("FALLBACK", {"formats": ("tiff",), "probe": lambda paths: RunsFound()}, "FALLBACK"),
    ],
)
def test_no_claim_is_stronger_than_its_evidence(
    using: Callable[..., None], tmp_path: Path, declared: str, changes: dict[str, Any], granted: str
) -> None:
    using(a={"tier": declared, **changes})
    (decision,) = match(write(tmp_path, TIFF, "a.tif")).decisions
    assert decision.chosen is not None
    assert decision.chosen.tier == granted


def test_a_probe_declines_or_says_why_a_file_is_bad(
    using: Callable[..., None], tmp_path: Path
) -> None:
    def bad(paths: list[str]) -> Any:
        raise UnsupportedFileError("it ends early", where=paths[0], remedy="Copy it again.")

    using(
        a={"formats": ("tiff",), "probe": bad},
        b={"formats": ("tiff",), "probe": lambda paths: None},
    )
    (unclaimed,) = match(write(tmp_path, TIFF, "a.tif")).unclaimed
    assert unclaimed.reason == "it ends early (a)"
    assert unclaimed.remedy == "Copy it again."
    assert unclaimed.is_fault
    assert [rejection.ingestor for rejection in unclaimed.rejected] == ["a", "b"]


def test_what_several_probes_say_alike_is_told_once(
    using: Callable[..., None], tmp_path: Path
) -> None:
    def bad(paths: list[str]) -> Any:
        raise UnsupportedFileError("it ends early")

    using(a={"formats": ("tiff",), "probe": bad}, b={"formats": ("tiff",), "probe": bad})
    assert reasons(match(write(tmp_path, TIFF, "a.tif"))) == {"a.tif": "it ends early (a, b)"}


def test_a_sound_file_without_data_is_no_fault(using: Callable[..., None], tmp_path: Path) -> None:
    def nothing(paths: list[str]) -> Any:
        raise NoDataError("it holds no image")

    using(a={"formats": ("hdf5",), "probe": nothing})
    (unclaimed,) = match(write(tmp_path, HDF5, "a.h5")).unclaimed
    assert (unclaimed.is_fault, unclaimed.reason) == (False, "it holds no image (a)")


def test_a_probe_with_a_bug_stops_no_other(using: Callable[..., None], tmp_path: Path) -> None:
    using(
        buggy={"formats": ("tiff",), "probe": lambda paths: 1 / 0},
        odd={"formats": ("tiff",), "probe": lambda paths: True},
        good={"formats": ("tiff",)},
    )
    (decision,) = match(write(tmp_path, TIFF, "a.tif")).decisions
    assert decision.chosen is not None
    assert decision.chosen.ingestor == "good"
    first, second = decision.rejected
    assert first.reason == "ZeroDivisionError: division by zero"
    assert "gave bool instead of RunsFound" in second.reason


def test_who_gives_way_does_so_to_who_fits_as_well(
    using: Callable[..., None], tmp_path: Path
) -> None:
    using(
        old={"formats": ("tiff",), "gives_way": True},
        new={"formats": ("tiff",)},
        older={"formats": ("tiff",), "gives_way": True, "tier": "EXTENSION"},
    )
    (decision,) = match(write(tmp_path, TIFF, "a.tif")).decisions
    assert decision.chosen is not None
    assert (decision.chosen.ingestor, decision.reason) == ("new", "old gives way to others")
    assert [offer.ingestor for offer in decision.alternatives] == ["old", "older"]


def test_among_those_that_give_way_nobody_is_preferred(
    using: Callable[..., None], tmp_path: Path
) -> None:
    using(a={"formats": ("tiff",), "gives_way": True}, b={"formats": ("tiff",), "gives_way": True})
    assert told(match(write(tmp_path, TIFF, "a.tif"))) == {"a.tif": None}


def test_a_file_that_holds_several_runs_gives_several_claims(
    using: Callable[..., None], tmp_path: Path
) -> None:
    found = RunsFound(({"entry": "1"}, {"entry": "2"}))
    using(a={"formats": ("hdf5",), "takes": "file", "probe": lambda paths: found})
    claims = match(write(tmp_path, HDF5, "a.h5")).claims()
    assert [claim.kwargs for claim in claims] == [{"entry": "1"}, {"entry": "2"}]


def test_files_of_a_family_that_nobody_takes_together_are_judged_one_by_one(
    using: Callable[..., None], tmp_path: Path, asked: list[tuple[str, int]]
) -> None:
    using(a={"formats": ("hdf5",), "takes": "file", "probe": lambda paths: RunsFound()})
    plan = match(write(tmp_path, HDF5, "a_1.h5", "a_2.h5", "a_10.h5"))
    assert told(plan) == {"a_1.h5": "a", "a_2.h5": "a", "a_10.h5": "a"}
    assert asked == [("a", 1)] * 3
    assert [claim.notes for claim in plan.claims()] == [()] * 3  # nobody expected otherwise


def test_a_probe_can_part_a_family(using: Callable[..., None], tmp_path: Path) -> None:
    using(
        series={"formats": ("tiff",), "probe": lambda paths: None},
        stack={
            "formats": ("tiff",),
            "takes": "file",
            "probe": lambda paths: RunsFound(separate=len(paths) > 1, detail="sizes differ"),
        },
    )
    plan = match(write(tmp_path, TIFF, "a_1.tif", "a_2.tif"))
    assert told(plan) == {"a_1.tif": "stack", "a_2.tif": "stack"}
    assert [claim.notes for claim in plan.claims()] == [("taken one by one: sizes differ",)] * 2


def test_a_family_that_belongs_together_is_not_for_who_takes_one_file(
    using: Callable[..., None], tmp_path: Path
) -> None:
    using(
        series={"formats": ("tiff",)},
        stack={"formats": ("tiff",), "takes": "file", "probe": lambda paths: RunsFound()},
    )
    plan = match(write(tmp_path, TIFF, "a_1.tif", "a_2.tif"))
    assert told(plan) == {"a_{}.tif": "series"}
    assert "takes one file" in plan.decisions[0].rejected[0].reason


def test_at_most_three_files_of_a_family_are_opened(
    using: Callable[..., None], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    using(series={"formats": ("tiff",)})
    write(tmp_path, TIFF, *(f"a_{number}.tif" for number in range(50)))
    opened = []
    monkeypatch.setattr(
        "penstock.core.matching.facts._read_head", lambda path: opened.append(path) or TIFF
    )
    assert told(match(tmp_path)) == {"a_{}.tif": "series"}
    assert [Path(path).name for path in opened] == ["a_0.tif", "a_25.tif", "a_49.tif"]


def test_a_series_whose_last_file_is_still_empty_stays_one_series(
    using: Callable[..., None], tmp_path: Path
) -> None:
    using(series={"formats": ("tiff",)})
    write(tmp_path, TIFF, "a_1.tif", "a_2.tif")
    write(tmp_path, b"", "a_3.tif")
    (decision,) = match(tmp_path).decisions
    assert len(decision.group.names) == 3
    assert decision.chosen is not None
    assert any("a_3.tif: it is empty" in note for note in decision.chosen.notes)


def test_files_of_another_format_with_the_same_name_pattern_are_parted(
    using: Callable[..., None], tmp_path: Path
) -> None:
    using(series={"formats": ("tiff",)})
    write(tmp_path, TIFF, "a_1.tif", "a_2.tif")
    write(tmp_path, PNG, "a_3.tif")
    plan = match(tmp_path)
    assert told(plan) == {"a_{}.tif": "series"}
    assert reasons(plan) == {"a_3.tif": "it is named like TIFF, but it is PNG"}


def test_a_misleading_suffix_does_not_hide_a_format_and_is_noted(
    using: Callable[..., None], tmp_path: Path
) -> None:
    using(tree={"formats": ("hdf5",)})
    (decision,) = match(write(tmp_path, HDF5, "a.tif")).decisions
    assert decision.chosen is not None
    assert decision.chosen.notes == ("extension mismatch: named like TIFF, but it is HDF5",)


def test_files_on_tape_are_claimed_by_name_and_never_opened(
    using: Callable[..., None], tmp_path: Path, asked: list[tuple[str, int]]
) -> None:
    using(series={"formats": ("tiff",), "probe": lambda paths: RunsFound()})
    with (tmp_path / "a.tif").open("wb") as file:
        file.truncate(1_000_000)
    if (tmp_path / "a.tif").stat().st_blocks:
        pytest.skip("this file system gives a sparse file blocks")
    (decision,) = match(tmp_path).decisions
    assert decision.chosen is not None
    assert decision.chosen.tier == "EXTENSION"
    assert asked == []
    assert "not opened" in decision.chosen.notes[0]


def test_an_isolated_probe_gives_the_same_answer(
    using: Callable[..., None], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    # A worker is another process: what it imports must be a module on the path.
    (tmp_path / "lab_isolated.py").write_text(
        "from penstock.core.registry import RunsFound\n"
        "def probe(paths):\n"
        "    return RunsFound(({'entry': 'a'},), 'found', ('odd',))\n"
    )
    monkeypatch.syspath_prepend(tmp_path)
    from penstock.core.matching.probing import probe

    ingestor = Ingestor(
        "a", title="", ingest="json:loads", takes="file", probe="lab_isolated:probe", isolate=True
    )
    assert probe(ingestor, ["/a"]) == RunsFound(({"entry": "a"},), "found", ("odd",))


def test_a_probe_that_crashes_its_process_is_a_rejected_candidate(tmp_path: Path) -> None:
    class Lab:
        @hookimpl
        def penstock_ingestors(self) -> list[Ingestor]:
            values = {"ingest": "json:loads", "formats": ("hdf5",), "probe": "lab_crashing:probe"}
            return [Ingestor("a", title="", takes="file", isolate=True, **values)]

    (tmp_path / "lab_crashing.py").write_text("import os\ndef probe(paths): os.abort()\n")
    sys.path.insert(0, str(tmp_path))
    try:
        with use_registry(Registry.from_plugins([Lab()])):
            (unclaimed,) = match(write(tmp_path, HDF5, "a.h5") / "a.h5").unclaimed
    finally:
        sys.path.remove(str(tmp_path))
    assert unclaimed.is_fault
    assert unclaimed.reason.startswith("reading it crashed (SIGABRT)")


def test_plugins_that_are_broken_are_part_of_the_plan(tmp_path: Path) -> None:
    class Bad:
        @hookimpl
        def penstock_ingestors(self) -> list[Ingestor]:
            raise RuntimeError("boom")

    with use_registry(Registry.from_plugins([Bad()])):
        plan = match(write(tmp_path, TIFF, "a.tif"))
    assert "boom" in plan.explain()
    assert "boom" in plan.plugin_errors[0].what
