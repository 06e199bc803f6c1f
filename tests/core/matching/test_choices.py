"""What a person, or the configuration, chooses counts for more than any evidence."""

from __future__ import annotations

import json
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

import pytest

from penstock.core.config import Config, use_config
from penstock.core.errors import (
    NoSuchGroupError,
    PenstockError,
    SettingsError,
    UnregisteredIngestorError,
)
from penstock.core.matching import Group, Plan, match
from penstock.core.matching.remembering import forget, recall, remember
from penstock.core.registry import RunsFound

ENTRY = {
    "format": "tiff",
    "names": "z_{}.tif",
    "folder": "/d",
    "ingestor": "a",
    "day": "2026-03-05",
}
TIFF = b"II*\0\x08\0\0\0"
PNG = b"\x89PNG\r\n\x1a\n"


@pytest.fixture
def folder(using: Callable[..., None], tmp_path: Path) -> Path:
    """Two files that two ingestors could take equally well."""
    using(a={"formats": ("tiff",)}, b={"formats": ("tiff",)})
    for name in ("x_1.tif", "y_1.tif"):
        (tmp_path / name).write_bytes(TIFF)
    return tmp_path


def told(plan: Plan) -> dict[str, str | None]:
    return {
        decision.group.template: decision.chosen.ingestor if decision.chosen else None
        for decision in plan.decisions
    }


def test_a_choice_is_for_one_group_and_gives_another_plan(folder: Path) -> None:
    plan = match(folder)
    chosen = plan.with_choice("x_1.tif", "b")
    assert told(plan) == {"x_1.tif": None, "y_1.tif": None}
    assert told(chosen) == {"x_1.tif": "b", "y_1.tif": None}
    assert told(chosen.with_choice(folder.joinpath("y_1.tif").as_posix(), "a")) == {
        "x_1.tif": "b",
        "y_1.tif": "a",
    }
    assert told(chosen.with_choice(chosen.decisions[-1], "a"))["x_1.tif"] == "a"


def test_a_choice_is_told_as_the_evidence(folder: Path) -> None:
    decision = match(folder).with_choice("x_1.tif", "b").decisions[-1]
    assert decision.reason == "the user chose it"
    assert decision.chosen is not None
    assert str(decision.chosen.evidence[0]) == "pin: chosen by the user"


def test_what_is_not_in_a_plan_cannot_be_chosen_for(folder: Path) -> None:
    plan = match(folder)
    with pytest.raises(NoSuchGroupError, match="no such group"):
        plan.with_choice("z.tif", "a")
    with pytest.raises(UnregisteredIngestorError, match="These files can be: a, b"):
        plan.with_choice("x_1.tif", "c")
    with pytest.raises(SettingsError):
        plan.with_choice("x_1.tif", "a", settings={"s": 1})
    with pytest.raises(PenstockError, match="not made by matching"):
        Plan(plan.decisions).with_choice("x_1.tif", "a")


def test_a_template_that_several_groups_have_is_not_enough(
    using: Callable[..., None], tmp_path: Path
) -> None:
    using(a={"formats": ("tiff",)})
    for name in ("one", "two"):
        (tmp_path / name).mkdir()
        (tmp_path / name / "x.tif").write_bytes(TIFF)
    plan = match(tmp_path)
    with pytest.raises(NoSuchGroupError, match="2 groups of the plan answer to that"):
        plan.with_choice("x.tif", "a")
    assert len(plan.with_choice("one/x.tif", "a").decisions) == 2


def test_a_choice_can_rescue_files_that_nobody_claims(
    using: Callable[..., None], tmp_path: Path
) -> None:
    using(shy={"probe": lambda paths: None})
    (tmp_path / "a.dat").write_bytes(b"\x00\x01\x02")
    plan = match(tmp_path)
    assert [item.subject for item in plan.unclaimed] == [str(tmp_path / "a.dat")]
    chosen = plan.with_choice("a.dat", "shy")
    assert (told(chosen), chosen.unclaimed) == ({"a.dat": "shy"}, ())


# Remembered choices ------------------------------------------------------------------------------


def test_nothing_is_remembered_unless_somebody_says_so(folder: Path) -> None:
    match(folder).with_choice("x_1.tif", "b")
    assert recall() == {}
    assert told(match(folder)) == {"x_1.tif": None, "y_1.tif": None}


def test_a_remembered_choice_is_for_such_names_of_that_format_in_that_folder(
    folder: Path,
) -> None:
    match(folder).with_choice("x_1.tif", "b", remember=True)
    (folder / "x_2.tif").write_bytes(TIFF)
    (folder / "below").mkdir()
    (folder / "below" / "x_3.tif").write_bytes(TIFF)
    plan = match(folder)
    assert told(plan) == {"x_{}.tif": "b", "y_1.tif": None, "x_3.tif": None}
    (decision,) = [decision for decision in plan.decisions if decision.is_decided]
    assert decision.chosen is not None
    assert str(decision.chosen.evidence[0]).startswith("saved: remembered on 20")
    assert decision.reason.startswith("remembered on 20")


def test_a_remembered_choice_whose_plug_in_is_gone_is_void_and_says_so(
    folder: Path, using: Callable[..., None]
) -> None:
    match(folder).with_choice("x_1.tif", "b", remember=True)
    using(a={"formats": ("tiff",)})
    decision = match(folder / "x_1.tif").decisions[0]
    assert told(match(folder / "x_1.tif")) == {"x_1.tif": "a"}
    assert "but b is not installed any more: the choice is void" in decision.group.notes[0]


def test_a_remembered_choice_that_no_longer_fits_stands_in_nobodys_way(
    folder: Path, using: Callable[..., None]
) -> None:
    match(folder).with_choice("x_1.tif", "b", remember=True)

    def bad(paths: list[str]) -> Any:
        raise ValueError("it cannot")

    using(a={"formats": ("tiff",)}, b={"formats": ("tiff",), "probe": bad})
    (decision,) = match(folder / "x_1.tif").decisions
    assert decision.chosen is not None
    assert decision.chosen.ingestor == "a"
    assert decision.group.notes[0].endswith("b, does not hold: ValueError: it cannot")


def test_what_is_remembered_can_be_forgotten(folder: Path) -> None:
    match(folder).with_choice("x_1.tif", "b", remember=True)
    assert forget(str(folder / "below")) == 0
    assert forget(str(folder.parent)) == 1
    assert told(match(folder)) == {"x_1.tif": None, "y_1.tif": None}


def test_settings_are_remembered_with_the_choice(
    using: Callable[..., None], tmp_path: Path
) -> None:
    using(a={"formats": ("tiff",)}, b={"formats": ("tiff",)})
    (tmp_path / "x.tif").write_bytes(TIFF)
    match(tmp_path).with_choice("x.tif", "b", settings={"cls": "d"}, remember=True)
    (claim,) = match(tmp_path).claims()
    assert claim.kwargs == {"cls": "d"}


@pytest.mark.parametrize("content", ["", "[]", '{"version": 1}', "\udc80"])
def test_a_damaged_file_of_choices_holds_nothing(
    folder: Path, content: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("XDG_STATE_HOME", str(folder / "state"))
    (folder / "state" / "penstock").mkdir(parents=True)
    (folder / "state" / "penstock" / "choices.json").write_text(content, "utf-8", "surrogateescape")
    assert recall() == {}
    match(folder / "x_1.tif").with_choice("x_1.tif", "b", remember=True)
    assert len(recall()) == 1


@pytest.fixture
def state(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """The file of choices."""
    monkeypatch.setenv("XDG_STATE_HOME", str(tmp_path / "state"))
    (tmp_path / "state" / "penstock").mkdir(parents=True)
    return tmp_path / "state" / "penstock" / "choices.json"


def test_what_is_not_understood_is_kept(folder: Path, state: Path) -> None:
    odd = [{"format": "tiff", "beamline": "7"}, 5, {**ENTRY, "folder": 5}]
    state.write_text(json.dumps({"version": 1, "choices": [ENTRY, *odd]}))
    match(folder).with_choice("x_1.tif", "b", remember=True)
    assert len(recall()) == 2
    assert json.loads(state.read_text())["choices"][2:] == odd


def test_choices_of_a_newer_version_are_not_overwritten(folder: Path, state: Path) -> None:
    state.write_text(newer := json.dumps({"version": 9, "choices": [ENTRY]}))
    assert recall() == {}
    with pytest.raises(PenstockError, match="a newer penstock has written"):
        match(folder).with_choice("x_1.tif", "b", remember=True)
    assert state.read_text() == newer


def test_a_damaged_file_of_choices_is_put_aside(folder: Path, state: Path) -> None:
    state.write_text("my choices")
    match(folder).with_choice("x_1.tif", "b", remember=True)
    assert Path(f"{state}.damaged").read_text() == "my choices"


def test_choices_made_at_the_same_time_are_all_remembered(state: Path) -> None:
    def note(number: int) -> None:
        remember(Group(f"/d{number}", ("a.tif",), "a.tif"), "tiff", "a", {})

    with ThreadPoolExecutor(8) as pool:
        list(pool.map(note, range(40)))
    assert len(recall()) == 40


def test_choices_are_forgotten_for_files_named_so(folder: Path) -> None:
    plan = match(folder).with_choice("x_1.tif", "b", remember=True)
    plan.with_choice("y_1.tif", "a", remember=True)
    assert forget(str(folder / "z_1.tif")) == 0
    assert forget(str(folder / "x_77.tif")) == 1
    assert forget(str(folder / "y_*.tif")) == 1


# The configuration -------------------------------------------------------------------------------


def test_the_configuration_pins_paths(folder: Path) -> None:
    with use_config(Config(pins=(("*/x_*.tif", "b"), ("*", "a")))):
        plan = match(folder)
    assert told(plan) == {"x_1.tif": "b", "y_1.tif": "a"}
    assert plan.decisions[0].reason == "the configuration pins it"


def test_a_pin_does_not_make_a_png_a_tiff(folder: Path) -> None:
    (folder / "x_1.tif").write_bytes(PNG)
    with use_config(Config(pins=(("*", "b"),))):
        plan = match(folder / "x_1.tif")
    assert plan.unclaimed[0].reason == "it is named like TIFF, but it is PNG"


# Raw and reduced ---------------------------------------------------------------------------------


def test_the_same_files_can_be_a_run_as_taken_and_one_as_reduced(
    using: Callable[..., None], tmp_path: Path
) -> None:
    using(
        raw={"formats": ("tiff",)},
        azimuthal={"formats": ("tiff",), "part": "reduced"},
        other={"formats": ("tiff",), "part": "reduced", "probe": lambda paths: None},
    )
    (tmp_path / "x.tif").write_bytes(TIFF)
    plan = match(tmp_path)
    assert [claim.ingestor for claim in plan.claims()] == ["raw", "azimuthal"]
    assert "→ azimuthal (reduced)" in plan.explain()
    assert all(decision.alternatives == () for decision in plan.decisions)


def test_files_that_are_only_reduced_are_not_unclaimed(
    using: Callable[..., None], tmp_path: Path
) -> None:
    using(azimuthal={"formats": ("tiff",), "part": "reduced"})
    (tmp_path / "x.tif").write_bytes(TIFF)
    assert match(tmp_path).unclaimed == ()


def test_choosing_one_part_leaves_the_other(using: Callable[..., None], tmp_path: Path) -> None:
    using(
        raw={"formats": ("tiff",)},
        rival={"formats": ("tiff",)},
        azimuthal={"formats": ("tiff",), "part": "reduced"},
    )
    (tmp_path / "x.tif").write_bytes(TIFF)
    plan = match(tmp_path)
    chosen = plan.with_choice(plan.undecided[0], "rival")
    assert sorted(claim.ingestor for claim in chosen.claims()) == ["azimuthal", "rival"]


# Showing -----------------------------------------------------------------------------------------


def test_a_plan_in_a_notebook_escapes_what_files_are_called(
    using: Callable[..., None], tmp_path: Path
) -> None:
    using(a={"formats": ("tiff",)}, b={"formats": ("tiff",), "probe": lambda paths: RunsFound()})
    (tmp_path / "<b>x&.tif").write_bytes(TIFF)
    (tmp_path / "c.png").write_bytes(PNG)
    html = match(tmp_path)._repr_html_()
    assert "<b>x" not in html.replace("<b>Plan</b>", "")
    assert "&lt;b&gt;x&amp;.tif" in html
    assert "1 undecided, 1 unclaimed" in html


def test_a_plan_as_data_does_not_repeat_names_in_every_reading(
    using: Callable[..., None], tmp_path: Path
) -> None:
    using(a={"formats": ("tiff",)})
    (tmp_path / "x.tif").write_bytes(TIFF)
    (decision,) = json.loads(json.dumps(match(tmp_path).to_dict()))["decisions"]
    assert decision["choices"] == ["a"]
    assert decision["group"]["names"] == ["x.tif"]


def test_a_plan_is_short_where_it_is_printed(using: Callable[..., None], tmp_path: Path) -> None:
    using(a={"formats": ("tiff",)}, b={"formats": ("png",)}, c={"formats": ("png",)})
    for number in range(30):
        (tmp_path / f"{'x' * (number + 1)}.tif").write_bytes(TIFF)
    (tmp_path / "z.png").write_bytes(PNG)
    lines = repr(match(tmp_path)).split("\n")
    assert lines[:2] == ["<Plan: 30 decided, 1 undecided", f"  {tmp_path}/z.png: b or c"]
    assert lines[-1] == "  … and 21 more>"
    assert len(lines) == 12


def test_groups_of_the_same_names_are_told_apart(
    using: Callable[..., None], tmp_path: Path
) -> None:
    using(a={"formats": ("tiff",)})
    for folder in ("one", "two"):
        (tmp_path / folder).mkdir()
        (tmp_path / folder / "x.tif").write_bytes(TIFF)
    plan = match(tmp_path)
    for told in (plan.explain(), plan._repr_html_()):
        assert f"{tmp_path}/one/x.tif" in told
        assert f"{tmp_path}/two/x.tif" in told


def test_those_that_the_format_rules_out_are_told_in_one_line(
    using: Callable[..., None], tmp_path: Path
) -> None:
    using(
        a={"formats": ("tiff",)},
        b={"formats": ("png",)},
        c={"formats": ("hdf5",)},
        d={"formats": ("tiff",), "probe": lambda paths: None},
        f={"formats": ("tiff",), "probe": lambda paths: None},
        e={"formats": ("tiff",), "patterns": ("*.sem",)},
    )
    (tmp_path / "x.tif").write_bytes(TIFF)
    lines = match(tmp_path).explain().split("\n")
    assert [line for line in lines if line.startswith("  not ")] == [
        "  not b, c: it is TIFF",
        "  not e: the name does not fit",
        "  not d, f: its probe declined: this is not what it reads",
    ]


def test_a_name_that_nobody_has_is_told_in_sentences(
    using: Callable[..., None], tmp_path: Path
) -> None:
    using(series={"formats": ("tiff",)})
    (tmp_path / "x.tif").write_bytes(TIFF)
    with pytest.raises(UnregisteredIngestorError, match=r"did you mean 'series'\? These files can"):
        match(tmp_path).with_choice("x.tif", "serie")


@pytest.mark.parametrize("paths", [None, 5, [None], b"a.tif"])
def test_what_is_no_path_is_a_mistake(paths: Any) -> None:
    with pytest.raises(TypeError, match=r"paths are needed|a path is text"):
        match(paths)


def test_a_url_is_told_from_a_path_that_is_not_there() -> None:
    (item,) = match("s3://bucket/a.tif").unclaimed
    assert (item.reason, item.remedy[:8]) == ("it is a URL, and only files are read", "Mount it")
